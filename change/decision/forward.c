#include "change/decision/forward.h"

#include "change/decision/decision_rooms.h"
#include "change/decision/gate_glass.h"
#include "change/decision/gate_socket.h"
#include "change/decision/gate_spool.h"
#include "lib/base/base64.h"
#include "lib/base/json.h"
#include "lib/base/log.h"
#include "lib/base/time.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SPOOL_EVERY_MS 3000
#define WATCH_EVERY_MS 5000
#define STEP_MAX_BYTES ((size_t)8 * 1024 * 1024)
#define GLASS_RUNS_MAX 16

struct forward {
	struct forward_options options;
	struct gate_socket *socket;
	struct gate_spool *spool;
	struct loop_timer *spool_timer, *watch_timer;
	char host[256];
	char glass_runs[GLASS_RUNS_MAX][ID_SIZE]; /* that nobody but this gate knows */
	size_t glass_next;
	bool is_uploading, is_stopped;
};

/* One message on its way; in the exchange's arena, which lives until it is answered. */
struct forwarded {
	struct forward *forward;
	const struct gate_ask *ask;
	int64_t asked_at_us;
};

/* --- answers made here: they all say no --- */

static void answer_verdict(struct forwarded *asked, struct gate_verdict *verdict)
{
	struct gate_reply reply = {.message.kind = GATE_VERDICT};

	memcpy(verdict->nonce, asked->ask->message->request.nonce, GATE_NONCE_SIZE);
	reply.message.verdict = *verdict;
	gate_answer(asked->ask->exchange, &reply);
}

static const char *detail_of(struct arena *arena, const struct gate_verdict *verdict)
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

static void deny(struct forwarded *asked, enum gate_reason reason, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The sealed code of this host is the key that may do then. */
static bool wants_key(const struct forwarded *asked, enum gate_reason reason)
{
	const struct gate_request *request = &asked->ask->message->request;

	return reason == REASON_GATE_UNAVAILABLE && request->kind == GATE_DECIDE &&
	       asked->forward->options.glass_path && !*request->typed_key;
}

static void deny(struct forwarded *asked, enum gate_reason reason, const char *format, ...)
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
	verdict.detail = detail_of(asked->ask->arena, &verdict);
	answer_verdict(asked, &verdict);
}

/* --- the sealed code --- */

static const char *line_of(struct forwarded *asked, struct decision_analysis *ret)
{
	const struct decision_question question = {.request = asked->ask->message->request};

	decision_analyse(asked->ask->arena, &question, ret);
	return ret->line;
}

static int spool_glass(struct forwarded *asked, const char *run, const char *line, int64_t now_us,
	struct error *err)
{
	const struct gate_request *request = &asked->ask->message->request;
	json_t *record = json_object();
	int rc;

	json_set_text(record, "target", asked->forward->options.identity);
	json_set_text(record, "host", asked->forward->host);
	json_set_text(record, "account", request->actor_user);
	json_set_int(record, "uid", request->actor_uid);
	json_set_text(record, "source", request->source);
	json_set_text(record, "run", run);
	json_set_text(record, "line", line);
	json_set_int(record, "at_us", now_us);
	rc = gate_spool_add(asked->forward->spool, "glass", record, err);
	json_decref(record);
	return rc;
}

static void allow_glass(struct forwarded *asked, const char *run, int64_t now_us)
{
	struct gate_verdict verdict = {
		.verdict = GATE_ALLOW,
		.reason = gate_reason_word(REASON_OK_EMERGENCY),
		.message = "the sealed code of this host: recorded, and a follow-up is owed\n"
			   "a new one is needed: redbuttond --gate-breakglass-new",
		.decision = "",
		.change = "",
		.grant = "",
		.run = run,
		.must = GATE_MUST_RECORD | GATE_MUST_PARENT | GATE_MUST_MASK,
		.lease_s = GRANT_LEASE_US / 1000000,
		.expires_at_us = now_us + DECISION_LIFE_US,
	};

	verdict.detail = detail_of(asked->ask->arena, &verdict);
	answer_verdict(asked, &verdict);
}

