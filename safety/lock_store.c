#include "safety/lock_store.h"

static const struct store_statement TAKE =
	STORE_STATEMENT("INSERT INTO safety_lock (register_key, execution_id, taken_at_us) VALUES "
			"(:key, :execution, :at)"
			" ON CONFLICT (register_key) DO UPDATE SET taken_at_us = taken_at_us"
			" WHERE execution_id = excluded.execution_id");
static const struct store_statement RELEASE =
	STORE_STATEMENT("DELETE FROM safety_lock WHERE execution_id = :execution");
static const struct store_statement HOLDER = STORE_STATEMENT(
	"SELECT execution_id, taken_at_us FROM safety_lock WHERE register_key = :key");

int lock_store_take(struct store_tx *tx, const char *key, const char *execution_id, int64_t at_us,
	struct error *err)
{
	struct store_query *query = store_query(tx, &TAKE);

	store_bind_text(query, ":key", key);
	store_bind_text(query, ":execution", execution_id);
	store_bind_int(query, ":at", at_us);
	return store_run(query, err);
}

int lock_store_release(struct store_tx *tx, const char *execution_id, struct error *err)
{
	struct store_query *query = store_query(tx, &RELEASE);

	store_bind_text(query, ":execution", execution_id);
	return store_run(query, err);
}

int lock_store_holder(struct store_tx *tx, struct arena *arena, const char *key,
	struct lock_holder *ret, struct error *err)
{
	struct store_query *query = store_query(tx, &HOLDER);
	int rc;

	store_bind_text(query, ":key", key);
	rc = store_next(query, err);
	if (rc <= 0)
		return rc;
	ret->register_key = arena_text(arena, key);
	ret->execution_id = store_text_copy(query, "execution_id", arena);
	ret->taken_at_us = store_int(query, "taken_at_us");
	store_finish(query);
	return 1;
}
