/* The journal with all that belongs to it: rows, audit records, items in effect. */
#include "executor/effect.h"
#include "executor/execution.h"
#include "lib/base/json.h"
#include "safety/item.h"

static json_t *detail_of(const struct effect_row *row)
{
	json_t *detail = json_object();

	json_set_text(detail, "execution", row->execution_id);
	json_set_text(detail, "register", row->register_key);
	json_set_text(detail, "direction", row->is_undo ? "undo" : "do");
	json_set_text(detail, "baseline", row->baseline);
	json_set_text(detail, "wanted", row->wanted);
	json_set_text(detail, "key", row->idempotency_key);
	json_set_int(detail, "attempt", row->attempt);
	json_set_int(detail, "order", row->seq);
	json_set_int(detail, "number", row->reg);
	json_set_text(detail, "group", row->group_path);
	return detail;
}

static int record(struct store_tx *tx, const struct effect_row *row, struct audit_record *record,
	json_t *detail, int64_t at_us, struct error *err)
{
	struct arena arena = ARENA_INIT;
	int rc;

	record->actor = &audit_system;
	record->subject_kind = "effect";
	record->subject_id = arena_format(&arena, "%s/%s", row->execution_id, row->path);
	record->intent_id = row->id;
	record->detail = detail;
	rc = audit_append(tx, record, at_us, NULL, err);
	json_decref(detail);
	arena_done(&arena);
	return rc;
}

int effect_record_intent(struct store_tx *tx, const struct effect_row *row,
	const char *graph_digest, int64_t at_us, struct error *err)
{
	struct audit_record intent = {
		.action = AUDIT_EFFECT_INTENT,
		.outcome = AUDIT_INTENT,
		.subject_digest = graph_digest,
	};

	if (effect_store_insert(tx, row, err) < 0)
		return err->code;
	return record(tx, row, &intent, detail_of(row), at_us, err);
}

static enum audit_outcome audit_outcome_of(enum effect_state state)
{
	if (state == EFFECT_CONFIRMED || state == EFFECT_NOOP)
		return AUDIT_OK;
	return state == EFFECT_IN_DOUBT ? AUDIT_UNKNOWN : AUDIT_FAILED;
}

/* Nothing was written: what an undo found back is closed, what a do found so is its item's. */
static int settle_noop(struct store_tx *tx, const struct effect_row *row,
	const struct execution *execution, int64_t at_us, struct error *err)
{
	const struct item_found found = {
		.register_key = row->register_key,
		.execution_id = execution->id,
		.restores_id = execution->restores_id,
		.value = row->wanted,
		.at_us = at_us,
	};

	if (!row->is_undo)
		return item_found_so(tx, &found, &audit_system, err);
	return row->item_id ? item_close(tx, row->item_id, row->message, &audit_system, at_us, err)
			    : 0;
}

/* What the outcome means for the item in effect. */
static int settle_item(struct store_tx *tx, const struct effect_row *row, bool was_intent,
	const struct execution *execution, int64_t at_us, struct error *err)
{
	const struct audit_actor *actor = &audit_system;

	if (row->state == EFFECT_NOOP)
		return settle_noop(tx, row, execution, at_us, err);
	if (!row->item_id)
		return 0;
	switch (row->state) {
	case EFFECT_CONFIRMED:
		return item_settle(tx, row->item_id, ITEM_CONFIRMED, NULL, actor, at_us, err);
	case EFFECT_REFUSED:
		return was_intent ? item_settle(tx, row->item_id, ITEM_NOT_DONE, NULL, actor, at_us,
					    err)
				  : 0;
	case EFFECT_CONFLICT:
		return item_conflict(tx, row->item_id, row->observed, actor, at_us, err);
	default:
		return item_settle(
			tx, row->item_id, ITEM_IN_DOUBT, row->observed, actor, at_us, err);
	}
}

/* 1 = written, 0 = it has an outcome already. */
static int put_outcome(struct store_tx *tx, const struct effect_row *row,
	const enum effect_state *from, struct error *err)
{
	if (from)
		return effect_store_outcome(tx, row, *from, err);
	return effect_store_insert(tx, row, err) < 0 ? err->code : 1;
}

int effect_record_outcome(struct store_tx *tx, const struct effect_row *row,
	const enum effect_state *from, const struct execution *execution, int64_t at_us,
	struct error *err)
{
	struct audit_record outcome = {
		.action = AUDIT_EFFECT_OUTCOME,
		.outcome = audit_outcome_of(row->state),
		.subject_digest = execution->graph_digest,
	};
	int rc = put_outcome(tx, row, from, err);
	json_t *detail;

	if (rc <= 0)
		return rc;
	if (settle_item(tx, row, from != NULL, execution, at_us, err) < 0)
		return err->code;
	detail = detail_of(row);
	json_set_text(detail, "outcome", effect_state_word(row->state));
	json_set_text(detail, "observed", row->observed);
	json_set_text(detail, "message", row->message);
	return record(tx, row, &outcome, detail, at_us, err);
}

int effect_give_up_all(struct store_tx *tx, const struct execution *execution, const char *why,
	int64_t at_us, struct error *err)
{
	const enum effect_state from = EFFECT_INTENT;
	struct effect_row **rows;
	size_t count;

	if (effect_store_list(tx, store_tx_arena(tx), execution->id, &rows, &count, err) < 0)
		return err->code;
	for (size_t i = 0; i < count; i++) {
		struct effect_row *row = rows[i];

		if (row->state != EFFECT_INTENT)
			continue;
		row->state = EFFECT_IN_DOUBT;
		row->message = why;
		row->outcome_at_us = at_us;
		if (effect_record_outcome(tx, row, &from, execution, at_us, err) < 0)
			return err->code;
	}
	return 0;
}
