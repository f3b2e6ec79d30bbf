/*
 * A simulated world for the engine: registers in memory behind a real adapter struct, with
 * faults; a real store and loop; the engine's neighbours (targets, approvals, audit) answer in
 * the simplest honest way. No network.
 */
#ifndef RB_TESTS_ENGINE_WORLD_H
#define RB_TESTS_ENGINE_WORLD_H

#include "executor/execution.h"
#include "executor/executor.h"
#include "lib/store/store.h"

#include <stdbool.h>

enum fault {
	FAULT_NONE,
	FAULT_REFUSE,
	FAULT_UNREACHABLE,
	FAULT_NO_ANSWER,
	FAULT_NO_ANSWER_BUT_DONE,
	FAULT_IGNORE
};

struct world {
	struct loop *loop;
	struct store *store;
	struct executor *executor;
	char directory[64];
	int64_t guard_ms, wait_ms;
};

extern struct world world;
/* How often the simulated plane was written to, and read. */
extern size_t world_writes, world_reads;

void world_open(void);
void world_close(void);
/* As after kill -9: the engine's memory is gone, the store and the world stay. */
void world_restart(void);
void world_set(const char *key, const char *value); /* NULL = absent */
const char *world_get(const char *key);
void world_fault(const char *key, enum fault fault); /* of writes */
void world_unreadable(const char *key, bool is_unreadable);
/* Called before each write, with how many there were. */
void world_on_write(void (*call)(size_t writes));
/* Called at each read, with how many there were. */
void world_on_read(void (*call)(size_t reads));
/* Runs `body` (the JSON of the graph's body) over registers "a" .. "f"; the execution's id. */
const char *world_start(const char *body, const char *guards);
/* The same; with `answer` the closure refuses in the end. How often the plane had been read when
 * the start was told. */
size_t world_start_told(const char *body, int answer, const char **ret_id);
/* A run of its own that undoes one that has ended. Ids are valid until the next start. */
const char *world_undo(const char *id);
/* What the run says about its state. */
void world_message(const char *id, char *ret, size_t size);
/* Turns the loop until the run is in this state (or many times `limit_ms` are over: the test
 * fails). */
void world_until(const char *id, enum execution_state state, int64_t limit_ms);
void world_turn(int64_t ms);
enum execution_state world_state(const char *id);
enum pause_reason world_reason(const char *id);
int world_command(const char *id, enum execution_verb verb, const char *value);
size_t world_items(const char *id);

#endif
