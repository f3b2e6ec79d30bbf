#include "lib/store/store.h"

#include "lib/store/store_rooms.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PROBE_EVERY_MS 2000

static const char WRITER_PRAGMAS[] = "PRAGMA busy_timeout = 2000;"
				     "PRAGMA journal_mode = WAL;"
				     "PRAGMA synchronous = FULL;"
				     "PRAGMA foreign_keys = ON;"
				     "PRAGMA trusted_schema = OFF;"
				     "PRAGMA cell_size_check = ON;"
				     "PRAGMA wal_autocheckpoint = 0;"
				     "PRAGMA recursive_triggers = ON;"
				     "PRAGMA temp_store = MEMORY;"
				     "PRAGMA cache_size = -16384";
static const char READER_PRAGMAS[] =
	"PRAGMA query_only = ON; PRAGMA trusted_schema = OFF; PRAGMA busy_timeout = 2000;"
	"PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -16384";

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

/* The whole group falls together: what a closure answered does not count any more. */
static void fail(struct store_job *job, int code, const char *why)
{
	job->after = NULL;
	job->status = error_set(&job->err, code, "%s", why);
	error_remedy(&job->err, "%s",
		code == ERROR_NOT_DURABLE ? "nothing was changed; try again"
		: code == ERROR_DISK_FULL ? "nothing was changed; free space in the data directory"
					  : "the outcome is not known; look before you try again");
}

void store_note_lost(struct store *store, const struct error *why)
{
	if (store->is_lost)
		return;
	store->is_lost = true;
	store->is_full = store_space_is_full(store, sqlite3_errcode(store->writer.db));
	error_set(&store->lost_err, ERROR_NOT_DURABLE, "the transaction was rolled back: %s",
		why->message);
}

static bool is_rolled_back(struct store *store, const struct error *why)
{
	if (store->is_begun && sqlite3_get_autocommit(store->writer.db))
		store_note_lost(store, why);
	return store->is_lost;
}

static bool open_savepoint(struct store *store, struct store_job *job)
{
	if (!store->is_begun) {
		job->status = store_control(store, STORE_CONTROL_BEGIN, &job->err);
		store->is_begun = job->status >= 0;
	}
	if (job->status >= 0)
		job->status = store_control(store, STORE_CONTROL_SAVEPOINT, &job->err);
	return job->status >= 0;
}

static void ask(struct store *store, struct store_job *job)
{
	struct store_tx *tx = &store->writer;

	tx->job = job;
	tx->fault = 0;
	job->status = job->ask(tx, job->arg, &job->err);
	tx->job = NULL;
	if (store_queries_finish(tx) && job->status >= 0) {
#ifdef RB_DEBUG
		fprintf(stderr, "a query was still in use at the end of a closure\n");
		abort();
#endif
	}
	if (job->status >= 0 && tx->fault)
		job->status = error_set(&job->err, tx->fault, "a statement could not be written");
	if (job->status < 0 && job->err.code != job->status)
		error_set(&job->err, job->status, "%s", error_word(job->status));
	if (job->status < 0)
		job->after = NULL;
}

static void end_savepoint(struct store *store, struct store_job *job)
{
	struct error err = ERROR_INIT;
	int rc = 0;

	if (job->status < 0)
		rc = store_control(store, STORE_CONTROL_UNDO, &err);
	if (rc >= 0)
		rc = store_control(store, STORE_CONTROL_RELEASE, &err);
	if (rc < 0 && !is_rolled_back(store, &err)) {
		/* What could not be undone must not be committed. */
		sqlite3_exec(store->writer.db, "ROLLBACK", NULL, NULL, NULL);
		store_note_lost(store, &err);
	}
}

static void run(struct store *store, struct store_job *job)
{
	store_queue_add(&store->group, job);
	if (!store->is_writable) {
		fail(job, ERROR_NOT_DURABLE, store->why);
		return;
	}
	if (store->space.state == STORE_SPACE_FULL && !job->is_vital) {
		fail(job, ERROR_DISK_FULL, store->space.why);
		return;
	}
	if (!open_savepoint(store, job)) {
		is_rolled_back(store, &job->err);
		return;
	}
	ask(store, job);
	if (!is_rolled_back(store, &job->err))
		end_savepoint(store, job);
}

/* Keeps the loop from sleeping until the next end of a turn. */
static void stay_awake(uv_idle_t *idle)
{
	(void)idle;
}

static void write_job(
	struct store *store, store_ask ask_it, store_told told, void *arg, bool is_vital)
{
	struct store_job *job = calloc(1, sizeof(*job));

	if (!job || store->options.read_only)
		abort();
	job->ask = ask_it;
	job->told = told;
	job->arg = arg;
	job->is_vital = is_vital;
	job->after_end = &job->after;
	if (store->is_busy || store->writer.job || store->is_lost || store->queued.first)
		store_queue_add(&store->queued, job);
	else
		run(store, job);
	if (!store->is_busy)
		uv_idle_start(&store->handles->awake, stay_awake);
}

