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
/* Raw bytes, all of them. 0 or -1. */
int frame_write(int fd, const void *bytes, size_t length);

/* A frame that is written in pieces: few system calls for many small ones. */
struct frame {
	int fd;
	size_t used;
	char bytes[16384];
};

/* `length` is the sum of the pieces to come. All answer 0 or -1. */
int frame_begin(struct frame *frame, int fd, size_t length);
int frame_add(struct frame *frame, const void *bytes, size_t length);
int frame_end(struct frame *frame);

#endif
