/*
 * One frame: a length (u32, little endian), then that many bytes. The descriptors block; a child
 * reads one frame, writes one frame and ends.
 */
#ifndef RB_RUNNER_FRAME_H
#define RB_RUNNER_FRAME_H

#include <stddef.h>

/* The bytes are the caller's (free()), with a NUL behind them. -1: end of input, too long, no
 * memory. */
int frame_read(int fd, size_t max_bytes, char **ret_bytes, size_t *ret_length);
/* A frame is one frame_begin with the whole length, then its pieces. 0 or -1. */
int frame_begin(int fd, size_t length);
int frame_piece(int fd, const void *bytes, size_t length);

#endif
