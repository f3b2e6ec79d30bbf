/*
 * The thread that does nothing but COMMIT: while `is_busy` is set the writer is its own; a
 * semaphore hands it over, an async hands it back. Beside it a thread that does nothing but
 * checkpoints, so that no COMMIT waits for the flushes of one.
 */
#include "lib/base/moment.h"
#include "lib/store/store_rooms.h"

#include <stdio.h>
#include <string.h>

#define CHECKPOINT_PAGES 4000  /* without holding writers */
#define HOLD_PAGES	 16000 /* with the writer held, or the WAL never starts anew */

/*
 * Frames of a COMMIT that failed in fdatasync lie in the WAL and would come back after a crash.
 * A small write straight after it overwrites them.
 */
static bool probe(struct store *store)
{
	static const char SQL[] = "BEGIN IMMEDIATE;"
				  "INSERT INTO schema_version (room, version) VALUES ('-probe', 1)"
				  " ON CONFLICT (room) DO UPDATE SET version = version + 1;"
				  "COMMIT";
	sqlite3 *db = store->writer.db;
	bool is_good = sqlite3_exec(db, SQL, NULL, NULL, NULL) == SQLITE_OK;

	if (!is_good && !sqlite3_get_autocommit(db))
		sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	return is_good;
}

/* The reserve goes before the probe: what is vital must find room at once. */
static bool probe_with_room(struct store *store)
{
	if (store->is_full)
		store_space_release(store);
	if (probe(store))
		return true;
	if (!store_space_is_full(store, SQLITE_OK) || !store_space_release(store))
		return false;
	store->is_full = true;
	return probe(store);
}

static void commit(struct store *store)
{
	sqlite3 *db = store->writer.db;
	uint64_t from;

	moment_pass("commit");
	from = uv_hrtime();
	store->work_rc = sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
	store->work_ms = (double)(uv_hrtime() - from) / 1e6;
	if (store->work_rc == SQLITE_OK) {
		moment_pass("committed");
		return;
	}
	snprintf(store->work_message, sizeof(store->work_message), "%s", sqlite3_errmsg(db));
	if (!sqlite3_get_autocommit(db))
		sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	store->is_full = store_space_is_full(store, store->work_rc);
	store->is_probe_good = probe_with_room(store);
}

static void checkpoint(struct store *store)
{
	sqlite3_wal_checkpoint_v2(store->checkpointer, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
}

static void run_checkpoints(void *arg)
{
	struct store *store = arg;

	for (;;) {
		uv_sem_wait(&store->due);
		if (!atomic_load(&store->is_checkpointing))
			return; /* asked for without work: it is the end */
		checkpoint(store);
		atomic_store(&store->is_checkpointing, false);
	}
}

static void hand_back(struct store *store)
{
	uv_sem_post(&store->done);
	uv_async_send(&store->handles->back);
}

/* A long reader may be in the way: the next is tried when the log has grown again. */
static bool is_due(struct store *store, int *at)
{
	if (store->wal_pages < *at)
		return false;
	*at = store->wal_pages + CHECKPOINT_PAGES;
	return true;
}

/*
 * Past HOLD_PAGES the log is written back beside the writers first, and what came meanwhile with
 * the writer held: that is short, and the log starts anew.
 */
static void look_at_log(struct store *store)
{
	if (atomic_load(&store->is_checkpointing))
		return;
	if (store->wants_hold) {
		store->wants_hold = false;
		checkpoint(store);
		return;
	}
	store->wants_hold = is_due(store, &store->hold_at);
	if (!store->wants_hold && !is_due(store, &store->passive_at))
		return;
	atomic_store(&store->is_checkpointing, true);
	uv_sem_post(&store->due);
}

static void run_thread(void *arg)
{
	struct store *store = arg;

	for (;;) {
		uv_sem_wait(&store->go);
		if (store->work == STORE_WORK_QUIT)
			return;
		if (store->work == STORE_WORK_COMMIT)
			commit(store);
		else
			store->is_probe_good = probe_with_room(store);
		look_at_log(store);
		hand_back(store);
	}
}

static int on_wal(void *arg, sqlite3 *db, const char *name, int pages)
{
	struct store *store = arg;

	(void)db;
	(void)name;
	if (pages < store->wal_pages) {
		store->passive_at = CHECKPOINT_PAGES;
		store->hold_at = HOLD_PAGES;
		store->wants_hold = false;
	}
	store->wal_pages = pages;
	return SQLITE_OK;
}

void store_commit_start(struct store *store, enum store_work work)
{
	store->is_busy = true;
	store->work = work;
	uv_sem_post(&store->go);
}

int store_commit_open(struct store *store, struct error *err)
{
	store->passive_at = CHECKPOINT_PAGES;
	store->hold_at = HOLD_PAGES;
	sqlite3_wal_hook(store->writer.db, on_wal, store);
	if (uv_sem_init(&store->go, 0) || uv_sem_init(&store->done, 0) ||
		uv_sem_init(&store->due, 0) || uv_thread_create(&store->thread, run_thread, store))
		return error_set(err, ERROR_INTERNAL, "the commit thread cannot be started");
	store->has_thread = true;
	if (uv_thread_create(&store->checkpoint_thread, run_checkpoints, store))
		return error_set(
			err, ERROR_INTERNAL, "the thread for checkpoints cannot be started");
	store->has_checkpoint_thread = true;
	return 0;
}

void store_commit_close(struct store *store)
{
	if (!store->has_thread)
		return;
	store->work = STORE_WORK_QUIT;
	uv_sem_post(&store->go);
	uv_thread_join(&store->thread);
	if (store->has_checkpoint_thread) {
		uv_sem_post(&store->due); /* behind what it was asked for */
		uv_thread_join(&store->checkpoint_thread);
	}
	uv_sem_destroy(&store->go);
	uv_sem_destroy(&store->done);
	uv_sem_destroy(&store->due);
	store->has_thread = store->has_checkpoint_thread = false;
}