/* Only for a decision, only with the right code, and only what does not deceive. True when it has
 * answered. */
static bool try_glass(struct forwarded *asked)
{
	struct forward *forward = asked->forward;
	const struct gate_request *request = &asked->ask->message->request;
	struct decision_analysis analysis;
	struct error err = ERROR_INIT;
	int64_t now_us = time_now_us();
	const char *line;
	char *run;

	if (request->kind != GATE_DECIDE || !*request->typed_key || !forward->options.glass_path)
		return false;
	line = line_of(asked, &analysis);
	if (*analysis.text || json_array_size(analysis.steering) || *request->parent_run)
		return false;
	if (!gate_glass_use(forward->options.glass_path, request->typed_key))
		return false;
	run = arena_alloc(asked->ask->arena, ID_SIZE);
	id_new(run);
	/* What is owed stands on disk before anything runs; the code is used up either way. */
	if (spool_glass(asked, run, line, now_us, &err) < 0) {
		log_warn("gate", "the use of the sealed code cannot be recorded", "error",
			err.message);
		deny(asked, REASON_GATE_UNAVAILABLE,
			"the use of the sealed code cannot be recorded: %s", err.message);
		return true;
	}
	memcpy(forward->glass_runs[forward->glass_next++ % GLASS_RUNS_MAX], run, ID_SIZE);
	log_warn("gate", "the sealed code was used", "account", request->actor_user, "run", run);
	allow_glass(asked, run, now_us);
	return true;
}

static bool is_glass_run(const struct forward *forward, const char *run)
{
	for (size_t i = 0; i < GLASS_RUNS_MAX; i++)
		if (*run && !strcmp(forward->glass_runs[i], run))
			return true;
	return false;
}

/* --- deciding --- */

static void drop_json(void *value)
{
	json_decref(value);
}

static int check_times(const json_t *answer, const struct gate_verdict *verdict,
	enum gate_reason *ret_reason, struct error *err)
{
	int64_t now_us = time_now_us(), server_us = 0;
	const char *text = NULL;

	*ret_reason = REASON_CLOCK_SKEW;
	if (json_get_text(answer, "server_ts", true, &text, err) < 0 ||
		time_parse("server_ts", text, &server_us, err) < 0)
		return err->code;
	if (server_us - now_us > DECISION_SKEW_US || now_us - server_us > DECISION_SKEW_US)
		return error_set(err, ERROR_CONFLICT,
			"the clock of this host and the daemon's differ by %lld seconds",
			(long long)((server_us - now_us) / 1000000));
	*ret_reason = REASON_POLICY_STALE;
	if (verdict->expires_at_us > server_us + DECISION_LIFE_US)
		return error_set(err, ERROR_CONFLICT, "the answer claims to be good for too long");
	/* Between hosts whose clocks differ a little it is the daemon's time that counts. */
	if (verdict->expires_at_us <= server_us ||
		(verdict->verdict == GATE_ALLOW && now_us >= verdict->expires_at_us))
		return error_set(err, ERROR_CONFLICT, "the answer has ended");
	return 0;
}

/* Of this question, by that daemon, now. */
static int check_answer(struct forwarded *asked, const json_t *answer, struct gate_verdict *verdict,
	enum gate_reason *ret_reason, struct error *err)
{
	const struct gate_request *request = &asked->ask->message->request;
	const char *id = json_string_value(json_object_get(answer, "request_id"));
	int rc;

	*ret_reason = REASON_BAD_SIGNATURE;
	if ((rc = decision_verdict_parse(asked->ask->arena, answer, verdict, err)) < 0)
		return rc;
	if (strcmp(verdict->nonce, request->nonce) != 0 || !id ||
		strcmp(id, request->request_id) != 0)
		return error_set(err, ERROR_TAMPERED, "the answer is of another question");
	rc = decision_check_signature(asked->ask->arena, asked->forward->options.public_key,
		request, answer, verdict, err);
	return rc < 0 ? rc : check_times(answer, verdict, ret_reason, err);
}

