/* Copies in memory that nobody can change any more: what was hashed is what runs. */
#ifndef RB_CHANGE_GATE_SEAL_H
#define RB_CHANGE_GATE_SEAL_H

#include "lib/base/error.h"

#include <stdbool.h>
#include <stdint.h>

#define SEAL_SHA256_BYTES 32
#define SEAL_HEX_SIZE	  65			  /* 64 hex digits and NUL */
#define SEAL_BYTES_MAX	  ((uint64_t)1024 * 1024) /* as much as a content of a step may have */

/* A sealed copy of what `fd` (readable, regular) holds, opened for reading, close-on-exec; the
 * caller closes it. ERROR_TOO_LARGE above SEAL_BYTES_MAX. */
int seal_copy(int fd, const char *name, int *ret_fd, struct error *err);
/* The same file once more, from its beginning and without the right to write; -1 with errno. */
int seal_reopen(int fd);
/* ERROR_FORBIDDEN unless the descriptor is a memory file with all seals set. */
int seal_check(int fd, struct error *err);
/* SHA-256 of the file from its beginning, whatever the position of the descriptor is. */
int seal_hash(int fd, uint8_t ret[static SEAL_SHA256_BYTES], uint64_t *ret_size, struct error *err);
/* 64 hex digits. Returns text. */
char *seal_hex(const uint8_t digest[static SEAL_SHA256_BYTES], char text[static SEAL_HEX_SIZE]);

#endif
