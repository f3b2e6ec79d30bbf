#include "change/gate/run_stream.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define SLOW_PIECE 512 /* what a blocking descriptor that polls writable takes without blocking */

void run_stream_init(struct run_stream *stream, int from, int to)
{
	stream->from = from;
	stream->to = to;
	stream->is_to_ours = false;
	stream->start = stream->end = 0;
}

static bool can_be_opened_again(int fd)
{
	struct stat state;

	return fstat(fd, &state) == 0 && (S_ISCHR(state.st_mode) || S_ISFIFO(state.st_mode));
}

void run_stream_init_shared(struct run_stream *stream, int from, int shared_to)
{
	char path[64];
	int again = -1;

	run_stream_init(stream, from, shared_to);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", shared_to);
	if (can_be_opened_again(shared_to))
		again = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (again >= 0) {
		stream->to = again;
		stream->is_to_ours = true;
	}
}

bool run_stream_wants(const struct run_stream *stream, struct pollfd *ret)
{
	if (stream->start < stream->end) {
		*ret = (struct pollfd){.fd = stream->to, .events = POLLOUT};
		return stream->to >= 0;
	}
	*ret = (struct pollfd){.fd = stream->from, .events = POLLIN};
	return stream->from >= 0;
}

size_t run_stream_read(struct run_stream *stream)
{
	ssize_t got;

	if (stream->from < 0 || stream->start < stream->end)
		return 0;
	got = read(stream->from, stream->bytes, sizeof(stream->bytes));
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (got <= 0) {
		stream->from = -1;
		return 0;
	}
	stream->start = 0;
	stream->end = (size_t)got;
	return (size_t)got;
}

void run_stream_write(struct run_stream *stream)
{
	while (stream->start < stream->end && stream->to >= 0) {
		size_t left = stream->end - stream->start;
		ssize_t done = write(stream->to, stream->bytes + stream->start,
			!stream->is_to_ours && left > SLOW_PIECE ? SLOW_PIECE : left);

		if (done < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (done < 0) {
			stream->start = stream->end;
			stream->from = -1;
			return;
		}
		stream->start += (size_t)done;
		if (!stream->is_to_ours)
			return;
	}
}

void run_stream_done(struct run_stream *stream)
{
	if (stream->is_to_ours)
		close(stream->to);
	stream->from = stream->to = -1;
}
