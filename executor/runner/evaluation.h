/* The whole life of a child: walls, Lua state, filter, one frame in, one frame out, end. */
#ifndef RB_RUNNER_EVALUATION_H
#define RB_RUNNER_EVALUATION_H

#include "executor/runner/jail.h"

#include <stdnoreturn.h>

/* jail_build and json_lua_prepare came before. `parent` as in jail_enter. */
noreturn void evaluation_live(struct jail_doors doors, pid_t parent);

#endif
