/* The table `host`: what the C side gives the prelude (prelude/README.md is its contract). */
#ifndef RB_RUNNER_HOST_H
#define RB_RUNNER_HOST_H

#include <lua.h>

/* Opens the sandbox and pushes the table. */
void host_open(lua_State *L);

#endif
