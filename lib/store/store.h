/*
 * SQLite behind typed statements: one writer, one transaction a turn of the loop, COMMIT on a
 * thread of its own, reads on a second connection that sees committed rows only.
 * All calls come from the loop's thread. The rules are those of docs/architecture.md, "Take, ask,
 * tell".
 */
#ifndef RB_STORE_STORE_H
#define RB_STORE_STORE_H

#include "lib/base/arena.h"
#include "lib/base/error.h"
#include "lib/base/histogram.h"
#include "lib/base/loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* As long as the log is when it is written back: 4,000 pages. */
#define STORE_LOG_BYTES (INT64_C(16) * 1024 * 1024)

struct store;
struct store_tx;    /* a closure's transaction, or the reader */
struct store_query; /* one statement in use */

/* --- schema: each room exports one; main lists them in order --- */

struct store_migration {
	const char *what; /* one line for the log */
	const char *sql;  /* may hold several statements */
};

struct store_schema {
	const char *room; /* folder that owns the tables */
	const struct store_migration *migrations;
	size_t count;
};

/* An older database that was brought up to this program's tables. */
struct store_upgrade_room {
	const char *room;
	int64_t from, to; /* 0 = the room was not there */
};
#define STORE_ROOMS_MAX 32
struct store_upgrade {
	struct store_upgrade_room rooms[STORE_ROOMS_MAX];
	size_t count;
	const char *copy; /* of the database as it was; NULL = none was made */
};

/* A table that the authorizer lets only be inserted into and read (audit). */
struct store_options {
	const char *path; /* database file; its directory is locked with flock on `<path>.lock` */
	const struct store_schema *const *schemas;
	size_t schema_count;
	const char *const *append_only; /* NULL-ended table names */
	/* Where the whole database is copied to before it is upgraded; a name that is free. NULL =
	 * no copy is made. */
	const char *copy_before_upgrade;
	/* Within the transaction of the upgrade, when all tables are as they should be. */
	int (*upgraded)(struct store_tx *tx, void *arg, const struct store_upgrade *upgrade,
		struct error *err);
	void *upgraded_arg;
	/* Bytes of the file `<path>.reserve`, given up when the disk is full so that vital writes
	 * still find room; below as much free besides, space is low. 0 = none. */
	int64_t reserve_bytes;
	/* What the log is lengthened to when the store opens, if the disk has plenty of room: a
	 * commit need not make it longer then. 0 = it grows as it is written. */
	int64_t log_bytes;
	bool read_only;		/* no writer, no thread, no lock: verification beside a daemon */
	int64_t probe_every_ms; /* how often a store that cannot write tries again; 0 = 2 s */
};

/* ERROR_LOCKED when another process holds the data directory; ERROR_INVALID for a newer schema
 * (names both versions). */
int store_open(const struct store_options *options, struct loop *loop, struct store **ret,
	struct error *err);
/*
 * Takes the lock of the data directory for the database at `path`, as a daemon would: nobody opens
 * it until the descriptor is closed. ERROR_LOCKED names who has it.
 */
int store_lock(const char *path, int *ret_fd, struct error *err);
/*
 * Looks at a database without the right to change it, beside a daemon or without one:
 * ERROR_TAMPERED when it is damaged, ERROR_INVALID when its tables are newer than `options` know.
 * Older ones are fine: *ret says what an upgrade would change.
 */
int store_look(const struct store_options *options, struct store_upgrade *ret, struct error *err);
/* Writes the log of a database that was left without an orderly end into it; nobody else may have
 * it open. */
int store_settle(const char *path, struct error *err);
/* Commits what is queued, checkpoints, closes. */
void store_close(struct store *store);

/* --- writing --- */

/* Decides and writes inside its own savepoint; 0 or a negative code. May run in this turn or a
 * later one, once. */
typedef int (*store_ask)(struct store_tx *tx, void *arg, struct error *err);
/* After the group's COMMIT: err is NULL, or what ask answered, or ERROR_NOT_DURABLE /
 * ERROR_OUTCOME_UNKNOWN. */
typedef void (*store_told)(void *arg, const struct error *err);

/* Never calls `told` before it returns. */
void store_write(struct store *store, store_ask ask, store_told told, void *arg);
/* The same for what must go through on a full disk: undo, abort and their audit. Small, and never
 * what sends a new effect. */
void store_write_vital(struct store *store, store_ask ask, store_told told, void *arg);
/* From inside a closure: `call(arg)` after the COMMIT, before any `told`; dropped if the closure or
 * the COMMIT fails. arg usually lives in store_tx_arena. */
