#include "change/decision/decision_rooms.h"

static const struct store_statement select_all =
	STORE_STATEMENT("SELECT target, account, person_id, mapped_by, mapped_at_us"
			" FROM change_account ORDER BY target, account");
static const struct store_statement select_one =
	STORE_STATEMENT("SELECT person_id FROM change_account WHERE target = :target"
			" AND account = :account");
static const struct store_statement put_account = STORE_STATEMENT(
	"INSERT INTO change_account (target, account, person_id, mapped_by, mapped_at_us)"
	" VALUES (:target, :account, :person, :mapped_by, :mapped_at)"
	" ON CONFLICT (target, account) DO UPDATE SET person_id = :person, mapped_by = :mapped_by,"
	" mapped_at_us = :mapped_at");
static const struct store_statement remove_account =
	STORE_STATEMENT("DELETE FROM change_account WHERE target = :target AND account = :account");

static void *read_account(struct store_query *row, struct arena *arena)
{
	struct account *account = arena_alloc(arena, sizeof(*account));

	account->target = store_text_copy(row, "target", arena);
	account->account = store_text_copy(row, "account", arena);
	store_text_into(row, "person_id", account->person_id, sizeof(account->person_id));
	account->mapped_by = store_text_copy(row, "mapped_by", arena);
	account->mapped_at_us = store_int(row, "mapped_at_us");
	return account;
}

int account_store_list(struct store_tx *tx, struct arena *arena, struct account ***ret,
	size_t *ret_count, struct error *err)
{
	return store_list(store_query(tx, &select_all), arena, read_account, ret, ret_count, err);
}

int account_store_put(struct store_tx *tx, const struct account *account, struct error *err)
{
	struct store_query *query = store_query(tx, &put_account);
	int rc;

	store_bind_text(query, "target", account->target);
	store_bind_text(query, "account", account->account);
	store_bind_text(query, "person", account->person_id);
	store_bind_text(query, "mapped_by", account->mapped_by);
	store_bind_int(query, "mapped_at", account->mapped_at_us);
	rc = store_run(query, err);
	return rc < 0 ? rc : 0;
}

int account_store_remove(
	struct store_tx *tx, const char *target, const char *account, struct error *err)
{
	struct store_query *query = store_query(tx, &remove_account);

	store_bind_text(query, "target", target);
	store_bind_text(query, "account", account);
	return store_run(query, err);
}

int account_store_find(struct store_tx *tx, const char *target, const char *account,
	char ret_person[static ID_SIZE], struct error *err)
{
	struct store_query *query = store_query(tx, &select_one);
	int rc;

	store_bind_text(query, "target", target);
	store_bind_text(query, "account", account);
	if ((rc = store_next(query, err)) <= 0)
		return rc;
	store_text_into(query, "person_id", ret_person, ID_SIZE);
	store_finish(query);
	return 1;
}
