#include "change/emergency/emergency_rooms.h"

#include <stdio.h>

#define COLUMNS                                                                                    \
	"seq, incident, reason, person_id, person, second_id, second, team, scope, state,"         \
	" state_reason, is_drill, is_override, ttl_us, asked_at_us, started_at_us, ends_at_us,"    \
	" ended_at_us, renewals, version"

static const struct store_statement select_next =
	STORE_STATEMENT("SELECT coalesce(max(seq), 0) + 1 AS seq FROM emergency");
static const struct store_statement insert_emergency = STORE_STATEMENT(
	"INSERT INTO emergency (" COLUMNS ") VALUES (:seq, :incident, :reason, :person_id,"
	" :person, :second_id, :second, :team, :scope, :state, :state_reason, :is_drill,"
	" :is_override, :ttl_us, :asked_at_us, :started_at_us, :ends_at_us, :ended_at_us,"
	" :renewals, :version)");
static const struct store_statement update_emergency = STORE_STATEMENT(
	"UPDATE emergency SET second_id = :second_id, second = :second, state = :state,"
	" state_reason = :state_reason, started_at_us = :started_at_us, ends_at_us = :ends_at_us,"
	" ended_at_us = :ended_at_us, renewals = :renewals, version = :version + 1"
	" WHERE seq = :seq AND version = :version");
static const struct store_statement select_emergency =
	STORE_STATEMENT("SELECT " COLUMNS " FROM emergency WHERE seq = :seq");
static const struct store_statement select_page = STORE_STATEMENT(
	"SELECT " COLUMNS " FROM emergency WHERE seq < :before ORDER BY seq DESC LIMIT :limit");
static const struct store_statement select_open_page =
	STORE_STATEMENT("SELECT " COLUMNS " FROM emergency WHERE state IN ('pending', 'active')"
			" AND seq < :before ORDER BY seq DESC LIMIT :limit");
static const struct store_statement select_open =
	STORE_STATEMENT("SELECT " COLUMNS " FROM emergency WHERE state IN ('pending', 'active')"
			" AND (:person_id IS NULL OR person_id = :person_id) ORDER BY seq");
static const struct store_statement select_rows =
	STORE_STATEMENT("SELECT 'EMG-' || seq AS name, incident, reason, person_id, second_id,"
			" scope, state, state_reason, is_drill, is_override, ttl_us, asked_at_us,"
			" started_at_us, ends_at_us, ended_at_us, renewals FROM emergency");
static const struct store_statement insert_run =
	STORE_STATEMENT("INSERT INTO emergency_run (emergency_seq, run_id, line, at_us)"
			" VALUES (:seq, :run_id, :line, :at_us)");
static const struct store_statement select_runs =
	STORE_STATEMENT("SELECT run_id, line, at_us FROM emergency_run WHERE emergency_seq = :seq"
			" ORDER BY at_us, run_id");

/* --- rows --- */

static void *read_emergency(struct store_query *row, struct arena *arena)
{
	struct emergency *emergency = arena_alloc(arena, sizeof(*emergency));

	emergency->seq = store_int(row, "seq");
	snprintf(emergency->name, sizeof(emergency->name), "EMG-%lld", (long long)emergency->seq);
	emergency->incident = store_text_copy(row, "incident", arena);
	emergency->reason = store_text_copy(row, "reason", arena);
	store_text_into(row, "person_id", emergency->person_id, ID_SIZE);
	emergency->person = store_text_copy(row, "person", arena);
	store_text_into(row, "second_id", emergency->second_id, ID_SIZE);
	emergency->second = store_text_copy(row, "second", arena);
	emergency->team = store_text_copy(row, "team", arena);
	emergency->scope = store_text_copy(row, "scope", arena);
	emergency->state = store_text_copy(row, "state", arena);
	emergency->state_reason = store_text_copy(row, "state_reason", arena);
	emergency->is_drill = store_int(row, "is_drill") != 0;
	emergency->is_override = store_int(row, "is_override") != 0;
	emergency->ttl_us = store_int(row, "ttl_us");
	emergency->asked_at_us = store_int(row, "asked_at_us");
	emergency->started_at_us = store_int(row, "started_at_us");
	emergency->ends_at_us = store_int(row, "ends_at_us");
	emergency->ended_at_us = store_int(row, "ended_at_us");
	emergency->renewals = store_int(row, "renewals");
	emergency->version = store_int(row, "version");
	return emergency;
}

/* What an act changes. */
static void bind_changing(struct store_query *query, const struct emergency *emergency)
{
	store_bind_int(query, "seq", emergency->seq);
	store_bind_text(query, "second_id", emergency->second_id);
	store_bind_text(query, "second", emergency->second);
	store_bind_text(query, "state", emergency->state);
	store_bind_text(query, "state_reason", emergency->state_reason);
	store_bind_int(query, "started_at_us", emergency->started_at_us);
	store_bind_int(query, "ends_at_us", emergency->ends_at_us);
	store_bind_int(query, "ended_at_us", emergency->ended_at_us);
	store_bind_int(query, "renewals", emergency->renewals);
	store_bind_int(query, "version", emergency->version);
}

