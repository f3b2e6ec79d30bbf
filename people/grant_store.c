#include "people/people_rooms.h"

#include <string.h>

#define GRANT_SELECT                                                                               \
	"SELECT g.id AS id, g.person_id AS person_id, g.group_id AS group_id, p.name AS person,"   \
	" o.name AS group_name, g.role AS role, g.environment AS environment,"                     \
	" g.service AS service, g.team AS team, g.kind AS kind, g.state AS state,"                 \
	" g.is_bootstrap AS is_bootstrap, g.requested_by AS requested_by,"                         \
	" r.name AS requested_by_name, g.requested_at_us AS requested_at_us,"                      \
	" g.confirmed_by AS confirmed_by, c.name AS confirmed_by_name,"                            \
	" g.confirmed_at_us AS confirmed_at_us, g.revoked_at_us AS revoked_at_us"                  \
	" FROM person_grant AS g"                                                                  \
	" LEFT JOIN person AS p ON p.id = g.person_id"                                             \
	" LEFT JOIN person_group AS o ON o.id = g.group_id"                                        \
	" LEFT JOIN person AS r ON r.id = g.requested_by"                                          \
	" LEFT JOIN person AS c ON c.id = g.confirmed_by"

/* A grant covers what is asked when each member it names is the one asked for. */
#define SCOPE_COVERS                                                                               \
	" (g.environment IS NULL OR g.environment = :environment)"                                 \
	" AND (g.service IS NULL OR g.service = :service)"                                         \
	" AND (g.team IS NULL OR g.team = :team)"                                                  \
	" AND (g.kind IS NULL OR g.kind = :kind)"

static const struct store_statement insert_grant = STORE_STATEMENT(
	"INSERT INTO person_grant (id, person_id, group_id, role, environment, service, team, kind,"
	" state, is_bootstrap, requested_by, requested_at_us) VALUES (:id, :person_id, :group_id,"
	" :role, :environment, :service, :team, :kind, :state, :is_bootstrap, :requested_by,"
	" :requested_at_us)");
static const struct store_statement select_grant =
	STORE_STATEMENT(GRANT_SELECT " WHERE g.id = :id");
static const struct store_statement select_grants = STORE_STATEMENT(
	GRANT_SELECT " WHERE g.state <> 'REVOKED' OR :with_revoked = 1 ORDER BY g.id");
static const struct store_statement select_same = STORE_STATEMENT(
	"SELECT id FROM person_grant WHERE state <> 'REVOKED' AND person_id IS :person_id"
	" AND group_id IS :group_id AND role = :role AND environment IS :environment"
	" AND service IS :service AND team IS :team AND kind IS :kind"
	" AND (state = 'ACTIVE' OR requested_at_us > :pending_after_us)");
static const struct store_statement confirm_grant =
	STORE_STATEMENT("UPDATE person_grant SET state = 'ACTIVE', confirmed_by = :confirmed_by,"
			" confirmed_at_us = :confirmed_at_us WHERE id = :id AND state = 'PENDING'");
static const struct store_statement revoke_grant =
	STORE_STATEMENT("UPDATE person_grant SET state = 'REVOKED', revoked_by = :revoked_by,"
			" revoked_at_us = :revoked_at_us WHERE id = :id AND state <> 'REVOKED'");
static const struct store_statement select_of_person = STORE_STATEMENT(
	"SELECT role, environment, service, team, kind FROM person_grant WHERE state = 'ACTIVE'"
	" AND person_id = :person_id"
	" UNION ALL "
	"SELECT g.role, g.environment, g.service, g.team, g.kind FROM person_group_member AS m"
	" JOIN person_grant AS g ON g.group_id = m.group_id AND g.state = 'ACTIVE'"
	" WHERE m.person_id = :person_id");
static const struct store_statement select_has = STORE_STATEMENT(
	"SELECT 1 AS n FROM person_grant AS g WHERE g.state = 'ACTIVE' AND g.role = :role"
	" AND (g.person_id = :person_id OR g.group_id IN"
	"  (SELECT group_id FROM person_group_member WHERE person_id = :person_id))"
	" AND" SCOPE_COVERS " LIMIT 1");
