/* From a question to an answer that is a row: facts, decision, grant, run and audit in one
 * transaction; the rules between two of them when what they look at has moved. */
#include "change/decision/decision_rooms.h"
#include "change/emergency/emergency.h"
#include "lib/base/canonical.h"
#include "lib/base/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct decisions {
	struct decisions_options options;
	struct asking *first;
	bool is_stopped;
};

struct asking {
	struct asking *next, **place;
	struct decisions *decisions;
	const struct decision_question *question;
	decision_done *done;
	void *arg;
	struct arena arena;
	struct decision_analysis analysis;
	struct decision_assessed assessed;
	json_t *body, *facts, *rules;
	json_t *answer; /* the arena's; signed once its row is on the way to the disk */
	char body_digest[DIGEST_TEXT_SIZE], context[DIGEST_TEXT_SIZE];
	char run[ID_SIZE]; /* that an allow begins */
	int rounds;
	/* What came of it. */
	char name[32]; /* "DEC-12", "" for a check */
	struct decision_outcome outcome;
	const char *run_used; /* "" without */
	struct gate_verdict verdict;
};

/* --- life --- */

static void asking_free(struct asking *asking)
{
	*asking->place = asking->next;
	if (asking->next)
		asking->next->place = asking->place;
	json_decref(asking->body);
	json_decref(asking->facts);
	json_decref(asking->rules);
	arena_done(&asking->arena);
	free(asking);
}

static void answer(struct asking *asking, const struct error *err)
{
	asking->done(asking->arg, err ? NULL : &asking->verdict, err);
	asking_free(asking);
}

static void answer_closed(struct asking *asking)
{
	struct error err = ERROR_INIT;

	error_set(&err, ERROR_IO, "the gate was closed");
	answer(asking, &err);
}

static void drop_facts(struct asking *asking)
{
	json_decref(asking->facts);
	json_decref(asking->rules);
	asking->facts = asking->rules = NULL;
}

int decisions_open(
	const struct decisions_options *options, struct decisions **ret, struct error *err)
{
	struct decisions *decisions = calloc(1, sizeof(*decisions));

	(void)err;
	if (!decisions)
		abort();
	decisions->options = *options;
	*ret = decisions;
	return 0;
}

void decisions_stop(struct decisions *decisions)
{
	if (decisions)
		decisions->is_stopped = true;
}

void decisions_close(struct decisions *decisions)
{
	if (!decisions)
		return;
	while (decisions->first)
		answer_closed(decisions->first);
	free(decisions);
}

/* --- signing: a third of what a decision costs --- */

static void sign(void *arg)
{
	struct asking *asking = arg;

	decision_sign(&asking->arena, asking->decisions->options.key, &asking->question->request,
		asking->answer, &asking->verdict);
}

static void sign_nothing(void *arg)
{
	(void)arg;
}

/* --- what was asked before --- */

static void drop_json(void *value)
{
	json_decref(value);
}

/* The same question again has the same answer while that is good, and Ed25519 the same signature of
 * it; another under its id has none. */
static int repeat(struct asking *asking, const struct decision_row *row, struct error *err)
{
	json_t *stored = NULL;
	int rc;

	if (strcmp(row->body_digest, asking->body_digest) != 0 ||
		asking->question->now_us >= row->expires_at_us) {
		error_set(err, ERROR_KEY_REUSED, "%s was asked under this request_id before, %s",
			arena_format(&asking->arena, "DEC-%lld", (long long)row->seq),
			strcmp(row->body_digest, asking->body_digest) ? "with another body"
								      : "and its answer has ended");
		error_field(err, "request_id");
		return error_remedy(err, "ask with a request_id of its own");
	}
	rc = json_parse(row->answer, strlen(row->answer), JSON_DEPTH_GRAPH, &stored, err);
	if (rc < 0)
		return rc;
	arena_defer(&asking->arena, drop_json, stored);
	asking->answer = stored;
	rc = decision_verdict_parse(&asking->arena, stored, &asking->verdict, err);
	if (rc >= 0)
		sign(asking);
	return rc;
}

/* --- taking --- */

