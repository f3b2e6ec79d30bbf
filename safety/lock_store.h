/* SQL of safety_lock. */
#ifndef RB_SAFETY_LOCK_STORE_H
#define RB_SAFETY_LOCK_STORE_H

#include "safety/lock.h"

/* 1 = taken or held already by the execution, 0 = held by another (holder filled in), negative =
 * error. */
int lock_store_take(struct store_tx *tx, const char *key, const char *execution_id, int64_t at_us,
	struct error *err);
int lock_store_release(struct store_tx *tx, const char *execution_id, struct error *err);
/* 1 = somebody holds it, 0 = nobody, negative = error. */
int lock_store_holder(struct store_tx *tx, struct arena *arena, const char *key,
	struct lock_holder *ret, struct error *err);

#endif
