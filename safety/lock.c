#include "safety/lock.h"
#include "lib/base/text.h"
#include "safety/lock_store.h"

const char *safety_register_key(
	struct arena *arena, const char *target, const char *type, const char *const *args)
{
	char *key = arena_format(arena, "%s %s", target ? target : "-", type);

	for (; args && *args; args++)
		key = arena_format(arena, "%s %s", key, *args);
	return key;
}

static int refuse_locked(struct store_tx *tx, const char *key, struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct lock_holder holder = {0};

	if (lock_store_holder(tx, &arena, key, &holder, err) == 1) {
		error_set(err, ERROR_LOCKED, "%s is locked by execution %s", key,
			holder.execution_id);
		error_remedy(err, "redbutton execution show %s", holder.execution_id);
	}
	arena_done(&arena);
	return err->code;
}

int lock_take(struct store_tx *tx, const char *const *keys, const char *execution_id, int64_t at_us,
	struct error *err)
{
	for (; *keys; keys++) {
		int taken = lock_store_take(tx, *keys, execution_id, at_us, err);

		if (taken < 0)
			return taken;
		if (taken > 0)
			continue;
		if (lock_store_release(tx, execution_id, err) < 0)
			return err->code;
		return refuse_locked(tx, *keys, err);
	}
	return 0;
}

int lock_release(struct store_tx *tx, const char *execution_id, struct error *err)
{
	int rc = lock_store_release(tx, execution_id, err);

	return rc < 0 ? rc : 0;
}

int lock_holders(struct store_tx *tx, struct arena *arena, const char *const *keys,
	const char *execution_id, struct lock_holder **ret, size_t *ret_count, struct error *err)
{
	size_t capacity = 0, count = 0;
	struct lock_holder *holders;

	while (keys[capacity])
		capacity++;
	holders = arena_alloc(arena, (capacity + 1) * sizeof(*holders));
	for (; *keys; keys++) {
		int rc = lock_store_holder(tx, arena, *keys, &holders[count], err);

		if (rc < 0)
			return rc;
		if (rc == 1 &&
			!(execution_id && text_is_equal(holders[count].execution_id, execution_id)))
			count++;
	}
	*ret = holders;
	*ret_count = count;
	return 0;
}
