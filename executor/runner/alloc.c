#include "executor/runner/alloc.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define GRAIN	    ((size_t)16)
#define CHUNK_BYTES ((size_t)64 << 10) /* too small to be a mapping of its own */

#define SHIFT_MAX 64

/* A small block that was given back. */
struct alloc_free {
	struct alloc_free *next;
};

static size_t class_of(size_t size)
{
	return (size + GRAIN - 1) / GRAIN - 1;
}

static bool is_small(size_t size)
{
	return size <= GRAIN * ALLOC_CLASSES;
}

static void give_back(struct alloc *alloc, void *block, size_t class)
{
	struct alloc_free *freed = block;

	freed->next = alloc->freed[class];
	alloc->freed[class] = freed;
}

/* What is left of the chunk before is small, and goes to the class that it fills. */
static bool begin_chunk(struct alloc *alloc)
{
	const size_t left = alloc->left;
	char *chunk = malloc(CHUNK_BYTES);

	if (chunk == NULL)
		return false;
	if (left >= GRAIN)
		give_back(alloc, alloc->chunk, left / GRAIN - 1);
	alloc->chunk = chunk;
	alloc->left = CHUNK_BYTES;
	return true;
}

static void *take_small(struct alloc *alloc, size_t class)
{
	const size_t size = (class + 1) * GRAIN;
	struct alloc_free *freed = alloc->freed[class];
	char *block;

	if (freed != NULL) {
		alloc->freed[class] = freed->next;
		return freed;
	}
	if (alloc->left < size && !begin_chunk(alloc))
		return NULL;
	block = alloc->chunk;
	alloc->chunk += size;
	alloc->left -= size;
	return block;
}

static void *take(struct alloc *alloc, size_t size)
{
	return is_small(size) ? take_small(alloc, class_of(size)) : malloc(size);
}

static void drop(struct alloc *alloc, void *block, size_t size)
{
	if (is_small(size))
		give_back(alloc, block, class_of(size));
	else
		free(block);
}

static void *move(struct alloc *alloc, void *block, size_t old_size, size_t new_size)
{
	void *moved;

	if (!is_small(old_size) && !is_small(new_size))
		return realloc(block, new_size);
	if (is_small(old_size) && is_small(new_size) && class_of(old_size) == class_of(new_size))
		return block;
	moved = take(alloc, new_size);
	if (moved == NULL)
		return NULL;
	memcpy(moved, block, old_size < new_size ? old_size : new_size);
	drop(alloc, block, old_size);
	return moved;
}

static bool shift_class(struct alloc *alloc, size_t class, size_t count)
{
	void *taken[SHIFT_MAX];

	for (size_t i = 0; i < count; i++) {
		taken[i] = take_small(alloc, class);
		if (taken[i] == NULL)
			return false;
	}
	for (size_t i = 0; i < count; i += 2)
		give_back(alloc, taken[i], class);
	return true;
}

bool alloc_shift(struct alloc *alloc, const uint8_t steps[static ALLOC_CLASSES])
{
	for (size_t class = 0; class < ALLOC_CLASSES; class ++)
		if (!shift_class(alloc, class, steps[class] % SHIFT_MAX))
			return false;
	return true;
}

void alloc_warm(struct alloc *alloc)
{
	if (alloc->left > 0)
		memset(alloc->chunk, 0, alloc->left);
}

void *alloc_call(void *arg, void *block, size_t old_size, size_t new_size)
{
	struct alloc *alloc = arg;
	const size_t old = block == NULL ? 0 : old_size; /* without a block it is a type, no size */
	void *moved;

	if (new_size == 0) {
		if (old > 0)
			drop(alloc, block, old);
		alloc->used_bytes -= old;
		return NULL;
	}
	if (new_size > old && new_size - old > alloc->max_bytes - alloc->used_bytes)
		return NULL;
	moved = old > 0 ? move(alloc, block, old, new_size) : take(alloc, new_size);
	if (moved == NULL)
		return new_size <= old ? block : NULL; /* Lua relies on shrinking */
	alloc->used_bytes += new_size - old;
	return moved;
}
