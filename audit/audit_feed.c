/* Each stream is a place in the log; what was committed behind it is sent as it comes. */
#include "audit/audit_api.h"

#include "audit/audit_rooms.h"
#include "lib/base/log.h"
#include "lib/base/text.h"

#include <stdlib.h>
#include <string.h>

#define LOOK_EVERY_MS 200
#define PIECE	      500 /* records a stream and look */

struct watcher {
	struct watcher *next;
	struct audit_feed *feed;
	struct stream *stream; /* NULL until it is open */
	int64_t after;
	char *subject;
};

struct audit_feed {
	struct store *store;
	struct loop_timer *timer;
	struct watcher *watchers;
};

static void add_event(struct buf *out, const struct audit_row *row)
{
	buf_add_format(out, "id: %lld\nevent: %s\ndata: ", (long long)row->seq, row->action);
	buf_add(out, row->bytes, row->length);
	buf_add_text(out, "\n\n");
}

/* A subject is also that of its parts: "01J..." has "01J.../2.1". */
static bool is_wanted(const struct watcher *watcher, const struct audit_row *row)
{
	size_t length;

	if (!watcher->subject || text_is_equal(watcher->subject, row->subject_id))
		return true;
	length = strlen(watcher->subject);
	return strncmp(row->subject_id, watcher->subject, length) == 0 &&
	       row->subject_id[length] == '/';
}

/* False when the log cannot be read: the client comes back by itself. */
static bool send_new(struct watcher *watcher)
{
	struct store_query *rows = audit_store_rows(
		store_reader(watcher->feed->store), watcher->after, watcher->after + PIECE);
	struct error err = ERROR_INIT;
	struct buf events = BUF_INIT;
	struct audit_row row;
	int rc;

	while ((rc = audit_store_next_row(rows, &row, &err)) == 1) {
		watcher->after = row.seq;
		if (is_wanted(watcher, &row))
			add_event(&events, &row);
	}
	if (rc < 0)
		log_warn("audit", "the feed cannot read the log", "error", err.message);
	else if (events.length)
		stream_send(watcher->stream, events.bytes, events.length);
	buf_done(&events);
	return rc == 0;
}

static void look(void *arg)
{
	struct audit_feed *feed = arg;
	struct watcher *next;

	for (struct watcher *watcher = feed->watchers; watcher; watcher = next) {
		next = watcher->next;
		if (watcher->stream && !send_new(watcher))
			stream_close(watcher->stream);
	}
}

static void opened(void *arg, struct stream *stream)
{
	struct watcher *watcher = arg;

	watcher->stream = stream;
	send_new(watcher);
}

static void closed(void *arg)
{
	struct watcher *watcher = arg;
	struct watcher **slot = &watcher->feed->watchers;

	while (*slot && *slot != watcher)
		slot = &(*slot)->next;
	if (*slot)
		*slot = watcher->next;
	if (!watcher->feed->watchers)
		loop_timer_stop(watcher->feed->timer);
	free(watcher->subject);
	free(watcher);
}

void audit_feed_add(
	struct audit_feed *feed, struct request *req, int64_t after, const char *subject)
{
	struct watcher *watcher = calloc(1, sizeof(*watcher));
	struct stream_options options = {opened, closed, watcher};

	if (!watcher)
		abort();
	watcher->feed = feed;
	watcher->after = after;
	watcher->subject = subject ? strdup(subject) : NULL;
	watcher->next = feed->watchers;
	if (!feed->watchers)
		loop_timer_start(feed->timer, LOOK_EVERY_MS, LOOK_EVERY_MS);
	feed->watchers = watcher;
	request_stream(req, &options);
}

int audit_feed_open(
	struct store *store, struct loop *loop, struct audit_feed **ret, struct error *err)
{
	struct audit_feed *feed = calloc(1, sizeof(*feed));

	(void)err;
	if (!feed)
		abort();
	feed->store = store;
	feed->timer = loop_timer_new(loop, look, feed);
	*ret = feed;
	return 0;
}

void audit_feed_close(struct audit_feed *feed)
{
	if (!feed)
		return;
	loop_timer_free(feed->timer);
	free(feed);
}
