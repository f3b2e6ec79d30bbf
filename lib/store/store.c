#include "lib/store/store.h"

#include "lib/store/store_rooms.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define PROBE_EVERY_MS 2000

static const char WRITER_PRAGMAS[] = "PRAGMA journal_mode = WAL;"
				     "PRAGMA synchronous = FULL;"
				     "PRAGMA foreign_keys = ON;"
				     "PRAGMA trusted_schema = OFF;"
				     "PRAGMA cell_size_check = ON;"
				     "PRAGMA wal_autocheckpoint = 0;"
				     "PRAGMA busy_timeout = 2000";
static const char READER_PRAGMAS[] =
	"PRAGMA query_only = ON; PRAGMA trusted_schema = OFF; PRAGMA busy_timeout = 2000";

/* --- queues of jobs --- */

void store_queue_init(struct store_queue *queue)
{
	queue->first = NULL;
	queue->end = &queue->first;
}

void store_queue_add(struct store_queue *queue, struct store_job *job)
{
	job->next = NULL;
	*queue->end = job;
	queue->end = &job->next;
}

static struct store_job *take_first(struct store_queue *queue)
{
	struct store_job *job = queue->first;

	if (!job)
		return NULL;
	queue->first = job->next;
	if (!queue->first)
		queue->end = &queue->first;
	return job;
}

static void move_all(struct store_queue *from, struct store_queue *to)
{
	if (!from->first)
		return;
	*to->end = from->first;
	to->end = from->end;
	store_queue_init(from);
}

/* --- one closure --- */

static void fail(struct store_job *job, int code, const char *why)
{
	if (job->status < 0)
		return;
	job->status = error_set(&job->err, code, "%s", why);
	error_remedy(&job->err, code == ERROR_NOT_DURABLE
					? "nothing was changed; try again"
					: "the outcome is not known; look before you try again");
}

static bool begin(struct store *store, struct store_job *job)
{
	sqlite3 *db = store->writer.db;

	if (!store->is_begun && store_exec(db, "BEGIN IMMEDIATE", &job->err) < 0) {
		job->status = job->err.code;
		return false;
	}
	store->is_begun = true;
	if (store_exec(db, "SAVEPOINT job", &job->err) < 0) {
		job->status = job->err.code;
		return false;
	}
	return true;
}

static void run(struct store *store, struct store_job *job)
{
	sqlite3 *db = store->writer.db;

	store_queue_add(&store->group, job);
	if (!store->is_writable) {
		fail(job, ERROR_NOT_DURABLE, store->why);
		return;
	}
	if (store->is_lost || !begin(store, job)) {
		if (store->is_begun && sqlite3_get_autocommit(db))
			store->is_lost = true;
		return;
	}
	store->writer.job = job;
	job->status = job->ask(&store->writer, job->arg, &job->err);
	store->writer.job = NULL;
	if (sqlite3_get_autocommit(db)) { /* a full disk: SQLite has rolled everything back */
		store->is_lost = true;
		return;
	}
	if (job->status < 0)
		sqlite3_exec(db, "ROLLBACK TO job", NULL, NULL, NULL);
	if (job->status < 0 && !job->err.code)
		error_set(&job->err, job->status, "refused");
	sqlite3_exec(db, "RELEASE job", NULL, NULL, NULL);
}

void store_write(struct store *store, store_ask ask, store_told told, void *arg)
{
	struct store_job *job = calloc(1, sizeof(*job));

	if (!job)
		abort();
	job->ask = ask;
	job->told = told;
	job->arg = arg;
	job->after_end = &job->after;
	if (store->is_busy || store->writer.job)
		store_queue_add(&store->queued, job);
	else
		run(store, job);
}

void store_after_commit(struct store_tx *tx, void (*call)(void *arg), void *arg)
{
	struct store_after *after;

	if (!tx->job)
		abort(); /* only a closure has an after */
	after = arena_alloc(&tx->job->arena, sizeof(*after));
	after->call = call;
	after->arg = arg;
	*tx->job->after_end = after;
	tx->job->after_end = &after->next;
}

struct arena *store_tx_arena(struct store_tx *tx)
{
	return tx->job ? &tx->job->arena : NULL;
}

struct store_tx *store_reader(struct store *store)
{
	return &store->reader;
}

/* --- the end of a turn --- */

static void set_writable(struct store *store, bool is_writable, const char *why)
{
	if (store->is_writable == is_writable)
		return;
	store->is_writable = is_writable;
	snprintf(store->why, sizeof(store->why), "%s", why);
	for (size_t i = 0; i < store->watcher_count; i++)
		store->watchers[i].call(store->watchers[i].arg, is_writable);
	if (!is_writable)
		loop_timer_start(store->probe_timer, PROBE_EVERY_MS, 0);
}

