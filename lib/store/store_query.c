/* Statements in use: prepared once a connection, bound and read by name. */
#include "lib/base/text.h"
#include "lib/store/store_rooms.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int store_error(sqlite3 *db, int rc, const char *what, struct error *err)
{
	int code = ERROR_INTERNAL;

	switch (rc & 0xff) {
	case SQLITE_CONSTRAINT:
		code = ERROR_CONFLICT;
		break;
	case SQLITE_FULL:
	case SQLITE_IOERR:
	case SQLITE_READONLY:
	case SQLITE_BUSY:
	case SQLITE_CANTOPEN:
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		code = ERROR_NOT_DURABLE;
		break;
	case SQLITE_AUTH:
		code = ERROR_FORBIDDEN;
		break;
	default:
		break;
	}
	return error_set(err, code, "%s: %s", what, db ? sqlite3_errmsg(db) : sqlite3_errstr(rc));
}

int store_exec(sqlite3 *db, const char *sql, struct error *err)
{
	int rc = sqlite3_exec(db, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? 0 : store_error(db, rc, "store", err);
}

static void prepare(struct store_query *query)
{
	int rc = sqlite3_prepare_v3(query->tx->db, query->statement->sql, -1,
		SQLITE_PREPARE_PERSISTENT, &query->prepared, NULL);

	if (rc != SQLITE_OK)
		store_error(query->tx->db, rc, query->statement->sql, &query->err);
}

static struct store_query *new_query(struct store_tx *tx, const struct store_statement *statement)
{
	struct store_query *query = calloc(1, sizeof(*query));

	if (!query)
		abort();
	query->tx = tx;
	query->statement = statement;
	prepare(query);
	return query;
}

static struct store_query *find(struct store_tx *tx, const struct store_statement *statement)
{
	size_t start = ((uintptr_t)statement >> 3) * 0x9e3779b97f4a7c15u >> 40;

	for (size_t i = 0; i < STORE_CACHE_SIZE; i++) {
		struct store_query **slot = &tx->cache[(start + i) & (STORE_CACHE_SIZE - 1)];

		if (!*slot)
			*slot = new_query(tx, statement);
		if ((*slot)->statement == statement)
			return *slot;
	}
	abort(); /* more statements than the house has */
}

struct store_query *store_query(struct store_tx *tx, const struct store_statement *statement)
{
	struct store_query *query = find(tx, statement);

#ifdef RB_DEBUG
	if (tx == &tx->store->writer && (tx->store->is_busy || !tx->job))
		abort(); /* the writer belongs to a closure, and to nobody while it commits */
#endif
	if (query->is_used) {
		query = new_query(tx, statement);
		query->is_spare = true;
	}
	if (!query->prepared && !query->is_spare) {
		error_clear(&query->err);
		prepare(query);
	}
	query->is_used = true;
	return query;
}

static int position(struct store_query *query, const char *name)
{
	int at = query->prepared ? sqlite3_bind_parameter_index(query->prepared, name) : 0;

	if (query->prepared && !at && !query->err.code)
		error_set(&query->err, ERROR_INTERNAL, "the statement has no %s: %s", name,
			query->statement->sql);
	return at;
}

static void check_bind(struct store_query *query, int rc)
{
	if (rc != SQLITE_OK && !query->err.code)
		store_error(query->tx->db, rc, "bind", &query->err);
}

void store_bind_text(struct store_query *query, const char *name, const char *value)
{
	int at = position(query, name);

	if (at)
		check_bind(query,
			value ? sqlite3_bind_text(query->prepared, at, value, -1, SQLITE_TRANSIENT)
			      : sqlite3_bind_null(query->prepared, at));
}

void store_bind_int(struct store_query *query, const char *name, int64_t value)
{
	int at = position(query, name);

	if (at)
		check_bind(query, sqlite3_bind_int64(query->prepared, at, value));
}

void store_bind_null(struct store_query *query, const char *name)
{
	int at = position(query, name);

	if (at)
		check_bind(query, sqlite3_bind_null(query->prepared, at));
}

void store_bind_bytes(struct store_query *query, const char *name, const void *bytes, size_t length)
{
	int at = position(query, name);

	if (at)
		check_bind(query, sqlite3_bind_blob64(query->prepared, at, bytes ? bytes : "",
					  length, SQLITE_TRANSIENT));
}

void store_finish(struct store_query *query)
{
	if (query->prepared) {
		sqlite3_reset(query->prepared);
		sqlite3_clear_bindings(query->prepared);
	}
	query->is_used = query->is_row = false;
	error_clear(&query->err);
	if (query->is_spare) {
		sqlite3_finalize(query->prepared);
		free(query);
	}
}

/* SQLITE_ROW, SQLITE_DONE, or a negative code with the query given back. */
static int step(struct store_query *query, struct error *err)
{
	int rc;

	if (query->err.code) {
		rc = query->err.code;
		if (err)
			*err = query->err;
		store_finish(query);
		return rc;
	}
	rc = sqlite3_step(query->prepared);
	if (rc == SQLITE_ROW || rc == SQLITE_DONE)
		return rc;
	rc = store_error(query->tx->db, rc, "store", err);
	store_finish(query);
	return rc;
}

int store_run(struct store_query *query, struct error *err)
{
	struct store_tx *tx = query->tx;
	int rc;

	while ((rc = step(query, err)) == SQLITE_ROW)
		;
	if (rc < 0)
		return rc;
	store_finish(query);
	return sqlite3_changes(tx->db);
}

int store_next(struct store_query *query, struct error *err)
{
	int rc = step(query, err);

	if (rc < 0)
		return rc;
	query->is_row = rc == SQLITE_ROW;
	if (rc == SQLITE_ROW)
		return 1;
	store_finish(query);
	return 0;
}

int store_one(struct store_query *query, const char *what, struct error *err)
{
	int rc = store_next(query, err);

	if (rc == 0)
		return error_set(err, ERROR_NOT_FOUND, "no such %s", what);
	return rc < 0 ? rc : 0;
}

static int column_of(struct store_query *query, const char *name)
{
	int count = sqlite3_column_count(query->prepared);

	for (int i = 0; query->is_row && i < count; i++)
		if (text_is_equal(sqlite3_column_name(query->prepared, i), name))
			return i;
	fprintf(stderr, "no column %s in: %s\n", name, query->statement->sql);
	abort();
}

const char *store_text(struct store_query *query, const char *column)
{
	return (const char *)sqlite3_column_text(query->prepared, column_of(query, column));
}

char *store_text_copy(struct store_query *query, const char *column, struct arena *arena)
{
	return arena_text(arena, store_text(query, column));
}

void store_text_into(struct store_query *query, const char *column, char *out, size_t size)
{
	const char *text = store_text(query, column);
	size_t length = text ? strlen(text) : 0;

	if (length >= size) {
		fprintf(stderr, "column %s is longer than its place: %s\n", column,
			query->statement->sql);
		abort();
	}
	memcpy(out, text ? text : "", length + 1);
}

int64_t store_int(struct store_query *query, const char *column)
{
	return sqlite3_column_int64(query->prepared, column_of(query, column));
}

bool store_is_null(struct store_query *query, const char *column)
{
	return sqlite3_column_type(query->prepared, column_of(query, column)) == SQLITE_NULL;
}

const void *store_bytes(struct store_query *query, const char *column, size_t *ret_length)
{
	int at = column_of(query, column);
	const void *bytes = sqlite3_column_blob(query->prepared, at);

	*ret_length = (size_t)sqlite3_column_bytes(query->prepared, at);
	return bytes ? bytes : "";
}

void store_queries_close(struct store_tx *tx)
{
	for (size_t i = 0; i < STORE_CACHE_SIZE; i++) {
		if (!tx->cache[i])
			continue;
		sqlite3_finalize(tx->cache[i]->prepared);
		free(tx->cache[i]);
		tx->cache[i] = NULL;
	}
}
