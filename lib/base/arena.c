#include "lib/base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_BLOCK_BYTES ((size_t)4096)

struct deferred {
	struct deferred *before;
	void (*free_it)(void *object);
	void *object;
};

struct arena_block {
	struct arena_block *before;
	struct deferred *deferred; /* last one first */
	size_t used, size;
	alignas(max_align_t) char bytes[];
};

static struct arena_block *new_block(size_t size)
{
	struct arena_block *block = calloc(1, sizeof(*block) + size);

	if (!block)
		abort();
	block->size = size;
	return block;
}

static size_t align_up(size_t size)
{
	size_t rest = size % alignof(max_align_t);

	return rest ? size + alignof(max_align_t) - rest : size;
}

/* A big piece gets a block of its own behind the current one, which stays in use. */
static void *alloc_alone(struct arena *arena, size_t size)
{
	struct arena_block *block = new_block(size);

	block->used = size;
	if (arena->last) {
		block->before = arena->last->before;
		arena->last->before = block;
	} else {
		arena->last = block;
	}
	return block->bytes;
}

void arena_init(struct arena *arena)
{
	*arena = ARENA_INIT;
}

void arena_done(struct arena *arena)
{
	struct arena_block *block = arena->last;

	for (; block; block = block->before)
		for (struct deferred *d = block->deferred; d; d = d->before)
			d->free_it(d->object);
	while ((block = arena->last)) {
		arena->last = block->before;
		free(block);
	}
}

void *arena_alloc(struct arena *arena, size_t size)
{
	struct arena_block *block = arena->last;
	void *bytes;

	if (size > SIZE_MAX / 2)
		abort();
	size = align_up(size ? size : 1);
	if (size > ARENA_BLOCK_BYTES / 4 && (!block || block->size - block->used < size))
		return alloc_alone(arena, size);
	if (!block || block->size - block->used < size) {
		block = new_block(ARENA_BLOCK_BYTES);
		block->before = arena->last;
		arena->last = block;
	}
	bytes = block->bytes + block->used;
	block->used += size;
	return bytes;
}

void *arena_copy(struct arena *arena, const void *bytes, size_t size)
{
	void *copy = arena_alloc(arena, size);

	if (size)
		memcpy(copy, bytes, size);
	return copy;
}

size_t arena_bytes(const struct arena *arena)
{
	size_t bytes = 0;

	for (const struct arena_block *block = arena->last; block; block = block->before)
		bytes += block->size;
	return bytes;
}

char *arena_text(struct arena *arena, const char *text)
{
	return text ? arena_copy(arena, text, strlen(text) + 1) : NULL;
}

char *arena_text_n(struct arena *arena, const char *text, size_t length)
{
	char *copy = arena_alloc(arena, length + 1);

	if (length)
		memcpy(copy, text, length);
	return copy;
}

char *arena_format(struct arena *arena, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = arena_vformat(arena, format, args);
	va_end(args);
	return text;
}

char *arena_vformat(struct arena *arena, const char *format, va_list args)
{
	char brief[256];
	va_list again;
	char *text;
	int length;

	/* Most are brief: formatting is dearer than a copy. */
	va_copy(again, args);
	length = vsnprintf(brief, sizeof(brief), format, again);
	va_end(again);
	if (length < 0)
		abort();
	text = arena_alloc(arena, (size_t)length + 1);
	if ((size_t)length < sizeof(brief))
		memcpy(text, brief, (size_t)length + 1);
	else
		vsnprintf(text, (size_t)length + 1, format, args);
	return text;
}

void arena_defer(struct arena *arena, void (*free_it)(void *object), void *object)
{
	struct deferred *deferred = arena_alloc(arena, sizeof(*deferred));

	deferred->free_it = free_it;
	deferred->object = object;
	deferred->before = arena->last->deferred;
	arena->last->deferred = deferred;
}

void *arena_grow(
	struct arena *arena, void *list, size_t count, size_t *capacity, size_t element_size)
{
	size_t larger = *capacity * 2 + 8;
	void *copy;

	if (count < *capacity)
		return list;
	copy = arena_alloc(arena, larger * element_size);
	if (count > 0)
		memcpy(copy, list, count * element_size);
	*capacity = larger;
	return copy;
}
