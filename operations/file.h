/* New files that are whole or not there: written beside, synced, put in place. */
#ifndef RB_OPERATIONS_FILE_H
#define RB_OPERATIONS_FILE_H

#include "lib/base/error.h"

#include <stddef.h>

#define FILE_PATH_SIZE 4096

/* An absolute path without dot segments, of at most `max` bytes; `field` names it in the error. */
int file_check_path(const char *field, const char *path, size_t max, struct error *err);
/* A new file, mode 0600, synced. ERROR_CONFLICT when the name is taken. */
int file_write_new(const char *path, const void *bytes, size_t length, struct error *err);
/* A new file, mode 0600, with the same bytes, synced; removed again when it fails. */
int file_copy_new(const char *from, const char *to, struct error *err);
/* Renames, but never over a file that is there (ERROR_CONFLICT); the directory is synced. */
int file_put(const char *from, const char *to, struct error *err);
/* Makes the names in the directory of this file durable. */
int file_sync_directory(const char *path, struct error *err);

#endif
