/*
 * No memory: the daemon says so and ends, as by kill -9, and what is on disk decides how it goes
 * on. Half an answer built around a missing piece would be worse. The linker leads every allocation
 * of our own objects here (--wrap, main/CMakeLists.txt); libraries that cannot answer "no memory"
 * are given such functions too. SQLite, curl and libmicrohttpd can, and answer it as an error.
 */
#include "main/memory.h"

#include "lib/base/memory.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *at, size_t size);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *at, size_t size);
char *__wrap_strdup(const char *text);

static void *must(void *memory)
{
	if (!memory)
		memory_end();
	return memory;
}

/* Nothing at all may be answered by NULL, and is no want of memory. */
static size_t at_least_one(size_t size)
{
	return size ? size : 1;
}

void *__wrap_malloc(size_t size)
{
	return must(__real_malloc(at_least_one(size)));
}

void *__wrap_calloc(size_t count, size_t size)
{
	return must(__real_calloc(at_least_one(count), at_least_one(size)));
}

void *__wrap_realloc(void *at, size_t size)
{
	return must(__real_realloc(at, at_least_one(size)));
}

char *__wrap_strdup(const char *text)
{
	return must(__real_strdup(text));
}

void memory_begin(void)
{
	json_set_alloc_funcs(__wrap_malloc, free);
	memory_lead_crypto();
	uv_replace_allocator(__wrap_malloc, __wrap_realloc, __wrap_calloc, free);
}
