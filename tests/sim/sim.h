/*
 * The engine in a simulated world, without a network and without waiting: the real engine and
 * the real store, a virtual clock, registers in memory, faults, crashes and commands drawn from
 * a seed. After every COMMIT and every write that lands the promises of the engine are checked.
 */
#ifndef RB_TESTS_SIM_H
#define RB_TESTS_SIM_H

#include "executor/execution.h"
#include "executor/executor.h"
#include "lib/base/buf.h"
#include "lib/base/loop.h"
#include "lib/store/store.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* --- what a case is made of --- */

#define SIM_FAULTS   1u /* of the plane */
#define SIM_STORE    2u /* commits that fail */
#define SIM_CRASHES  4u
#define SIM_COMMANDS 8u
#define SIM_FOREIGN  16u /* somebody else changes registers */

struct sim_counts {
	uint64_t cases, executions, nodes, intents, outcomes, sends, resends, undos;
	uint64_t crashes, failed_commits, outages, commits, walks;
	uint64_t accepted, refused, stale, foreign, conflicts, virtual_s;
	uint64_t ends[EXECUTION_CANCELED + 1];
};
extern struct sim_counts sim_counts;

/* Runs one case; a promise that is broken ends the program with the seed and the trace. */
void sim_case(uint64_t seed, unsigned profile);
/* A hold of so many hours under a guard that flaps between true-not-yet and UNKNOWN: by how many
 * bytes the run's memory grew after its first minutes. */
size_t sim_long_hold(int hours);
/* The seed of this case, and how to see it again, then abort. */
void sim_fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
void sim_trace(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* --- chance: sim_chance.c --- */
void sim_seed(uint64_t seed);
uint64_t sim_random(void);
int sim_between(int low, int high); /* both included */
bool sim_is(int percent);

/* --- clock: sim_clock.c --- */
extern int64_t sim_now_ms; /* monotonic, virtual */
void sim_clock_start(void);
/* One turn of the loop; then the clock jumps to the next timer, `until_ms` at most. */
void sim_turn(struct loop *loop, int64_t until_ms);

/* --- store: sim_store.c --- */
struct sim_disk {
	int fail_commits;	       /* the next n COMMITs fail, the probe after them is good */
	int outage;		       /* the next n COMMITs and probes fail */
	int crash_before, crash_after; /* percent of COMMITs */
	int crash_at_send;	       /* percent of sends */
};
extern struct sim_disk sim_disk;
/* The process is dead from here on: nothing reaches the disk or the plane. */
extern bool sim_is_dead;
void sim_store_open(const char *path, struct loop *loop, struct store **ret);
/* What kill -9 leaves: committed rows. Every told is called with an error. */
void sim_store_kill(struct store *store);

/* --- plane: sim_plane.c --- */
#define SIM_CELLS   8
#define SIM_SIGNALS 2 /* the last ones are only read */
#define SIM_WRITTEN (SIM_CELLS - SIM_SIGNALS)
enum sim_fault {
	SIM_FINE,
	SIM_REFUSE,
	SIM_UNREACHABLE,
	SIM_NO_ANSWER,
	SIM_NO_ANSWER_BUT_DONE,
	SIM_IGNORE,
	SIM_ALTER,
	SIM_FAULT_COUNT,
};
struct sim_cell {
	char value[64]; /* canonical */
	bool is_there;
	bool has_versions; /* compare-and-set */
	int64_t version;
	enum sim_fault fault;
	bool is_unreadable, is_slow;
	/* who wrote last, and what the world had before the engine touched it */
	bool is_ours;
	bool was_altered; /* the plane made something else of it */
	bool was_foreign; /* somebody else wrote since the engine's latest write */
	bool was_ever_foreign, was_ever_altered;
	char initial[64];
	bool initial_there;
	int64_t foreign_ms;
	/* the latest read by this life of the daemon that was answered */
	int life;
	int64_t read_ms; /* when it was asked */
	bool was_read;
	char read_value[64];
	bool read_there;
	/* the latest send */
	char effect_id[40];
	int64_t sent_ms;
};
extern struct sim_cell sim_cells[SIM_CELLS];
extern int sim_life;
const char *sim_cell_key(size_t cell); /* its register key */
const char *sim_value(size_t cell);    /* NULL = absent */
void sim_plane_start(struct loop *loop);
void sim_plane_set_foreign(size_t cell, const char *value);
void sim_plane_heal(void);
/* Calls under way are forgotten; what was on the wire arrives or does not. */
void sim_plane_kill(void);

/* --- graphs: sim_graph.c --- */
/* A random graph under this digest; how many nodes it has. */
size_t sim_graph_make(const char *digest, bool is_restore);
/* One with this body over the same registers. */
void sim_graph_put(const char *digest, const char *body);

/* --- checks: sim_check.c, sim_check_end.c --- */
void sim_check_start(const char *path);
void sim_check_stop(void);
void sim_check_commit(void);			     /* after each COMMIT */
void sim_check_taken_over(bool was_long);	     /* a new life has its runs */
void sim_check_send(size_t cell, const char *value); /* before a write leaves */
void sim_check_land(size_t cell, const char *value); /* before it lands */
void sim_check_quiet(void); /* faults have stopped, a long time has passed */
void sim_check_end(void);   /* all runs have ended */
void sim_check_note_baseline(const char *execution_id); /* a person chose to overwrite */

/* A row of this statement, columns as text (NULL = none left); for checks. */
sqlite3_stmt *sim_query(const char *sql, const char *first, const char *second);
const char *sim_column(sqlite3_stmt *rows, int column);

/* --- people: sim_people.c --- */
struct sim_runs {
	char ids[6][ID_SIZE];
	size_t count;
	size_t graphs; /* made so far */
};
extern struct sim_runs sim_runs;
extern struct executor *sim_executor;
extern struct store *sim_store;
void sim_people_start_run(void);
void sim_people_start(const char *digest, int64_t within_ms);
/* A command drawn by chance. */
void sim_people_disturb(void);
/* What somebody who wants the run to end would do; false when nothing is open. */
bool sim_people_help(int round);

#endif
