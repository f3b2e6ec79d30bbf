/* A whole text file: for plans, rules and what people write on disk. */
#ifndef RB_BASE_FILE_H
#define RB_BASE_FILE_H

#include "lib/base/arena.h"
#include "lib/base/error.h"

#include <stddef.h>
#include <sys/types.h>

/*
 * The text of at most max_bytes, in the arena. ERROR_NOT_FOUND, ERROR_IO, ERROR_TOO_LARGE;
 * ERROR_INVALID for what is no UTF-8 or holds a NUL. The place is the path.
 */
int file_read_text(struct arena *arena, const char *path, size_t max_bytes, const char **ret,
	struct error *err);

/* A new file with that text as its only line, on disk when it returns. ERROR_IO naming the path;
 * what is there already, a link too, is never written to. */
int file_write_line(const char *path, mode_t mode, const char *text, struct error *err);

#endif
