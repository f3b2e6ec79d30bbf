/*
 * Lua's allocator with a ceiling of its own: an allocation beyond it fails, and Lua answers with
 * an error of kind LUA_ERRMEM. The sum counts what Lua asked for, not what is added to it. Small
 * blocks are cut from chunks and kept by size when they are given back: a child lives too short for
 * more.
 */
#ifndef RB_RUNNER_ALLOC_H
#define RB_RUNNER_ALLOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ALLOC_CLASSES 16 /* of 16, 32 ... 256 bytes; what is larger is malloc's */

struct alloc_free;
struct alloc {
	size_t used_bytes;
	size_t max_bytes;
	char *chunk; /* what is not cut yet */
	size_t left;
	struct alloc_free *freed[ALLOC_CLASSES];
};

/*
 * Before the state is made: takes up to 63 blocks of each class and gives every second one back, so
 * that neither addresses nor distances are those of another child. False without memory.
 */
bool alloc_shift(struct alloc *alloc, const uint8_t steps[static ALLOC_CLASSES]);
/* Touches what is not cut yet of the chunk, so that the kernel gives it now. */
void alloc_warm(struct alloc *alloc);

/* A lua_Alloc; `arg` is a struct alloc that outlives the state. */
void *alloc_call(void *arg, void *block, size_t old_size, size_t new_size);

#endif