static void end_job(struct store_job *job)
{
	bool is_good = job->status >= 0;

	for (struct store_after *after = job->after; is_good && after; after = after->next)
		after->call(after->arg);
	if (job->told)
		job->told(job->arg, is_good ? NULL : &job->err);
	arena_done(&job->arena);
	free(job);
}

static void end_finished(struct store *store)
{
	struct store_queue ending;
	struct store_job *job;

	store_queue_init(&ending);
	move_all(&store->finished, &ending);
	while ((job = take_first(&ending)))
		end_job(job);
}

static void fail_group(struct store *store, int code, const char *why)
{
	for (struct store_job *job = store->group.first; job; job = job->next)
		fail(job, code, why);
	move_all(&store->group, &store->finished);
}

/* A group without a transaction (held, or lost) ends at once; else it goes to the commit thread. */
static void send_group(struct store *store)
{
	if (!store->group.first)
		return;
	if (store->is_lost || !store->is_begun) {
		bool was_lost = store->is_lost;

		store->is_lost = store->is_begun = false;
		if (was_lost)
			fail_group(store, ERROR_NOT_DURABLE,
				"the disk is full: the transaction was rolled back");
		move_all(&store->group, &store->finished);
		return;
	}
	store_commit_start(store, STORE_WORK_COMMIT);
}

static bool turn(void *arg)
{
	struct store *store = arg;
	struct store_job *job;

	if (!store->is_busy) {
		while ((job = take_first(&store->queued)))
			run(store, job);
		send_group(store);
	}
	end_finished(store);
	return store->finished.first ||
	       (!store->is_busy && (store->queued.first || store->group.first));
}

/* --- the commit thread has handed the writer back --- */

static void take_back(struct store *store)
{
	char why[320];

	store->is_busy = false;
	if (store->work == STORE_WORK_PROBE) {
		if (store->is_probe_good)
			set_writable(store, true, "");
		else
			loop_timer_start(store->probe_timer, PROBE_EVERY_MS, 0);
		return;
	}
	store->is_begun = false;
	if (store->work_rc == SQLITE_OK) {
		move_all(&store->group, &store->finished);
		return;
	}
	snprintf(why, sizeof(why), "the store could not commit: %s", store->work_message);
	fail_group(store, store->is_probe_good ? ERROR_NOT_DURABLE : ERROR_OUTCOME_UNKNOWN, why);
	if (!store->is_probe_good)
		set_writable(store, false, why);
}

static void on_back(uv_async_t *async)
{
	struct store *store = async->data;

	if (uv_sem_trywait(&store->done) == 0)
		take_back(store);
}

static void on_probe_timer(void *arg)
{
	struct store *store = arg;

	if (!store->is_busy && !store->is_writable)
		store_commit_start(store, STORE_WORK_PROBE);
}

bool store_is_writable(const struct store *store, const char **why)
{
	if (why)
		*why = store->why;
	return store->is_writable;
}

void store_on_writable(struct store *store, void (*call)(void *arg, bool writable), void *arg)
{
	if (store->watcher_count == STORE_WATCHERS_MAX)
		abort();
	store->watchers[store->watcher_count].call = call;
	store->watchers[store->watcher_count++].arg = arg;
}

double store_commit_ms(const struct store *store)
{
	return store->commit_ms;
}

/* --- open and close --- */

static int take_lock(struct store *store, struct error *err)
{
	char path[4096], owner[32] = "";
	ssize_t length;

	snprintf(path, sizeof(path), "%s.lock", store->path);
	store->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (store->lock_fd < 0)
		return error_errno(err, ERROR_IO, path);
	if (flock(store->lock_fd, LOCK_EX | LOCK_NB) == 0) {
		int written = snprintf(owner, sizeof(owner), "%ld\n", (long)getpid());

		if (ftruncate(store->lock_fd, 0) < 0 ||
			pwrite(store->lock_fd, owner, (size_t)written, 0) < 0)
			return error_errno(err, ERROR_IO, path);
		return 0;
	}
	length = pread(store->lock_fd, owner, sizeof(owner) - 1, 0);
	owner[length > 0 ? strcspn(owner, "\n") : 0] = '\0';
	error_set(err, ERROR_LOCKED, "another daemon (pid %s) uses this data directory",
		*owner ? owner : "unknown");
	error_place(err, "%s", path);
	return error_remedy(err, "stop it first, or give this one a --data-dir of its own");
}

static int open_connection(
	struct store *store, int flags, const char *pragmas, sqlite3 **ret, struct error *err)
{
	int rc = sqlite3_open_v2(
		store->path, ret, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);

