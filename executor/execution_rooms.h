/* What the rooms about one execution share (internal to executor/). */
#ifndef RB_EXECUTOR_EXECUTION_ROOMS_H
#define RB_EXECUTOR_EXECUTION_ROOMS_H

#include "executor/execution.h"
#include "lib/base/text.h"
#include "plans/graph.h"

/* Subject kind of the approval of one run (subject id: the run's). */
#define EXECUTION_APPROVAL_SUBJECT "graph"

/* The gate that waits (the named one, or the only one) and the role that answers it; sets
 * command->path. */
int execution_find_gate(struct store_tx *tx, const struct execution *row,
	struct execution_command *command, char ret_role[static TEXT_NAME_MAX + 1],
	struct error *err);

/* May this person act on runs of this graph: commander or author where all its targets lie. */
int execution_check_right(struct store_tx *tx, const char *graph_digest,
	const struct principal *principal, struct error *err);
/* The same for a graph that is in hand; through any transaction. */
int execution_check_right_on(struct store_tx *tx, struct arena *arena, const struct graph *graph,
	const struct principal *principal, struct error *err);

/* Is this person in the group that the gate's role names, or do they hold that role? */
int execution_check_answer(struct store_tx *tx, const struct principal *principal, const char *role,
	struct error *err);

#endif