static int take_grant(
	struct store_tx *tx, struct asking *asking, struct rcm_run *run, struct error *err)
{
	const struct decision_question *question = asking->question;
	const json_t *grant = json_object_get(asking->facts, "grant");
	const char *id = json_string_value(json_object_get(grant, "id"));
	enum gate_reason reason = REASON_USED_UP;
	struct change *change;
	int rc;

	run->kill_at_us = asking->outcome.kill_at_us;
	if ((rc = grant_take(tx, id, question->person_id, run, &question->actor, question->now_us,
		     &reason, err)) < 0 ||
		(rc = change_get_seq(tx, &asking->arena, run->change_seq, &change, err)) < 0)
		return rc;
	return change_note_run(tx, change, &question->actor, question->now_us, err);
}

static int note_emergency(
	struct store_tx *tx, struct asking *asking, const char *run, struct error *err)
{
	const json_t *emergency = json_object_get(asking->facts, "emergency");

	return emergency_note_run(tx, json_integer_value(json_object_get(emergency, "seq")), run,
		asking->analysis.line, asking->question->now_us, err);
}

static int take_emergency(
	struct store_tx *tx, struct asking *asking, struct rcm_run *run, struct error *err)
{
	const json_t *emergency = json_object_get(asking->facts, "emergency");
	int rc;

	run->emergency = json_string_value(json_object_get(emergency, "name"));
	run->target = json_string_value(
		json_object_get(json_object_get(asking->facts, "target"), "name"));
	run->person_id = asking->question->person_id;
	rc = rcm_run_begin(tx, run, &asking->question->actor, asking->question->now_us, err);
	return rc < 0 ? rc : note_emergency(tx, asking, run->id, err);
}

static int take_release(struct store_tx *tx, struct asking *asking, struct error *err)
{
	const struct decision_question *question = asking->question;
	struct release *release;

	if (!strcmp(question->phase, "node_end"))
		return release_end(tx, &asking->arena, question, &release, err);
	return release_begin(tx, &asking->arena, question, &release, err);
}

/* Does what the outcome says yes to. */
static int take(struct store_tx *tx, struct asking *asking, struct error *err)
{
	const struct decision_question *question = asking->question;
	struct rcm_run run = {.host = question->host, .line = asking->analysis.line};

	memcpy(run.id, asking->run, ID_SIZE);
	asking->run_used = "";
	if (gate_reason_verdict(asking->outcome.reason) != GATE_ALLOW ||
		question->request.kind == GATE_CHECK)
		return 0;
	if (question->release)
		return take_release(tx, asking, err);
	switch (asking->outcome.take) {
	case DECISION_TAKE_NOTHING:
		return 0;
	case DECISION_TAKE_PARENT:
		asking->run_used = question->request.parent_run;
		return asking->outcome.reason == REASON_OK_EMERGENCY &&
				       json_object_get(asking->facts, "emergency")
			       ? note_emergency(tx, asking, asking->run, err)
			       : 0;
	case DECISION_TAKE_GRANT:
		asking->run_used = asking->run;
		return take_grant(tx, asking, &run, err);
	case DECISION_TAKE_EMERGENCY:
		asking->run_used = asking->run;
		return take_emergency(tx, asking, &run, err);
	}
	return 0;
}

/* --- the row --- */

static const char *canonical_text(struct arena *arena, const json_t *value, struct error *err)
{
	struct buf bytes = BUF_INIT;
	const char *text = NULL;

	if (canonical_add(&bytes, value, err) >= 0)
		text = arena_text(arena, buf_text(&bytes));
	buf_done(&bytes);
	return text;
}

static int record(struct store_tx *tx, struct asking *asking, const struct decision_row *row,
	struct error *err)
{
	json_t *detail = json_object();
	const char *const terms[] = {
		row->asker,
		row->request_id,
		row->body_digest,
		arena_format(&asking->arena, "%lld", (long long)row->at_us),
		arena_format(&asking->arena, "%lld", (long long)row->expires_at_us),
		arena_format(&asking->arena, "%lld", (long long)row->policy),
		row->rules,
		row->input,
		row->facts,
		row->core,
		row->answer,
	};
	const struct audit_record record = {
		.actor = &asking->question->actor,
		.action = AUDIT_GATE_DECIDE,
		.outcome = strcmp(row->verdict, "allow") ? AUDIT_REFUSED : AUDIT_OK,
		.subject_kind = "decision",
		.subject_id = asking->name,
		.detail = detail,
	};
	int rc;