void store_write(struct store *store, store_ask ask_it, store_told told, void *arg)
{
	write_job(store, ask_it, told, arg, false);
}

void store_write_vital(struct store *store, store_ask ask_it, store_told told, void *arg)
{
	write_job(store, ask_it, told, arg, true);
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

void store_beside_commit(
	struct store_tx *tx, void (*begin)(void *arg), void (*lost)(void *arg), void *arg)
{
	struct store_beside *beside;

	if (!tx->job)
		abort(); /* only a closure has a COMMIT */
	beside = arena_alloc(&tx->job->arena, sizeof(*beside));
	*beside = (struct store_beside){tx->job->beside, begin, lost, arg};
	tx->job->beside = beside;
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
		loop_timer_start(store->probe_timer, store->options.probe_every_ms, 0);
}

static void end_job(struct store_job *job)
{
	if (job->told)
		job->told(job->arg, job->status >= 0 ? NULL : &job->err);
	arena_done(&job->arena);
	free(job);
}

static void call_lost(struct store_job *job)
{
	for (struct store_beside *beside = job->beside; beside; beside = beside->next)
		beside->lost(beside->arg);
}

/* Effects, caches and events of the whole group first, then the replies. */
static void end_finished(struct store *store)
{
	struct store_queue ending;
	struct store_job *job;

	store_queue_init(&ending);
	move_all(&store->finished, &ending);
	for (job = ending.first; job; job = job->next) {
		for (struct store_after *after = job->after; after; after = after->next)
			after->call(after->arg);
		if (job->status < 0)
			call_lost(job);
	}
	while ((job = take_first(&ending)))
		end_job(job);
}

static void fail_group(struct store *store, int code, const char *why)
{
	for (struct store_job *job = store->group.first; job; job = job->next)
		fail(job, code, why);
	move_all(&store->group, &store->finished);
}

/* What SQLite rolled back by itself is gone for certain; the probe shows whether the next can be
 * kept. */
static void end_lost(struct store *store)
{
	fail_group(store, ERROR_NOT_DURABLE, store->lost_err.message);
	store->is_lost = store->is_begun = false;
	store_commit_start(store, STORE_WORK_PROBE);
}

static void send_group(struct store *store)
{
	if (store->is_lost)
		end_lost(store);
	else if (store->is_begun)
		store_commit_start(store, STORE_WORK_COMMIT);
	else
		move_all(&store->group, &store->finished); /* refused: no transaction was begun */
}

/* The thread has the writer; the list of its group is the loop's all the same. */
static void begin_beside(struct store *store)
{
	for (struct store_job *job = store->group.first; job; job = job->next)
		for (struct store_beside *beside = job->status >= 0 ? job->beside : NULL; beside;
			beside = beside->next)
			beside->begin(beside->arg);
}

static bool has_work(const struct store *store)
{
	return store->finished.first ||
	       (!store->is_busy && (store->queued.first || store->group.first));
}

static void check_reader(struct store *store)
{
	bool any = store_queries_finish(&store->reader);

#ifdef RB_DEBUG
	if (any) {
		fprintf(stderr, "the reader was still in use at the end of a call of the loop\n");
		abort();
	}
#else
	(void)any;
#endif
}

static bool turn(void *arg)
{
	struct store *store = arg;
	bool was_busy = store->is_busy;
	struct store_job *job;

	check_reader(store);
	if (!was_busy) {
		while (!store->is_lost && (job = take_first(&store->queued)))
			run(store, job);
		send_group(store);
	}
	end_finished(store);
	if (!was_busy && store->is_busy)
		begin_beside(store);
	if (!has_work(store))
		uv_idle_stop(&store->handles->awake);
	return has_work(store);
}

/* --- the commit thread has handed the writer back --- */

static void take_back_probe(struct store *store)
{
	if (store->is_probe_good) {
		set_writable(store, true, "");
		return;
	}
	if (store->is_writable)
		set_writable(store, false, "the store cannot write (held: store)");
	loop_timer_start(store->probe_timer, store->options.probe_every_ms, 0);
}

static void take_back(struct store *store)
{
	char why[320];

	store->is_busy = false;
	store->data_version++; /* a COMMIT that failed may have been made after all */
	if (store->is_full)
		store_space_set(store, STORE_SPACE_FULL);
	store->is_full = false;
	if (store->work == STORE_WORK_PROBE) {
		take_back_probe(store);
		return;
	}
	store->is_begun = false;
	store->commit_ms = store->work_ms;
	if (store->work_rc == SQLITE_OK) {
		histogram_add(&store->commits, store->work_ms / 1000);
		move_all(&store->group, &store->finished);
		return;
	}
	store->failed_commits++;
	snprintf(why, sizeof(why), "the store could not commit: %s", store->work_message);
	fail_group(store, store->is_probe_good ? ERROR_NOT_DURABLE : ERROR_OUTCOME_UNKNOWN, why);
	if (!store->is_probe_good)
		set_writable(store, false, why);
}

static void on_back(uv_async_t *async)
{
	struct store_handles *handles = async->data;
	struct store *store = handles->store;

	if (store && store->is_busy && uv_sem_trywait(&store->done) == 0)
		take_back(store);
}

static void on_probe_timer(void *arg)
{
	struct store *store = arg;

	if (store->is_writable)
		return;
	if (store->is_busy)
		loop_timer_start(store->probe_timer, store->options.probe_every_ms, 0);
	else
		store_commit_start(store, STORE_WORK_PROBE);
}

uint64_t store_data_version(const struct store *store)
{
	return store->is_busy || store->options.read_only ? 0 : store->data_version;
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

static size_t count_jobs(const struct store_queue *queue)
{
	size_t count = 0;

	for (const struct store_job *job = queue->first; job; job = job->next)
		count++;
	return count;
}

void store_get_figures(const struct store *store, struct store_figures *ret)
{
	*ret = (struct store_figures){
		.commits = store->commits,
		.failed_commits = store->failed_commits,
		.waiting = count_jobs(&store->queued) + count_jobs(&store->group),
	};
}

/* --- open and close --- */

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
	sqlite3_db_config(*ret, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(*ret, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
	sqlite3_db_config(*ret, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
	return store_exec(*ret, pragmas, err);
}

/* SQLite would make it readable by all. Done before SQLite has it open: a close drops its locks. */
static int make_file(struct store *store, struct error *err)
{
	int fd = open(store->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0) {
		error_errno(err, ERROR_IO, store->path);
		return error_remedy(err, "make its directory, writable by the daemon's user");
	}
	close(fd);
	return 0;
}

static void open_handles(struct store *store)
{
	struct store_handles *handles = calloc(1, sizeof(*handles));

	if (!handles)
		abort();
	handles->store = store;
	handles->open = 2;
	uv_async_init(loop_uv(store->loop), &handles->back, on_back);
	uv_idle_init(loop_uv(store->loop), &handles->awake);
	handles->back.data = handles->awake.data = handles;
	uv_unref((uv_handle_t *)&handles->back);
	store->handles = handles;
}

static int open_writing(struct store *store, struct error *err)
{
	if (store_lock(store->path, &store->lock_fd, err) < 0 || make_file(store, err) < 0)
		return err->code;
	store_space_open(store);
	if (open_connection(store, SQLITE_OPEN_READWRITE, WRITER_PRAGMAS, &store->writer.db, err) <
			0 ||
		store_check_pages(store->writer.db, err) < 0 || store_migrate(store, err) < 0 ||
		store_set_authorizer(store, err) < 0)
		return err->code;
	if (open_connection(store, SQLITE_OPEN_READWRITE,
		    "PRAGMA busy_timeout = 2000; PRAGMA synchronous = FULL", &store->checkpointer,
		    err) < 0)
		return err->code;
	store_log_prepare(store);
	store->probe_timer = loop_timer_new(store->loop, on_probe_timer, store);
	open_handles(store);
	loop_on_turn_end(store->loop, LOOP_ORDER_STORE, turn, store);
	store->is_writable = true;
	return store_commit_open(store, err);
}

static uv_once_t library_once = UV_ONCE_INIT;

/* Before SQLite is first used in this process; nobody asks it how much memory it has in use, and
 * counting that takes a lock at each allocation. */
static void prepare_library(void)
{
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

int store_open(const struct store_options *options, struct loop *loop, struct store **ret,
	struct error *err)
{
	struct store *store = calloc(1, sizeof(*store));
	struct error own = ERROR_INIT;
	int rc = 0;

	err = err ? err : &own;
	if (!store)
		abort();
	uv_once(&library_once, prepare_library);
	store->options = *options;
	if (!store->options.probe_every_ms)
		store->options.probe_every_ms = PROBE_EVERY_MS;
	store->loop = loop;
	store->path = strdup(options->path);
	store->lock_fd = -1;
	store->data_version = 1;
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
	if (rc == 0 && options->read_only)
		rc = store_check_schema(store, err);
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

static void end_handle(uv_handle_t *handle)
{
	struct store_handles *handles = handle->data;

	if (--handles->open == 0)
		free(handles);
}

static void close_on_loop(struct store *store)
{
	if (!store->handles)
		return;
	loop_timer_free(store->probe_timer);
	loop_off_turn_end(store->loop, turn, store);
	store->handles->store = NULL;
	uv_close((uv_handle_t *)&store->handles->back, end_handle);
	uv_close((uv_handle_t *)&store->handles->awake, end_handle);
}

void store_close(struct store *store)
{
	if (!store)
		return;
	if (store->has_thread)
		drain(store);
	store_commit_close(store);
	for (size_t i = 0; i < STORE_CONTROLS; i++)
		sqlite3_finalize(store->controls[i]);
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
	close_on_loop(store);
	store_space_close(store);
	free(store->path);
	free(store);
}
