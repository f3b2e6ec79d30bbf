#include "change/sudo/plugin_link.h"

#include "change/gate/gate_message.h"
#include "lib/base/time.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define FULL_PAUSE_NS 10000000 /* between two tries while the gate's queue is full */

static int fail(int code, const char *what, struct error *err)
{
	error_set(err, code, "the gate: %s", what);
	return error_remedy(err, "rcm doctor");
}

static int fail_late(struct error *err)
{
	return fail(ERROR_TIMEOUT, "no answer in time", err);
}

/* True when `events` came before the deadline. */
static bool is_ready(int fd, short events, int64_t deadline_ms)
{
	struct pollfd wanted = {.fd = fd, .events = events};

	for (;;) {
		int64_t left_ms = deadline_ms - time_mono_ms();
		int count = poll(&wanted, 1, left_ms > 0 ? (int)left_ms : 0);

		if (count > 0)
			return true;
		if (count == 0 || errno != EINTR)
			return false;
	}
}

static int check_peer(int fd, uint32_t server_uid, struct error *err)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
		return fail(ERROR_UNREACHABLE, strerror(errno), err);
	if (peer.uid == server_uid)
		return 0;
	error_set(err, ERROR_FORBIDDEN, "the gate: the other end is uid %u, it must be %u",
		(unsigned)peer.uid, (unsigned)server_uid);
	return error_remedy(err, "rcm doctor");
}

static int try_connect(
	int fd, const struct sockaddr_un *address, int64_t deadline_ms, struct error *err)
{
	const struct timespec pause = {.tv_nsec = FULL_PAUSE_NS};

	while (connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0) {
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return fail(ERROR_UNREACHABLE, strerror(errno), err);
		if (time_mono_ms() >= deadline_ms)
			return fail_late(err);
		nanosleep(&pause, NULL);
	}
	return 0;
}

int plugin_link_open(
	const struct plugin_options *options, int64_t deadline_ms, int *ret_fd, struct error *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd, code;

	if (strlen(options->socket) >= sizeof(address.sun_path))
		return fail(ERROR_INVALID, "the path of its socket is too long", err);
	strcpy(address.sun_path, options->socket);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return fail(ERROR_UNREACHABLE, strerror(errno), err);
	code = try_connect(fd, &address, deadline_ms, err);
	if (code == 0)
		code = check_peer(fd, options->server_uid, err);
	if (code < 0) {
		error_place(err, "%s", options->socket);
		close(fd);
		return code;
	}
	*ret_fd = fd;
	return 0;
}

int plugin_link_send(int fd, const struct buf *message, int64_t deadline_ms, struct error *err)
{
	for (;;) {
		ssize_t sent = send(fd, message->bytes, message->length, MSG_NOSIGNAL);

		if (sent == (ssize_t)message->length)
			return 0;
		if (sent >= 0)
			return fail(ERROR_UNREACHABLE, "a packet went in part", err);
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return fail(ERROR_UNREACHABLE, strerror(errno), err);
		if (!is_ready(fd, POLLOUT, deadline_ms))
			return fail_late(err);
	}
}

int plugin_link_receive(int fd, int64_t deadline_ms, struct buf *ret, struct error *err)
{
	buf_clear(ret);
	buf_reserve(ret, GATE_MESSAGE_MAX);
	for (;;) {
		ssize_t length = recv(fd, ret->bytes, GATE_MESSAGE_MAX, MSG_TRUNC);

		if (length == 0)
			return fail(ERROR_UNREACHABLE, "it closed the connection", err);
		if (length > (ssize_t)GATE_MESSAGE_MAX)
			return fail(ERROR_TOO_LARGE, "its answer is longer than one may be", err);
		if (length > 0) {
			ret->length = (size_t)length;
			ret->bytes[length] = 0;
			return 0;
		}
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return fail(ERROR_UNREACHABLE, strerror(errno), err);
		if (!is_ready(fd, POLLIN, deadline_ms))
			return fail_late(err);
	}
}
