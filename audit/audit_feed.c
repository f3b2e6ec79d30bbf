/* Each stream is a place in the log; what is committed behind it is sent at the end of that turn.
 */
#include "audit/audit_api.h"

#include "audit/audit_rooms.h"
#include "lib/base/log.h"
#include "lib/base/text.h"

#include <stdlib.h>
#include <string.h>

#define PIECE	    200 /* records a stream and look */
#define CATCH_UP_MS 20	/* between two pieces: a client must have time to take them */

struct watcher {
	struct watcher *next;
	struct audit_feed *feed;
	struct stream *stream; /* NULL until it is open */
	int64_t after;
	char *subject;
};

struct audit_feed {
	struct store *store;
	struct loop *loop;
	struct loop_timer *timer; /* for those that are far behind */
	int64_t size;		  /* of the log when it was last looked at */
	struct watcher *watchers;
};

static void add_slice(struct buf *out, const char *before, const struct audit_slice *slice)
{
	buf_add_text(out, before);
	buf_add(out, slice->at, slice->length);
}

static void add_text(struct buf *out, const char *before, const struct audit_slice *slice)
{
	buf_add_text(out, before);
	if (!slice->at) {
		buf_add_text(out, "null");
		return;
	}
	add_slice(out, "\"", slice);
	buf_add_char(out, '"');
}

static void add_event(struct buf *out, const struct audit_row *row)
{
	struct audit_scan scan;

	if (!audit_record_scan(row->bytes, row->length, &scan, NULL))
		return; /* verification names it */
	buf_add_format(out, "id: %lld\nevent: %s\ndata: ", (long long)row->seq, row->action);
	add_text(out, "{\"action\":", &scan.action);
	add_text(out, ",\"actor\":{\"id\":", &scan.actor_id);
	add_text(out, ",\"kind\":", &scan.actor_kind);
	add_text(out, ",\"name\":", &scan.actor_name);
	add_slice(out, "},\"approvals\":", &scan.approvals);
	buf_add_format(out, ",\"at_us\":%lld", (long long)scan.at_us);
	add_slice(out, ",\"detail\":", &scan.detail);
	add_text(out, ",\"intent_id\":", &scan.intent_id);
	add_text(out, ",\"outcome\":", &scan.outcome);
	buf_add_format(out, ",\"seq\":%lld", (long long)scan.seq);
	add_text(out, ",\"subject\":{\"digest\":", &scan.subject_digest);
	add_text(out, ",\"id\":", &scan.subject_id);
	add_text(out, ",\"kind\":", &scan.subject_kind);
	buf_add_text(out, "},\"v\":1}\n\n");
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

/* The next piece. A stream whose log cannot be read is closed: the client comes back by itself. */
static void send_piece(struct watcher *watcher)
{
	struct audit_feed *feed = watcher->feed;
	int64_t left = feed->size - watcher->after;
	int64_t until = left > PIECE ? watcher->after + PIECE : feed->size;
	struct error err = ERROR_INIT;
	struct buf events = BUF_INIT;
	struct store_query *rows;
	struct audit_row row;
	int rc;

	if (left <= 0 || !watcher->stream)
		return;
	rows = audit_store_rows(store_reader(feed->store), watcher->after, until);
	while ((rc = audit_store_next_row(rows, &row, &err)) == 1)
		if (is_wanted(watcher, &row))
			add_event(&events, &row);
	watcher->after = until;
	if (events.length)
		stream_send(watcher->stream, events.bytes, events.length);
	if (rc < 0) {
		log_warn("audit", "the feed cannot read the log", "error", err.message);
		stream_close(watcher->stream);
		watcher->stream = NULL;
	}
	buf_done(&events);
}

static bool is_behind(const struct audit_feed *feed)
{
	for (const struct watcher *watcher = feed->watchers; watcher; watcher = watcher->next)
		if (watcher->stream && watcher->after < feed->size)
			return true;
	return false;
}

static void send_all(void *arg)
{
	struct audit_feed *feed = arg;

	for (struct watcher *watcher = feed->watchers; watcher; watcher = watcher->next)
		send_piece(watcher);
	if (is_behind(feed))
		loop_timer_start(feed->timer, CATCH_UP_MS, 0);
}

/* True when the log grew. */
static bool look(struct audit_feed *feed)
{
	struct audit_edge edge;

	if (audit_store_edge(store_reader(feed->store), &edge, NULL) < 0 || edge.size == feed->size)
		return false;
	feed->size = edge.size;
	return true;
}

/* Behind the store's hook in the turn: what it committed is there for the reader. */
static bool end_turn(void *arg)
{
	struct audit_feed *feed = arg;

	if (feed->watchers && look(feed))
		send_all(feed);
	return false;
}

static void opened(void *arg, struct stream *stream)
{
	struct watcher *watcher = arg;

	watcher->stream = stream;
	look(watcher->feed);
	send_piece(watcher);
	if (is_behind(watcher->feed))
		loop_timer_start(watcher->feed->timer, CATCH_UP_MS, 0);
}

static void closed(void *arg)
{
	struct watcher *watcher = arg;
	struct watcher **slot = &watcher->feed->watchers;

	while (*slot && *slot != watcher)
		slot = &(*slot)->next;
	if (*slot)
		*slot = watcher->next;
	free(watcher->subject);
	free(watcher);
}

void audit_feed_add(
	struct audit_feed *feed, struct request *req, int64_t after, const char *subject)
{
	struct watcher *watcher = calloc(1, sizeof(*watcher));
	struct stream_options options = {opened, closed, watcher};

	if (!watcher || (subject && !(watcher->subject = strdup(subject))))
		abort();
	watcher->feed = feed;
	watcher->after = after;
	watcher->next = feed->watchers;
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
	feed->loop = loop;
	feed->timer = loop_timer_new(loop, send_all, feed);
	loop_on_turn_end(loop, LOOP_ORDER_FEED, end_turn, feed);
	*ret = feed;
	return 0;
}

void audit_feed_close(struct audit_feed *feed)
{
	if (!feed)
		return;
	loop_off_turn_end(feed->loop, end_turn, feed);
	loop_timer_free(feed->timer);
	free(feed);
}