static void take_answer(struct forwarded *asked, const struct client_response *response)
{
	enum gate_reason reason;
	struct gate_verdict verdict;
	struct error err = ERROR_INIT;
	json_t *answer = NULL;

	if (json_parse(response->body, response->body_length, JSON_DEPTH_MAX, &answer, &err) < 0) {
		deny(asked, REASON_GATE_UNAVAILABLE, "the daemon's answer cannot be read");
		return;
	}
	arena_defer(asked->ask->arena, drop_json, answer);
	if (check_answer(asked, answer, &verdict, &reason, &err) < 0) {
		log_warn("gate", "an answer is not believed", "reason", gate_reason_word(reason),
			"error", err.message);
		deny(asked, reason, "%s", err.message);
		return;
	}
	answer_verdict(asked, &verdict);
}

static const char *problem_of(struct arena *arena, const struct client_response *response)
{
	json_t *problem = NULL;
	const char *detail;

	if (json_parse(response->body, response->body_length, JSON_DEPTH_MAX, &problem, NULL) < 0)
		return "";
	arena_defer(arena, drop_json, problem);
	detail = json_string_value(json_object_get(problem, "detail"));
	return detail ? detail : "";
}

static void on_decided(void *arg, const struct client_response *response, const struct error *err)
{
	struct forwarded *asked = arg;

	if (err) {
		if (!try_glass(asked))
			deny(asked, REASON_GATE_UNAVAILABLE,
				"the daemon cannot be asked: %s\nin need, type the sealed code of "
				"this host",
				err->message);
	} else if (response->status == 200) {
		take_answer(asked, response);
	} else {
		deny(asked,
			response->status == 422 ? REASON_IDEMPOTENCY_CONFLICT
						: REASON_GATE_UNAVAILABLE,
			"the daemon did not decide (%d): %s", response->status,
			problem_of(asked->ask->arena, response));
	}
}

/* --- sending --- */

static void on_dropped(void *arg)
{
	struct forwarded *asked = arg;
	struct error err = ERROR_INIT;

	error_set(&err, ERROR_IO, "the gate is being closed");
	gate_answer_fault(asked->ask->exchange, &err);
}

static int call(struct forward *forward, const char *method, const char *path, const json_t *body,
	size_t max_bytes, client_done done, void (*drop)(void *arg), void *arg, struct error *err)
{
	static const struct client_header headers[] = {{"Content-Type", "application/json"}};
	struct arena arena = ARENA_INIT;
	const char *text = body ? json_text(&arena, body) : "";
	const struct client_request request = {
		.method = method,
		.url = arena_format(&arena, "%s%s", forward->options.url, path),
		.headers = headers,
		.header_count = body ? 1 : 0,
		.body = body ? text : NULL,
		.body_length = strlen(text),
		.login = CLIENT_LOGIN_BEARER,
		.credential = forward->options.token,
		.timeout_ms = FORWARD_DEADLINE_MS,
		.max_bytes = max_bytes,
		.drop = drop,
	};
	int rc = client_send(forward->options.client, &request, done, arg, NULL, err);

	arena_done(&arena);
	return rc;
}

/* The daemon knows this gate's word alone: a name that is not the uid's does not leave the host. */
static int check_account(const struct gate_ask *ask, struct error *err)
{
	const char *said = ask->message->request.actor_user, *is = gate_ask_account(ask, said);

	if (!strcmp(said, is))
		return 0;
	error_set(err, ERROR_FORBIDDEN, "the account of uid %u is %s here", ask->uid, is);
	return error_field(err, "actor_user");
}

static void decide(struct forwarded *asked)
{
	const struct gate_request *request = &asked->ask->message->request;
	struct error err = ERROR_INIT;
	json_t *body;
	int rc;

	if (check_account(asked->ask, &err) < 0) {
		gate_answer_fault(asked->ask->exchange, &err);
		return;
	}
	body = decision_question_json(
		request, "pre", asked->forward->options.identity, asked->asked_at_us);
	rc = call(asked->forward, "POST",
		request->kind == GATE_CHECK ? "/api/v1/gate/check" : "/api/v1/gate/decide", body, 0,
		on_decided, on_dropped, asked, &err);
	json_decref(body);
	if (rc < 0)
		deny(asked, REASON_GATE_UNAVAILABLE, "the daemon cannot be asked: %s", err.message);
}

