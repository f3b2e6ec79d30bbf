#include "safety/item.h"

#include "lib/base/json.h"
#include "lib/base/text.h"
#include "safety/item_store.h"

#include <string.h>

static int record(struct store_tx *tx, enum audit_action action, enum audit_outcome outcome,
	const struct item *item, const char *reason, const struct audit_actor *actor, int64_t at_us,
	struct error *err)
{
	json_t *detail = json_object();
	struct audit_record entry = {
		.actor = actor,
		.action = action,
		.outcome = outcome,
		.subject_kind = "item",
		.subject_id = item->id,
		.detail = detail,
	};
	int rc;

	json_set_text(detail, "register", item->register_key);
	json_set_text(detail, "execution", item->execution_id);
	json_set_text(detail, "baseline", item->baseline);
	json_set_text(detail, "ours", item->ours);
	json_set_text(detail, "observed", item->observed);
	json_set_text(detail, "reason", reason);
	rc = audit_append(tx, &entry, at_us, NULL, err);
	json_decref(detail);
	return rc;
}

/* The open item that a run writes on: its own, or that of the run it restores. 1 = found. */
static int find_own(struct store_tx *tx, const char *register_key, const char *execution_id,
	const char *restores_id, char ret_id[static ID_SIZE], struct error *err)
{
	int rc = item_store_find(tx, register_key, execution_id, ret_id, err);

	return rc == 0 && restores_id ? item_store_find(tx, register_key, restores_id, ret_id, err)
				      : rc;
}

int item_put(struct store_tx *tx, const struct item_write *write, char ret_id[static ID_SIZE],
	struct error *err)
{
	int rc = find_own(
		tx, write->register_key, write->execution_id, write->restores_id, ret_id, err);

	if (rc < 0)
		return rc;
	if (rc == 1)
		rc = item_store_move(tx, ret_id, write->wanted, write->baseline, err);
	else {
		memcpy(ret_id, write->id, ID_SIZE);
		rc = item_store_insert(tx, write, err);
	}
	return rc < 0 ? rc : 0;
}

/* Confirmed: at its baseline nothing is in effect any more. */
static int settle_confirmed(struct store_tx *tx, struct item *item, const struct audit_actor *actor,
	int64_t at_us, struct error *err)
{
	if (text_is_equal(item->ours, item->baseline))
		return item_close(tx, item->id, "back at its baseline", actor, at_us, err);
	if (item_store_set_state(tx, item->id, ITEM_IN_EFFECT, NULL, err) < 0)
		return err->code;
	return 0;
}

/* A write moved it from its baseline and was not done: nothing is in effect. */
static int close_at_baseline(struct store_tx *tx, const char *id, const struct audit_actor *actor,
	int64_t at_us, struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct item *item;
	int rc = item_get(tx, &arena, id, &item, err);

	if (rc == 0 && text_is_equal(item->ours, item->baseline))
		rc = item_close(tx, id, "the write was not done", actor, at_us, err);
	arena_done(&arena);
	return rc;
}

static int settle_not_done(struct store_tx *tx, struct item *item, const struct audit_actor *actor,
	int64_t at_us, struct error *err)
{
	int has_previous = item_store_has_previous(tx, item->id, err);

	if (has_previous < 0)
		return has_previous;
	if (!has_previous)
		return item_close(tx, item->id, "the write was not done", actor, at_us, err);
	return item_store_move_back(tx, item->id, err) < 0
		       ? err->code
		       : close_at_baseline(tx, item->id, actor, at_us, err);
}

int item_settle(struct store_tx *tx, const char *id, enum item_outcome outcome,
	const char *observed, const struct audit_actor *actor, int64_t at_us, struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct item *item;
	int rc = item_get(tx, &arena, id, &item, err);

	if (rc == 0 && item->state != ITEM_CLOSED) {
		if (outcome == ITEM_CONFIRMED)
			rc = settle_confirmed(tx, item, actor, at_us, err);
		else if (outcome == ITEM_NOT_DONE)
			rc = settle_not_done(tx, item, actor, at_us, err);
		else if (item_store_set_state(tx, id, ITEM_UNKNOWN, observed, err) < 0)
			rc = err->code;
	}
	arena_done(&arena);
	return rc;
}

