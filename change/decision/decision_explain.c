/* A decision computed again, and what the log says of the rows. */
#include "change/decision/decision_rooms.h"
#include "lib/base/canonical.h"
#include "lib/base/json.h"
#include "lib/base/text.h"

#include <string.h>

static int parse_name(const char *name, int64_t *ret_seq, struct error *err)
{
	if (strncmp(name, "DEC-", 4) != 0) {
		error_set(err, ERROR_INVALID, "a decision is named DEC- and a number");
		return error_field(err, "id");
	}
	return text_parse_int64("id", name + 4, 1, INT64_MAX, ret_seq, err);
}

static void drop_json(void *value)
{
	json_decref(value);
}

static int parse(
	struct arena *arena, const char *what, const char *text, json_t **ret, struct error *err)
{
	int rc = canonical_parse(text, strlen(text), JSON_DEPTH_GRAPH, ret, err);

	if (rc < 0)
		return error_prefix(err, "the stored %s", what);
	arena_defer(arena, drop_json, *ret);
	return 0;
}

static bool is_same(const char *stored, const json_t *computed)
{
	struct buf bytes = BUF_INIT;
	bool same = canonical_add(&bytes, computed, NULL) >= 0 && !strcmp(buf_text(&bytes), stored);

	buf_done(&bytes);
	return same;
}

/* Is the command proved as it was then? Values of variables are not kept and prove nothing. */
static bool is_proof_same(struct arena *arena, const json_t *input, const json_t *facts)
{
	const json_t *command = json_object_get(facts, "command");
	json_t *body = json_deep_copy(input), *exec;
	struct decision_question question;
	struct decision_analysis analysis;
	struct decision_body ignored;

	arena_defer(arena, drop_json, body);
	json_object_del(body, "has_typed_key");
	exec = json_object_get(body, "exec");
	json_object_del(exec, "env_names");
	if (!command)
		return true; /* a release */
	if (decision_question_parse(arena, body, &question, &ignored, NULL) < 0)
		return false;
	decision_analyse(arena, &question, &analysis);
	return !strcmp(command_proof_word(analysis.proof),
		json_string_value(json_object_get(command, "proof")));
}

int decision_explain(
	struct store_tx *tx, struct arena *arena, const char *name, json_t **ret, struct error *err)
{
	json_t *input, *facts, *core, *answer, *object;
	struct decision_outcome outcome;
	struct decision_row *row;
	int64_t seq;
	int rc;

	if ((rc = parse_name(name, &seq, err)) < 0 ||
		(rc = decision_store_get(tx, arena, seq, &row, err)) < 0 ||
		(rc = parse(arena, "input", row->input, &input, err)) < 0 ||
		(rc = parse(arena, "facts", row->facts, &facts, err)) < 0 ||
		(rc = parse(arena, "answer", row->answer, &answer, err)) < 0)
		return rc;
	if (row->policy != DECISION_POLICY)
		return error_set(err, ERROR_CONFLICT,
			"%s was made by the checks of policy %lld, this program has %d", name,
			(long long)row->policy, DECISION_POLICY);
	decision_decide(arena, facts, &outcome);
	core = decision_core_json(arena, facts, &outcome);
	object = json_object();
	json_set_text(object, "decision", name);
	json_set_bool(object, "is_same", is_same(row->core, core));
	json_set_bool(object, "is_proof_same", is_proof_same(arena, input, facts));
	json_set_text(object, "rules", row->rules);
	json_set_time(object, "at", row->at_us);
	json_object_set_new(object, "computed", core);
	json_object_set_new(object, "answer", json_incref(answer));
	json_object_set_new(object, "facts", json_incref(facts));
	json_object_set_new(object, "input", json_incref(input));
	*ret = object;
	return 0;
}

/* --- rows against the log --- */

enum { VERDICT, REASON, PERSON, TARGET, CHANGE, RUN };

static void hear_decision(struct audit_ledger *ledger, const struct audit_said *said)
{
	struct audit_subject *row;

	if (!audit_said_is(said, AUDIT_GATE_DECIDE))
		return;
	row = audit_ledger_hear(ledger, audit_said_subject(said), said);
	audit_subject_says(row, VERDICT, audit_said_detail(said, "verdict"));
	audit_subject_says(row, REASON, audit_said_detail(said, "reason"));
	audit_subject_says(row, PERSON, audit_said_detail(said, "person"));
	audit_subject_says(row, TARGET, audit_said_detail(said, "target"));
	audit_subject_says(row, CHANGE, audit_said_detail(said, "change"));
	audit_subject_says(row, RUN, audit_said_detail(said, "run"));
	audit_subject_terms(row, said);
}

const struct audit_crosscheck decision_crosscheck = {
	.noun = "gate decision",
	.key = "name",
	.columns = {"verdict", "reason", "person_id", "target", "change", "run"},
	/* As in record of decision_ask.c. */
	.terms = {"asker", "request_id", "body_digest", "at_us", "expires_at_us", "policy", "rules",
		"input", "facts", "core", "answer"},
	.hear = hear_decision,
	.rows = decision_store_rows,
};