static const struct store_statement select_holders = STORE_STATEMENT(
	"SELECT DISTINCT p.id AS id FROM person_grant AS g"
	" LEFT JOIN person_group_member AS m ON m.group_id = g.group_id"
	" JOIN person AS p ON p.id = coalesce(g.person_id, m.person_id)"
	" WHERE g.state = 'ACTIVE' AND g.role = :role AND p.state = 'ENABLED' AND" SCOPE_COVERS);

static void bind_scope(struct store_query *query, const struct scope *scope)
{
	store_bind_text(query, "environment", scope ? scope->environment : NULL);
	store_bind_text(query, "service", scope ? scope->service : NULL);
	store_bind_text(query, "team", scope ? scope->team : NULL);
	store_bind_text(query, "kind", scope ? scope->kind : NULL);
}

static void bind_id(struct store_query *query, const char *name, const char *id)
{
	store_bind_text(query, name, id[0] ? id : NULL);
}

static void read_scope(struct store_query *row, struct arena *arena, struct scope *scope)
{
	scope->environment = store_text_copy(row, "environment", arena);
	scope->service = store_text_copy(row, "service", arena);
	scope->team = store_text_copy(row, "team", arena);
	scope->kind = store_text_copy(row, "kind", arena);
}

/* The table's CHECK holds the words to those of the program. */
static enum role read_role(struct store_query *row)
{
	enum role role = ROLE_VIEWER;

	(void)role_parse("role", store_text(row, "role"), &role, NULL);
	return role;
}

static void read_grant(struct store_query *row, struct arena *arena, struct grant *grant)
{
	store_text_into(row, "id", grant->id, sizeof(grant->id));
	store_text_into(row, "person_id", grant->person_id, sizeof(grant->person_id));
	store_text_into(row, "group_id", grant->group_id, sizeof(grant->group_id));
	grant->person = store_text_copy(row, "person", arena);
	grant->group = store_text_copy(row, "group_name", arena);
	grant->role = read_role(row);
	read_scope(row, arena, &grant->scope);
	grant->state = GRANT_REVOKED;
	(void)grant_state_parse(store_text(row, "state"), &grant->state);
	grant->is_bootstrap = store_int(row, "is_bootstrap");
	store_text_into(row, "requested_by", grant->requested_by, sizeof(grant->requested_by));
	store_text_into(row, "confirmed_by", grant->confirmed_by, sizeof(grant->confirmed_by));
	grant->requested_by_name = store_text_copy(row, "requested_by_name", arena);
	grant->confirmed_by_name = store_text_copy(row, "confirmed_by_name", arena);
	grant->requested_at_us = store_int(row, "requested_at_us");
	grant->confirmed_at_us = store_int(row, "confirmed_at_us");
	grant->revoked_at_us = store_int(row, "revoked_at_us");
}

int grant_store_insert(struct store_tx *tx, const struct grant *grant, struct error *err)
{
	struct store_query *query = store_query(tx, &insert_grant);
	int rc;

	store_bind_text(query, "id", grant->id);
	bind_id(query, "person_id", grant->person_id);
	bind_id(query, "group_id", grant->group_id);
	store_bind_text(query, "role", role_word(grant->role));
	bind_scope(query, &grant->scope);
	store_bind_text(query, "state", grant_state_word(grant->state));
	store_bind_int(query, "is_bootstrap", grant->is_bootstrap);
	bind_id(query, "requested_by", grant->requested_by);
	store_bind_int(query, "requested_at_us", grant->requested_at_us);
	rc = store_run(query, err);
	return rc < 0 ? rc : 0;
}

int grant_store_get(struct store_tx *tx, struct arena *arena, const char *id, struct grant **ret,
	struct error *err)
{
	struct store_query *query = store_query(tx, &select_grant);
	int rc;

	store_bind_text(query, "id", id);
	if ((rc = store_one(query, "grant", err)) < 0)
		return rc;
	*ret = arena_alloc(arena, sizeof(**ret));
	read_grant(query, arena, *ret);
	store_finish(query);
	return 0;
}

