/* Migrations of each room, and the second lock on tables that only grow. */
#include "lib/base/text.h"
#include "lib/store/store_rooms.h"

#include <stdlib.h>
#include <string.h>

static const char SCHEMA_VERSION[] = "CREATE TABLE IF NOT EXISTS schema_version ("
				     " room TEXT PRIMARY KEY, version INTEGER NOT NULL) STRICT";

static int read_version(sqlite3 *db, const char *room, int64_t *ret, struct error *err)
{
	sqlite3_stmt *statement;
	int rc = sqlite3_prepare_v2(
		db, "SELECT version FROM schema_version WHERE room = ?", -1, &statement, NULL);

	if (rc != SQLITE_OK)
		return store_error(db, rc, "schema", err);
	sqlite3_bind_text(statement, 1, room, -1, SQLITE_STATIC);
	*ret = sqlite3_step(statement) == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
	sqlite3_finalize(statement);
	return 0;
}

static int write_version(sqlite3 *db, const char *room, int64_t version, struct error *err)
{
	static const char SQL[] = "INSERT INTO schema_version (room, version) VALUES (?, ?)"
				  " ON CONFLICT (room) DO UPDATE SET version = excluded.version";
	sqlite3_stmt *statement;
	int rc = sqlite3_prepare_v2(db, SQL, -1, &statement, NULL);

	if (rc == SQLITE_OK) {
		sqlite3_bind_text(statement, 1, room, -1, SQLITE_STATIC);
		sqlite3_bind_int64(statement, 2, version);
		rc = sqlite3_step(statement);
		sqlite3_finalize(statement);
	}
	return rc == SQLITE_DONE ? 0 : store_error(db, rc, "schema", err);
}

static int refuse_newer(const char *room, int64_t version, size_t known, struct error *err)
{
	error_set(err, ERROR_INVALID,
		"the database was written by a newer release: %s has schema %lld, this program "
		"(%s) knows %zu",
		room, (long long)version, RB_VERSION, known);
	return error_remedy(err, "start the newer release, or restore a backup made by this one");
}

static const struct store_schema *find_room(const struct store_options *options, const char *room)
{
	for (size_t i = 0; i < options->schema_count; i++)
		if (text_is_equal(options->schemas[i]->room, room))
			return options->schemas[i];
	return NULL;
}

/* Every row of the database is of a room that is here, in no later version. *ret_count rooms are
 * there; what begins with '-' is no room. */
static int check_rows(
	sqlite3 *db, const struct store_options *options, size_t *ret_count, struct error *err)
{
	sqlite3_stmt *rows;
	int rc = sqlite3_prepare_v2(db,
		"SELECT room, version FROM schema_version WHERE room NOT LIKE '-%' ORDER BY room",
		-1, &rows, NULL);
	int code = 0;

	if (rc != SQLITE_OK)
		return store_error(db, rc, "schema", err);
	while (code == 0 && sqlite3_step(rows) == SQLITE_ROW) {
		const char *room = (const char *)sqlite3_column_text(rows, 0);
		const struct store_schema *schema = find_room(options, room);
		int64_t version = sqlite3_column_int64(rows, 1);

		++*ret_count;
		if (version < 0 || version > (int64_t)(schema ? schema->count : 0))
			code = refuse_newer(room, version, schema ? schema->count : 0, err);
	}
	sqlite3_finalize(rows);
	return code;
}

static void note_room(
	struct store_upgrade *upgrade, const struct store_schema *schema, int64_t version)
{
	if (upgrade->count == STORE_ROOMS_MAX)
		abort(); /* more rooms than the house has */
	upgrade->rooms[upgrade->count++] =
		(struct store_upgrade_room){schema->room, version, (int64_t)schema->count};
}

int store_plan_upgrade(sqlite3 *db, const struct store_options *options, struct store_upgrade *ret,
	struct error *err)
{
	struct store_upgrade upgrade = {0};
	size_t known = 0;
	int64_t version;
	int rc = check_rows(db, options, &known, err);

	/* A new database is made, not upgraded. */
	for (size_t i = 0; rc >= 0 && known && i < options->schema_count; i++) {
		rc = read_version(db, options->schemas[i]->room, &version, err);
		if (rc >= 0 && version < (int64_t)options->schemas[i]->count)
			note_room(&upgrade, options->schemas[i], version);
	}
	if (rc >= 0)
		*ret = upgrade;
	return rc < 0 ? rc : 0;
}

