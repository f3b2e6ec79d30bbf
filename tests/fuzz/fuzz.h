/*
 * What each fuzz_*.c gives: one function over any bytes, which ends by itself or by abort(). With
 * RB_FUZZ libFuzzer calls it (script/fuzz); in the suite replay.c calls it with the corpus.
 */
#ifndef RB_TESTS_FUZZ_H
#define RB_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must hold of every input. */
#define FUZZ_HOLDS(condition)                                                                      \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__,          \
				#condition);                                                       \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

/* A copy of exactly that size, so that a byte too many is seen; NUL behind it with `end`. */
static inline char *fuzz_copy(const uint8_t *data, size_t size, size_t end)
{
	char *copy = malloc(size + end ? size + end : 1);

	if (!copy)
		abort();
	memcpy(copy, data ? (const void *)data : "", size);
	memset(copy + size, 0, end);
	return copy;
}

#endif
