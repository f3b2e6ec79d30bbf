/*
 * What the open runs are at, for one screen: out of the engine's memory, so that no graph is
 * parsed, no target is asked and nothing is waited for.
 */
#ifndef RB_EXECUTOR_EXECUTION_LOOK_H
#define RB_EXECUTOR_EXECUTION_LOOK_H

#include "executor/execution.h"
#include "executor/executor.h"

struct execution_gate {
	const char *path, *question;
	const char *role; /* role or group that answers it */
	int64_t since_us;
	bool may_answer; /* the person who looks */
};

struct execution_look {
	const struct execution *row;
	bool is_loaded; /* the engine has it; false: it waits to start, or all runs are held */
	/* The step that is under way, or the one that failed; NULL when there is none. */
	const char *step_path, *step_text, *step_state, *step_message;
	int64_t step_since_us;
	size_t done, total; /* steps without steps of their own; while undoing: groups */
	const struct execution_gate *gates; /* that wait for an answer */
	size_t gate_count;
	bool may_command; /* the person who looks may pause, resume, abort ... this run */
};

/* The newest `limit` open runs. */
int execution_look_open(struct executor *executor, struct store_tx *tx, struct arena *arena,
	const struct principal *who, int64_t limit, struct execution_look **ret, size_t *ret_count,
	struct error *err);

#endif