static int migrate_room(sqlite3 *db, const struct store_schema *schema, struct error *err)
{
	int64_t version;

	if (read_version(db, schema->room, &version, err) < 0)
		return err->code;
	for (size_t i = (size_t)version; i < schema->count; i++) {
		if (store_exec(db, schema->migrations[i].sql, err) < 0)
			return error_prefix(
				err, "%s: %s", schema->room, schema->migrations[i].what);
	}
	return version == (int64_t)schema->count
		       ? 0
		       : write_version(db, schema->room, (int64_t)schema->count, err);
}

/* A closure of its own, so that what it writes is of the same transaction as the tables. */
static int tell_upgrade(struct store *store, const struct store_upgrade *upgrade, struct error *err)
{
	struct store_job job = {.after_end = &job.after};
	int rc;

	if (!upgrade->count || !store->options.upgraded)
		return 0;
	store->writer.job = &job;
	rc = store->options.upgraded(&store->writer, store->options.upgraded_arg, upgrade, err);
	store->writer.job = NULL;
	store_queries_finish(&store->writer);
	arena_done(&job.arena);
	return rc < 0 ? rc : 0;
}

static int migrate_all(struct store *store, const struct store_upgrade *upgrade, struct error *err)
{
	for (size_t i = 0; i < store->options.schema_count; i++)
		if (migrate_room(store->writer.db, store->options.schemas[i], err) < 0)
			return err->code;
	return tell_upgrade(store, upgrade, err);
}

static int copy_first(struct store *store, struct store_upgrade *upgrade, struct error *err)
{
	upgrade->copy = store->options.copy_before_upgrade;
	if (!upgrade->count || !upgrade->copy)
		return 0;
	if (store_copy(store->writer.db, upgrade->copy, err) >= 0)
		return 0;
	error_prefix(err, "the database cannot be copied before it is upgraded");
	if (!*err->place)
		error_place(err, "%s", upgrade->copy);
	return *err->remedy ? err->code
			    : error_remedy(err, "make room for a copy; nothing was changed");
}

int store_migrate(struct store *store, struct error *err)
{
	sqlite3 *db = store->writer.db;
	struct store_upgrade upgrade = {0};

	if (store_exec(db, SCHEMA_VERSION, err) < 0 ||
		store_plan_upgrade(db, &store->options, &upgrade, err) < 0 ||
		copy_first(store, &upgrade, err) < 0 || store_exec(db, "BEGIN IMMEDIATE", err) < 0)
		return err->code;
	if (migrate_all(store, &upgrade, err) < 0) {
		sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
		return err->code;
	}
	return store_exec(db, "COMMIT", err);
}

int store_check_schema(struct store *store, struct error *err)
{
	for (size_t i = 0; i < store->options.schema_count; i++) {
		const struct store_schema *schema = store->options.schemas[i];
		int64_t version;
		int rc = read_version(store->reader.db, schema->room, &version, err);

		if (rc < 0)
			return rc;
		if (version > (int64_t)schema->count)
			return refuse_newer(schema->room, version, schema->count, err);
		if (version != (int64_t)schema->count) {
			error_set(err, ERROR_INVALID,
				"%s has schema %lld in the database, this program reads %zu",
				schema->room, (long long)version, schema->count);
			return error_remedy(err, "start the daemon once: it brings the tables up");
		}
	}
	return 0;
}

static bool is_append_only(const struct store *store, const char *table)
{
	const char *const *name = store->options.append_only;

	for (; name && *name; name++)
		if (text_is_equal(*name, table))
			return true;
	return false;
}

static int authorize(void *arg, int action, const char *first, const char *second,
	const char *database, const char *trigger)
{
	const struct store *store = arg;

	(void)database;
	(void)trigger;
	(void)second;
	switch (action) {
	case SQLITE_SELECT:
	case SQLITE_READ:
	case SQLITE_FUNCTION:
	case SQLITE_RECURSIVE:
	case SQLITE_TRANSACTION:
	case SQLITE_SAVEPOINT:
	case SQLITE_INSERT:
		return SQLITE_OK;
	case SQLITE_UPDATE:
	case SQLITE_DELETE:
		return is_append_only(store, first) ? SQLITE_DENY : SQLITE_OK;
	case SQLITE_PRAGMA: /* the full-text index asks for this one */
		return text_is_equal(first, "data_version") ? SQLITE_OK : SQLITE_DENY;
	default:
		return SQLITE_DENY; /* the schema is made before this is set */
	}
}

int store_set_authorizer(struct store *store, struct error *err)
{
	int rc = sqlite3_set_authorizer(store->writer.db, authorize, store);

	return rc == SQLITE_OK ? 0 : store_error(store->writer.db, rc, "authorizer", err);
}
