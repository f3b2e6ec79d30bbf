/* What the log says of previews, runs and effects, against their rows; and that no run went on
 * without its approval. */
#include "approval/approval.h"
#include "audit/audit_ledger.h"
#include "executor/effect.h"
#include "executor/execution.h"
#include "executor/execution_store.h"
#include "executor/preview.h"
#include "lib/base/text.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* --- previews --- */

static void hear_preview(struct audit_ledger *ledger, const struct audit_said *said)
{
	struct audit_subject *row;

	if (!audit_said_is(said, AUDIT_PREVIEW_CREATE))
		return;
	row = audit_ledger_hear(ledger, audit_said_subject(said), said);
	audit_subject_says(row, 0, audit_said_subject_digest(said));
	audit_subject_terms(row, said);
}

const struct audit_crosscheck preview_crosscheck = {
	.noun = "preview",
	.key = "id",
	.columns = {"graph_digest"},
	/* As in executor_terms.c. */
	.terms = {"plan", "version_id", "reading", "created_by", "created_at_us"},
	.hear = hear_preview,
	.rows = preview_store_rows,
};

/* --- runs --- */

enum { STATE, REASON, MESSAGE, GRAPH };

static void hear_execution(struct audit_ledger *ledger, const struct audit_said *said)
{
	bool is_new = audit_said_is(said, AUDIT_EXECUTION_CREATE);
	struct audit_subject *row;

	if (!is_new && !audit_said_is(said, AUDIT_EXECUTION_STATE))
		return;
	row = audit_ledger_hear(ledger, audit_said_subject(said), said);
	audit_subject_says(row, STATE, audit_said_detail(said, "state"));
	audit_subject_says(row, REASON, audit_said_detail(said, "reason"));
	audit_subject_says(row, MESSAGE, audit_said_detail(said, "message"));
	audit_subject_says(row, GRAPH, audit_said_subject_digest(said));
	if (is_new)
		audit_subject_terms(row, said);
}

/* A run that began with an approval has it, used, over this run and its graph. */
static int check_used(struct audit_ledger *ledger, struct store_tx *tx, struct store_query *row,
	struct error *err)
{
	const char *id = store_text(row, "id");
	struct approval_request *approval;
	struct arena arena = ARENA_INIT;
	int rc = approval_get(tx, &arena, store_text(row, "approval_id"), &approval, err);

	if (rc == ERROR_NOT_FOUND) {
		error_clear(err);
		audit_ledger_find(
			ledger, id, "the approval of the execution %.40s is not there", id);
		rc = 0;
	} else if (rc == 0 &&
		   (approval->state != APPROVAL_USED || !text_is_equal(approval->subject_id, id) ||
			   !text_is_equal(
				   approval->subject_digest, store_text(row, "graph_digest")))) {
		audit_ledger_find(ledger, id,
			"the approval of the execution %.40s is not a used one over its graph", id);
	}
	arena_done(&arena);
	return rc;
}

/* Only a way back, or a graph of a class that asks nobody, begins without one. */
static int check_unneeded(struct audit_ledger *ledger, struct store_tx *tx, struct store_query *row,
	struct error *err)
{
	const char *id = store_text(row, "id");
	struct approval_level levels[APPROVAL_LEVELS_MAX];
	enum approval_class class;
	size_t count;
	int rc;

	if (store_int(row, "is_undo") || !store_is_null(row, "restores_id"))
		return 0;
	rc = graph_store_class(tx, store_text(row, "graph_digest"), &class, err);
	if (rc == ERROR_NOT_FOUND) {
		error_clear(err);
		audit_ledger_find(ledger, id, "the graph of the execution %.40s is not there", id);
		return 0;
	}
	if (rc < 0)
		return rc;
	approval_policy(class, false, NULL, levels, &count);
	if (count)
		audit_ledger_find(ledger, id, "the execution %.40s began without an approval", id);
	return 0;
}

static int check_execution(struct audit_ledger *ledger, struct store_tx *tx,
	struct store_query *row, struct error *err)
{
	if (store_int(row, "started_at_us") == 0)
		return 0;
	return store_is_null(row, "approval_id") ? check_unneeded(ledger, tx, row, err)
						 : check_used(ledger, tx, row, err);
}

const struct audit_crosscheck execution_crosscheck = {
	.noun = "execution",
	.key = "id",
	.columns = {"state", "reason", "message", "graph_digest"},
	/* As in executor_terms.c. */
	.terms = {"plan", "version_id", "version_number", "kind", "action", "mode", "params", "why",
		"requested_by", "requested_name", "preview_id", "restores_id", "approval_id",
		"reading", "is_undo", "rollback_at_deadline", "within_ms", "expires_ms",
		"on_expiry", "created_at_us"},
	.hear = hear_execution,
	.rows = execution_store_rows,
	.check = check_execution,
};

/* --- effects --- */

/* Column, and the member of the record's detail that says it. */
static const char *const effect_members[] = {"outcome", "observed", "message", "register",
	"direction", "baseline", "wanted", "key", "attempt", "order", "number", "group"};
enum { OUTCOME, SUBJECT = COUNT(effect_members) };

static void hear_effect(struct audit_ledger *ledger, const struct audit_said *said)
{
	bool is_intent = audit_said_is(said, AUDIT_EFFECT_INTENT);
	struct audit_value values[COUNT(effect_members)];
	struct audit_subject *row;

	if (!is_intent && !audit_said_is(said, AUDIT_EFFECT_OUTCOME))
		return;
	row = audit_ledger_hear(ledger, audit_said_intent(said), said);
	audit_said_details(said, effect_members, COUNT(effect_members), values);
	for (size_t i = 0; i < COUNT(effect_members); i++)
		audit_subject_says(row, i, values[i]);
	if (is_intent)
		audit_subject_says(row, OUTCOME, audit_value_of(effect_state_word(EFFECT_INTENT)));
	audit_subject_says(row, SUBJECT, audit_said_subject(said));
}

const struct audit_crosscheck effect_crosscheck = {
	.noun = "effect",
	.key = "id",
	.columns = {"state", "observed", "message", "register_key", "direction", "baseline",
		"wanted", "idempotency_key", "attempt", "seq", "register", "group_path", "subject"},
	.hear = hear_effect,
	.rows = effect_store_rows,
};
