#include "lib/base/memory.h"
#include "lib/server/server_rooms.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES 16384

static void wake(struct stream *stream)
{
	struct request *req = stream->req;

	if (!stream->is_suspended)
		return;
	stream->is_suspended = false;
	MHD_resume_connection(req->mhd);
	req->connection->listener->run_again = true;
}

/* MHD asks for bytes. Without any the connection sleeps: a reader that gives none would spin. */
static ssize_t give(void *cls, uint64_t position, char *out, size_t max)
{
	struct stream *stream = cls;
	size_t length = stream->unsent.length < max ? stream->unsent.length : max;

	(void)position;
	if (length) {
		memcpy(out, stream->unsent.bytes, length);
		buf_drop(&stream->unsent, length);
		return (ssize_t)length;
	}
	if (stream->is_ending)
		return MHD_CONTENT_READER_END_OF_STREAM;
	stream->is_suspended = true;
	MHD_suspend_connection(stream->req->mhd);
	return 0;
}

/* Also how a peer that vanished is noticed. */
static void beat(void *arg)
{
	stream_send(arg, ":\n\n", 3);
}

static struct stream *add_stream(struct request *req, const struct stream_options *options)
{
	struct server *server = req->server;
	struct stream *stream = calloc(1, sizeof(*stream));

	if (!stream)
		abort();
	stream->req = req;
	stream->options = *options;
	stream->heartbeat = loop_timer_new(server->loop, beat, stream);
	loop_timer_start(stream->heartbeat, server->heartbeat_ms, server->heartbeat_ms);
	stream->next = server->streams;
	if (stream->next)
		stream->next->before = stream;
	server->streams = stream;
	server->stream_count++;
	return stream;
}

static int check_limit(const struct server *server, struct error *err)
{
	if (server->is_closing)
		return error_set(err, ERROR_UNREACHABLE, "the daemon is stopping");
	if (server->stream_count < server->stream_limit)
		return 0;
	error_set(err, ERROR_TOO_MANY, "%u event streams are open already", server->stream_limit);
	return error_remedy(err, "close one, or poll");
}

void request_stream(struct request *req, const struct stream_options *options)
{
	struct stream *stream;

	if (request_is_gone(req) || check_limit(req->server, &req->error) < 0) {
		if (request_is_gone(req))
			error_set(&req->error, ERROR_TIMEOUT, "nobody waits for the stream");
		request_fail(req);
		options->closed(options->arg);
		return;
	}
	req->is_settled = true;
	req->is_waiting = false;
	stream = add_stream(req, options);
	req->stream = stream;
	req->reply.status = 200;
	req->reply.type = "text/event-stream";
	request_set_header(req, "X-Accel-Buffering", "no");
	req->response = MHD_create_response_from_callback(
		MHD_SIZE_UNKNOWN, BLOCK_BYTES, give, stream, NULL);
	if (!req->response)
		memory_end();
	if (!req->in_callback)
		reply_send(req);
	options->opened(options->arg, stream);
}

/* Too slow: its socket is shut, and MHD finds out when it resumes. */
static void drop(struct stream *stream)
{
	stream->is_ending = true;
	buf_done(&stream->unsent);
	buf_init(&stream->unsent);
	shutdown(stream->req->connection->fd, SHUT_RDWR);
	wake(stream);
}

void stream_send(struct stream *stream, const char *bytes, size_t length)
{
	if (stream->is_ending)
		return;
	buf_add(&stream->unsent, bytes, length);
	if (stream->unsent.length > stream->req->server->lag_bytes)
		drop(stream);
	else
		wake(stream);
}

void stream_close(struct stream *stream)
{
	stream->is_ending = true;
	wake(stream);
}

void stream_end(struct stream *stream)
{
	struct server *server = stream->req->server;

	if (stream->before)
		stream->before->next = stream->next;
	else
		server->streams = stream->next;
	if (stream->next)
		stream->next->before = stream->before;
	server->stream_count--;
	loop_timer_free(stream->heartbeat);
	buf_done(&stream->unsent);
	stream->req->stream = NULL;
	stream->options.closed(stream->options.arg);
	free(stream);
}
