#include "change/decision/gate_local.h"

#include "change/decision/decision_rooms.h"
#include "lib/base/time.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct gate_local {
	struct gate_local_options options;
	struct gate_socket *socket;
	char host[256];
};

/* One message on its way through the store; lives in the exchange's arena. */
struct local_ask {
	struct gate_local *local;
	const struct gate_ask *ask;
	struct decision_question question;
	const char *user; /* name of the account that is looked up, or NULL */
	struct audit_actor actor;
	char person_id[ID_SIZE], key_person[ID_SIZE], asker[32];
	int64_t now_us;
};

/* --- who --- */

static int find_person(
	struct local_ask *asked, struct store_tx *tx, uint32_t uid, struct error *err)
{
	struct target *target = NULL;
	int rc = people_peer_person(tx, asked->ask->arena, uid, asked->person_id, err);

	if (rc < 0 || *asked->person_id)
		return rc;
	(void)target_find_identity(
		tx, asked->ask->arena, asked->local->options.identity, &target, NULL);
	return account_find(
		tx, target ? target->name : "", asked->user, uid, asked->person_id, err);
}

/* Person and actor of the account, by rows: an account that is nobody's acts as its uid. */
static int find_actor(struct local_ask *asked, struct store_tx *tx, uint32_t uid, struct error *err)
{
	char name[128] = "";

	asked->actor = (struct audit_actor){.kind = AUDIT_HUMAN};
	snprintf(asked->actor.address, sizeof(asked->actor.address), "gate");
	snprintf(asked->actor.id, sizeof(asked->actor.id), "uid:%u", uid);
	snprintf(asked->actor.name, sizeof(asked->actor.name), "uid:%u", uid);
	if (find_person(asked, tx, uid, err) < 0)
		return error_set(err, ERROR_IO, "accounts cannot be looked up");
	if (!*asked->person_id)
		return 0;
	snprintf(asked->actor.id, sizeof(asked->actor.id), "%s", asked->person_id);
	if (people_name(tx, asked->person_id, name, sizeof(name), NULL) == 0)
		snprintf(asked->actor.name, sizeof(asked->actor.name), "%s", name);
	return 0;
}

/* Of who asks, among what is committed. */
static int find_peer(struct local_ask *asked, struct error *err)
{
	asked->user = gate_ask_account(asked->ask, NULL);
	return find_actor(asked, store_reader(asked->local->options.store), asked->ask->uid, err);
}

/* Of whom the question is about, in the decision's transaction. */
static int find_asked(struct store_tx *tx, void *arg, struct error *err)
{
	struct local_ask *asked = arg;
	int rc = find_actor(asked, tx, asked->question.request.actor_uid, err);

	asked->question.actor = asked->actor;
	memcpy(asked->question.person_id, asked->person_id, ID_SIZE);
	return rc;
}

void gate_key_person(struct people *people, struct arena *arena, const char *typed_key,
	const char *address, int64_t now_us, char ret_person[static ID_SIZE])
{
	struct principal *principal = NULL;
	struct error err = ERROR_INIT;

	ret_person[0] = 0;
	if (!typed_key || !*typed_key)
		return;
	if (people_authenticate_token(people, arena, typed_key, address, now_us, &principal, &err) <
		0)
		return;
	if (principal->roles & (ROLE_APPROVER | ROLE_COMMANDER))
		memcpy(ret_person, principal->person_id, ID_SIZE);
}

/* --- deciding --- */

static void answer_conflict(struct local_ask *asked, const struct error *why)
{
	const struct gate_request *request = &asked->ask->message->request;
	struct gate_reply reply = {.message.kind = GATE_VERDICT};
	struct gate_verdict *verdict = &reply.message.verdict;

	*verdict = (struct gate_verdict){
		.verdict = GATE_DENY,
		.reason = gate_reason_word(REASON_IDEMPOTENCY_CONFLICT),
		.message = why->message,
		.decision = "",
		.change = "",
		.grant = "",
		.run = "",
		.detail = "{}",
	};
	memcpy(verdict->nonce, request->nonce, GATE_NONCE_SIZE);
	gate_answer(asked->ask->exchange, &reply);
}

static void on_decided(void *arg, const struct gate_verdict *verdict, const struct error *err)
{
	struct local_ask *asked = arg;
	struct gate_reply reply = {.message.kind = GATE_VERDICT};

	if (err && err->code == ERROR_KEY_REUSED) {
		answer_conflict(asked, err);
	} else if (err) {
		gate_answer_fault(asked->ask->exchange, err);
	} else {
		reply.message.verdict = *verdict;
		gate_answer(asked->ask->exchange, &reply);
	}
}

