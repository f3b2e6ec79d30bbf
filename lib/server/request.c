#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/base/time.h"
#include "lib/server/server_rooms.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- life --- */

struct request *request_new(
	struct connection *connection, struct MHD_Connection *mhd, const char *uri)
{
	struct server *server = connection->server;
	struct request *req = calloc(1, sizeof(*req));

	if (!req)
		abort();
	req->server = server;
	req->store = server->store;
	req->connection = connection;
	req->mhd = mhd;
	req->uri = arena_text(&req->arena, uri);
	req->now_us = time_now_us();
	req->started_ms = time_mono_ms();
	req->next = server->requests;
	if (req->next)
		req->next->before = req;
	server->requests = req;
	connection->request = req;
	deadline_set(connection, DEADLINE_REQUEST);
	return req;
}

static void unlink_request(struct request *req)
{
	if (!req->server)
		return;
	if (req->before)
		req->before->next = req->next;
	else
		req->server->requests = req->next;
	if (req->next)
		req->next->before = req->before;
	req->before = req->next = NULL;
	req->server = NULL;
}

void request_free(struct request *req)
{
	unlink_request(req);
	reply_clear(req);
	buf_done(&req->body);
	json_decref(req->json);
	arena_done(&req->arena);
	free(req);
}

static void log_end(const struct request *req)
{
	char status[16], took[24];

	if (!log_is_on("server", LOG_LEVEL_DEBUG))
		return;
	snprintf(status, sizeof(status), "%u", req->reply.status);
	snprintf(took, sizeof(took), "%lld", (long long)(time_mono_ms() - req->started_ms));
	log_debug("server", "request", "method", req->method, "uri", req->uri, "status", status,
		"took_ms", took, "address", req->connection->address);
}

void request_completed(struct request *req)
{
	struct connection *connection = req->connection;

	log_end(req);
	connection->request = NULL;
	deadline_set(connection, DEADLINE_IDLE);
	if (req->stream)
		stream_end(req->stream);
	req->connection = NULL;
	req->mhd = NULL;
	/* Somebody still holds it: his reply, or the store's, ends it. */
	if (req->is_waiting)
		unlink_request(req);
	else
		request_free(req);
}

/* The client is answered now; for the holder the request lives on until he replies too. */
void request_give_up(struct request *req, int code, const char *message)
{
	struct error *err = &req->error;

	if (req->is_sent || !req->is_suspended)
		return;
	reply_clear(req);
	error_set(err, code, "%s", message);
	error_remedy(err, "ask again; nothing was decided for this request");
	if (req->is_writing)
		error_remedy(err, "look whether it was done before you ask again");
	request_fail(req);
	req->is_waiting = true;
	req->is_timed_out = true;
}

/* --- take --- */

struct arena *request_arena(struct request *req)
{
	return &req->arena;
}

void *request_alloc(struct request *req, size_t size)
{
	return arena_alloc(&req->arena, size);
}

void *request_context(const struct request *req)
{
	return req->route->context;
}

const void *request_principal(const struct request *req)
{
	return req->principal;
}

struct store_tx *request_reader(struct request *req)
{
	return req->capture_tx ? req->capture_tx : store_reader(req->store);
}

struct error *request_error(struct request *req)
{
	return &req->error;
}

int64_t request_now_us(const struct request *req)
{
	return req->now_us;
}

static const struct param_value *find_value(const struct request *req, const char *name)
{
	for (size_t i = 0; i < req->value_count; i++)
		if (!strcmp(req->values[i].param->name, name))
			return &req->values[i];
	return NULL;
}

const char *request_text(const struct request *req, const char *param)
{
	const struct param_value *value = find_value(req, param);

	return value ? value->text : NULL;
}

int64_t request_int(const struct request *req, const char *param, int64_t fallback)
{
	const struct param_value *value = find_value(req, param);

	return value ? value->number : fallback;
}

bool request_bool(const struct request *req, const char *param, bool fallback)
{
	const struct param_value *value = find_value(req, param);

	return value ? value->number != 0 : fallback;
}

bool request_has(const struct request *req, const char *param)
{
	return find_value(req, param) != NULL;
}

json_t *request_json(const struct request *req)
{
	return req->json;
}

const char *request_body(const struct request *req, size_t *ret_length)
{
	*ret_length = req->body.length;
	return buf_text(&req->body);
}

const char *request_header(const struct request *req, const char *name)
{
	return req->mhd ? MHD_lookup_connection_value(req->mhd, MHD_HEADER_KIND, name) : NULL;
}

int64_t request_if_match(const struct request *req)
{
	return req->if_version;
}

const char *request_if_digest(const struct request *req)
{
	return *req->if_digest ? req->if_digest : NULL;
}

/* --- the handler's duties --- */

void request_call(struct request *req, void (*call)(struct request *req, void *arg), void *arg)
{
	bool is_detached = !req->connection || req->is_timed_out;

	req->is_settled = false;
	call(req, arg);
	/* A detached request may be gone already; who dropped it leaks its memory, nothing else. */
	if (is_detached || req->is_settled)
		return;
	log_error("server", "a handler ended without an answer", "route",
		req->route ? req->route->route->path : req->uri);
	error_set(&req->error, ERROR_INTERNAL, "the request was not answered");
	error_remedy(&req->error, "tell your operator; the daemon's log names the route");
	request_fail(req);
}

void request_hold(struct request *req)
{
	req->is_settled = true;
	req->is_waiting = true;
	if (req->connection && !req->is_timed_out)
		deadline_set(req->connection, DEADLINE_HELD);
}

bool request_is_gone(const struct request *req)
{
	return !req->connection || req->is_timed_out;
}
