#include "audit/audit_api.h"

#include "audit/audit_note.h"
#include "audit/audit_rooms.h"
#include "lib/base/json.h"
#include "lib/base/text.h"
#include "lib/base/time.h"

#include <string.h>

static void list_records(struct request *req);
static void get_record(struct request *req);
static void get_export(struct request *req);
static void get_checkpoint(struct request *req);
static void get_events(struct request *req);

#define EXPORT_PIECE 5000
#define SCAN_MAX     20000 /* records that one page may look at: a rare action has no index */

static const struct route templates[AUDIT_ROUTE_COUNT] = {
	{.method = ROUTE_GET,
		.path = "/api/v1/audit",
		.flags = ROUTE_VITAL,
		.handle = list_records,
		.query_params = {{"before", PARAM_INT, 1, INT64_MAX, "older than this record"},
			{"limit", PARAM_INT, 1, 500, "how many, 50"},
			{"action", PARAM_TEXT, 0, 0, "of one action"},
			{"subject", PARAM_TEXT, 0, 0, "of one subject and its parts"},
			{"actor", PARAM_TEXT, 0, 0, "of one actor's id"}},
		.summary = "Records, newest first; next_before tells where the next page begins",
		.answers = {"200 AuditPage"}},
	{.method = ROUTE_GET,
		.path = "/api/v1/audit/export",
		.flags = ROUTE_VITAL,
		.handle = get_export,
		.query_params = {{"after", PARAM_INT, 0, INT64_MAX,
					 "behind this record; 0 = from the first"},
			{"until", PARAM_INT, 0, INT64_MAX, "up to this record"}},
		.summary = "The exact bytes of records, one a line, in pieces of 5,000",
		.answers = {"200 application/jsonl"}},
	{.method = ROUTE_GET,
		.path = "/api/v1/audit/checkpoint",
		.handle = get_checkpoint,
		.summary = "The newest checkpoint and the key that verifies it",
		.answers = {"200 AuditCheckpoint"}},
	{.method = ROUTE_GET,
		.path = "/api/v1/audit/{seq}",
		.flags = ROUTE_VITAL,
		.handle = get_record,
		.path_params = {{"seq", PARAM_INT, 1, INT64_MAX, "number of the record"}},
		.summary = "One record",
		.answers = {"200 AuditRow"}},
	{.method = ROUTE_GET,
		.path = "/api/v1/events",
		.flags = ROUTE_STREAM,
		.handle = get_events,
		.query_params = {{"since", PARAM_INT, 0, INT64_MAX,
					 "behind this record; Last-Event-ID does the same"},
			{"subject", PARAM_TEXT, 0, 0, "of one subject"}},
		.summary = "What happens, as it is committed (SSE)",
		.answers = {"200 text/event-stream"}},
};

struct route_table audit_routes(struct audit_api *api)
{
	for (size_t i = 0; i < AUDIT_ROUTE_COUNT; i++) {
		api->routes[i] = templates[i];
		api->routes[i].access =
			templates[i].flags & ROUTE_STREAM ? api->feed_access : api->read_access;
	}
	return (struct route_table){api->routes, AUDIT_ROUTE_COUNT, api};
}

static const struct audit_api *api_of(struct request *req)
{
	return request_context(req);
}

static json_t *fill_record(json_t *object, const struct audit_row *row)
{
	json_set_int(object, "seq", row->seq);
	json_set_time(object, "at", row->at_us);
	json_set_text(object, "action", row->action);
	json_set_text(object, "outcome", row->outcome);
	json_set_text(object, "subject", row->subject_id);
	json_object_set_new(object, "record", json_loadb(row->bytes, row->length, 0, NULL));
	return object;
}

/* --- reading the audit is a record itself --- */

struct reading {
	struct audit_record record;
	int64_t at_us;
	json_t *detail, *reply;
	struct buf text;
};

static int ask_record(struct store_tx *tx, void *arg, struct error *err)
{
	struct reading *reading = arg;

	return audit_append(tx, &reading->record, reading->at_us, NULL, err);
}

static void tell_reply(struct request *req, void *arg)
{
	request_reply_json(req, 200, json_incref(((struct reading *)arg)->reply));
}

static void tell_text(struct request *req, void *arg)
{
	struct reading *reading = arg;

	request_reply_bytes(
		req, 200, "application/jsonl", buf_text(&reading->text), reading->text.length);
}

static void free_text(void *text)
{
	buf_done(text);
}

static struct reading *new_reading(struct request *req, enum audit_action action)
{
	struct reading *reading = request_alloc(req, sizeof(*reading));

	reading->at_us = request_now_us(req);
	reading->detail = json_object();
	reading->reply = json_object();
	reading->record = (struct audit_record){
		.actor = api_of(req)->actor(request_principal(req)),
		.action = action,
		.subject_kind = "audit",
		.subject_id = "audit",
		.detail = reading->detail,
	};
	arena_defer(request_arena(req), (void (*)(void *))json_decref, reading->detail);
	arena_defer(request_arena(req), (void (*)(void *))json_decref, reading->reply);
	arena_defer(request_arena(req), free_text, &reading->text);
	return reading;
}

