#include "people/people_rooms.h"

#include <string.h>

#define PERSON_COLUMNS "id, name, display_name, team, state, version, created_at_us, changed_at_us"

static const struct store_statement select_by_name =
	STORE_STATEMENT("SELECT " PERSON_COLUMNS " FROM person WHERE name = :name");
static const struct store_statement select_by_id =
	STORE_STATEMENT("SELECT " PERSON_COLUMNS " FROM person WHERE id = :id");
static const struct store_statement select_all =
	STORE_STATEMENT("SELECT " PERSON_COLUMNS " FROM person ORDER BY name");
static const struct store_statement insert_person =
	STORE_STATEMENT("INSERT INTO person (" PERSON_COLUMNS ") VALUES (:id, :name, :display_name,"
			" :team, :state, :version, :created_at_us, :changed_at_us)");
static const struct store_statement update_person =
	STORE_STATEMENT("UPDATE person SET display_name = :display_name, team = :team,"
			" state = :state, version = :version, changed_at_us = :changed_at_us"
			" WHERE id = :id AND version = :old_version");
static const struct store_statement select_state =
	STORE_STATEMENT("SELECT state FROM person WHERE id = :id");
static const struct store_statement count_all = STORE_STATEMENT("SELECT count(*) AS n FROM person");

static const struct store_statement select_group =
	STORE_STATEMENT("SELECT id, name, created_at_us FROM person_group WHERE name = :name");
static const struct store_statement select_groups =
	STORE_STATEMENT("SELECT id, name, created_at_us FROM person_group ORDER BY name");
static const struct store_statement insert_group = STORE_STATEMENT(
	"INSERT INTO person_group (id, name, created_at_us) VALUES (:id, :name, :created_at_us)");
static const struct store_statement select_members = STORE_STATEMENT(
	"SELECT p.name AS name FROM person_group_member AS m JOIN person AS p ON p.id = m.person_id"
	" WHERE m.group_id = :group_id ORDER BY p.name");
static const struct store_statement select_enabled_members = STORE_STATEMENT(
	"SELECT p.id AS id FROM person_group_member AS m JOIN person AS p ON p.id = m.person_id"
	" WHERE m.group_id = :group_id AND p.state = 'ENABLED'");
static const struct store_statement select_member =
	STORE_STATEMENT("SELECT 1 AS n FROM person_group_member WHERE group_id = :group_id"
			" AND person_id = :person_id");
static const struct store_statement insert_member = STORE_STATEMENT(
	"INSERT INTO person_group_member (group_id, person_id, added_at_us) VALUES (:group_id,"
	" :person_id, :added_at_us) ON CONFLICT (group_id, person_id) DO NOTHING");
static const struct store_statement delete_member =
	STORE_STATEMENT("DELETE FROM person_group_member WHERE group_id = :group_id"
			" AND person_id = :person_id");

static void read_person(struct store_query *row, struct arena *arena, struct person *person)
{
	store_text_into(row, "id", person->id, sizeof(person->id));
	person->name = store_text_copy(row, "name", arena);
	person->display_name = store_text_copy(row, "display_name", arena);
	person->team = store_text_copy(row, "team", arena);
	person->is_enabled = !strcmp(store_text(row, "state"), "ENABLED");
	person->version = store_int(row, "version");
	person->created_at_us = store_int(row, "created_at_us");
	person->changed_at_us = store_int(row, "changed_at_us");
}

static int get_person(
	struct store_query *query, struct arena *arena, struct person **ret, struct error *err)
{
	int rc = store_one(query, "person", err);

	if (rc < 0)
		return rc;
	*ret = arena_alloc(arena, sizeof(**ret));
	read_person(query, arena, *ret);
	store_finish(query);
	return 0;
}

int person_store_get(struct store_tx *tx, struct arena *arena, const char *folded,
	struct person **ret, struct error *err)
{
	struct store_query *query = store_query(tx, &select_by_name);

	store_bind_text(query, "name", folded);
	return get_person(query, arena, ret, err);
}

int person_store_by_id(struct store_tx *tx, struct arena *arena, const char *id,
	struct person **ret, struct error *err)
{
	struct store_query *query = store_query(tx, &select_by_id);

	store_bind_text(query, "id", id);
	return get_person(query, arena, ret, err);
}

int person_store_list(struct store_tx *tx, struct arena *arena, struct person **ret,
	size_t *ret_count, struct error *err)
{
	struct store_query *query = store_query(tx, &select_all);
	struct person *list = NULL;
	size_t count = 0, capacity = 0;
	int rc;

	while ((rc = store_next(query, err)) > 0) {
		list = arena_grow(arena, list, count, &capacity, sizeof(*list));
		read_person(query, arena, &list[count++]);
	}
	if (rc < 0)
		return rc;
	*ret = list;
	*ret_count = count;
	return 0;
}

static void bind_person(struct store_query *query, const struct person *person)
{
	store_bind_text(query, "id", person->id);
	store_bind_text(query, "display_name", person->display_name);
	store_bind_text(query, "team", person->team);
	store_bind_text(query, "state", person->is_enabled ? "ENABLED" : "DISABLED");
	store_bind_int(query, "version", person->version);
	store_bind_int(query, "changed_at_us", person->changed_at_us);
}

