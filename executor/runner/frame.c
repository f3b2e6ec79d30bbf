#include "executor/runner/frame.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int read_all(int fd, void *bytes, size_t length)
{
	char *at = bytes;

	while (length > 0) {
		const ssize_t got = read(fd, at, length);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return -1;
		at += got;
		length -= (size_t)got;
	}
	return 0;
}

int frame_read(int fd, size_t max_bytes, char **ret_bytes, size_t *ret_length)
{
	uint8_t head[4];
	size_t length;
	char *bytes;

	if (read_all(fd, head, sizeof(head)) < 0)
		return -1;
	length = (size_t)head[0] | (size_t)head[1] << 8 | (size_t)head[2] << 16 |
		 (size_t)head[3] << 24;
	if (length > max_bytes)
		return -1;
	bytes = malloc(length + 1);
	if (bytes == NULL)
		return -1;
	if (read_all(fd, bytes, length) < 0) {
		free(bytes);
		return -1;
	}
	bytes[length] = '\0';
	*ret_bytes = bytes;
	*ret_length = length;
	return 0;
}

int frame_write(int fd, const void *bytes, size_t length)
{
	const char *at = bytes;

	while (length > 0) {
		const ssize_t sent = write(fd, at, length);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return -1;
		at += sent;
		length -= (size_t)sent;
	}
	return 0;
}

int frame_begin(struct frame *frame, int fd, size_t length)
{
	const uint8_t head[4] = {(uint8_t)length, (uint8_t)(length >> 8), (uint8_t)(length >> 16),
		(uint8_t)(length >> 24)};

	frame->fd = fd;
	frame->used = 0;
	return frame_add(frame, head, sizeof(head));
}

int frame_add(struct frame *frame, const void *bytes, size_t length)
{
	if (length > sizeof(frame->bytes) - frame->used && frame_end(frame) < 0)
		return -1;
	if (length > sizeof(frame->bytes))
		return frame_write(frame->fd, bytes, length);
	memcpy(frame->bytes + frame->used, bytes, length);
	frame->used += length;
	return 0;
}

int frame_end(struct frame *frame)
{
	const size_t used = frame->used;

	frame->used = 0;
	return frame_write(frame->fd, frame->bytes, used);
}