/* --- steps --- */

static int take_bytes(
	struct arena *arena, const json_t *step, struct gate_reply *reply, struct error *err)
{
	json_t *list = NULL;
	struct gate_reply_content *contents;
	int rc = json_get_array(step, "bytes", true, &list, err);

	if (rc < 0)
		return rc;
	contents = arena_alloc(arena, (json_array_size(list) + 1) * sizeof(*contents));
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *one = json_array_get(list, i);
		const char *text = json_string_value(json_object_get(one, "b64"));
		const char *sha256 = json_string_value(json_object_get(one, "sha256"));
		char *bytes, digest_words[DIGEST_TEXT_SIZE];
		struct digest digest;

		contents[i].name = json_string_value(json_object_get(one, "name"));
		if (!text || !sha256 || !base64_parse(arena, text, &bytes, &contents[i].length))
			return error_set(err, ERROR_INVALID, "a content cannot be read");
		digest_of(bytes, contents[i].length, &digest);
		if (strcmp(digest_text(&digest, digest_words) + strlen("sha256:"), sha256) != 0)
			return error_set(err, ERROR_TAMPERED, "a content is another than it says");
		contents[i].bytes = bytes;
	}
	reply->contents = contents;
	reply->content_count = json_array_size(list);
	return 0;
}

static int take_step(struct forwarded *asked, const struct client_response *response,
	struct gate_reply *reply, struct error *err)
{
	struct arena *arena = asked->ask->arena;
	struct gate_step *step = &reply->message.step;
	int64_t seq = 0, timeout_s = 0;
	json_t *object = NULL;
	int rc;

	if (response->status != 200)
		return error_set(err, ERROR_NOT_FOUND, "%s", problem_of(arena, response));
	if ((rc = json_parse(response->body, response->body_length, JSON_DEPTH_MAX, &object, err)) <
		0)
		return rc;
	arena_defer(arena, drop_json, object);
	reply->message.kind = GATE_STEP;
	if ((rc = json_get_text(object, "change", true, &step->change, err)) < 0 ||
		(rc = json_get_int(object, "step", true, 0, UINT32_MAX, &seq, err)) < 0 ||
		(rc = json_get_text(object, "kind", true, &step->kind, err)) < 0 ||
		(rc = json_get_int(object, "timeout_s", true, 0, UINT32_MAX, &timeout_s, err)) <
			0 ||
		(rc = decision_exec_parse(arena, object, &step->exec, err)) < 0)
		return rc;
	step->step = (uint32_t)seq;
	step->timeout_s = (uint32_t)timeout_s;
	return take_bytes(arena, object, reply, err);
}

static void on_step(void *arg, const struct client_response *response, const struct error *err)
{
	struct forwarded *asked = arg;
	struct gate_reply reply = {0};
	struct error why = ERROR_INIT;

	if (err || take_step(asked, response, &reply, &why) < 0)
		gate_answer_fault(asked->ask->exchange, err ? err : &why);
	else
		gate_answer(asked->ask->exchange, &reply);
}

static bool is_change_name(const char *name)
{
	return !strncmp(name, "CHG-", 4) && strlen(name) < 32 &&
	       strspn(name + 4, "0123456789") == strlen(name + 4);
}

static void fetch(struct forwarded *asked)
{
	const struct gate_fetch *wanted = &asked->ask->message->fetch;
	struct error err = ERROR_INIT;
	int rc;

	if (!is_change_name(wanted->change))
		rc = error_set(&err, ERROR_INVALID, "a change is named CHG- and a number");
	else
		rc = call(asked->forward, "GET",
			arena_format(asked->ask->arena, "/api/v1/gate/steps/%s/%u%s",
				wanted->change, wanted->step,
				!strcmp(wanted->phase, "rollback") ? "?phase=rollback" : ""),
			NULL, STEP_MAX_BYTES, on_step, on_dropped, asked, &err);
	if (rc < 0)
		gate_answer_fault(asked->ask->exchange, &err);
}