int person_store_insert(struct store_tx *tx, const struct person *person, struct error *err)
{
	struct store_query *query = store_query(tx, &insert_person);
	int rc;

	bind_person(query, person);
	store_bind_text(query, "name", person->name);
	store_bind_int(query, "created_at_us", person->created_at_us);
	rc = store_run(query, err);
	return rc < 0 ? rc : 0;
}

int person_store_update(
	struct store_tx *tx, const struct person *person, int64_t old_version, struct error *err)
{
	struct store_query *query = store_query(tx, &update_person);
	int rc;

	bind_person(query, person);
	store_bind_int(query, "old_version", old_version);
	rc = store_run(query, err);
	if (rc == 0)
		return error_set(err, ERROR_STALE, "%s was changed meanwhile", person->name);
	return rc < 0 ? rc : 0;
}

bool person_store_is_enabled(struct store_tx *tx, const char *person_id)
{
	struct store_query *query = store_query(tx, &select_state);
	bool is_enabled;

	store_bind_text(query, "id", person_id);
	if (store_next(query, NULL) <= 0)
		return false;
	is_enabled = !strcmp(store_text(query, "state"), "ENABLED");
	store_finish(query);
	return is_enabled;
}

int64_t person_store_count(struct store_tx *tx, struct error *err)
{
	struct store_query *query = store_query(tx, &count_all);
	int64_t count;
	int rc = store_one(query, "count", err);

	if (rc < 0)
		return rc;
	count = store_int(query, "n");
	store_finish(query);
	return count;
}

static int read_members(
	struct store_tx *tx, struct arena *arena, struct person_group *group, struct error *err)
{
	struct store_query *query = store_query(tx, &select_members);
	const char **members = NULL;
	size_t count = 0, capacity = 0;
	int rc;

	store_bind_text(query, "group_id", group->id);
	while ((rc = store_next(query, err)) > 0) {
		members = arena_grow(arena, members, count, &capacity, sizeof(*members));
		members[count++] = store_text_copy(query, "name", arena);
	}
	if (rc < 0)
		return rc;
	members = arena_grow(arena, members, count, &capacity, sizeof(*members));
	members[count] = NULL;
	group->members = members;
	return 0;
}

static void read_group(struct store_query *row, struct arena *arena, struct person_group *group)
{
	store_text_into(row, "id", group->id, sizeof(group->id));
	group->name = store_text_copy(row, "name", arena);
	group->created_at_us = store_int(row, "created_at_us");
}

int person_store_group(struct store_tx *tx, struct arena *arena, const char *folded,
	struct person_group **ret, struct error *err)
{
	struct store_query *query = store_query(tx, &select_group);
	struct person_group *group = arena_alloc(arena, sizeof(*group));
	int rc;

	store_bind_text(query, "name", folded);
	if ((rc = store_one(query, "group", err)) < 0)
		return rc;
	read_group(query, arena, group);
	store_finish(query);
	if ((rc = read_members(tx, arena, group, err)) < 0)
		return rc;
	*ret = group;
	return 0;
}

int person_store_groups(struct store_tx *tx, struct arena *arena, struct person_group **ret,
	size_t *ret_count, struct error *err)
{
	struct store_query *query = store_query(tx, &select_groups);
	struct person_group *list = NULL;
	size_t count = 0, capacity = 0;
	int rc;

	while ((rc = store_next(query, err)) > 0) {
		list = arena_grow(arena, list, count, &capacity, sizeof(*list));
		read_group(query, arena, &list[count++]);
	}
	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = read_members(tx, arena, &list[i], err);
	if (rc < 0)
		return rc;
	*ret = list;
	*ret_count = count;
	return 0;
}

int person_store_insert_group(
	struct store_tx *tx, const struct person_group *group, struct error *err)
{
	struct store_query *query = store_query(tx, &insert_group);
	int rc;

	store_bind_text(query, "id", group->id);
	store_bind_text(query, "name", group->name);
	store_bind_int(query, "created_at_us", group->created_at_us);
	rc = store_run(query, err);
	return rc < 0 ? rc : 0;
}

int person_store_members(struct store_tx *tx, const char *group_id,
	void (*call)(void *arg, const char *person_id), void *arg, struct error *err)
{
	struct store_query *query = store_query(tx, &select_enabled_members);
	int rc;

	store_bind_text(query, "group_id", group_id);
	while ((rc = store_next(query, err)) > 0)
		call(arg, store_text(query, "id"));
	return rc;
}

bool person_store_is_member(struct store_tx *tx, const char *group_id, const char *person_id)
{
	struct store_query *query = store_query(tx, &select_member);

	store_bind_text(query, "group_id", group_id);
	store_bind_text(query, "person_id", person_id);
	if (store_next(query, NULL) <= 0)
		return false;
	store_finish(query);
	return true;
}

int person_store_add_member(struct store_tx *tx, const char *group_id, const char *person_id,
	int64_t at_us, struct error *err)
{
	struct store_query *query = store_query(tx, &insert_member);

	store_bind_text(query, "group_id", group_id);
	store_bind_text(query, "person_id", person_id);
	store_bind_int(query, "added_at_us", at_us);
	return store_run(query, err);
}

int person_store_remove_member(
	struct store_tx *tx, const char *group_id, const char *person_id, struct error *err)
{
	struct store_query *query = store_query(tx, &delete_member);

	store_bind_text(query, "group_id", group_id);
	store_bind_text(query, "person_id", person_id);
	return store_run(query, err);
}
