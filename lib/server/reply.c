#include "lib/base/log.h"
#include "lib/base/memory.h"
#include "lib/base/text.h"
#include "lib/server/server_rooms.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define PROBLEM_TYPE "application/problem+json"
#define JSON_TYPE    "application/json"
/* A reply larger than this may take as long as a held request to leave. */
#define LARGE_BYTES 65536

/* On every reply, unless a handler set the same header. */
static const struct reply_header always[] = {
	{NULL, "X-Content-Type-Options", "nosniff"},
	{NULL, "Cache-Control", "no-store"},
	{NULL, "Referrer-Policy", "no-referrer"},
	{NULL, "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"},
};

/* --- headers --- */

static const struct reply_header *find_header(const struct request *req, const char *name)
{
	for (const struct reply_header *header = req->headers; header; header = header->next)
		if (!strcasecmp(header->name, name))
			return header;
	return NULL;
}

void request_set_header(struct request *req, const char *name, const char *value)
{
	struct reply_header *header = (struct reply_header *)(uintptr_t)find_header(req, name);

	if (!header) {
		header = arena_alloc(&req->arena, sizeof(*header));
		header->name = arena_text(&req->arena, name);
		header->next = req->headers;
		req->headers = header;
	}
	header->value = arena_text(&req->arena, value);
}

void request_set_version(struct request *req, int64_t version)
{
	char text[32];

	snprintf(text, sizeof(text), "\"v%lld\"", (long long)version);
	request_set_header(req, "ETag", text);
}

/* An answer that lacks a header says something else. What is no header is left out, as ever. */
static void add_header(struct MHD_Response *response, const char *name, const char *value)
{
	if (*value && !strpbrk(value, "\t\r\n") &&
		MHD_add_response_header(response, name, value) != MHD_YES)
		memory_end();
}

static void add_headers(const struct request *req, struct MHD_Response *response)
{
	for (const struct reply_header *header = req->headers; header; header = header->next)
		add_header(response, header->name, header->value);
	for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
		if (!find_header(req, always[i].name))
			add_header(response, always[i].name, always[i].value);
	if (req->reply.type)
		add_header(response, "Content-Type", req->reply.type);
	if (req->must_close)
		add_header(response, "Connection", "close");
}

/* --- sending --- */

void reply_clear(struct request *req)
{
	free(req->reply.bytes);
	req->reply = (struct reply){0};
}

bool reply_has_header(const struct request *req, const char *name)
{
	return find_header(req, name) != NULL;
}

static struct MHD_Response *take_bytes(struct reply *reply)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(reply->length, reply->bytes,
		reply->bytes ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);
	if (!response)
		memory_end();
	reply->bytes = NULL;
	return response;
}

struct MHD_Response *reply_make_response(struct request *req)
{
	struct MHD_Response *response = req->response ? req->response : take_bytes(&req->reply);

	req->response = NULL;
	add_headers(req, response);
	return response;
}

static void count(const struct request *req)
{
	const struct route_index *index = &req->server->routes;
	size_t place = req->route ? (size_t)(req->route - index->routes) : index->count;
	unsigned hundreds = req->reply.status / 100;

	req->server->figures[place].replies[hundreds < SERVER_STATUS_CLASSES ? hundreds : 0]++;
}

enum MHD_Result reply_send(struct request *req)
{
	struct MHD_Response *response = req->page ? req->page : reply_make_response(req);
	enum MHD_Result rc;

	count(req);
	rc = MHD_queue_response(req->mhd, req->reply.status, response);
	if (!req->page)
		MHD_destroy_response(response);
	req->is_sent = true;
	if (req->stream)
		deadline_set(req->connection, DEADLINE_NONE);
	else
		deadline_set(req->connection,
			req->reply.length > LARGE_BYTES ? DEADLINE_HELD : DEADLINE_REQUEST);
	if (req->is_suspended) {
		req->is_suspended = false;
		MHD_resume_connection(req->mhd);
		req->connection->listener->run_again = true;
	}
	return rc;
}

/* The answer of somebody whom nobody waits for any more, or a second answer. */
static bool drop_late(struct request *req)
{
	req->is_settled = true;
	if (request_is_gone(req)) {
		req->is_waiting = false;
		if (!req->connection)
			request_free(req);
		return true;
	}
	if (req->is_sent || req->reply.is_set || req->response) {
		log_error("server", "a handler answered twice", "route",
			req->route ? req->route->route->path : req->uri);
		return true;
	}
	return false;
}

