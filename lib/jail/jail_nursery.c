#include "lib/jail/jail_rooms.h"

#include "lib/base/child.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#define THEIR_SOCKET 3

struct jail_nursery {
	struct child *child;
	uv_poll_t poll;
	int socket;
	size_t owed; /* births that were asked for */
	struct jail_nursery_events events;
};

struct birth {
	int32_t pid; /* or a negative errno */
	int fds[2];  /* socket, pidfd; -1 */
};

static void drop_fds(struct birth *birth)
{
	for (size_t i = 0; i < sizeof(birth->fds) / sizeof(birth->fds[0]); i++) {
		if (birth->fds[i] >= 0)
			close(birth->fds[i]);
		birth->fds[i] = -1;
	}
}

/* Both or none: what else came is ours too, and is closed. */
static void take_fds(struct msghdr *message, struct birth *birth)
{
	struct cmsghdr *head = CMSG_FIRSTHDR(message);
	size_t length;

	if (head == NULL || head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS)
		return;
	length = head->cmsg_len - CMSG_LEN(0);
	memcpy(birth->fds, CMSG_DATA(head),
		length < sizeof(birth->fds) ? length : sizeof(birth->fds));
	if (length != sizeof(birth->fds))
		drop_fds(birth);
}

/* 1 = a packet, 0 = none now, -1 = the end, or what is no packet. */
static int receive_birth(int socket, struct birth *ret)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(ret->fds))];
	} control = {0};
	struct birth birth = {.fds = {-1, -1}};
	struct iovec part = {&birth.pid, sizeof(birth.pid)};
	struct msghdr message = {.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes)};
	const ssize_t got = recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (got >= 0)
		take_fds(&message, &birth);
	if (got != (ssize_t)sizeof(birth.pid)) {
		drop_fds(&birth);
		return -1;
	}
	*ret = birth;
	return 1;
}

static void tell_birth(struct jail_nursery *nursery, const struct birth *birth)
{
	struct error problem = ERROR_INIT;

	if (birth->fds[0] >= 0 && birth->fds[1] >= 0) {
		nursery->events.born(nursery->events.arg, birth->fds[0], birth->fds[1], NULL);
		return;
	}
	error_set(&problem, ERROR_NO_JAIL, "the nursery cannot start a runner: %s",
		strerror(birth->pid < 0 ? -birth->pid : EPROTO));
	nursery->events.born(nursery->events.arg, -1, -1, &problem);
}

/* One packet a call: the callee may stop the nursery, and the poll is level-triggered. */
static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct jail_nursery *nursery = poll->data;
	struct birth birth;
	int got = receive_birth(nursery->socket, &birth);

	(void)status;
	(void)events;
	if (got > 0 && nursery->owed == 0) {
		drop_fds(&birth);
		got = -1;
	}
	if (got > 0) {
		nursery->owed--;
		tell_birth(nursery, &birth);
	} else if (got < 0) {
		uv_poll_stop(poll); /* on_ended follows */
		child_kill(nursery->child, SIGKILL);
	}
}

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static void release(struct jail_nursery *nursery)
{
	uv_poll_stop(&nursery->poll);
	close(nursery->socket);
	uv_close((uv_handle_t *)&nursery->poll, on_closed);
}

static void on_ended(void *arg, int status)
{
	struct jail_nursery *nursery = arg;
	const struct jail_nursery_events events = nursery->events;

	(void)status;
	release(nursery);
	events.gone(events.arg);
}

static int start_process(struct loop *loop, const char *path, struct jail_nursery *nursery,
	int theirs, struct error *err)
{
	const char *const argv[] = {"redbutton-runner", "--nursery", NULL};
	const struct child_fd fd = {.ours = theirs, .theirs = THEIR_SOCKET};
	const struct child_options options = {
		.path = path, .argv = argv, .fds = &fd, .fd_count = 1};

	return child_start(loop, &options, on_ended, nursery, &nursery->child, err);
}

int jail_nursery_start(struct loop *loop, const char *runner_path,
	const struct jail_nursery_events *events, struct jail_nursery **ret, struct error *err)
{
	struct jail_nursery *nursery;
	int pair[2];
	int status;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return error_errno(err, ERROR_IO, "socketpair");
	nursery = calloc(1, sizeof(*nursery));
	if (nursery == NULL)
		abort();
	nursery->socket = pair[0];
	nursery->events = *events;
	status = start_process(loop, runner_path, nursery, pair[1], err);
	close(pair[1]);
	if (status < 0) {
		close(pair[0]);
		free(nursery);
		return status;
	}
	uv_poll_init(loop_uv(loop), &nursery->poll, nursery->socket);
	nursery->poll.data = nursery;
	uv_poll_start(&nursery->poll, UV_READABLE, on_poll);
	*ret = nursery;
	return 0;
}

bool jail_nursery_ask(struct jail_nursery *nursery)
{
	if (send(nursery->socket, "S", 1, MSG_NOSIGNAL | MSG_DONTWAIT) != 1)
		return false;
	nursery->owed++;
	return true;
}

bool jail_nursery_is_ending(const struct jail_nursery *nursery)
{
	char byte;

	return recv(nursery->socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

void jail_nursery_stop(struct jail_nursery *nursery)
{
	if (nursery == NULL)
		return;
	child_abandon(nursery->child);
	release(nursery);
}
