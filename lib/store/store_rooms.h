/* What the files of lib/store share. */
#ifndef RB_STORE_STORE_ROOMS_H
#define RB_STORE_STORE_ROOMS_H

#include "lib/store/store.h"

#include <sqlite3.h>
#include <uv.h>

#define STORE_CACHE_SIZE 1024 /* statements a connection; a power of two */

struct store_query {
	struct store_tx *tx;
	const struct store_statement *statement;
	sqlite3_stmt *prepared;
	bool is_used, is_row,
		is_spare; /* spare: the statement was in use already; freed at its end */
	struct error err; /* of the preparation or a bind, until run, next or one */
};

struct store_tx {
	struct store *store;
	sqlite3 *db;
	struct store_job *job; /* of the closure that runs; NULL for the reader */
	struct store_query *cache[STORE_CACHE_SIZE];
};

struct store_after {
	struct store_after *next;
	void (*call)(void *arg);
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
	int status;
	struct error err;
};

struct store_queue {
	struct store_job *first, **end;
};

enum store_work { STORE_WORK_COMMIT, STORE_WORK_PROBE, STORE_WORK_QUIT };

#define STORE_WATCHERS_MAX 8

struct store {
	struct loop *loop;
	struct store_options options;
	char *path;
	int lock_fd;
	struct store_tx writer, reader;
	sqlite3 *checkpointer;
	bool is_begun; /* a transaction of this turn is open */
	bool is_lost;  /* SQLite rolled it back by itself: all its jobs fail */
	bool is_busy;  /* the commit thread has the writer: the loop does not touch it */
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
	uv_async_t back;
	bool has_thread;
	enum store_work work;
	int work_rc;	    /* of COMMIT */
	bool is_probe_good; /* after a COMMIT that failed */
	char work_message[256];
	int wal_pages;
	double commit_ms;
};

/* --- store.c --- */
void store_queue_init(struct store_queue *queue);
void store_queue_add(struct store_queue *queue, struct store_job *job);
/* --- store_commit.c --- */
int store_commit_open(struct store *store, struct error *err);
void store_commit_close(struct store *store);
void store_commit_start(struct store *store, enum store_work work);
/* --- store_query.c --- */
void store_queries_close(struct store_tx *tx);
int store_error(sqlite3 *db, int rc, const char *what, struct error *err);
int store_exec(sqlite3 *db, const char *sql, struct error *err);
/* --- store_schema.c --- */
int store_migrate(struct store *store, struct error *err);
int store_set_authorizer(struct store *store, struct error *err);

#endif
