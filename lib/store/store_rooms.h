/* What the files of lib/store share. */
#ifndef RB_STORE_STORE_ROOMS_H
#define RB_STORE_STORE_ROOMS_H

#include "lib/store/store.h"

#include <sqlite3.h>
#include <stdatomic.h>
#include <uv.h>

#define STORE_CACHE_SIZE 1024 /* statements a connection; a power of two */

#define STORE_COLUMNS_MAX 48 /* more are looked up anew each time */

struct store_query {
	struct store_query *next; /* another use of the same statement at the same time */
	struct store_query *used_before, *used_next;
	struct store_tx *tx;
	const struct store_statement *statement;
	sqlite3_stmt *prepared;
	uint64_t bound; /* a bit for each parameter */
	int column_hint, column_count;
	const char *columns[STORE_COLUMNS_MAX]; /* names, once they were asked for in this run */
	bool is_used, is_stepped, is_row;
	struct error err; /* of the preparation or a bind, until run, next or one */
};

struct store_tx {
	struct store *store;
	sqlite3 *db;
	struct store_job *job; /* of the closure that runs; NULL for the reader */
	struct store_query *used;
	int fault; /* the disk said no inside the closure: its own answer does not count */
	struct store_query *cache[STORE_CACHE_SIZE];
};

struct store_after {
	struct store_after *next;
	void (*call)(void *arg);
	void *arg;
};

struct store_beside {
	struct store_beside *next;
	void (*begin)(void *arg);
	void (*lost)(void *arg);
	void *arg;
};

/* One closure on its way: queued, in the group that is being committed, or finished. */
struct store_job {
	struct store_job *next;
	store_ask ask;
	store_told told;
	void *arg;
	struct arena arena;
	struct store_after *after, **after_end;
	struct store_beside *beside;
	int status;
	bool is_vital;
	struct error err;
};

struct store_queue {
	struct store_job *first, **end;
};

enum store_work { STORE_WORK_COMMIT, STORE_WORK_PROBE, STORE_WORK_QUIT };

/* Outlives the store by the turn that libuv takes to close them. */
struct store_handles {
	struct store *store; /* NULL once it is closed */
	uv_async_t back;
	uv_idle_t awake;
	int open;
};

#define STORE_WATCHERS_MAX 8

struct store_space {
	char *path; /* of the reserve */
	bool has_reserve;
	enum store_space_state state;
	char why[200];
	struct loop_timer *timer;
	struct {
		void (*call)(void *arg, enum store_space_state state);
		void *arg;
	} watchers[STORE_WATCHERS_MAX];
	size_t watcher_count;
};

/* What frames each closure, prepared once. */
enum store_control {
	STORE_CONTROL_BEGIN,
	STORE_CONTROL_SAVEPOINT,
	STORE_CONTROL_UNDO,
	STORE_CONTROL_RELEASE,
	STORE_CONTROLS,
};

struct store {
	struct loop *loop;
	struct store_options options;
	char *path;
	int lock_fd;
	struct store_tx writer, reader;
	sqlite3 *checkpointer;
	sqlite3_stmt *controls[STORE_CONTROLS];
	bool is_begun; /* a transaction of this turn is open */
	bool is_lost;  /* SQLite rolled it back by itself: all its jobs fail */
	bool is_full;  /* and that because there is no room */
	struct error lost_err;
	bool is_busy; /* the commit thread has the writer: the loop does not touch it */
	struct store_queue queued, group, finished;
	bool is_writable;
	char why[256];
	struct loop_timer *probe_timer;
	struct {
		void (*call)(void *arg, bool writable);
		void *arg;
	} watchers[STORE_WATCHERS_MAX];
	size_t watcher_count;
	/* the commit thread */
	uv_thread_t thread;
	uv_sem_t go, done;
	struct store_handles *handles;
	bool has_thread;
	enum store_work work;
	int work_rc;	    /* of COMMIT */
	bool is_probe_good; /* after a COMMIT that failed */
	char work_message[256];
	double work_ms;
	int wal_pages, passive_at, hold_at; /* the thread's own */
	bool wants_hold;
	/* the thread for checkpoints */
	uv_thread_t checkpoint_thread;
	uv_sem_t due;
	bool has_checkpoint_thread;
	atomic_bool is_checkpointing; /* the checkpointer is that thread's */
	double commit_ms;
	uint64_t data_version; /* from 1 */
	struct store_space space;
	struct histogram commits;
	uint64_t failed_commits;
};

/* --- store.c --- */
void store_queue_init(struct store_queue *queue);
void store_queue_add(struct store_queue *queue, struct store_job *job);
/* --- store_commit.c --- */
int store_commit_open(struct store *store, struct error *err);
void store_commit_close(struct store *store);
void store_commit_start(struct store *store, enum store_work work);
/* --- store_log.c --- */
/* Before the first commit. What cannot be done is left: the log grows instead. */
void store_log_prepare(struct store *store);
/* --- store_space.c --- */
/* Bytes that the disk of the database has free; INT64_MAX when it cannot be asked. */
int64_t store_space_free(const struct store *store);
void store_space_open(struct store *store); /* once it is locked */
void store_space_close(struct store *store);
/* The thread's, or the loop's while it is not busy. True when there was one to give. */
bool store_space_release(struct store *store);
/* A write failed with this code of SQLite: was it for want of room? */
bool store_space_is_full(const struct store *store, int rc);
void store_space_set(struct store *store, enum store_space_state state);
/* --- store_query.c --- */
void store_queries_close(struct store_tx *tx);
/* Gives back whatever is in use; true when a row was still in hand. */
bool store_queries_finish(struct store_tx *tx);
/* Remembers a rollback that SQLite made by itself. */
void store_note_lost(struct store *store, const struct error *why);
int store_error(sqlite3 *db, int rc, const char *what, struct error *err);
int store_exec(sqlite3 *db, const char *sql, struct error *err);
/* On the writer. */
int store_control(struct store *store, enum store_control control, struct error *err);
/* --- store_backup.c --- */
/* A copy of the whole database: a new file, 0600, synced; gone again when it fails. */
int store_copy(sqlite3 *from, const char *path, struct error *err);
/* --- store_look.c --- */
/* PRAGMA quick_check: ERROR_TAMPERED. */
int store_check_pages(sqlite3 *db, struct error *err);
/* --- store_schema.c --- */
int store_migrate(struct store *store, struct error *err);
/* ERROR_INVALID for newer tables and for rooms that nobody here knows; else what is older. */
int store_plan_upgrade(sqlite3 *db, const struct store_options *options, struct store_upgrade *ret,
	struct error *err);
/* For a reader: every room's version is exactly ours. */
int store_check_schema(struct store *store, struct error *err);
int store_set_authorizer(struct store *store, struct error *err);

#endif
