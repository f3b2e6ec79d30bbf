#include "change/object/object_rooms.h"

static const struct store_statement insert_claim = STORE_STATEMENT(
	"INSERT INTO object_claim (holder, path, object, is_exclusive, start_at_us, end_at_us)"
	" VALUES (:holder, :path, :object, :is_exclusive, :start, :end)"
	" ON CONFLICT (holder, path) DO UPDATE SET"
	" is_exclusive = max(is_exclusive, excluded.is_exclusive)");
static const struct store_statement delete_claims =
	STORE_STATEMENT("DELETE FROM object_claim WHERE holder = :holder");

#define SELECT_CLAIMS "SELECT holder, object, start_at_us, end_at_us FROM object_claim WHERE "
#define AT	      "path = :path"
/* '0' is the byte after '/'. */
#define BELOW "path > :path || '/' AND path < :path || '0'"
#define MEANWHILE                                                                                  \
	" AND end_at_us > :start AND start_at_us < :end AND holder <> :holder"                     \
	" ORDER BY start_at_us, holder"
/* Who only looks is in nobody's way that only looks: those many are not even read. */
#define EXCLUSIVE " AND is_exclusive = 1"
static const struct store_statement select_at = STORE_STATEMENT(SELECT_CLAIMS AT MEANWHILE);
static const struct store_statement select_exclusive_at =
	STORE_STATEMENT(SELECT_CLAIMS AT EXCLUSIVE MEANWHILE);
static const struct store_statement select_below = STORE_STATEMENT(SELECT_CLAIMS BELOW MEANWHILE);
static const struct store_statement select_exclusive_below =
	STORE_STATEMENT(SELECT_CLAIMS BELOW EXCLUSIVE MEANWHILE);

static const struct store_statement delete_edges = STORE_STATEMENT("DELETE FROM object_edge");
static const struct store_statement insert_edge =
	STORE_STATEMENT("INSERT INTO object_edge (from_path, to_path, from_object, to_object)"
			" VALUES (:from_path, :to_path, :from, :to) ON CONFLICT DO NOTHING");
static const struct store_statement select_edges = STORE_STATEMENT(
	"SELECT from_object, to_object FROM object_edge ORDER BY from_path, to_path");
static const struct store_statement select_neighbours =
	STORE_STATEMENT("SELECT to_object AS object FROM object_edge WHERE from_path = :path"
			" UNION SELECT from_object FROM object_edge WHERE to_path = :path"
			" ORDER BY object");

/* --- claims --- */

int object_store_insert(struct store_tx *tx, const char *holder, const struct object_claim *claim,
	const char *path, int64_t start_us, int64_t end_us, struct error *err)
{
	struct store_query *query = store_query(tx, &insert_claim);
	int rc;

	store_bind_text(query, "holder", holder);
	store_bind_text(query, "path", path);
	store_bind_text(query, "object", claim->key);
	store_bind_int(query, "is_exclusive", claim->is_exclusive);
	store_bind_int(query, "start", start_us);
	store_bind_int(query, "end", end_us);
	rc = store_run(query, err);
	return rc < 0 ? rc : 0;
}

int object_store_delete(struct store_tx *tx, const char *holder, struct error *err)
{
	struct store_query *query = store_query(tx, &delete_claims);
	int rc;

	store_bind_text(query, "holder", holder);
	rc = store_run(query, err);
	return rc < 0 ? rc : 0;
}

static int find(struct store_tx *tx, const struct store_statement *statement, struct arena *arena,
	const struct object_look *look, const char *path, struct object_found *found,
	struct error *err)
{
	struct store_query *query = store_query(tx, statement);
	int rc;

	store_bind_text(query, "path", path);
	store_bind_text(query, "holder", look->holder);
	store_bind_int(query, "start", look->start_us);
	store_bind_int(query, "end", look->end_us);
	while ((rc = store_next(query, err)) > 0) {
		found->list = arena_grow(
			arena, found->list, found->count, &found->capacity, sizeof(*found->list));
		found->list[found->count++] = (struct object_conflict){
			.holder = store_text_copy(query, "holder", arena),
			.key = look->key,
			.other_key = store_text_copy(query, "object", arena),
			.kind = look->kind,
			.start_us = store_int(query, "start_at_us"),
			.end_us = store_int(query, "end_at_us"),
		};
	}
	return rc;
}

int object_store_find_at(struct store_tx *tx, struct arena *arena, const struct object_look *look,
	const char *path, struct object_found *found, struct error *err)
{
	return find(tx, look->is_exclusive ? &select_at : &select_exclusive_at, arena, look, path,
		found, err);
}

int object_store_find_below(struct store_tx *tx, struct arena *arena,
	const struct object_look *look, struct object_found *found, struct error *err)
{
	return find(tx, look->is_exclusive ? &select_below : &select_exclusive_below, arena, look,
		look->path, found, err);
}

/* --- edges --- */

int object_store_delete_edges(struct store_tx *tx, struct error *err)
{
	int rc = store_run(store_query(tx, &delete_edges), err);

	return rc < 0 ? rc : 0;
}

int object_store_insert_edge(
	struct store_tx *tx, struct arena *arena, const struct object_edge *edge, struct error *err)
{
	struct store_query *query = store_query(tx, &insert_edge);
	int rc;

	store_bind_text(query, "from_path", object_path(arena, edge->from));
	store_bind_text(query, "to_path", object_path(arena, edge->to));
	store_bind_text(query, "from", edge->from);
	store_bind_text(query, "to", edge->to);
	rc = store_run(query, err);
	return rc < 0 ? rc : 0;
}

int object_store_edges(struct store_tx *tx, struct arena *arena, struct object_edge **ret,
	size_t *ret_count, struct error *err)
{
	struct store_query *query = store_query(tx, &select_edges);
	struct object_edge *list = NULL;
	size_t count = 0, capacity = 0;
	int rc;

	while ((rc = store_next(query, err)) > 0) {
		list = arena_grow(arena, list, count, &capacity, sizeof(*list));
		list[count++] = (struct object_edge){
			store_text_copy(query, "from_object", arena),
			store_text_copy(query, "to_object", arena),
		};
	}
	*ret = list;
	*ret_count = count;
	return rc;
}

int object_store_neighbours(struct store_tx *tx, struct arena *arena, const char *path,
	const char ***ret_keys, size_t *ret_count, struct error *err)
{
	struct store_query *query = store_query(tx, &select_neighbours);
	const char **list = NULL;
	size_t count = 0, capacity = 0;
	int rc;

	store_bind_text(query, "path", path);
	while ((rc = store_next(query, err)) > 0) {
		list = arena_grow(arena, list, count, &capacity, sizeof(*list));
		list[count++] = store_text_copy(query, "object", arena);
	}
	*ret_keys = list;
	*ret_count = count;
	return rc;
}
