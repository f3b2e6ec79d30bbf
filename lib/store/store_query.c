/* Statements in use: prepared once a connection, bound and read by name. */
#include "lib/base/text.h"
#include "lib/store/store_rooms.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PARAMETERS_MAX 64

int store_error(sqlite3 *db, int rc, const char *what, struct error *err)
{
	int code = ERROR_INTERNAL;

	switch (rc & 0xff) {
	case SQLITE_CONSTRAINT: /* these two are ours, not the caller's input */
		if (rc != SQLITE_CONSTRAINT_NOTNULL && rc != SQLITE_CONSTRAINT_DATATYPE)
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
	case SQLITE_NOMEM:
		code = ERROR_NO_MEMORY;
		break;
	case SQLITE_TOOBIG:
		code = ERROR_TOO_LARGE;
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

int store_control(struct store *store, enum store_control control, struct error *err)
{
	static const char *const SQL[STORE_CONTROLS] = {
		[STORE_CONTROL_BEGIN] = "BEGIN IMMEDIATE",
		[STORE_CONTROL_SAVEPOINT] = "SAVEPOINT job",
		[STORE_CONTROL_UNDO] = "ROLLBACK TO job",
		[STORE_CONTROL_RELEASE] = "RELEASE job",
	};
	sqlite3 *db = store->writer.db;
	sqlite3_stmt **prepared = &store->controls[control];
	int rc = SQLITE_OK;

	if (!*prepared)
		rc = sqlite3_prepare_v3(
			db, SQL[control], -1, SQLITE_PREPARE_PERSISTENT, prepared, NULL);
	if (rc == SQLITE_OK) {
		rc = sqlite3_step(*prepared);
		sqlite3_reset(*prepared);
	}
	return rc == SQLITE_DONE ? 0 : store_error(db, rc, "store", err);
}

/* REPLACE deletes behind the authorizer's back. */
static bool has_replace(const char *sql)
{
	return strcasestr(sql, "or replace") || strcasestr(sql, "replace into");
}

static void prepare(struct store_query *query)
{
	const char *sql = query->statement->sql;
	int rc;

	if (has_replace(sql)) {
		error_set(&query->err, ERROR_FORBIDDEN, "a statement may not say REPLACE: %s", sql);
		return;
	}
	rc = sqlite3_prepare_v3(
		query->tx->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &query->prepared, NULL);
	if (rc != SQLITE_OK)
		store_error(query->tx->db, rc, sql, &query->err);
	else if (sqlite3_bind_parameter_count(query->prepared) > PARAMETERS_MAX)
		abort(); /* more than `bound` has bits */
}

static struct store_query *new_query(struct store_tx *tx, const struct store_statement *statement)
{
	struct store_query *query = calloc(1, sizeof(*query));

	if (!query)
		abort();
	query->tx = tx;
	query->statement = statement;
	return query;
}

static struct store_query **find_slot(struct store_tx *tx, const struct store_statement *statement)
{
	size_t start = ((uintptr_t)statement >> 3) * 0x9e3779b97f4a7c15u >> 40;

	for (size_t i = 0; i < STORE_CACHE_SIZE; i++) {
		struct store_query **slot = &tx->cache[(start + i) & (STORE_CACHE_SIZE - 1)];

		if (!*slot || (*slot)->statement == statement)
			return slot;
	}
	abort(); /* more statements than the house has */
}

/* A statement that is in use gets a second one, which stays: a late store_finish must do no harm.
 */
static struct store_query *find(struct store_tx *tx, const struct store_statement *statement)
{
	struct store_query **at = find_slot(tx, statement);

	for (; *at; at = &(*at)->next)
		if (!(*at)->is_used)
			return *at;
	*at = new_query(tx, statement);
	return *at;
}

static void use(struct store_query *query)
{
	struct store_tx *tx = query->tx;

	query->is_used = true;
	query->is_stepped = query->is_row = false;
	query->bound = 0;
	query->column_hint = 0;
	query->used_before = NULL;
	query->used_next = tx->used;
	if (tx->used)
		tx->used->used_before = query;
	tx->used = query;
}

static void check_writer(const struct store_tx *tx)
{
#ifdef RB_DEBUG
	if (tx == &tx->store->writer && (tx->store->is_busy || !tx->job)) {
		fprintf(stderr, "the writer is touched %s\n",
			tx->store->is_busy ? "while it commits" : "outside a closure");
		abort();
	}
#else
	(void)tx;
#endif
}

struct store_query *store_query(struct store_tx *tx, const struct store_statement *statement)
{
	struct store_query *query;

	check_writer(tx);
	query = find(tx, statement);
	use(query);
	error_clear(&query->err);
	if (tx->job && tx->store->is_lost)
		query->err = tx->store->lost_err; /* outside a transaction each statement commits */
	else if (!query->prepared)
		prepare(query);
	return query;
}

/* Names may be given with or without their colon. */
static int find_parameter(struct store_query *query, const char *name)
{
	char full[64];

	if (name[0] == ':')
		return sqlite3_bind_parameter_index(query->prepared, name);
	snprintf(full, sizeof(full), ":%s", name);
	return sqlite3_bind_parameter_index(query->prepared, full);
}

static int position(struct store_query *query, const char *name)
{
	int at;

	if (query->err.code || !query->prepared)
		return 0;
	at = find_parameter(query, name);
	if (at)
		query->bound |= UINT64_C(1) << (at - 1);
	else
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
	if (!query->is_used)
		return;
	if (query->prepared) {
		sqlite3_reset(query->prepared);
		sqlite3_clear_bindings(query->prepared);
	}
	query->is_used = query->is_row = false;
	if (query->used_before)
		query->used_before->used_next = query->used_next;
	else
		query->tx->used = query->used_next;
	if (query->used_next)
		query->used_next->used_before = query->used_before;
}

bool store_queries_finish(struct store_tx *tx)
{
	bool any = false;

	while (tx->used) {
		any |= tx->used->is_row;
		store_finish(tx->used);
	}
	return any;
}

static void check_bound(struct store_query *query)
{
	int count = sqlite3_bind_parameter_count(query->prepared);

	for (int i = 0; i < count && !query->err.code; i++)
		if (!(query->bound & (UINT64_C(1) << i)))
			error_set(&query->err, ERROR_INTERNAL, "%s is not bound: %s",
				sqlite3_bind_parameter_name(query->prepared, i + 1),
				query->statement->sql);
}

/* The first step may prepare the statement anew: names of columns do not outlive a run. */
static void begin_run(struct store_query *query)
{
	check_bound(query);
	query->column_count = sqlite3_column_count(query->prepared);
	memset(query->columns, 0, sizeof(query->columns));
}

/* A full disk makes SQLite roll back by itself: what follows in the closure must not run. */
static void note_failure(struct store_query *query, int rc)
{
	struct store_tx *tx = query->tx;

	store_error(tx->db, rc, "store", &query->err);
	if (tx == &tx->store->reader && query->err.code == ERROR_NOT_DURABLE)
		query->err.code = ERROR_IO;
	tx->store->data_version++; /* what is made of a failed read is not of this version */
	if (!tx->job)
		return;
	if (query->err.code == ERROR_NOT_DURABLE)
		tx->fault = ERROR_NOT_DURABLE;
	if (sqlite3_get_autocommit(tx->db))
		store_note_lost(tx->store, &query->err);
}

/* SQLITE_ROW, SQLITE_DONE, or a negative code with the query given back. */
static int step(struct store_query *query, struct error *err)
{
	int rc;

	if (!query->err.code && !query->is_stepped)
		begin_run(query);
	query->is_stepped = true;
	if (!query->err.code) {
		rc = sqlite3_step(query->prepared);
		query->is_row = rc == SQLITE_ROW;
		if (rc == SQLITE_ROW || rc == SQLITE_DONE)
			return rc;
		note_failure(query, rc);
	}
	rc = query->err.code;
	if (err)
		*err = query->err;
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
	rc = sqlite3_stmt_readonly(query->prepared) ? 0 : sqlite3_changes(tx->db);
	store_finish(query);
	return rc;
}

int store_next(struct store_query *query, struct error *err)
{
	int rc = step(query, err);

	if (rc < 0)
		return rc;
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

int store_named(struct store_query *query, const char *what, const char *name, const char *list,
	struct error *err)
{
	int rc = store_one(query, what, err);

	if (rc != ERROR_NOT_FOUND)
		return rc;
	error_set(err, ERROR_NOT_FOUND, "there is no %s %s", what, name);
	error_field(err, "%s", what);
	return error_remedy(err, "list them: %s", list);
}

static const char *column_name(struct store_query *query, int at)
{
	if (at >= STORE_COLUMNS_MAX)
		return sqlite3_column_name(query->prepared, at);
	if (!query->columns[at])
		query->columns[at] = sqlite3_column_name(query->prepared, at);
	return query->columns[at];
}

/* Columns are mostly read in their order: the search starts where the last one ended. */
static int column_of(struct store_query *query, const char *name)
{
	int count = query->is_row ? query->column_count : 0;

	for (int i = 0; i < count; i++) {
		int at = query->column_hint + i;

		at -= at >= count ? count : 0;
		if (strcmp(column_name(query, at), name) != 0)
			continue;
		query->column_hint = at + 1;
		return at;
	}
	fprintf(stderr, "no %s %s in: %s\n", query->is_row ? "column" : "row to read", name,
		query->statement->sql);
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

const void *store_value(struct store_query *query, const char *column, size_t *ret_length)
{
	int at = column_of(query, column);
	const void *bytes = sqlite3_column_blob(query->prepared, at);

	*ret_length = (size_t)sqlite3_column_bytes(query->prepared, at);
	if (bytes)
		return bytes;
	return sqlite3_column_type(query->prepared, at) == SQLITE_NULL ? NULL : "";
}

int store_list(struct store_query *query, struct arena *arena, store_read read, void *ret_list,
	size_t *ret_count, struct error *err)
{
	void **list = NULL;
	size_t count = 0, capacity = 0;
	int rc;

	while ((rc = store_next(query, err)) > 0) {
		list = arena_grow(arena, list, count, &capacity, sizeof(void *));
		list[count++] = read(query, arena);
	}
	if (rc < 0)
		return rc;
	memcpy(ret_list, &list, sizeof(list));
	*ret_count = count;
	return 0;
}

void store_queries_close(struct store_tx *tx)
{
	for (size_t i = 0; i < STORE_CACHE_SIZE; i++) {
		while (tx->cache[i]) {
			struct store_query *query = tx->cache[i];

			tx->cache[i] = query->next;
			sqlite3_finalize(query->prepared);
			free(query);
		}
	}
	tx->used = NULL;
}
