/*
 * Locks on registers: known before a run starts, taken all or none in one transaction, held
 * until the run is terminal. Knows no execution but by its id.
 */
#ifndef RB_SAFETY_LOCK_H
#define RB_SAFETY_LOCK_H

#include "lib/base/arena.h"
#include "lib/base/error.h"
#include "lib/base/id.h"
#include "lib/store/store.h"

#include <stdint.h>

extern const struct store_schema safety_schema;

/* "edge-1 haproxy.weight checkout/zone-a": what locks and items call a register. target NULL = a
 * switch. */
const char *safety_register_key(
	struct arena *arena, const char *target, const char *type, const char *const *args);

struct lock_holder {
	const char *register_key;
	const char *execution_id;
	int64_t taken_at_us;
};

/* Takes all keys (NULL-ended) for the execution, or none: ERROR_LOCKED naming the first key and its
 * holder. */
int lock_take(struct store_tx *tx, const char *const *keys, const char *execution_id, int64_t at_us,
	struct error *err);
int lock_release(struct store_tx *tx, const char *execution_id, struct error *err);
/* Who holds any of the keys, besides `execution_id`. */
int lock_holders(struct store_tx *tx, struct arena *arena, const char *const *keys,
	const char *execution_id, struct lock_holder **ret, size_t *ret_count, struct error *err);

#endif