	json_set_text(detail, "verdict", row->verdict);
	json_set_text(detail, "reason", row->reason);
	json_set_text(detail, "person", row->person_id);
	json_set_text(detail, "target", row->target);
	json_set_text(detail, "change", row->change);
	json_set_text(detail, "run", row->run);
	json_set_text(detail, "line", asking->analysis.line);
	json_set_text(detail, "terms",
		audit_terms(&asking->arena, terms, sizeof(terms) / sizeof(terms[0])));
	rc = audit_append(tx, &record, row->at_us, NULL, err);
	json_decref(detail);
	return rc;
}

static int put_row(struct store_tx *tx, struct asking *asking, int64_t seq, const json_t *core,
	const json_t *answer_json, struct error *err)
{
	const struct decision_question *question = asking->question;
	const char *target = json_string_value(
		json_object_get(json_object_get(asking->facts, "target"), "name"));
	struct decision_row row = {
		.seq = seq,
		.asker = question->asker,
		.request_id = question->request.request_id,
		.body_digest = asking->body_digest,
		.at_us = question->now_us,
		.expires_at_us = question->now_us + DECISION_LIFE_US,
		.verdict = gate_verdict_word(asking->verdict.verdict),
		.reason = asking->verdict.reason,
		.person_id = *question->person_id ? question->person_id : NULL,
		.target = target ? target : "",
		.change = *asking->verdict.change ? asking->verdict.change : NULL,
		.run = *asking->run_used ? asking->run_used : NULL,
		.policy = DECISION_POLICY,
		.rules = asking->decisions->options.risk
				 ? risk_revision(asking->decisions->options.risk)
				 : "",
	};
	json_t *input = decision_input_json(asking->body);
	int rc = 0;

	row.input = canonical_text(&asking->arena, input, err);
	row.facts = canonical_text(&asking->arena, asking->facts, err);
	row.core = canonical_text(&asking->arena, core, err);
	row.answer = canonical_text(&asking->arena, answer_json, err);
	if (!row.input || !row.facts || !row.core || !row.answer)
		rc = ERROR_INVALID;
	if (rc >= 0)
		rc = decision_store_insert(tx, &row, err);
	if (rc >= 0)
		rc = record(tx, asking, &row, err);
	json_decref(input);
	return rc;
}

/* --- the answer --- */

static json_t *make_answer(struct asking *asking, const json_t *core)
{
	const struct decision_question *question = asking->question;
	const struct decision_answer answer = {
		.outcome = &asking->outcome,
		.facts = asking->facts,
		.core = core,
		.analysis = &asking->analysis,
		.decision = asking->name,
		.request_id = question->request.request_id,
		.nonce = question->request.nonce,
		.run = asking->run_used,
		.policy_rev = asking->decisions->options.risk
				      ? risk_revision(asking->decisions->options.risk)
				      : "",
		.now_us = question->now_us,
		.expires_at_us = question->now_us + DECISION_LIFE_US,
	};

	return decision_answer_json(&asking->arena, &answer);
}

static int conclude(struct store_tx *tx, struct asking *asking, struct error *err)
{
	bool is_check = asking->question->request.kind == GATE_CHECK;
	int64_t seq = 0;
	json_t *core;
	int rc = 0;

	if (!is_check && (rc = decision_store_next(tx, &seq, err)) < 0)
		return rc;
	if (!is_check)
		snprintf(asking->name, sizeof(asking->name), "DEC-%lld", (long long)seq);
	if ((rc = take(tx, asking, err)) < 0)
		return rc;
	core = decision_core_json(&asking->arena, asking->facts, &asking->outcome);
	asking->answer = make_answer(asking, core);
	arena_defer(&asking->arena, drop_json, asking->answer);
	rc = decision_verdict_parse(&asking->arena, asking->answer, &asking->verdict, err);
	if (rc >= 0 && !is_check)
		rc = put_row(tx, asking, seq, core, asking->answer, err);
	if (rc >= 0 && is_check)
		sign(asking);
	else if (rc >= 0)
		store_beside_commit(tx, sign, sign_nothing, asking);
	json_decref(core);
	return rc;
}