	if (rc != SQLITE_OK) {
		store_error(*ret, rc, "open", err);
		return error_place(err, "%s", store->path);
	}
	sqlite3_db_config(*ret, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(*ret, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
	sqlite3_db_config(*ret, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
	return store_exec(*ret, pragmas, err);
}

static int check_file(struct store *store, struct error *err)
{
	sqlite3_stmt *statement;
	const char *answer;
	int rc =
		sqlite3_prepare_v2(store->writer.db, "PRAGMA quick_check(1)", -1, &statement, NULL);

	if (rc != SQLITE_OK)
		return store_error(store->writer.db, rc, "quick_check", err);
	rc = sqlite3_step(statement);
	answer = rc == SQLITE_ROW ? (const char *)sqlite3_column_text(statement, 0) : "no answer";
	rc = answer && strcmp(answer, "ok") == 0
		     ? 0
		     : error_set(err, ERROR_TAMPERED, "the database is damaged: %s", answer);
	sqlite3_finalize(statement);
	if (rc < 0)
		error_remedy(err, "restore a backup; keep the damaged file for examination");
	return rc;
}

static int open_writing(struct store *store, struct error *err)
{
	if (take_lock(store, err) < 0 ||
		open_connection(store, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, WRITER_PRAGMAS,
			&store->writer.db, err) < 0 ||
		check_file(store, err) < 0 || store_migrate(store, err) < 0 ||
		store_set_authorizer(store, err) < 0)
		return err->code;
	if (open_connection(store, SQLITE_OPEN_READWRITE, "PRAGMA busy_timeout = 2000",
		    &store->checkpointer, err) < 0)
		return err->code;
	store->probe_timer = loop_timer_new(store->loop, on_probe_timer, store);
	store->back.data = store;
	uv_async_init(loop_uv(store->loop), &store->back, on_back);
	uv_unref((uv_handle_t *)&store->back);
	loop_on_turn_end(store->loop, LOOP_ORDER_STORE, turn, store);
	store->is_writable = true;
	return store_commit_open(store, err);
}

int store_open(const struct store_options *options, struct loop *loop, struct store **ret,
	struct error *err)
{
	struct store *store = calloc(1, sizeof(*store));
	int rc = 0;

	store->options = *options;
	store->loop = loop;
	store->path = strdup(options->path);
	store->lock_fd = -1;
	store->writer.store = store->reader.store = store;
	store_queue_init(&store->queued);
	store_queue_init(&store->group);
	store_queue_init(&store->finished);
	if (!options->read_only)
		rc = open_writing(store, err);
	if (rc == 0)
		rc = open_connection(store,
			options->read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE,
			READER_PRAGMAS, &store->reader.db, err);
	if (rc < 0) {
		store_close(store);
		return rc;
	}
	*ret = store;
	return 0;
}

/* What was asked is committed before the end, so that no reply was a lie. */
static void drain(struct store *store)
{
	do {
		if (store->is_busy) {
			uv_sem_wait(&store->done);
			take_back(store);
		}
	} while (turn(store) || store->is_busy);
}

static void close_back(uv_handle_t *handle)
{
	free(handle->data);
}

void store_close(struct store *store)
{
	if (!store)
		return;
	if (store->has_thread)
		drain(store);
	store_commit_close(store);
	store_queries_close(&store->writer);
	store_queries_close(&store->reader);
	if (store->checkpointer)
		sqlite3_wal_checkpoint_v2(
			store->checkpointer, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	sqlite3_close(store->reader.db);
	sqlite3_close(store->checkpointer);
	sqlite3_close(store->writer.db);
	if (store->lock_fd >= 0)
		close(store->lock_fd);
	free(store->path);
	if (!store->probe_timer) {
		free(store);
		return;
	}
	loop_timer_free(store->probe_timer);
	loop_off_turn_end(store->loop, turn, store);
	uv_close((uv_handle_t *)&store->back, close_back);
}

/* --- backup --- */

struct backup {
	struct store *store;
	char *path;
	store_told told;
	void *arg;
	struct error err;
};

static void copy_database(void *arg)
{
	struct backup *backup = arg;
	sqlite3 *from = NULL, *to = NULL;
	sqlite3_backup *copy;
	int rc = sqlite3_open_v2(backup->store->path, &from, SQLITE_OPEN_READONLY, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_open_v2(
			backup->path, &to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
	copy = rc == SQLITE_OK ? sqlite3_backup_init(to, "main", from, "main") : NULL;
	if (copy) {
		sqlite3_backup_step(copy, -1);
		rc = sqlite3_backup_finish(copy);
	}
	if (rc != SQLITE_OK)
		store_error(to ? to : from, rc, "backup", &backup->err);
	sqlite3_close(from);
	sqlite3_close(to);
}

static void end_backup(void *arg)
{
	struct backup *backup = arg;

	backup->told(backup->arg, backup->err.code ? &backup->err : NULL);
	free(backup->path);
	free(backup);
}

void store_backup(struct store *store, const char *path, store_told told, void *arg)
{
	struct backup *backup = calloc(1, sizeof(*backup));

	backup->store = store;
	backup->path = strdup(path);
	backup->told = told;
	backup->arg = arg;
	loop_work(store->loop, copy_database, end_backup, backup);
}
