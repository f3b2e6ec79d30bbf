/* One case: some hours of a simulated life, drawn from a seed. */
#include "sim.h"

#include "../unit/engine_neighbours.h"
#include "executor/executor_rooms.h"
#include "executor/run.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct sim_counts sim_counts;

#define SETTLE_MS 8000000 /* six runs, one after the other, each up to its deadline */

static struct loop *loop;
static uint64_t case_seed;
static unsigned profile;
static char directory[64], path[80];
static struct buf trace;

/* --- what is said --- */

void sim_trace(const char *format, ...)
{
	va_list args;

	buf_add_format(&trace, "%9.3f ", (double)(sim_now_ms - 1000000) / 1000);
	va_start(args, format);
	buf_add_vformat(&trace, format, args);
	va_end(args);
	buf_add_char(&trace, '\n');
}

void sim_fail(const char *format, ...)
{
	va_list args;

	fprintf(stderr, "%s", buf_text(&trace));
	fprintf(stderr, "\nBROKEN: ");
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\nagain: RB_SIM_SEED=%llu RB_SIM_PROFILE=%u\n",
		(unsigned long long)case_seed, profile);
	fflush(stderr);
	abort();
}

/* --- lives of the daemon --- */

static void open_daemon(void)
{
	struct executor_options options = {
		.loop = loop,
		.guard_interval_ms = 5000,
		.wait_interval_ms = 1000,
	};
	struct error err = ERROR_INIT;

	sim_life++;
	sim_is_dead = false;
	sim_store_open(path, loop, &sim_store);
	options.store = sim_store;
	if (executor_open(&options, &sim_executor, &err) < 0)
		sim_fail("the engine does not open: %s", err.message);
}

static void kill_daemon(void)
{
	struct executor *executor = sim_executor;

	sim_is_dead = true;
	sim_executor = NULL; /* nobody is told any more */
	executor_stop(executor);
	sim_plane_kill();
	sim_store_kill(sim_store);
	for (int i = 0; i < 3; i++) /* what was asked of the loop finds nothing to do */
		sim_turn(loop, sim_now_ms);
	executor_close(executor);
	sim_turn(loop, sim_now_ms);
}

static void turn_until(int64_t until_ms);

static void crash(void)
{
	static const int AWAY_MS[] = {10, 500, 3000, 3000, 30000, 400000};
	int away_ms = AWAY_MS[sim_between(0, 5)];
	struct sim_disk disk = sim_disk;

	sim_counts.crashes++;
	sim_trace("killed, away for %d ms", away_ms);
	kill_daemon();
	sim_disk = (struct sim_disk){0};
	sim_now_ms += away_ms;
	open_daemon();
	for (int i = 0; i < 10000 && !executor_is_ready(sim_executor); i++)
		sim_turn(loop, sim_now_ms + 100);
	if (!executor_is_ready(sim_executor))
		sim_fail("the engine never took its runs over");
	sim_check_taken_over(away_ms > 320000);
	sim_disk = disk;
}

static void turn_until(int64_t until_ms)
{
	while (sim_now_ms < until_ms) {
		sim_turn(loop, until_ms);
		if (sim_is_dead)
			crash();
	}
}

/* --- what happens --- */

static void disturb_plane(void)
{
	struct sim_cell *cell = &sim_cells[sim_between(0, SIM_CELLS - 1)];

	switch (sim_between(0, 3)) {
	case 0:
		cell->fault = (enum sim_fault)sim_between(0, SIM_FAULT_COUNT - 1);
		break;
	case 1:
		cell->is_unreadable = !cell->is_unreadable;
		break;
	case 2:
		cell->is_slow = !cell->is_slow;
		break;
	default:
		cell->fault = SIM_FINE;
		cell->is_unreadable = cell->is_slow = false;
	}
}

static void disturb_signal(void)
{
	static const char *const VALUES[] = {"10", "10", "49", "51", "90", NULL, "\"NaN\""};

	sim_plane_set_foreign(
		(size_t)sim_between(SIM_WRITTEN, SIM_CELLS - 1), VALUES[sim_between(0, 6)]);
}

static void disturb_register(void)
{
	size_t cell = (size_t)sim_between(0, SIM_WRITTEN - 1);
	char text[24];

	snprintf(text, sizeof(text), "%d", sim_between(1000, 1010));
	if (sim_is(20))
		sim_plane_set_foreign(cell, NULL);
	else if (sim_is(30) && sim_cells[cell].initial_there)
		sim_plane_set_foreign(cell, sim_cells[cell].initial); /* it forgot */
	else
		sim_plane_set_foreign(cell, text);
}

static void disturb_disk(void)
{
	if (sim_is(60)) {
		sim_disk.fail_commits = sim_between(1, 3);
		return;
	}
	sim_counts.outages++;
	sim_disk.outage = sim_between(1, 12);
}

static void disturb(void)
{
	int what = sim_between(0, 99);

	if (what < 20 && profile & SIM_FAULTS)
		disturb_plane();
	else if (what < 35 && profile & SIM_FAULTS)
		disturb_signal();
	else if (what < 42 && profile & SIM_FOREIGN)
		disturb_register();
	else if (what < 50 && profile & SIM_STORE)
		disturb_disk();
	else if (what < 56 && profile & SIM_CRASHES)
		sim_is_dead = true;
	else if (what < 64)
		sim_people_start_run();
	else if (what < 78)
		sim_people_help(sim_between(0, 9));
	else if (profile & SIM_COMMANDS)
		sim_people_disturb();
}

