/* A whole text file: for plans, rules and what people write on disk. */
#ifndef RB_BASE_FILE_H
#define RB_BASE_FILE_H

#include "lib/base/arena.h"
#include "lib/base/error.h"

#include <stddef.h>

/*
 * The text of at most max_bytes, in the arena. ERROR_NOT_FOUND, ERROR_IO, ERROR_TOO_LARGE;
 * ERROR_INVALID for what is no UTF-8 or holds a NUL. The place is the path.
 */
int file_read_text(struct arena *arena, const char *path, size_t max_bytes, const char **ret,
	struct error *err);

#endif
