/* What the rooms about one execution share (internal to executor/). */
#ifndef RB_EXECUTOR_EXECUTION_ROOMS_H
#define RB_EXECUTOR_EXECUTION_ROOMS_H

#include "executor/execution.h"
#include "lib/base/text.h"

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

#endif