/* --- runs --- */

static void note(struct forwarded *asked)
{
	const struct gate_reply reply = {.message.kind = GATE_NOTED};

	gate_answer(asked->ask->exchange, &reply);
}

/* While the daemon is away what runs goes on: its lease is the daemon's to count. */
static void on_beat(void *arg, const struct client_response *response, const struct error *err)
{
	struct forwarded *asked = arg;
	const char *run = asked->ask->message->heartbeat.run;
	struct gate_reply reply = {.message.kind = GATE_STOP};

	if (err || response->status == 204 || response->status >= 500 || response->status == 429) {
		note(asked);
		return;
	}
	reply.message.stop = (struct gate_stop){
		run, gate_reason_word(REASON_REVOKED), problem_of(asked->ask->arena, response)};
	gate_answer(asked->ask->exchange, &reply);
}

static void beat(struct forwarded *asked)
{
	const char *run = asked->ask->message->heartbeat.run;
	struct error err = ERROR_INIT;
	json_t *body;
	int rc;

	if (is_glass_run(asked->forward, run)) {
		note(asked);
		return;
	}
	if (!id_is_valid(run)) {
		error_set(&err, ERROR_INVALID, "this is no run");
		error_field(&err, "run");
		gate_answer_fault(asked->ask->exchange, &err);
		return;
	}
	body = json_object();
	rc = call(asked->forward, "POST",
		arena_format(asked->ask->arena, "/api/v1/gate/runs/%s/heartbeat", run), body, 0,
		on_beat, on_dropped, asked, &err);
	json_decref(body);
	if (rc < 0)
		note(asked);
}

static int spool_end(struct forwarded *asked, struct error *err)
{
	const struct gate_end *end = &asked->ask->message->end;
	json_t *record = json_object();
	int rc;

	json_set_text(record, "target", asked->forward->options.identity);
	json_set_text(record, "run", end->run);
	json_set_int(record, "status", end->status);
	json_set_text(record, "recording", end->recording);
	json_set_text(record, "recording_sha256", end->recording_sha256);
	json_set_int(record, "recording_bytes", (int64_t)end->recording_bytes);
	json_set_bool(record, "is_recording_whole", end->is_recording_whole);
	json_set_int(record, "at_us", asked->asked_at_us);
	rc = gate_spool_add(asked->forward->spool, "end", record, err);
	json_decref(record);
	return rc;
}

static void answer_end(struct forwarded *asked)
{
	struct error err = ERROR_INIT;

	if (spool_end(asked, &err) < 0)
		gate_answer_fault(asked->ask->exchange, &err);
	else
		note(asked);
}

static void on_end(void *arg, const struct client_response *response, const struct error *err)
{
	struct forwarded *asked = arg;

	/* 409: it has ended already, as an earlier try told whose answer was lost. */
	if (!err && (response->status == 204 || response->status == 409))
		note(asked);
	else
		answer_end(asked);
}

static json_t *end_json(const struct gate_end *end)
{
	json_t *body = json_object();

	json_set_int(body, "status", end->status);
	if (*end->recording) {
		json_set_text(body, "recording", end->recording);
		json_set_text(body, "recording_sha256", end->recording_sha256);
	}
	json_set_int(body, "recording_bytes", (int64_t)end->recording_bytes);
	json_set_bool(body, "is_recording_whole", end->is_recording_whole);
	return body;
}

/* What waits goes first, so that a run is never told to have ended before it was told of. */
static void end(struct forwarded *asked)
{
	const struct gate_end *told = &asked->ask->message->end;
	struct error err = ERROR_INIT;
	json_t *body;
	int rc;

	if (!id_is_valid(told->run)) {
		error_set(&err, ERROR_INVALID, "this is no run");
		error_field(&err, "run");
		gate_answer_fault(asked->ask->exchange, &err);
		return;
	}
	if (is_glass_run(asked->forward, told->run) || gate_spool_first(asked->forward->spool)) {
		answer_end(asked);
		return;
	}
	body = end_json(told);
	rc = call(asked->forward, "POST",
		arena_format(asked->ask->arena, "/api/v1/gate/runs/%s/end", told->run), body, 0,
		on_end, on_dropped, asked, &err);
	json_decref(body);
	if (rc < 0)
		answer_end(asked);
}