int item_found_so(struct store_tx *tx, const struct item_found *found,
	const struct audit_actor *actor, struct error *err)
{
	struct arena arena = ARENA_INIT;
	char id[ID_SIZE];
	struct item *item;
	int rc =
		find_own(tx, found->register_key, found->execution_id, found->restores_id, id, err);

	if (rc == 1)
		rc = item_get(tx, &arena, id, &item, err) < 0 ? err->code : 1;
	if (rc == 1 && text_is_equal(item->baseline, found->value))
		rc = item_close(tx, id, "back at its baseline already", actor, found->at_us, err);
	else if (rc == 1 && text_is_equal(item->ours, found->value))
		rc = item_store_set_state(tx, id, ITEM_IN_EFFECT, NULL, err);
	arena_done(&arena);
	return rc < 0 ? rc : 0;
}

int item_conflict(struct store_tx *tx, const char *id, const char *observed,
	const struct audit_actor *actor, int64_t at_us, struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct item *item;
	int rc = item_store_set_state(tx, id, ITEM_CONFLICT, observed, err);

	if (rc >= 0)
		rc = item_get(tx, &arena, id, &item, err);
	if (rc == 0)
		rc = record(tx, AUDIT_ITEM_CHANGE, AUDIT_FAILED, item, "undo found another value",
			actor, at_us, err);
	arena_done(&arena);
	return rc;
}

int item_adopt(struct store_tx *tx, const char *id, const char *reason,
	const struct audit_actor *actor, int64_t at_us, struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct item *item;
	int rc = item_store_adopt(tx, id, err);

	if (rc >= 0)
		rc = item_get(tx, &arena, id, &item, err);
	if (rc == 0)
		rc = record(tx, AUDIT_ITEM_CHANGE, AUDIT_OK, item, reason, actor, at_us, err);
	arena_done(&arena);
	return rc;
}

int item_close(struct store_tx *tx, const char *id, const char *reason,
	const struct audit_actor *actor, int64_t at_us, struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct item *item;
	int rc = item_get(tx, &arena, id, &item, err);

	if (rc == 0 && item_store_hand_up(tx, id, item->baseline, err) < 0)
		rc = err->code;
	if (rc == 0 && item_store_close(tx, id, reason, at_us, err) < 0)
		rc = err->code;
	if (rc == 0)
		rc = record(tx, AUDIT_ITEM_CLOSE, AUDIT_OK, item, reason, actor, at_us, err);
	arena_done(&arena);
	return rc;
}

int item_orphan(struct store_tx *tx, const char *execution_id, const struct audit_actor *actor,
	int64_t at_us, struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct item **items;
	size_t count;
	int rc = item_list(tx, &arena, execution_id, NULL, &items, &count, err);

	for (size_t i = 0; rc == 0 && i < count; i++) {
		if (item_store_set_state(tx, items[i]->id, ITEM_ORPHANED, items[i]->observed, err) <
			0)
			rc = err->code;
		else
			rc = record(tx, AUDIT_ITEM_CHANGE, AUDIT_UNKNOWN, items[i],
				"its run was closed by force", actor, at_us, err);
	}
	arena_done(&arena);
	return rc;
}

int item_extend(struct store_tx *tx, const char *id, int64_t expires_at_us, const char *reason,
	const struct audit_actor *actor, int64_t at_us, struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct item *item;
	int rc = item_store_set_expiry(tx, id, expires_at_us, err);

	if (rc == 0)
		rc = error_set(err, ERROR_NOT_FOUND, "no open item %s", id);
	if (rc > 0)
		rc = item_get(tx, &arena, id, &item, err);
	if (rc == 0)
		rc = record(tx, AUDIT_ITEM_CHANGE, AUDIT_OK, item, reason, actor, at_us, err);
	arena_done(&arena);
	return rc;
}

int item_mark_expired(
	struct store_tx *tx, const char *id, const char *reason, int64_t at_us, struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct item *item;
	int rc = item_store_tell_expiry(tx, id, err);

	if (rc >= 0)
		rc = item_get(tx, &arena, id, &item, err);
	if (rc == 0)
		rc = record(
			tx, AUDIT_ITEM_CHANGE, AUDIT_OK, item, reason, &audit_system, at_us, err);
	arena_done(&arena);
	return rc;
}
