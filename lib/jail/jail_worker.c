#include "lib/jail/jail_rooms.h"

#include "lib/base/buf.h"
#include "lib/base/time.h"
#include "lib/jail/jail.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#define HEAD_BYTES 4
#define READ_BYTES (64UL << 10)

enum reading { READING_MORE, READING_END, READING_FAILED };

struct jail_worker {
	struct loop *loop;
	uv_poll_t poll;
	bool is_polled;
	struct loop_timer *deadline;
	int64_t deadline_ms;
	int socket;
	int pidfd;
	const char *frame; /* borrowed */
	size_t frame_length;
	size_t sent;
	struct buf output; /* with its head */
	jail_worker_done *done;
	void *arg;
};

static void finish(struct jail_worker *worker, const struct error *problem)
{
	jail_worker_done *done = worker->done;

	worker->done = NULL;
	if (problem != NULL)
		done(worker->arg, NULL, 0, problem);
	else
		done(worker->arg, worker->output.bytes + HEAD_BYTES,
			worker->output.length - HEAD_BYTES, NULL);
}

static void fail(struct jail_worker *worker, const char *reason)
{
	struct error problem = ERROR_INIT;

	error_set(&problem, ERROR_RUNNER_LIMIT, "%s", reason);
	finish(worker, &problem);
}

static void on_deadline(void *arg)
{
	struct jail_worker *worker = arg;
	struct error problem = ERROR_INIT;
	char text[TIME_TEXT_SIZE];

	pidfd_send_signal(worker->pidfd, SIGKILL, NULL, 0);
	if (!worker->is_polled) {
		error_set(&problem, ERROR_NO_JAIL, "the loop cannot watch a runner");
		finish(worker, &problem);
		return;
	}
	error_set(&problem, ERROR_RUNNER_TIMEOUT, "the plan ran longer than %s",
		time_format_duration(worker->deadline_ms, text, sizeof(text)));
	error_remedy(&problem, "look for a loop that does not end, or for a very large list");
	finish(worker, &problem);
}

/* What the head says, once it is there. */
static bool get_length(const struct buf *output, size_t *ret_length)
{
	const unsigned char *head = (const unsigned char *)output->bytes;

	if (output->length < HEAD_BYTES)
		return false;
	*ret_length = (size_t)head[0] | (size_t)head[1] << 8 | (size_t)head[2] << 16 |
		      (size_t)head[3] << 24;
	return true;
}

/*
 * The events to wait for next. A child that takes no more has ended or is about to: what it wrote
 * tells which.
 */
static int send_more(struct jail_worker *worker)
{
	while (worker->sent < worker->frame_length) {
		const ssize_t sent = send(worker->socket, worker->frame + worker->sent,
			worker->frame_length - worker->sent, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (sent < 0)
			return errno == EAGAIN ? UV_READABLE | UV_WRITABLE : UV_READABLE;
		worker->sent += (size_t)sent;
	}
	return UV_READABLE;
}

/* Memory grows with what came, never with what the head promises. */
static enum reading receive_more(struct jail_worker *worker)
{
	struct buf *output = &worker->output;
	size_t length;
	ssize_t got;

	buf_reserve(output, READ_BYTES);
	got = recv(worker->socket, output->bytes + output->length, READ_BYTES, MSG_DONTWAIT);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return READING_MORE;
	if (got <= 0)
		return READING_END;
	output->length += (size_t)got;
	output->bytes[output->length] = '\0';
	if (get_length(output, &length) &&
		(length > JAIL_MAX_OUTPUT_BYTES || output->length > HEAD_BYTES + length))
		return READING_FAILED;
	return READING_MORE;
}

/* The child has closed: the frame must be whole, and the input must have been taken. */
static void judge_end(struct jail_worker *worker)
{
	size_t length;

	if (worker->sent == worker->frame_length && get_length(&worker->output, &length) &&
		length > 0 && worker->output.length == HEAD_BYTES + length)
		finish(worker, NULL);
	else
		fail(worker, "the plan was ended by its jail: it used too much processor time or "
			     "memory, or asked for something forbidden");
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct jail_worker *worker = poll->data;
	enum reading reading = READING_MORE;

	if (events & UV_WRITABLE)
		uv_poll_start(poll, send_more(worker), on_poll);
	if (status < 0 || (events & UV_READABLE))
		reading = receive_more(worker);
	if (reading == READING_END) {
		judge_end(worker);
	} else if (reading == READING_FAILED) {
		pidfd_send_signal(worker->pidfd, SIGKILL, NULL, 0);
		fail(worker, "the runner's answer is too long or does not end where it says");
	}
}

struct jail_worker *jail_worker_new(struct loop *loop, int socket, int pidfd)
{
	struct jail_worker *worker = calloc(1, sizeof(*worker));

	if (worker == NULL)
		abort();
	worker->loop = loop;
	worker->socket = socket;
	worker->pidfd = pidfd;
	return worker;
}

bool jail_worker_is_waiting(const struct jail_worker *worker)
{
	char byte;

	return recv(worker->socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

void jail_worker_start(struct jail_worker *worker, const char *frame, size_t length,
	int64_t deadline_ms, jail_worker_done *done, void *arg)
{
	worker->is_polled = uv_poll_init(loop_uv(worker->loop), &worker->poll, worker->socket) == 0;
	worker->poll.data = worker;
	worker->frame = frame;
	worker->frame_length = length;
	worker->done = done;
	worker->arg = arg;
	worker->deadline_ms = deadline_ms;
	worker->deadline = loop_timer_new(worker->loop, on_deadline, worker);
	loop_timer_start(worker->deadline, worker->is_polled ? deadline_ms : 0, 0);
	if (worker->is_polled)
		uv_poll_start(&worker->poll, send_more(worker), on_poll);
}

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void jail_worker_free(struct jail_worker *worker)
{
	if (worker == NULL)
		return;
	pidfd_send_signal(worker->pidfd, SIGKILL, NULL, 0);
	loop_timer_free(worker->deadline);
	buf_done(&worker->output);
	if (worker->is_polled)
		uv_poll_stop(&worker->poll);
	close(worker->socket);
	close(worker->pidfd);
	if (worker->is_polled)
		uv_close((uv_handle_t *)&worker->poll, on_closed);
	else
		free(worker);
}