void store_after_commit(struct store_tx *tx, void (*call)(void *arg), void *arg);
/*
 * From inside a closure: `begin(arg)` once its COMMIT is under way, for what may be made ready
 * while the disk works and changes nothing in the world. If the closure or the COMMIT fails, with
 * or without a `begin` before, `lost(arg)` undoes it before any `told`.
 */
void store_beside_commit(
	struct store_tx *tx, void (*begin)(void *arg), void (*lost)(void *arg), void *arg);
/* Lives until the closure's `told` has returned. For the reader: NULL. */
struct arena *store_tx_arena(struct store_tx *tx);
/* Committed rows only; reset within the same call of the loop. */
struct store_tx *store_reader(struct store *store);
/*
 * A number that each COMMIT advances, and each statement that failed: what was made of the
 * reader's rows may be used again as long as it is the same. 0 while a COMMIT is under way, when
 * it cannot be said which rows are seen. It moves before any `told`, so that whoever was told of
 * a change finds nothing kept from before it.
 */
uint64_t store_data_version(const struct store *store);
/* False while nothing can be committed ("held: store"); `why` gets one sentence. */
bool store_is_writable(const struct store *store, const char **why);
/* Called (on the loop) whenever store_is_writable changes. At most 8. */
void store_on_writable(struct store *store, void (*call)(void *arg, bool writable), void *arg);

/* LOW: start nothing new. FULL: the reserve is gone, and store_write answers ERROR_DISK_FULL. */
enum store_space_state { STORE_SPACE_OK, STORE_SPACE_LOW, STORE_SPACE_FULL };
/* `why` gets one sentence, "" when there is room. */
enum store_space_state store_space(const struct store *store, const char **why);
/* ERROR_DISK_FULL unless there is room: before something new is started. */
int store_check_space(const struct store *store, struct error *err);
/* Called (on the loop) whenever store_space changes. At most 8. */
void store_on_space(
	struct store *store, void (*call)(void *arg, enum store_space_state state), void *arg);
/* Milliseconds the last COMMIT took, for windows of intents. */
double store_commit_ms(const struct store *store);

/* Since the start, for whoever watches from outside. */
struct store_figures {
	struct histogram commits; /* that went well */
	uint64_t failed_commits;
	size_t waiting; /* closures, for the next turn or the running COMMIT */
};
void store_get_figures(const struct store *store, struct store_figures *ret);

/* --- statements: constants at the top of each *_store.c --- */

struct store_statement {
	const char *sql; /* named parameters, e.g. :id */
};
#define STORE_STATEMENT(text)                                                                      \
	{                                                                                          \
		.sql = (text)                                                                      \
	}

/*
 * A prepared statement (kept per connection). Never NULL: what fails here or in a bind is
 * answered by store_run, store_next or store_one. A bind of a NULL text binds SQL NULL.
 */
struct store_query *store_query(struct store_tx *tx, const struct store_statement *statement);
void store_bind_text(struct store_query *query, const char *name, const char *value);
void store_bind_int(struct store_query *query, const char *name, int64_t value);
void store_bind_null(struct store_query *query, const char *name);
void store_bind_bytes(
	struct store_query *query, const char *name, const void *bytes, size_t length);

/* Runs to its end. Rows changed (>= 0) or a negative code; a broken UNIQUE or CHECK is
 * ERROR_CONFLICT, a full disk ERROR_NOT_DURABLE. Gives the query back. */
int store_run(struct store_query *query, struct error *err);
/* 1 = a row is there, 0 = no more (query given back), negative = error (given back). */
int store_next(struct store_query *query, struct error *err);
/* 0 with the row in hand; no row is ERROR_NOT_FOUND "no such <what>". The caller ends with
 * store_finish. */
int store_one(struct store_query *query, const char *what, struct error *err);
void store_finish(struct store_query *query);

/* Columns by name, of the current row. A missing name is a programmer's error (abort). */
const char *store_text(struct store_query *query,
	const char *column); /* NULL for SQL NULL; borrowed until the next step */
char *store_text_copy(struct store_query *query, const char *column, struct arena *arena);
/* Copies into a fixed array (truncation is a programmer's error); "" for SQL NULL. */
void store_text_into(struct store_query *query, const char *column, char *out, size_t size);
int64_t store_int(struct store_query *query, const char *column); /* 0 for SQL NULL */
bool store_is_null(struct store_query *query, const char *column);
/* The bytes of any column, numbers as their digits; NULL for SQL NULL. For those who read many
 * rows. */
const void *store_value(struct store_query *query, const char *column, size_t *ret_length);
const void *store_bytes(struct store_query *query, const char *column, size_t *ret_length);

/* Online copy of the whole database to `path`, on the pool. */
void store_backup(struct store *store, const char *path, store_told told, void *arg);

#endif
