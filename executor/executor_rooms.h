/* What the rooms of executor/ share of the living part. */
#ifndef RB_EXECUTOR_EXECUTOR_ROOMS_H
#define RB_EXECUTOR_EXECUTOR_ROOMS_H

#include "executor/executor.h"
#include "lib/base/id.h"

#include <stdbool.h>
#include <stdint.h>

struct run;

struct executor {
	struct executor_options options;
	char owner[40];
	int64_t epoch;
	struct run *runs;
	struct run *expected; /* their start is being committed (expected.c) */
	struct run *dropped;  /* closed, waiting for calls or a commit to come back */
	struct loop_timer *life_timer, *reload_timer;
	int64_t seen_at_us;
	uint64_t effects[EXECUTOR_EFFECT_STATES]; /* by outcome */
	bool is_owner; /* open runs are ours: their rows carry our owner and epoch */
	bool is_held;  /* the store cannot commit: nothing moves */
	bool is_closing;
};

/* The run of an id that is in memory, or NULL. */
struct run *executor_find(struct executor *executor, const char *id);
/* Takes it out of the list; its memory goes when the last call came back. */
void executor_drop(struct executor *executor, struct run *run);
/* The run is about to be freed. */
void executor_forget(struct executor *executor, const struct run *run);
/* The commit of a batch failed: it is sent again when the store can write. */
void executor_on_held(struct executor *executor, struct run *run, const struct error *err);
/* A batch was refused: the memory of the run is made again from the rows. */
void executor_on_lost(struct executor *executor, struct run *run, const struct error *err);
/* expected.c: the run that was made ready while its start was committed, taken out of the list of
 * the expected; NULL = there is none that can be used. */
struct run *executor_take_expected(struct executor *executor, const char *id);
/* expiry.c: looks for items whose time is over. */
void expiry_look(struct executor *executor);
/* A run ended: queued ones may go on, and it is time for a checkpoint. */
void executor_on_terminal(struct executor *executor);

#endif
