/* The plan language, written in Lua and built into the program, and one evaluation by it. */
#ifndef RB_RUNNER_PRELUDE_H
#define RB_RUNNER_PRELUDE_H

#include "executor/runner/alloc.h"
#include "executor/runner/prelude_code.h"

#include <lua.h>
#include <stddef.h>

/*
 * A state with the sandbox and the prelude in it, ready for one evaluation; `alloc` and
 * `code` must outlive it. NULL after a message on standard error. It is never closed: the process
 * ends instead.
 */
lua_State *prelude_open(struct alloc *alloc, const struct prelude_code *code);
/*
 * Evaluates the input and writes one output frame to `out`, also when the plan fails. -1 when no
 * frame could be written.
 */
int prelude_evaluate(lua_State *L, const char *input, size_t length, int out);

#endif
