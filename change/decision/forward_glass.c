/* The sealed code of a host: one command, while the daemon cannot be reached. */
#include "change/decision/forward_rooms.h"
#include "change/decision/gate_glass.h"
#include "lib/base/json.h"
#include "lib/base/log.h"
#include "lib/base/time.h"

#include <string.h>

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

	verdict.detail = forward_detail(asked->ask->arena, &verdict);
	forward_answer(asked, &verdict);
}

bool forward_glass(struct forwarded *asked)
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
		forward_deny(asked, REASON_GATE_UNAVAILABLE,
			"the use of the sealed code cannot be recorded: %s", err.message);
		return true;
	}
	memcpy(forward->glass_runs[forward->glass_next++ % FORWARD_GLASS_RUNS_MAX], run, ID_SIZE);
	log_warn("gate", "the sealed code was used", "account", request->actor_user, "run", run);
	allow_glass(asked, run, now_us);
	return true;
}

bool forward_is_glass_run(const struct forward *forward, const char *run)
{
	for (size_t i = 0; i < FORWARD_GLASS_RUNS_MAX; i++)
		if (*run && !strcmp(forward->glass_runs[i], run))
			return true;
	return false;
}
