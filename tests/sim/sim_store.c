/*
 * The store's commit room without its thread: COMMIT takes virtual time and fails when told to.
 * The rest of the store is the real one.
 */
#include "sim.h"

#include "executor/execution.h"
#include "lib/store/store_rooms.h"
#include "safety/lock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sim_disk sim_disk;
bool sim_is_dead;

static struct loop_timer *timer;
static bool is_changed; /* something that is checked */

static bool exec(struct store *store, const char *sql)
{
	return sqlite3_exec(store->writer.db, sql, NULL, NULL, NULL) == SQLITE_OK;
}

static bool takes_one(int *left)
{
	if (*left <= 0)
		return false;
	(*left)--;
	return true;
}

static void commit(struct store *store)
{
	bool is_out = takes_one(&sim_disk.outage);

	if (is_out || takes_one(&sim_disk.fail_commits)) {
		sim_counts.failed_commits++;
		sim_trace("COMMIT fails%s", is_out ? ", the disk is gone" : "");
		exec(store, "ROLLBACK");
		store->work_rc = SQLITE_FULL;
		snprintf(store->work_message, sizeof(store->work_message), "no room");
		store->is_probe_good = !is_out;
		return;
	}
	store->work_rc = sqlite3_exec(store->writer.db, "COMMIT", NULL, NULL, NULL);
	if (store->work_rc != SQLITE_OK)
		sim_fail("COMMIT: %s", sqlite3_errmsg(store->writer.db));
	sim_counts.commits++;
	if (is_changed)
		sim_check_commit();
	is_changed = false;
}

static void work(void *arg)
{
	struct store *store = arg;

	if (sim_is_dead)
		return;
	if (store->work == STORE_WORK_PROBE) {
		store->is_probe_good = !takes_one(&sim_disk.outage);
	} else {
		if (sim_is(sim_disk.crash_before)) {
			sim_trace("crash before COMMIT");
			sim_is_dead = true;
			return;
		}
		commit(store);
		if (sim_is(sim_disk.crash_after)) {
			sim_trace("crash after COMMIT");
			sim_is_dead = true;
			return;
		}
	}
	uv_sem_post(&store->done);
	store->handles->back.async_cb(&store->handles->back);
}

void store_commit_start(struct store *store, enum store_work what)
{
	store->is_busy = true;
	store->work = what;
	loop_timer_start(timer, sim_between(0, 3) * sim_between(0, 4), 0);
}

/* The sign of life of the daemon every 10 seconds is of no interest. */
static void on_change(
	void *arg, int what, const char *database, const char *table, sqlite3_int64 row)
{
	(void)arg;
	(void)what;
	(void)database;
	(void)row;
	is_changed |= strcmp(table, "executor_life") != 0;
}

int store_commit_open(struct store *store, struct error *err)
{
	(void)err;
	sqlite3_update_hook(store->writer.db, on_change, NULL);
	timer = loop_timer_new(store->loop, work, store);
	return uv_sem_init(&store->go, 0) || uv_sem_init(&store->done, 0) ? ERROR_INTERNAL : 0;
}

void store_commit_close(struct store *store)
{
	uv_sem_destroy(&store->go);
	uv_sem_destroy(&store->done);
	loop_timer_free(timer);
	timer = NULL;
}

void sim_store_open(const char *path, struct loop *loop, struct store **ret)
{
	static const struct store_schema *const SCHEMAS[] = {&safety_schema, &executor_schema};
	struct store_options options = {.path = path, .schemas = SCHEMAS, .schema_count = 2};
	struct error err = ERROR_INIT;

	if (store_open(&options, loop, ret, &err) < 0)
		sim_fail("the store does not open: %s", err.message);
}

static void fail_all(struct store_queue *queue)
{
	struct error err = ERROR_INIT;

	error_set(&err, ERROR_OUTCOME_UNKNOWN, "killed");
	while (queue->first) {
		struct store_job *job = queue->first;

		queue->first = job->next;
		if (!queue->first)
			queue->end = &queue->first;
		if (job->told)
			job->told(job->arg, &err);
		arena_done(&job->arena);
		free(job);
	}
}

void sim_store_kill(struct store *store)
{
	store->is_busy = true; /* what is written from here on is only queued */
	while (store->finished.first || store->group.first || store->queued.first) {
		fail_all(&store->finished);
		fail_all(&store->group);
		fail_all(&store->queued);
	}
	store_queries_finish(&store->writer);
	exec(store, "ROLLBACK");
	store->is_busy = store->is_begun = false;
	store_close(store);
}