static int ask(struct store_tx *tx, void *arg, struct error *err)
{
	struct asking *asking = arg;
	const struct decision_question *question = asking->question;
	struct decision_row *row;
	int rc = 0;

	if (question->find_actor && (rc = question->find_actor(tx, question->find_arg, err)) < 0)
		return rc;
	if (question->request.kind != GATE_CHECK)
		rc = decision_store_find(tx, &asking->arena, question->asker,
			question->request.request_id, &row, err);
	if (rc != 0)
		return rc < 0 ? rc : repeat(asking, row, err);
	drop_facts(asking);
	rc = decision_load_facts(tx, &asking->arena, question, &asking->analysis, &asking->assessed,
		&asking->facts, &asking->rules, asking->context, err);
	if (rc < 0)
		return rc;
	if (asking->rules && asking->rounds < DECISION_ROUNDS)
		return 0; /* nothing is written: the rules are asked first */
	json_decref(asking->rules);
	asking->rules = NULL;
	decision_decide(&asking->arena, asking->facts, &asking->outcome);
	return conclude(tx, asking, err);
}

/* --- the rules between --- */

static void told(void *arg, const struct error *err);

static void on_assessed(void *arg, const struct risk_report *report, const struct error *err)
{
	struct asking *asking = arg;
	const struct decisions_options *options = &asking->decisions->options;

	asking->assessed.is_done = true;
	asking->assessed.has_failed = err != NULL;
	asking->assessed.report = report;
	memcpy(asking->assessed.context, asking->context, DIGEST_TEXT_SIZE);
	snprintf(asking->assessed.revision, sizeof(asking->assessed.revision), "%s",
		options->risk ? risk_revision(options->risk) : "");
	if (asking->decisions->is_stopped)
		answer_closed(asking);
	else
		store_write(options->store, ask, told, asking);
}

static void ask_rules(struct asking *asking)
{
	struct error err = ERROR_INIT;
	struct risk *risk = asking->decisions->options.risk;

	asking->rounds++;
	if (!risk)
		error_set(&err, ERROR_NO_JAIL, "there are no rules to ask");
	if (!risk ||
		risk_assess(risk, &asking->arena, asking->rules, on_assessed, asking, &err) < 0)
		on_assessed(asking, NULL, &err);
}

static void told(void *arg, const struct error *err)
{
	struct asking *asking = arg;

	if (err || !asking->rules)
		answer(asking, err);
	else if (asking->decisions->is_stopped)
		answer_closed(asking);
	else
		ask_rules(asking);
}

/* --- asking --- */

/* What was asked, byte for byte. The body of a question from the socket was made here, with a time.
 */
static int digest_body(struct asking *asking, struct error *err)
{
	struct buf bytes = BUF_INIT;
	struct digest digest;
	int rc = asking->question->body
			 ? canonical_add(&bytes, asking->body, err)
			 : gate_encode_request(&bytes, &asking->question->request, err);

	if (rc >= 0) {
		digest_of(bytes.bytes, bytes.length, &digest);
		digest_text(&digest, asking->body_digest);
	}
	buf_done(&bytes);
	return rc;
}

int decision_ask(struct decisions *decisions, const struct decision_question *question,
	decision_done *done, void *arg, struct error *err)
{
	struct asking *asking;
	int rc;

	if (decisions->is_stopped)
		return error_set(err, ERROR_IO, "the gate is being closed");
	asking = calloc(1, sizeof(*asking));
	if (!asking)
		abort();
	asking->decisions = decisions;
	asking->question = question;
	asking->done = done;
	asking->arg = arg;
	asking->run_used = "";
	asking->place = &decisions->first;
	asking->next = decisions->first;
	if (asking->next)
		asking->next->place = &asking->next;
	decisions->first = asking;
	id_new(asking->run);
	asking->body = question->body ? json_incref((json_t *)question->body)
				      : decision_question_json(&question->request, question->phase,
						question->target_identity, question->now_us);
	decision_analyse(&asking->arena, question, &asking->analysis);
	if ((rc = digest_body(asking, err)) < 0) {
		asking_free(asking);
		return rc;
	}
	store_write(decisions->options.store, ask, told, asking);
	return 0;
}