/* The lowest record that a page without a subject looks at. */
static int find_floor(struct request *req, struct audit_filter *filter, struct error *err)
{
	struct audit_edge edge;
	int64_t end;
	int rc = audit_store_edge(request_reader(req), &edge, err);

	if (rc < 0)
		return rc;
	end = filter->before > edge.size ? edge.size + 1 : filter->before;
	filter->floor = end > SCAN_MAX ? end - SCAN_MAX : 1;
	return 0;
}

/* Where the next page begins, 0 at the end: a page may be short because its look was. */
static int64_t next_before(const struct audit_filter *filter, int64_t count, int64_t last)
{
	if (count == filter->limit)
		return last > 1 ? last : 0;
	return !filter->subject && filter->floor > 1 ? filter->floor : 0;
}

static int read_page(
	struct request *req, const struct audit_filter *filter, json_t *reply, struct error *err)
{
	struct store_query *rows = audit_store_list(request_reader(req), filter);
	json_t *items = json_array();
	int64_t last = 0, next;
	struct audit_row row;
	int rc;

	while ((rc = audit_store_next_row(rows, &row, err)) == 1) {
		json_array_append_new(items, fill_record(json_object(), &row));
		last = row.seq;
	}
	next = next_before(filter, (int64_t)json_array_size(items), last);
	json_object_set_new(reply, "items", items);
	if (next)
		json_set_int(reply, "next_before", next);
	return rc;
}

static void list_records(struct request *req)
{
	struct audit_filter filter = {
		.before = request_int(req, "before", INT64_MAX),
		.limit = request_int(req, "limit", 50),
		.action = request_text(req, "action"),
		.subject = request_text(req, "subject"),
		.actor = request_text(req, "actor"),
	};
	struct reading *reading = new_reading(req, AUDIT_AUDIT_READ);

	if (find_floor(req, &filter, request_error(req)) < 0 ||
		read_page(req, &filter, reading->reply, request_error(req)) < 0) {
		request_fail(req);
		return;
	}
	json_set_text(reading->detail, "action", filter.action);
	json_set_text(reading->detail, "subject", filter.subject);
	json_set_text(reading->detail, "actor", filter.actor);
	if (request_has(req, "before"))
		json_set_int(reading->detail, "before", filter.before);
	json_set_int(reading->detail, "limit", filter.limit);
	request_write(req, ask_record, tell_reply, reading);
}

static void get_record(struct request *req)
{
	int64_t seq = request_int(req, "seq", 0);
	struct reading *reading = new_reading(req, AUDIT_AUDIT_READ);
	struct audit_row *row;

	if (audit_store_get(
		    request_reader(req), request_arena(req), seq, &row, request_error(req)) < 0) {
		request_fail(req);
		return;
	}
	fill_record(reading->reply, row);
	json_set_int(reading->detail, "seq", seq);
	request_write(req, ask_record, tell_reply, reading);
}

/* Each piece is recorded: whoever leaves out the first has read the others all the same. */
static void get_export(struct request *req)
{
	int64_t after = request_int(req, "after", 0), until = request_int(req, "until", INT64_MAX);
	struct reading *reading = new_reading(req, AUDIT_AUDIT_EXPORT);
	struct store_query *rows;
	struct audit_row row;
	int rc;

	if (until > after && until - after > EXPORT_PIECE)
		until = after + EXPORT_PIECE;
	rows = audit_store_rows(request_reader(req), after, until);
	while ((rc = audit_store_next_row(rows, &row, request_error(req))) == 1) {
		buf_add(&reading->text, row.bytes, row.length);
		buf_add_char(&reading->text, '\n');
	}
	if (rc < 0) {
		request_fail(req);
		return;
	}
	json_set_int(reading->detail, "after", after);
	json_set_int(reading->detail, "until", until);
	request_write(req, ask_record, tell_text, reading);
}

static void get_checkpoint(struct request *req)
{
	struct audit_checkpoint *checkpoint;
	json_t *reply;

	if (audit_store_checkpoint(request_reader(req), request_arena(req), INT64_MAX, &checkpoint,
		    request_error(req)) < 0) {
		request_fail(req);
		return;
	}
	if (!checkpoint) {
		error_set(request_error(req), ERROR_NOT_FOUND, "there is no checkpoint yet");
		error_remedy(request_error(req), "one is made at most 60 s after a change");
		request_fail(req);
		return;
	}
	reply = json_object();
	json_set_int(reply, "size", checkpoint->size);
	json_set_time(reply, "at", checkpoint->at_us);
	json_set_text(reply, "note",
		arena_text_n(request_arena(req), checkpoint->note, checkpoint->note_length));
	json_set_text(reply, "key", audit_verifier_key(api_of(req)->audit));
	request_reply_json(req, 200, reply);
}

/* --- events --- */

static int last_seen(struct request *req, int64_t *ret, struct error *err)
{
	const char *header = request_header(req, "Last-Event-ID");
	struct audit_edge edge;

	if (request_has(req, "since")) {
		*ret = request_int(req, "since", 0);
		return 0;
	}
	if (header)
		return text_parse_int64("Last-Event-ID", header, 0, INT64_MAX, ret, err);
	if (audit_store_edge(request_reader(req), &edge, err) < 0)
		return err->code;
	*ret = edge.size;
	return 0;
}

static void get_events(struct request *req)
{
	int64_t after = 0;

	if (last_seen(req, &after, request_error(req)) < 0)
		request_fail(req);
	else
		audit_feed_add(api_of(req)->feed, req, after, request_text(req, "subject"));
}