static void decide(struct local_ask *asked)
{
	struct decision_question *question = &asked->question;
	const struct gate_request *request = &asked->ask->message->request;
	struct gate_local *local = asked->local;
	struct error err = ERROR_INIT;

	asked->user = gate_ask_account(asked->ask, request->actor_user);
	gate_key_person(local->options.people, asked->ask->arena, request->typed_key, "gate",
		asked->now_us, asked->key_person);
	snprintf(asked->asker, sizeof(asked->asker), "uid:%u", asked->ask->uid);
	*question = (struct decision_question){
		.request = *request,
		.phase = "pre",
		.target = local->host,
		.target_identity = local->options.identity,
		.find_actor = find_asked,
		.find_arg = asked,
		.now_us = asked->now_us,
		.gate = "",
		.key_person = asked->key_person,
		.asker = asked->asker,
		.host = local->host,
	};
	if (decision_ask(local->options.decisions, question, on_decided, asked, &err) < 0)
		gate_answer_fault(asked->ask->exchange, &err);
}

/* --- what a step is --- */

static const struct revision_step *find_step(
	const struct revision *revision, const struct gate_fetch *fetch)
{
	bool is_rollback = !strcmp(fetch->phase, step_phase_word(PHASE_ROLLBACK));

	for (size_t i = 0; i < revision->step_count; i++) {
		const struct revision_step *step = &revision->steps[i];

		if (is_rollback != (step->phase == PHASE_ROLLBACK) && *fetch->phase)
			continue;
		if (step->seq == fetch->step || (is_rollback && !fetch->step))
			return step;
	}
	return NULL;
}

static int load_contents(struct store_tx *tx, struct arena *arena, const struct revision_step *step,
	struct gate_reply *reply, struct error *err)
{
	struct gate_reply_content *contents =
		arena_alloc(arena, (step->content_count + 1) * sizeof(*contents));
	int rc = 0;

	for (size_t i = 0; rc >= 0 && i < step->content_count; i++) {
		contents[i].name = step->contents[i].name;
		rc = change_get_content(tx, arena, step->contents[i].sha256, &contents[i].bytes,
			&contents[i].length, err);
	}
	reply->contents = contents;
	reply->content_count = step->content_count;
	return rc;
}

static int load_step(struct local_ask *asked, struct gate_reply *reply, struct error *err)
{
	const struct gate_fetch *fetch = &asked->ask->message->fetch;
	struct store_tx *tx = store_reader(asked->local->options.store);
	struct arena *arena = asked->ask->arena;
	const struct revision_step *step;
	struct revision *revision;
	struct change *change;
	int rc;

	if ((rc = find_peer(asked, err)) < 0)
		return rc;
	if (asked->ask->uid && !*asked->person_id)
		return error_set(err, ERROR_FORBIDDEN, "this account is nobody's");
	if ((rc = change_get(tx, arena, fetch->change, &change, err)) < 0 ||
		(rc = change_get_revision(tx, arena, change, &revision, err)) < 0)
		return rc;
	step = find_step(revision, fetch);
	if (!step) {
		error_set(err, ERROR_NOT_FOUND, "%s has no such step", change->name);
		return error_field(err, "step");
	}
	reply->message.kind = GATE_STEP;
	reply->message.step.change = change->name;
	reply->message.step.step = (uint32_t)step->seq;
	reply->message.step.kind = step_kind_word(step->kind);
	reply->message.step.timeout_s = (uint32_t)step->timeout_s;
	change_step_exec(arena, step, &reply->message.step.exec);
	return load_contents(tx, arena, step, reply, err);
}

static void fetch(struct local_ask *asked)
{
	struct gate_reply reply = {0};
	struct error err = ERROR_INIT;

	if (load_step(asked, &reply, &err) < 0)
		gate_answer_fault(asked->ask->exchange, &err);
	else
		gate_answer(asked->ask->exchange, &reply);
}

/* --- runs --- */

static const char *person_of(const struct local_ask *asked)
{
	return asked->ask->uid ? asked->person_id : NULL;
}

static const char *run_of(const struct gate_message *message)
{
	switch (message->kind) {
	case GATE_HEARTBEAT:
		return message->heartbeat.run;
	case GATE_END:
		return message->end.run;
	case GATE_WATCH:
		return message->watch.run;
	default:
		return "";
	}
}

