/*
 * Memory with one end: everything taken from an arena goes when the arena goes. A request, a
 * closure's result, a list of rows each live in one, so nobody frees rows. Allocation never
 * returns NULL: without memory the process ends (the kernel overcommits; a daemon that cannot
 * get 4 KiB cannot tell anybody).
 */
#ifndef RB_BASE_ARENA_H
#define RB_BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

struct arena_block;
struct arena {
	struct arena_block *last;
};

#define ARENA_INIT ((struct arena){0})

void arena_init(struct arena *arena);
void arena_done(struct arena *arena);
/* Zeroed, aligned for any type. */
void *arena_alloc(struct arena *arena, size_t size);
void *arena_copy(struct arena *arena, const void *bytes, size_t size);
/* NULL stays NULL. */
char *arena_text(struct arena *arena, const char *text);
char *arena_text_n(struct arena *arena, const char *text, size_t length);
char *arena_format(struct arena *arena, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
char *arena_vformat(struct arena *arena, const char *format, va_list args);
/*
 * Room for one more element in a list of `count` that lives in the arena: the list itself, or a
 * larger copy. *capacity starts at 0 with list NULL.
 */
void *arena_grow(
	struct arena *arena, void *list, size_t count, size_t *capacity, size_t element_size);
/* What it holds now, with what is not used yet of its last blocks. */
size_t arena_bytes(const struct arena *arena);
/* Has `free_it(object)` called when the arena ends (last in, first out): json_decref and the like.
 */
void arena_defer(struct arena *arena, void (*free_it)(void *object), void *object);

#endif
