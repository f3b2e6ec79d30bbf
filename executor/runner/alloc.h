/*
 * Lua's allocator with a ceiling of its own: an allocation beyond it fails, and Lua answers with
 * an error of kind LUA_ERRMEM. The sum counts what Lua asked for, not what malloc adds.
 */
#ifndef RB_RUNNER_ALLOC_H
#define RB_RUNNER_ALLOC_H

#include <stddef.h>

struct alloc {
	size_t used_bytes;
	size_t max_bytes;
};

/* A lua_Alloc; `arg` is a struct alloc that outlives the state. */
void *alloc_call(void *arg, void *block, size_t old_size, size_t new_size);

#endif