/* --- writing --- */

int emergency_store_next(struct store_tx *tx, int64_t *ret_seq, struct error *err)
{
	struct store_query *query = store_query(tx, &select_next);
	int rc = store_one(query, "emergency", err);

	if (rc < 0)
		return rc;
	*ret_seq = store_int(query, "seq");
	store_finish(query);
	return 0;
}

int emergency_store_insert(
	struct store_tx *tx, const struct emergency *emergency, struct error *err)
{
	struct store_query *query = store_query(tx, &insert_emergency);
	int rc;

	bind_changing(query, emergency);
	store_bind_text(query, "incident", emergency->incident);
	store_bind_text(query, "reason", emergency->reason);
	store_bind_text(query, "person_id", emergency->person_id);
	store_bind_text(query, "person", emergency->person);
	store_bind_text(query, "team", emergency->team);
	store_bind_text(query, "scope", emergency->scope);
	store_bind_int(query, "is_drill", emergency->is_drill);
	store_bind_int(query, "is_override", emergency->is_override);
	store_bind_int(query, "ttl_us", emergency->ttl_us);
	store_bind_int(query, "asked_at_us", emergency->asked_at_us);
	rc = store_run(query, err);
	return rc < 0 ? rc : 0;
}

int emergency_store_update(struct store_tx *tx, struct emergency *emergency, struct error *err)
{
	struct store_query *query = store_query(tx, &update_emergency);
	int rc;

	bind_changing(query, emergency);
	if ((rc = store_run(query, err)) < 0)
		return rc;
	if (!rc)
		return error_set(err, ERROR_STALE, "%s was changed meanwhile", emergency->name);
	emergency->version++;
	return 0;
}

int emergency_store_insert_run(
	struct store_tx *tx, int64_t seq, const struct emergency_run *run, struct error *err)
{
	struct store_query *query = store_query(tx, &insert_run);
	int rc;

	store_bind_int(query, "seq", seq);
	store_bind_text(query, "run_id", run->run_id);
	store_bind_text(query, "line", run->line);
	store_bind_int(query, "at_us", run->at_us);
	rc = store_run(query, err);
	return rc < 0 ? rc : 0;
}

/* --- reading --- */

int emergency_store_get(struct store_tx *tx, struct arena *arena, int64_t seq,
	struct emergency **ret, struct error *err)
{
	struct store_query *query = store_query(tx, &select_emergency);
	char name[sizeof((*ret)->name)];
	int rc;

	store_bind_int(query, "seq", seq);
	snprintf(name, sizeof(name), "EMG-%lld", (long long)seq);
	if ((rc = store_named(query, "emergency", name, "rcm emergency list", err)) < 0)
		return rc;
	*ret = read_emergency(query, arena);
	store_finish(query);
	return 0;
}

int emergency_store_list(struct store_tx *tx, struct arena *arena, bool only_open,
	int64_t before_seq, int64_t limit, struct emergency ***ret, size_t *ret_count,
	struct error *err)
{
	struct store_query *query = store_query(tx, only_open ? &select_open_page : &select_page);

	store_bind_int(query, "before", before_seq);
	store_bind_int(query, "limit", limit);
	return store_list(query, arena, read_emergency, ret, ret_count, err);
}

int emergency_store_open(struct store_tx *tx, struct arena *arena, const char *person_id,
	struct emergency ***ret, size_t *ret_count, struct error *err)
{
	struct store_query *query = store_query(tx, &select_open);

	store_bind_text(query, "person_id", person_id);
	return store_list(query, arena, read_emergency, ret, ret_count, err);
}

int emergency_store_runs(struct store_tx *tx, struct arena *arena, int64_t seq,
	struct emergency_run **ret, size_t *ret_count, struct error *err)
{
	struct store_query *query = store_query(tx, &select_runs);
	struct emergency_run *list = NULL;
	size_t count = 0, capacity = 0;
	int rc;

	store_bind_int(query, "seq", seq);
	while ((rc = store_next(query, err)) > 0) {
		list = arena_grow(arena, list, count, &capacity, sizeof(*list));
		list[count++] = (struct emergency_run){
			.run_id = store_text_copy(query, "run_id", arena),
			.line = store_text_copy(query, "line", arena),
			.at_us = store_int(query, "at_us"),
		};
	}
	*ret = list;
	*ret_count = count;
	return rc;
}

struct store_query *emergency_store_rows(struct store_tx *tx)
{
	return store_query(tx, &select_rows);
}