static void live(void)
{
	int64_t end_ms = sim_now_ms + sim_between(10, 240) * 1000;

	if (profile & SIM_CRASHES) {
		sim_disk.crash_before = sim_between(0, 6);
		sim_disk.crash_after = sim_between(0, 6);
		sim_disk.crash_at_send = sim_between(0, 12);
	}
	while (sim_now_ms < end_ms) {
		turn_until(sim_now_ms + sim_between(0, 10) * sim_between(0, 600));
		disturb();
		if (sim_is_dead)
			crash();
	}
	sim_disk = (struct sim_disk){0};
	sim_plane_heal();
}

static bool is_open(void)
{
	sqlite3_stmt *rows = sim_query("SELECT id FROM execution WHERE ended_at_us = 0 AND state "
				       "NOT IN ('PAUSED', 'QUEUED')",
		NULL, NULL);
	bool is_found = sim_column(rows, 0) != NULL;

	sqlite3_finalize(rows);
	return is_found;
}

/* As long as something moves, at most. */
static void wait_for(int64_t most_ms)
{
	int64_t end_ms = sim_now_ms + most_ms;

	turn_until(sim_now_ms + 15000);
	while (sim_now_ms < end_ms && is_open())
		turn_until(sim_now_ms + 10000);
}

static void settle(void)
{
	wait_for(SETTLE_MS);
	sim_check_quiet();
	for (int round = 0; sim_people_help(round); round++) {
		if (round == 40)
			sim_fail("no person can end this");
		wait_for(300 * 1000);
	}
	sim_check_end();
}

static void make_manifest(void)
{
	static char manifest[80];

	snprintf(manifest, sizeof(manifest), "{\"expires_ms\":%d,\"on_expiry\":\"%s\"}",
		sim_between(60, 900) * 1000, sim_is(30) ? "restore" : "ask");
	neighbours_manifest = manifest;
}

static void start(uint64_t seed, unsigned with)
{
	struct error err = ERROR_INIT;

	case_seed = seed;
	profile = with;
	sim_seed(seed * 64 + with);
	sim_clock_start();
	sim_runs = (struct sim_runs){0};
	sim_life = 0;
	sim_disk = (struct sim_disk){0};
	buf_clear(&trace);
	snprintf(directory, sizeof(directory), "%s/rb-sim-XXXXXX",
		access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	if (!mkdtemp(directory) || loop_open(&loop, &err) < 0)
		sim_fail("no place for the store");
	snprintf(path, sizeof(path), "%s/store.db", directory);
	sim_plane_start(loop);
	make_manifest();
	open_daemon();
	sim_check_start(path);
	while (!executor_is_ready(sim_executor))
		sim_turn(loop, sim_now_ms + 10);
}

static void end(void)
{
	static const char *const ENDINGS[] = {"", "-wal", "-shm", ".lock"};
	char file[96];

	kill_daemon();
	sim_check_stop();
	loop_close(loop);
	neighbours_forget();
	for (size_t i = 0; i < 4; i++) {
		snprintf(file, sizeof(file), "%s%s", path, ENDINGS[i]);
		unlink(file);
	}
	rmdir(directory);
	sim_counts.virtual_s += (uint64_t)(sim_now_ms - 1000000) / 1000;
	sim_counts.cases++;
}

void sim_case(uint64_t seed, unsigned with)
{
	start(seed, with);
	sim_people_start_run();
	live();
	settle();
	end();
}

#define HOUR_MS (3600 * INT64_C(1000))

size_t sim_long_hold(int hours)
{
	static const char DIGEST[] =
		"sha256:0000000000000000000000000000000000000000000000000000000000000001";
	char body[320];
	int64_t end_ms;
	size_t before, after;

	start(1, 0);
	snprintf(body, sizeof(body),
		"[{\"kind\":\"step\",\"title\":\"s\",\"guards\":[{\"action\":\"pause\","
		"\"predicate\":{"
		"\"op\":\"above\",\"reading\":6,\"than\":\"50\",\"lasting_ms\":60000}}],\"body\":[{"
		"\"kind\":"
		"\"set\",\"register\":0,\"value\":7},{\"kind\":\"hold\",\"hold_ms\":%lld}]}]",
		(long long)(hours * HOUR_MS));
	sim_graph_put(DIGEST, body);
	sim_people_start(DIGEST, (hours + 1) * HOUR_MS);
	turn_until(sim_now_ms + 300 * 1000);
	if (!sim_executor->runs)
		sim_fail("the run does not hold");
	before = arena_bytes(&sim_executor->runs->arena);
	for (end_ms = sim_now_ms + (hours - 1) * HOUR_MS; sim_now_ms < end_ms;) {
		sim_cells[6].is_unreadable = !sim_cells[6].is_unreadable;
		sim_plane_set_foreign(6, sim_cells[6].is_unreadable ? "90" : "10");
		turn_until(sim_now_ms + 17000);
		buf_clear(&trace);
	}
	if (!sim_executor->runs)
		sim_fail("the run holds no more");
	after = arena_bytes(&sim_executor->runs->arena);
	end();
	return after - before;
}
