/* Between the rooms of status. */
#ifndef RB_OPERATIONS_STATUS_ROOMS_H
#define RB_OPERATIONS_STATUS_ROOMS_H

#include "operations/status.h"

#include <jansson.h>

/* --- status.c: pure --- */

/* The command to type next about a run. */
const char *status_next_of_run(const struct execution_look *look, struct arena *arena);
bool status_run_needs_person(const struct execution_look *look);
/* Counts, and puts what is not reachable first. */
void status_sum_targets(struct status_targets *targets);
bool status_needs_person(const struct status *status);

/* --- status_json.c --- */

json_t *status_json(const struct status *status); /* the caller's */

#endif