static int write_run(struct store_tx *tx, void *arg, struct error *err)
{
	struct local_ask *asked = arg;
	const struct gate_end *end = &asked->ask->message->end;
	struct run_end ended = {
		.id = end->run,
		.person_id = person_of(asked),
		.at_us = asked->now_us,
	};

	if (asked->ask->message->kind == GATE_HEARTBEAT)
		return run_heartbeat(
			tx, run_of(asked->ask->message), person_of(asked), asked->now_us, err);
	ended.status = end->status;
	ended.recording = *end->recording ? end->recording : NULL;
	ended.recording_sha256 = *end->recording_sha256 ? end->recording_sha256 : NULL;
	ended.recording_bytes = (int64_t)end->recording_bytes;
	ended.is_recording_whole = end->is_recording_whole;
	return run_guard_end(tx, &ended, &asked->actor, err);
}

static void answer_run(struct local_ask *asked, const struct error *err)
{
	struct gate_reply reply = {.message.kind = GATE_NOTED};
	const struct gate_message *message = asked->ask->message;

	if (err && err->code == ERROR_CONFLICT && message->kind != GATE_END) {
		reply.message.kind = GATE_STOP;
		reply.message.stop = (struct gate_stop){
			run_of(message), gate_reason_word(REASON_REVOKED), err->message};
	} else if (err) {
		gate_answer_fault(asked->ask->exchange, err);
		return;
	}
	gate_answer(asked->ask->exchange, &reply);
}

static void told_run(void *arg, const struct error *err)
{
	answer_run(arg, err);
}

static void watch(struct local_ask *asked)
{
	struct store_tx *tx = store_reader(asked->local->options.store);
	const char *id = run_of(asked->ask->message), *person = person_of(asked);
	struct error err = ERROR_INIT;
	struct rcm_run *run;
	int rc = run_get(tx, asked->ask->arena, id, &run, &err);

	if (rc >= 0 && person && strcmp(run->person_id, person) != 0)
		rc = error_set(&err, ERROR_FORBIDDEN, "the run is another person's");
	else if (rc >= 0 && run->stop_reason)
		rc = error_set(&err, ERROR_CONFLICT, "the run must stop: %s", run->stop_reason);
	else if (rc >= 0 && strcmp(run->state, "started") != 0)
		rc = error_set(&err, ERROR_CONFLICT, "the run is %s", run->state);
	answer_run(asked, rc < 0 ? &err : NULL);
}

static void act_on_run(struct local_ask *asked)
{
	struct error err = ERROR_INIT;

	if (find_peer(asked, &err) < 0) {
		gate_answer_fault(asked->ask->exchange, &err);
	} else if (asked->ask->message->kind == GATE_WATCH) {
		watch(asked);
	} else {
		/* An end goes through on a full disk: it starts nothing. */
		store_write_vital(asked->local->options.store, write_run, told_run, asked);
	}
}

/* --- the backend --- */

static void on_ask(void *arg, const struct gate_ask *ask)
{
	struct local_ask *asked = arena_alloc(ask->arena, sizeof(*asked));

	asked->local = arg;
	asked->ask = ask;
	asked->now_us = time_now_us();
	switch (ask->message->kind) {
	case GATE_DECIDE:
	case GATE_CHECK:
		decide(asked);
		return;
	case GATE_FETCH:
		fetch(asked);
		return;
	default:
		act_on_run(asked);
	}
}

static void on_must_stop(void *arg, const struct rcm_run *run)
{
	struct gate_local *local = arg;

	gate_socket_stop(
		local->socket, run->id, gate_reason_word(REASON_REVOKED), run->stop_reason);
}

int gate_local_open(
	const struct gate_local_options *options, struct gate_local **ret, struct error *err)
{
	struct gate_local *local = calloc(1, sizeof(*local));
	struct gate_socket_options socket = {
		.loop = options->loop,
		.path = options->socket_path,
		.fd = options->fd,
	};

	if (!local)
		abort();
	local->options = *options;
	if (gethostname(local->host, sizeof(local->host) - 1) < 0)
		snprintf(local->host, sizeof(local->host), "localhost");
	socket.backend = (struct gate_backend){local, on_ask};
	if (gate_socket_open(&socket, &local->socket, err) < 0) {
		free(local);
		return err->code;
	}
	run_guard_follow(options->runs, on_must_stop, local);
	*ret = local;
	return 0;
}

void gate_local_stop(struct gate_local *local)
{
	if (local)
		gate_socket_stop_listening(local->socket);
}

void gate_local_close(struct gate_local *local)
{
	if (!local)
		return;
	gate_socket_close(local->socket);
	free(local);
}
