/* SQL of safety_item. */
#ifndef RB_SAFETY_ITEM_STORE_H
#define RB_SAFETY_ITEM_STORE_H

#include "safety/item.h"

int item_store_insert(struct store_tx *tx, const struct item_write *write, struct error *err);
/* A new value is on its way: what to go back to, if it is not done, is kept as `previous`: the
 * item's baseline where the register reads it (`now`), else the old value. */
int item_store_move(struct store_tx *tx, const char *id, const char *wanted, const char *now,
	struct error *err);
int item_store_set_state(struct store_tx *tx, const char *id, enum item_state state,
	const char *observed, struct error *err);
/* Back to `previous`; the state is IN_EFFECT again. */
int item_store_move_back(struct store_tx *tx, const char *id, struct error *err);
int item_store_close(
	struct store_tx *tx, const char *id, const char *reason, int64_t at_us, struct error *err);
/* Of an item in CONFLICT: the observed value counts as ours. */
int item_store_adopt(struct store_tx *tx, const char *id, struct error *err);
/* Gives `baseline` to the open item just above; rows changed. */
int item_store_hand_up(
	struct store_tx *tx, const char *id, const char *baseline, struct error *err);
/* Id of the open item of the run on the register: 1 = found, 0 = none. */
int item_store_find(struct store_tx *tx, const char *register_key, const char *execution_id,
	char ret_id[static ID_SIZE], struct error *err);
/* 1 = the item has a previous value (a write of an item that stood already), 0 = it is new. */
int item_store_has_previous(struct store_tx *tx, const char *id, struct error *err);
int item_store_set_expiry(
	struct store_tx *tx, const char *id, int64_t expires_at_us, struct error *err);

int item_store_tell_expiry(struct store_tx *tx, const char *id, struct error *err);

#endif
