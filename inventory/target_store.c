#include "inventory/target_rooms.h"

#define TARGET_COLUMNS                                                                             \
	"id, name, kind, address, credential, environment, site, zone, service, tier, labels,"     \
	" allow, networks, version, created_at_us, changed_at_us"

static const struct store_statement select_target =
	STORE_STATEMENT("SELECT " TARGET_COLUMNS " FROM target WHERE name = :name");
static const struct store_statement select_kind =
	STORE_STATEMENT("SELECT " TARGET_COLUMNS " FROM target WHERE kind = :kind ORDER BY name");
static const struct store_statement select_all =
	STORE_STATEMENT("SELECT " TARGET_COLUMNS " FROM target ORDER BY name");
static const struct store_statement select_identity =
	STORE_STATEMENT("SELECT " TARGET_COLUMNS " FROM target WHERE address = :address"
			" AND kind IN ('host', 'k8s', 'database') ORDER BY name LIMIT 2");
static const struct store_statement select_service =
	STORE_STATEMENT("SELECT 1 FROM target WHERE service = :service LIMIT 1");
static const struct store_statement select_briefs =
	STORE_STATEMENT("SELECT id, name, kind, version FROM target ORDER BY name");
static const struct store_statement insert_target = STORE_STATEMENT(
	"INSERT INTO target (" TARGET_COLUMNS ") VALUES (:id, :name, :kind, :address, :credential,"
	" :environment, :site, :zone, :service, :tier, :labels, :allow, :networks, :version,"
	" :created_at_us, :changed_at_us)");
static const struct store_statement update_target = STORE_STATEMENT(
	"UPDATE target SET address = :address, credential = :credential,"
	" environment = :environment, site = :site, zone = :zone, service = :service, tier = :tier,"
	" labels = :labels, allow = :allow, networks = :networks, version = :version,"
	" changed_at_us = :changed_at_us WHERE id = :id AND version = :old_version");
static const struct store_statement delete_target =
	STORE_STATEMENT("DELETE FROM target WHERE id = :id");

static void *read_target(struct store_query *row, struct arena *arena)
{
	struct target *target = arena_alloc(arena, sizeof(*target));

	store_text_into(row, "id", target->id, sizeof(target->id));
	target->name = store_text_copy(row, "name", arena);
	target->kind = store_text_copy(row, "kind", arena);
	target->address = store_text_copy(row, "address", arena);
	target->credential = store_text_copy(row, "credential", arena);
	target->environment = store_text_copy(row, "environment", arena);
	target->site = store_text_copy(row, "site", arena);
	target->zone = store_text_copy(row, "zone", arena);
	target->service = store_text_copy(row, "service", arena);
	target->tier = store_text_copy(row, "tier", arena);
	target->labels = store_text_copy(row, "labels", arena);
	target->allow = target_list_parse(arena, store_text(row, "allow"));
	target->networks = target_list_parse(arena, store_text(row, "networks"));
	target->version = store_int(row, "version");
	target->created_at_us = store_int(row, "created_at_us");
	target->changed_at_us = store_int(row, "changed_at_us");
	return target;
}

int target_store_get(struct store_tx *tx, struct arena *arena, const char *name,
	struct target **ret, struct error *err)
{
	struct store_query *query = store_query(tx, &select_target);
	int rc;

	store_bind_text(query, "name", name);
	if ((rc = store_one(query, "target", err)) < 0)
		return rc;
	*ret = read_target(query, arena);
	store_finish(query);
	return 0;
}

int target_store_list(struct store_tx *tx, struct arena *arena, const char *kind,
	struct target ***ret, size_t *ret_count, struct error *err)
{
	struct store_query *query = store_query(tx, kind ? &select_kind : &select_all);

	if (kind)
		store_bind_text(query, "kind", kind);
	return store_list(query, arena, read_target, ret, ret_count, err);
}

int target_store_find_identity(struct store_tx *tx, struct arena *arena, const char *identity,
	struct target **ret, struct error *err)
{
	struct store_query *query = store_query(tx, &select_identity);
	int rc;

	store_bind_text(query, "address", identity);
	if ((rc = store_one(query, "target with that identity", err)) < 0)
		return rc;
	*ret = read_target(query, arena);
	if ((rc = store_next(query, err)) > 0) {
		store_finish(query);
		return error_set(err, ERROR_CONFLICT, "more than one target has this identity: %s",
			(*ret)->name);
	}
	return rc;
}

int target_store_has_service(struct store_tx *tx, const char *service, struct error *err)
{
	struct store_query *query = store_query(tx, &select_service);
	int rc;

	store_bind_text(query, "service", service);
	rc = store_next(query, err);
	if (rc > 0)
		store_finish(query);
	return rc;
}

int target_store_briefs(struct store_tx *tx, struct arena *arena, struct target_brief **ret,
	size_t *ret_count, struct error *err)
{
	struct store_query *query = store_query(tx, &select_briefs);
	struct target_brief *list = NULL;
	size_t count = 0, capacity = 0;
	int rc;

	while ((rc = store_next(query, err)) > 0) {
		list = arena_grow(arena, list, count, &capacity, sizeof(*list));
		store_text_into(query, "id", list[count].id, sizeof(list[count].id));
		list[count].name = store_text_copy(query, "name", arena);
		list[count].kind = store_text_copy(query, "kind", arena);
		list[count++].version = store_int(query, "version");
	}
	if (rc < 0)
		return rc;
	*ret = list;
	*ret_count = count;
	return 0;
}

static void bind_target(struct store_query *query, const struct target *target)
{
	struct arena arena = ARENA_INIT;

	store_bind_text(query, "id", target->id);
	store_bind_text(query, "address", target->address);
	store_bind_text(query, "credential", target->credential);
	store_bind_text(query, "environment", target->environment);
	store_bind_text(query, "site", target->site);
	store_bind_text(query, "zone", target->zone);
	store_bind_text(query, "service", target->service);
	store_bind_text(query, "tier", target->tier);
	store_bind_text(query, "labels", target->labels);
	store_bind_text(query, "allow", target_list_text(&arena, target->allow));
	store_bind_text(query, "networks", target_list_text(&arena, target->networks));
	store_bind_int(query, "version", target->version);
	store_bind_int(query, "changed_at_us", target->changed_at_us);
	arena_done(&arena);
}

int target_store_insert(struct store_tx *tx, const struct target *target, struct error *err)
{
	struct store_query *query = store_query(tx, &insert_target);
	int rc;

	bind_target(query, target);
	store_bind_text(query, "name", target->name);
	store_bind_text(query, "kind", target->kind);
	store_bind_int(query, "created_at_us", target->created_at_us);
	rc = store_run(query, err);
	return rc < 0 ? rc : 0;
}

int target_store_update(
	struct store_tx *tx, const struct target *target, int64_t old_version, struct error *err)
{
	struct store_query *query = store_query(tx, &update_target);
	int rc;

	bind_target(query, target);
	store_bind_int(query, "old_version", old_version);
	rc = store_run(query, err);
	if (rc == 0)
		return error_set(err, ERROR_STALE, "%s was changed meanwhile", target->name);
	return rc < 0 ? rc : 0;
}

int target_store_delete(struct store_tx *tx, const char *id, struct error *err)
{
	struct store_query *query = store_query(tx, &delete_target);
	int rc;

	store_bind_text(query, "id", id);
	rc = store_run(query, err);
	return rc < 0 ? rc : 0;
}
