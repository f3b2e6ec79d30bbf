/* The whole life of a child: walls, Lua state, filter, one frame in, one frame out, end. */
#ifndef RB_RUNNER_EVALUATION_H
#define RB_RUNNER_EVALUATION_H

#include "executor/runner/jail.h"
#include "executor/runner/prelude_code.h"

#include <stdnoreturn.h>

/* What every child needs and none changes. */
struct evaluation {
	struct jail jail;
	struct prelude_code code;
};

/* Before any fork. -1 after a message on standard error. */
int evaluation_prepare(struct evaluation *evaluation, struct jail_doors doors);
/* `parent` as in jail_enter. */
noreturn void evaluation_live(const struct evaluation *evaluation, pid_t parent);

#endif
