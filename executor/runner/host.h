/* The table `host`: what the C side gives the prelude (prelude/README.md is its contract). */
#ifndef RB_RUNNER_HOST_H
#define RB_RUNNER_HOST_H

#include "executor/runner/prelude_code.h"

#include <lua.h>

/* Opens the sandbox and pushes the table. `code` must outlive the state. */
void host_open(lua_State *L, const struct prelude_code *code);

#endif
