/* Migrations of each room, and the second lock on tables that only grow. */
#include "lib/base/text.h"
#include "lib/store/store_rooms.h"

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

static int refuse_newer(const struct store_schema *schema, int64_t version, struct error *err)
{
	error_set(err, ERROR_INVALID,
		"the database was written by a newer release: %s has schema %lld, this program "
		"knows %zu",
		schema->room, (long long)version, schema->count);
	return error_remedy(err, "start the newer release, or restore a backup made by this one");
}

static int migrate_room(sqlite3 *db, const struct store_schema *schema, struct error *err)
{
	int64_t version;

	if (read_version(db, schema->room, &version, err) < 0)
		return err->code;
	if (version < 0 || version > (int64_t)schema->count)
		return refuse_newer(schema, version, err);
	for (size_t i = (size_t)version; i < schema->count; i++) {
		if (store_exec(db, schema->migrations[i].sql, err) < 0)
			return error_prefix(
				err, "%s: %s", schema->room, schema->migrations[i].what);
	}
	return version == (int64_t)schema->count
		       ? 0
		       : write_version(db, schema->room, (int64_t)schema->count, err);
}

int store_migrate(struct store *store, struct error *err)
{
	sqlite3 *db = store->writer.db;

	if (store_exec(db, "BEGIN IMMEDIATE", err) < 0 || store_exec(db, SCHEMA_VERSION, err) < 0)
		return err->code;
	for (size_t i = 0; i < store->options.schema_count; i++) {
		if (migrate_room(db, store->options.schemas[i], err) < 0) {
			sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
			return err->code;
		}
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
			return refuse_newer(schema, version, err);
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
