#include "change/decision/forward_rooms.h"
#include "lib/base/json.h"
#include "lib/base/time.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WATCH_EVERY_MS 5000

/* --- to the daemon --- */

int forward_send(struct forward *forward, const struct forward_call *call, struct error *err)
{
	static const struct client_header headers[] = {{"Content-Type", "application/json"}};
	struct arena arena = ARENA_INIT;
	const char *text = call->body ? json_text(&arena, call->body) : "";
	const struct client_request request = {
		.method = call->body ? "POST" : "GET",
		.url = arena_format(&arena, "%s%s", forward->options.url, call->path),
		.headers = headers,
		.header_count = call->body ? 1 : 0,
		.body = call->body ? text : NULL,
		.body_length = strlen(text),
		.login = CLIENT_LOGIN_BEARER,
		.credential = forward->options.token,
		.timeout_ms = FORWARD_DEADLINE_MS,
		.max_bytes = call->max_bytes,
		.drop = call->drop,
	};
	int rc = client_send(forward->options.client, &request, call->done, call->arg, NULL, err);

	json_decref(call->body);
	arena_done(&arena);
	return rc;
}

static void refuse_dropped(void *arg)
{
	struct forwarded *asked = arg;
	struct error err = ERROR_INIT;

	error_set(&err, ERROR_IO, "the gate is being closed");
	gate_answer_fault(asked->ask->exchange, &err);
}

int forward_send_of(struct forwarded *asked, const struct forward_call *call, struct error *err)
{
	struct forward_call of = *call;

	of.drop = refuse_dropped;
	of.arg = asked;
	return forward_send(asked->forward, &of, err);
}

static void drop_json(void *value)
{
	json_decref(value);
}

int forward_parse(struct arena *arena, const struct client_response *response, json_t **ret,
	struct error *err)
{
	int rc = json_parse(response->body, response->body_length, JSON_DEPTH_MAX, ret, err);

	if (rc >= 0)
		arena_defer(arena, drop_json, *ret);
	return rc;
}

const char *forward_problem(struct arena *arena, const struct client_response *response)
{
	json_t *problem = NULL;
	const char *detail;

	if (forward_parse(arena, response, &problem, NULL) < 0)
		return "";
	detail = json_string_value(json_object_get(problem, "detail"));
	return detail ? detail : "";
}

/* --- what is said without it --- */

void forward_answer(struct forwarded *asked, const struct gate_verdict *verdict)
{
	struct gate_reply reply = {.message.kind = GATE_VERDICT};

	reply.message.verdict = *verdict;
	memcpy(reply.message.verdict.nonce, asked->ask->message->request.nonce, GATE_NONCE_SIZE);
	gate_answer(asked->ask->exchange, &reply);
}

const char *forward_detail(struct arena *arena, const struct gate_verdict *verdict)
{
	json_t *detail = json_object();
	char *text;

	json_set_text(detail, "verdict", gate_verdict_word(verdict->verdict));
	json_set_text(detail, "reason", verdict->reason);
	json_set_text(detail, "message", verdict->message);
	text = json_text(arena, detail);
	json_decref(detail);
	return text;
}

/* The sealed code of this host is the key that may do then. */
static bool wants_key(const struct forwarded *asked, enum gate_reason reason)
{
	const struct gate_request *request = &asked->ask->message->request;

	return reason == REASON_GATE_UNAVAILABLE && request->kind == GATE_DECIDE &&
	       asked->forward->options.glass_path && !*request->typed_key;
}

void forward_deny(struct forwarded *asked, enum gate_reason reason, const char *format, ...)
{
	struct gate_verdict verdict = {.verdict = GATE_DENY,
		.must = wants_key(asked, reason) ? GATE_WANTS_KEY : 0,
		.reason = gate_reason_word(reason),
		.decision = "",
		.change = "",
		.grant = "",
		.run = ""};
	va_list args;

	va_start(args, format);
	verdict.message = arena_vformat(asked->ask->arena, format, args);
	va_end(args);
	verdict.detail = forward_detail(asked->ask->arena, &verdict);
	forward_answer(asked, &verdict);
}

void forward_note(struct forwarded *asked)
{
	const struct gate_reply reply = {.message.kind = GATE_NOTED};

	gate_answer(asked->ask->exchange, &reply);
}

/* --- the backend --- */

static void (*const acts[])(struct forwarded *asked) = {
	[GATE_DECIDE] = forward_decide,
	[GATE_CHECK] = forward_decide,
	[GATE_FETCH] = forward_fetch,
	[GATE_HEARTBEAT] = forward_beat,
	[GATE_END] = forward_end,
	[GATE_WATCH] = forward_note,
};

static void on_ask(void *arg, const struct gate_ask *ask)
{
	struct forwarded *asked = arena_alloc(ask->arena, sizeof(*asked));

	asked->forward = arg;
	asked->ask = ask;
	asked->asked_at_us = time_now_us();
	acts[ask->message->kind](asked);
}

static void on_spool_timer(void *arg)
{
	forward_upload(arg);
}

static void on_watch_timer(void *arg)
{
	forward_watch_runs(arg);
}

int forward_open(const struct forward_options *options, struct forward **ret, struct error *err)
{
	struct forward *forward = calloc(1, sizeof(*forward));
	struct gate_socket_options socket = {
		.loop = options->loop,
		.path = options->socket_path,
		.fd = options->fd,
	};
	int rc;

	if (!forward)
		abort();
	forward->options = *options;
	if (gethostname(forward->host, sizeof(forward->host) - 1) < 0)
		snprintf(forward->host, sizeof(forward->host), "localhost");
	socket.backend = (struct gate_backend){forward, on_ask};
	rc = gate_spool_open(options->spool_path, &forward->spool, err);
	if (rc >= 0)
		rc = gate_socket_open(&socket, &forward->socket, err);
	if (rc < 0) {
		gate_spool_close(forward->spool);
		free(forward);
		return rc;
	}
	forward->spool_timer = loop_timer_new(options->loop, on_spool_timer, forward);
	loop_timer_start(forward->spool_timer, 1, FORWARD_SPOOL_EVERY_MS);
	forward->watch_timer = loop_timer_new(options->loop, on_watch_timer, forward);
	loop_timer_start(forward->watch_timer, WATCH_EVERY_MS, WATCH_EVERY_MS);
	*ret = forward;
	return 0;
}

void forward_stop(struct forward *forward)
{
	if (!forward)
		return;
	forward->is_stopped = true;
	loop_timer_free(forward->spool_timer);
	loop_timer_free(forward->watch_timer);
	forward->spool_timer = forward->watch_timer = NULL;
	gate_socket_stop_listening(forward->socket);
}

void forward_close(struct forward *forward)
{
	if (!forward)
		return;
	forward_stop(forward);
	gate_socket_close(forward->socket);
	gate_spool_close(forward->spool);
	free(forward);
}
