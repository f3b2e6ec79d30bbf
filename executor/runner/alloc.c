#include "executor/runner/alloc.h"

#include <stdlib.h>

void *alloc_call(void *arg, void *block, size_t old_size, size_t new_size)
{
	struct alloc *alloc = arg;
	const size_t old = block == NULL ? 0 : old_size; /* without a block it is a type, no size */
	void *moved;

	if (new_size == 0) {
		free(block);
		alloc->used_bytes -= old;
		return NULL;
	}
	if (new_size > old && new_size - old > alloc->max_bytes - alloc->used_bytes)
		return NULL;
	moved = realloc(block, new_size);
	if (moved == NULL)
		return new_size <= old ? block : NULL; /* Lua relies on shrinking */
	alloc->used_bytes += new_size - old;
	return moved;
}