/* --- what nobody asked: runs that must stop --- */

struct watched {
	struct forward *forward;
	char run[ID_SIZE];
};

static void on_watched(void *arg, const struct client_response *response, const struct error *err)
{
	struct watched *watched = arg;
	struct arena arena = ARENA_INIT;

	if (!err && (response->status == 409 || response->status == 404) &&
		!watched->forward->is_stopped)
		gate_socket_stop(watched->forward->socket, watched->run,
			gate_reason_word(REASON_REVOKED), problem_of(&arena, response));
	arena_done(&arena);
	free(watched);
}

static void watch_run(void *arg, const char *run)
{
	struct forward *forward = arg;
	struct watched *watched;
	struct arena arena = ARENA_INIT;
	json_t *body;

	if (is_glass_run(forward, run))
		return;
	watched = calloc(1, sizeof(*watched));
	if (!watched)
		abort();
	watched->forward = forward;
	snprintf(watched->run, sizeof(watched->run), "%s", run);
	body = json_object();
	if (call(forward, "POST", arena_format(&arena, "/api/v1/gate/runs/%s/heartbeat", run), body,
		    0, on_watched, free, watched, NULL) < 0)
		free(watched);
	json_decref(body);
	arena_done(&arena);
}

/* Who is connected and runs is alive: the gate beats for it, and hears when it must stop. */
static void watch_all(void *arg)
{
	struct forward *forward = arg;

	gate_socket_each_run(forward->socket, watch_run, forward);
}

/* --- the spool --- */

static void on_uploaded(void *arg, const struct client_response *response, const struct error *err)
{
	struct forward *forward = arg;
	struct error why = ERROR_INIT;

	forward->is_uploading = false;
	if (err)
		return;
	if (response->status != 200) {
		struct arena arena = ARENA_INIT;

		log_warn("gate", "a record of the spool is not taken", "why",
			problem_of(&arena, response));
		arena_done(&arena);
		return;
	}
	if (gate_spool_taken(forward->spool, &why) < 0)
		log_warn("gate", "what was taken is not noted", "error", why.message);
	else if (gate_spool_first(forward->spool) && !forward->is_stopped)
		loop_timer_start(forward->spool_timer, 1, SPOOL_EVERY_MS);
}

static void on_upload_dropped(void *arg)
{
	((struct forward *)arg)->is_uploading = false;
}

static void upload(void *arg)
{
	struct forward *forward = arg;
	const char *record = gate_spool_first(forward->spool);
	json_t *body;

	if (!record || forward->is_uploading)
		return;
	body = json_object();
	json_set_text(body, "record", record);
	forward->is_uploading = call(forward, "POST", "/api/v1/gate/spool", body, 0, on_uploaded,
					on_upload_dropped, forward, NULL) == 0;
	json_decref(body);
}

/* --- the backend --- */

static void on_ask(void *arg, const struct gate_ask *ask)
{
	struct forwarded *asked = arena_alloc(ask->arena, sizeof(*asked));

	asked->forward = arg;
	asked->ask = ask;
	asked->asked_at_us = time_now_us();
	switch (ask->message->kind) {
	case GATE_DECIDE:
	case GATE_CHECK:
		decide(asked);
		return;
	case GATE_FETCH:
		fetch(asked);
		return;
	case GATE_HEARTBEAT:
		beat(asked);
		return;
	case GATE_END:
		end(asked);
		return;
	default:
		note(asked);
	}
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
	forward->spool_timer = loop_timer_new(options->loop, upload, forward);
	loop_timer_start(forward->spool_timer, 1, SPOOL_EVERY_MS);
	forward->watch_timer = loop_timer_new(options->loop, watch_all, forward);
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
