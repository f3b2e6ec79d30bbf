/* Runs of a host without a store: what they say to the daemon, at once or by way of the spool, and
 * what it says to them. */
#include "change/decision/forward_rooms.h"
#include "lib/base/json.h"
#include "lib/base/log.h"

#include <stdio.h>
#include <stdlib.h>

/* While the daemon is away what runs goes on: its lease is the daemon's to count. */
static void on_beat(void *arg, const struct client_response *response, const struct error *err)
{
	struct forwarded *asked = arg;
	const char *run = asked->ask->message->heartbeat.run;
	struct gate_reply reply = {.message.kind = GATE_STOP};

	if (err || response->status == 204 || response->status >= 500 || response->status == 429) {
		forward_note(asked);
		return;
	}
	reply.message.stop = (struct gate_stop){run, gate_reason_word(REASON_REVOKED),
		forward_problem(asked->ask->arena, response)};
	gate_answer(asked->ask->exchange, &reply);
}

/* False when it was refused. */
static bool is_run(struct forwarded *asked, const char *run)
{
	struct error err = ERROR_INIT;

	if (id_is_valid(run))
		return true;
	error_set(&err, ERROR_INVALID, "this is no run");
	error_field(&err, "run");
	gate_answer_fault(asked->ask->exchange, &err);
	return false;
}

static const char *path_of(struct arena *arena, const char *run, const char *verb)
{
	return arena_format(arena, "/api/v1/gate/runs/%s/%s", run, verb);
}

void forward_beat(struct forwarded *asked)
{
	const char *run = asked->ask->message->heartbeat.run;
	struct forward_call call = {.done = on_beat};
	struct error err = ERROR_INIT;

	if (forward_is_glass_run(asked->forward, run)) {
		forward_note(asked);
		return;
	}
	if (!is_run(asked, run))
		return;
	call.path = path_of(asked->ask->arena, run, "heartbeat");
	call.body = json_object();
	if (forward_send_of(asked, &call, &err) < 0)
		forward_note(asked);
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
		forward_note(asked);
}

static void on_end(void *arg, const struct client_response *response, const struct error *err)
{
	struct forwarded *asked = arg;

	/* 409: it has ended already, as an earlier try told whose answer was lost. */
	if (!err && (response->status == 204 || response->status == 409))
		forward_note(asked);
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
void forward_end(struct forwarded *asked)
{
	const struct gate_end *told = &asked->ask->message->end;
	struct forward_call call = {.done = on_end};
	struct error err = ERROR_INIT;

	if (!is_run(asked, told->run))
		return;
	if (forward_is_glass_run(asked->forward, told->run) ||
		gate_spool_first(asked->forward->spool)) {
		answer_end(asked);
		return;
	}
	call.path = path_of(asked->ask->arena, told->run, "end");
	call.body = end_json(told);
	if (forward_send_of(asked, &call, &err) < 0)
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
			gate_reason_word(REASON_REVOKED), forward_problem(&arena, response));
	arena_done(&arena);
	free(watched);
}

static void watch_run(void *arg, const char *run)
{
	struct forward *forward = arg;
	struct arena arena = ARENA_INIT;
	struct forward_call call = {.done = on_watched, .drop = free};
	struct watched *watched;

	if (forward_is_glass_run(forward, run))
		return;
	watched = calloc(1, sizeof(*watched));
	if (!watched)
		abort();
	watched->forward = forward;
	snprintf(watched->run, sizeof(watched->run), "%s", run);
	call.path = path_of(&arena, run, "heartbeat");
	call.body = json_object();
	call.arg = watched;
	if (forward_send(forward, &call, NULL) < 0)
		free(watched);
	arena_done(&arena);
}

/* Who is connected and runs is alive: the gate beats for it, and hears when it must stop. */
void forward_watch_runs(struct forward *forward)
{
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
			forward_problem(&arena, response));
		arena_done(&arena);
		return;
	}
	if (gate_spool_taken(forward->spool, &why) < 0)
		log_warn("gate", "what was taken is not noted", "error", why.message);
	else if (gate_spool_first(forward->spool) && !forward->is_stopped)
		loop_timer_start(forward->spool_timer, 1, FORWARD_SPOOL_EVERY_MS);
}

static void on_upload_dropped(void *arg)
{
	((struct forward *)arg)->is_uploading = false;
}

void forward_upload(struct forward *forward)
{
	const char *record = gate_spool_first(forward->spool);
	struct forward_call call = {
		.path = "/api/v1/gate/spool",
		.done = on_uploaded,
		.drop = on_upload_dropped,
		.arg = forward,
	};

	if (!record || forward->is_uploading)
		return;
	call.body = json_object();
	json_set_text(call.body, "record", record);
	forward->is_uploading = forward_send(forward, &call, NULL) == 0;
}