int grant_store_list(struct store_tx *tx, struct arena *arena, bool with_revoked,
	struct grant **ret, size_t *ret_count, struct error *err)
{
	struct store_query *query = store_query(tx, &select_grants);
	struct grant *list = NULL;
	size_t count = 0, capacity = 0;
	int rc;

	store_bind_int(query, "with_revoked", with_revoked);
	while ((rc = store_next(query, err)) > 0) {
		list = arena_grow(arena, list, count, &capacity, sizeof(*list));
		read_grant(query, arena, &list[count++]);
	}
	if (rc < 0)
		return rc;
	*ret = list;
	*ret_count = count;
	return 0;
}

int grant_store_find_same(struct store_tx *tx, const struct grant *grant, struct error *err)
{
	struct store_query *query = store_query(tx, &select_same);
	int rc;

	bind_id(query, "person_id", grant->person_id);
	bind_id(query, "group_id", grant->group_id);
	store_bind_text(query, "role", role_word(grant->role));
	bind_scope(query, &grant->scope);
	store_bind_int(
		query, "pending_after_us", grant->requested_at_us - PEOPLE_CONFIRM_WITHIN_US);
	rc = store_next(query, err);
	if (rc > 0)
		store_finish(query);
	return rc;
}

int grant_store_confirm(struct store_tx *tx, const struct grant *grant, struct error *err)
{
	struct store_query *query = store_query(tx, &confirm_grant);
	int rc;

	store_bind_text(query, "id", grant->id);
	bind_id(query, "confirmed_by", grant->confirmed_by);
	store_bind_int(query, "confirmed_at_us", grant->confirmed_at_us);
	rc = store_run(query, err);
	if (rc == 0)
		return error_set(err, ERROR_STALE, "the grant was decided meanwhile");
	return rc < 0 ? rc : 0;
}

int grant_store_revoke(
	struct store_tx *tx, const char *id, const char *by, int64_t at_us, struct error *err)
{
	struct store_query *query = store_query(tx, &revoke_grant);
	int rc;

	store_bind_text(query, "id", id);
	bind_id(query, "revoked_by", by);
	store_bind_int(query, "revoked_at_us", at_us);
	rc = store_run(query, err);
	if (rc == 0)
		return error_set(err, ERROR_NO_EFFECT, "the grant is revoked already");
	return rc < 0 ? rc : 0;
}

int grant_store_of_person(struct store_tx *tx, struct arena *arena, const char *person_id,
	struct principal_grant **ret, size_t *ret_count, struct error *err)
{
	struct store_query *query = store_query(tx, &select_of_person);
	struct principal_grant *list = NULL;
	size_t count = 0, capacity = 0;
	int rc;

	store_bind_text(query, "person_id", person_id);
	while ((rc = store_next(query, err)) > 0) {
		list = arena_grow(arena, list, count, &capacity, sizeof(*list));
		list[count].role = read_role(query);
		read_scope(query, arena, &list[count].scope);
		count++;
	}
	if (rc < 0)
		return rc;
	*ret = list;
	*ret_count = count;
	return 0;
}

bool grant_store_has(
	struct store_tx *tx, const char *person_id, enum role role, const struct scope *scope)
{
	struct store_query *query = store_query(tx, &select_has);

	store_bind_text(query, "person_id", person_id);
	store_bind_text(query, "role", role_word(role));
	bind_scope(query, scope);
	if (store_next(query, NULL) <= 0)
		return false;
	store_finish(query);
	return true;
}

int grant_store_holders(struct store_tx *tx, enum role role, const struct scope *scope,
	void (*next)(void *arg, const char *person_id), void *arg, struct error *err)
{
	struct store_query *query = store_query(tx, &select_holders);
	int rc;

	store_bind_text(query, "role", role_word(role));
	bind_scope(query, scope);
	while ((rc = store_next(query, err)) > 0)
		next(arg, store_text(query, "id"));
	return rc;
}