/* The reply's bytes are in place: now, at the end of the callback, or after the COMMIT. */
static void settle(struct request *req)
{
	req->reply.is_set = true;
	if (req->capture_tx) {
		req->reply.is_captured = true;
		return;
	}
	req->is_waiting = false;
	if (!req->in_callback)
		reply_send(req);
}

static void set_json(struct request *req, unsigned status, const char *type, json_t *owned)
{
	req->reply.bytes = json_dumps(owned, JSON_COMPACT);
	json_decref(owned);
	if (!req->reply.bytes) {
		log_error("server", "a reply is no JSON", "uri", req->uri);
		status = 500;
		type = PROBLEM_TYPE;
		req->reply.bytes = strdup("{\"code\":\"internal\",\"status\":500}");
	}
	req->reply.length = req->reply.bytes ? strlen(req->reply.bytes) : 0;
	req->reply.status = status;
	req->reply.type = type;
}

void request_reply_json(struct request *req, unsigned status, json_t *owned)
{
	if (drop_late(req)) {
		json_decref(owned);
		return;
	}
	set_json(req, status, JSON_TYPE, owned);
	settle(req);
}

void request_reply_bytes(
	struct request *req, unsigned status, const char *type, const void *bytes, size_t length)
{
	if (drop_late(req))
		return;
	req->reply.bytes = malloc(length + 1);
	if (!req->reply.bytes)
		abort();
	if (length)
		memcpy(req->reply.bytes, bytes, length);
	req->reply.length = length;
	req->reply.status = status;
	req->reply.type = type ? arena_text(&req->arena, type) : NULL;
	settle(req);
}

void request_reply_empty(struct request *req)
{
	request_reply_bytes(req, 204, NULL, NULL, 0);
}

/* --- problems (RFC 9457) --- */

/* "not_approved" -> "Not approved" */
static char *title_of(struct arena *arena, const char *word)
{
	char *title = arena_text(arena, word);

	for (char *c = title; *c; c++)
		if (*c == '_')
			*c = ' ';
	if (*title >= 'a' && *title <= 'z')
		*title = (char)(*title - 'a' + 'A');
	return title;
}

static void set_filled(json_t *problem, struct arena *arena, const char *key, const char *text)
{
	if (*text)
		json_set_text(problem, key, text_visible(arena, text));
}

static json_t *make_problem(struct request *req, const struct error *err)
{
	const char *word = error_word(err->code);
	json_t *problem = json_object();

	json_set_text(problem, "type", arena_format(&req->arena, "urn:redbutton:problem:%s", word));
	json_set_text(problem, "title", title_of(&req->arena, word));
	json_set_int(problem, "status", error_http(err->code));
	json_set_text(problem, "detail", text_visible(&req->arena, err->message));
	json_set_text(problem, "code", word);
	set_filled(problem, &req->arena, "field", err->field);
	set_filled(problem, &req->arena, "place", err->place);
	set_filled(problem, &req->arena, "remedy", err->remedy);
	return problem;
}

static void log_fault(const struct request *req, const struct error *err)
{
	log_event(error_http(err->code) == 500 ? LOG_LEVEL_ERROR : LOG_LEVEL_WARN, "server",
		"a request failed", "code", error_word(err->code), "route",
		req->route ? req->route->route->path : req->uri, "detail", err->message, NULL);
}

void reply_note_denied(struct request *req, const struct error *err)
{
	const struct server_authenticator *who = req->server ? &req->server->authenticator : NULL;

	if (err->code == ERROR_FORBIDDEN && req->principal && who && who->denied)
		who->denied(who->arg, req->principal, err, req->now_us);
}

void request_fail_with(struct request *req, json_t *members)
{
	struct error *err = &req->error;
	json_t *problem;

	reply_note_denied(req, err);
	if (drop_late(req)) {
		json_decref(members);
		return;
	}
	if (!err->code)
		error_set(err, ERROR_INTERNAL, "the request failed without a reason");
	if (error_http(err->code) >= 500)
		log_fault(req, err);
	if (err->code == ERROR_UNAUTHENTICATED)
		request_set_header(req, "WWW-Authenticate", "Bearer realm=\"redbutton\"");
	if (error_http(err->code) == 503 || err->code == ERROR_TOO_MANY)
		request_set_header(req, "Retry-After", "1");
	problem = make_problem(req, err);
	json_object_update_missing(problem, members);
	json_decref(members);
	set_json(req, (unsigned)error_http(err->code), PROBLEM_TYPE, problem);
	settle(req);
}

void request_fail(struct request *req)
{
	request_fail_with(req, NULL);
}
