/* Executions as JSON, one spelling. Objects are the caller's. */
#ifndef RB_EXECUTOR_EXECUTION_JSON_H
#define RB_EXECUTOR_EXECUTION_JSON_H

#include "executor/execution.h"

#include <jansson.h>

json_t *execution_json(const struct execution *execution);
/* With steps, effects, items in effect, the commands it takes, and who holds what it waits for. */
int execution_json_whole(struct store_tx *tx, struct arena *arena,
	const struct execution *execution, json_t **ret, struct error *err);
/* The effect journal of a run. */
int execution_json_journal(struct store_tx *tx, struct arena *arena, const char *execution_id,
	json_t **ret, struct error *err);

#endif
