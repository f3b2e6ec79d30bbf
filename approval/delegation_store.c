#include "approval/approval_rooms.h"

#include <string.h>

#define COLUMNS                                                                                    \
	"id, from_id, to_id, reason, start_us, end_us, created_at_us, withdrawn_by_id,"            \
	" withdrawn_at_us, version"

static const struct store_statement insert_delegation = STORE_STATEMENT(
	"INSERT INTO approval_delegation (id, from_id, to_id, reason, start_us, end_us,"
	" created_at_us, withdrawn_at_us, version) VALUES (:id, :from_id, :to_id, :reason,"
	" :start_us, :end_us, :created_at_us, 0, 1)");
static const struct store_statement select_delegation =
	STORE_STATEMENT("SELECT " COLUMNS " FROM approval_delegation WHERE id = :id");
static const struct store_statement select_list = STORE_STATEMENT(
	"SELECT " COLUMNS " FROM approval_delegation"
	" WHERE (:person IS NULL OR from_id = :person OR to_id = :person)"
	" AND (:at < 0 OR (start_us <= :at AND end_us > :at AND withdrawn_by_id IS NULL))"
	" ORDER BY created_at_us DESC, id DESC LIMIT :limit");
static const struct store_statement select_open = STORE_STATEMENT(
	"SELECT " COLUMNS " FROM approval_delegation WHERE from_id = :from_id AND end_us > :at"
	" AND withdrawn_by_id IS NULL ORDER BY id");
static const struct store_statement update_withdrawn = STORE_STATEMENT(
	"UPDATE approval_delegation SET withdrawn_by_id = :by, withdrawn_at_us = :at,"
	" version = version + 1 WHERE id = :id AND withdrawn_by_id IS NULL AND version = :version");
static const struct store_statement select_rows =
	STORE_STATEMENT("SELECT " COLUMNS " FROM approval_delegation");

static struct delegation *read_delegation(struct store_query *row, struct arena *arena)
{
	struct delegation *delegation = arena_alloc(arena, sizeof(*delegation));
	const char *by = store_text(row, "withdrawn_by_id");

	store_text_into(row, "id", delegation->id, sizeof(delegation->id));
	store_text_into(row, "from_id", delegation->from_id, sizeof(delegation->from_id));
	store_text_into(row, "to_id", delegation->to_id, sizeof(delegation->to_id));
	delegation->reason = store_text_copy(row, "reason", arena);
	delegation->start_us = store_int(row, "start_us");
	delegation->end_us = store_int(row, "end_us");
	delegation->created_at_us = store_int(row, "created_at_us");
	if (by && *by)
		store_text_into(row, "withdrawn_by_id", delegation->withdrawn_by_id,
			sizeof(delegation->withdrawn_by_id));
	delegation->withdrawn_at_us = store_int(row, "withdrawn_at_us");
	delegation->version = store_int(row, "version");
	return delegation;
}

static void name_both(struct store_tx *tx, struct arena *arena, struct delegation *delegation)
{
	delegation->from = approval_name_of(tx, arena, delegation->from_id);
	delegation->to = approval_name_of(tx, arena, delegation->to_id);
}

int delegation_store_insert(
	struct store_tx *tx, const struct delegation *delegation, struct error *err)
{
	struct store_query *query = store_query(tx, &insert_delegation);
	int rc;

	store_bind_text(query, "id", delegation->id);
	store_bind_text(query, "from_id", delegation->from_id);
	store_bind_text(query, "to_id", delegation->to_id);
	store_bind_text(query, "reason", delegation->reason);
	store_bind_int(query, "start_us", delegation->start_us);
	store_bind_int(query, "end_us", delegation->end_us);
	store_bind_int(query, "created_at_us", delegation->created_at_us);
	rc = store_run(query, err);
	return rc < 0 ? rc : 0;
}

int delegation_get(struct store_tx *tx, struct arena *arena, const char *id,
	struct delegation **ret, struct error *err)
{
	struct store_query *query = store_query(tx, &select_delegation);
	int rc;

	store_bind_text(query, "id", id);
	if ((rc = store_one(query, "delegation", err)) < 0)
		return rc;
	*ret = read_delegation(query, arena);
	store_finish(query);
	name_both(tx, arena, *ret);
	return 0;
}

/* All rows of a bound query. */
static int read_list(struct store_tx *tx, struct store_query *query, struct arena *arena,
	struct delegation ***ret, size_t *ret_count, struct error *err)
{
	struct delegation **list = NULL;
	size_t count = 0, capacity = 0;
	int rc;

	while ((rc = store_next(query, err)) > 0) {
		list = arena_grow(arena, list, count, &capacity, sizeof(struct delegation *));
		list[count++] = read_delegation(query, arena);
	}
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < count; i++)
		name_both(tx, arena, list[i]);
	*ret = list;
	*ret_count = count;
	return 0;
}

int delegation_list(struct store_tx *tx, struct arena *arena, const char *person_id, int64_t at_us,
	struct delegation ***ret, size_t *ret_count, struct error *err)
{
	struct store_query *query = store_query(tx, &select_list);

	store_bind_text(query, "person", person_id);
	store_bind_int(query, "at", at_us);
	store_bind_int(query, "limit", APPROVAL_LIST_MAX);
	return read_list(tx, query, arena, ret, ret_count, err);
}

int delegation_store_open(struct store_tx *tx, struct arena *arena, const char *from_id,
	int64_t at_us, struct delegation ***ret, size_t *ret_count, struct error *err)
{
	struct store_query *query = store_query(tx, &select_open);

	store_bind_text(query, "from_id", from_id);
	store_bind_int(query, "at", at_us);
	return read_list(tx, query, arena, ret, ret_count, err);
}

int delegation_store_withdraw(struct store_tx *tx, const struct delegation *delegation,
	const char *by_id, int64_t at_us, struct error *err)
{
	struct store_query *query = store_query(tx, &update_withdrawn);
	int rc;

	store_bind_text(query, "by", by_id);
	store_bind_int(query, "at", at_us);
	store_bind_text(query, "id", delegation->id);
	store_bind_int(query, "version", delegation->version);
	rc = store_run(query, err);
	if (rc == 0)
		return error_set(err, ERROR_STALE, "the delegation %s was changed by another",
			delegation->id);
	return rc < 0 ? rc : 0;
}

struct store_query *delegation_store_rows(struct store_tx *tx)
{
	return store_query(tx, &select_rows);
}
