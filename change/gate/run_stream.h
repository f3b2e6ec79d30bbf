/* Bytes from one descriptor to another within a poll() loop, held while the other end is slow. */
#ifndef RB_CHANGE_GATE_RUN_STREAM_H
#define RB_CHANGE_GATE_RUN_STREAM_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

#define RUN_STREAM_BYTES 16384

struct run_stream {
	int from, to;	 /* -1 when it is over */
	bool is_to_ours; /* `to` was opened again by run_stream_to_ours and is closed at the end */
	char bytes[RUN_STREAM_BYTES];
	size_t start, end; /* what was read and not written */
};

void run_stream_init(struct run_stream *stream, int from, int to);
/* `to` is a descriptor that others share, so it may not be made non-blocking: it is opened again.
 */
void run_stream_init_shared(struct run_stream *stream, int from, int shared_to);
/* What the loop should wait for: one entry at most. False when there is nothing to wait for. */
bool run_stream_wants(const struct run_stream *stream, struct pollfd *ret);
/* Reads once if nothing is held; how many bytes, at `bytes`. 0: none now, or the end (from is -1).
 */
size_t run_stream_read(struct run_stream *stream);
/* Writes what can be written. The other end gone ends the stream. */
void run_stream_write(struct run_stream *stream);
void run_stream_done(struct run_stream *stream);

#endif
