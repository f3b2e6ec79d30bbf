#include "executor/runner/nursery.h"

#include "executor/runner/evaluation.h"
#include "executor/runner/jail.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define SOCKET 3

/* A child's only descriptor has the same number. */
static const struct jail_doors doors = {SOCKET, SOCKET};

struct birth {
	int32_t pid; /* or a negative errno */
	int socket;
	int pidfd;
};

static noreturn void live(const struct evaluation *evaluation, int socket, pid_t parent)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (dup2(socket, SOCKET) < 0)
		_exit(1);
	evaluation_live(evaluation, parent);
}

/* The nursery reaps nothing between fork and pidfd_open, so the pid cannot be another's. */
static struct birth give_birth(const struct evaluation *evaluation)
{
	const pid_t self = getpid();
	struct birth birth = {.socket = -1, .pidfd = -1};
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return (struct birth){.pid = -errno, .socket = -1, .pidfd = -1};
	birth.pid = fork();
	if (birth.pid == 0)
		live(evaluation, pair[1], self);
	if (birth.pid < 0)
		birth.pid = -errno;
	close(pair[1]);
	birth.socket = pair[0];
	if (birth.pid > 0)
		birth.pidfd = pidfd_open(birth.pid, 0);
	if (birth.pid > 0 && birth.pidfd < 0) {
		const int problem = errno;

		kill(birth.pid, SIGKILL);
		birth.pid = -problem;
	}
	return birth;
}

static int announce(const struct birth *birth)
{
	const int fds[2] = {birth->socket, birth->pidfd};
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(fds))];
	} control = {0};
	int32_t pid = birth->pid;
	struct iovec part = {&pid, sizeof(pid)};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

	if (pid > 0) {
		struct cmsghdr *head;

		message.msg_control = control.bytes;
		message.msg_controllen = sizeof(control.bytes);
		head = CMSG_FIRSTHDR(&message);
		head->cmsg_level = SOL_SOCKET;
		head->cmsg_type = SCM_RIGHTS;
		head->cmsg_len = CMSG_LEN(sizeof(fds));
		memcpy(CMSG_DATA(head), fds, sizeof(fds));
	}
	return sendmsg(SOCKET, &message, MSG_NOSIGNAL) < 0 ? -1 : 0;
}

/* False at the end of the conversation, and for a packet that is none of ours. */
static bool serve(const struct evaluation *evaluation)
{
	struct birth birth;
	char request[2];
	int status;

	if (recv(SOCKET, request, sizeof(request), 0) != 1 || request[0] != 'S')
		return false;
	birth = give_birth(evaluation);
	status = announce(&birth);
	if (birth.socket >= 0)
		close(birth.socket);
	if (birth.pidfd >= 0)
		close(birth.pidfd);
	return status == 0;
}

static void reap(int signals)
{
	struct signalfd_siginfo info;

	(void)!read(signals, &info, sizeof(info));
	while (waitpid(-1, NULL, WNOHANG) > 0)
		continue;
}

static int watch_children(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -1;
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* The nursery runs no plan, but it has no business with files or new programs either. */
static int lower_profile(void)
{
	const struct rlimit none = {0, 0};

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || prctl(PR_SET_DUMPABLE, 0) < 0)
		return -1;
	if (setrlimit(RLIMIT_CORE, &none) < 0 || setrlimit(RLIMIT_FSIZE, &none) < 0)
		return -1;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

int nursery_run(void)
{
	struct evaluation evaluation;
	struct pollfd polls[2] = {{.fd = SOCKET, .events = POLLIN}, {.events = POLLIN}};

	polls[1].fd = watch_children();
	if (polls[1].fd < 0 || evaluation_prepare(&evaluation, doors) < 0 || lower_profile() < 0)
		return 70;
	for (;;) {
		if (poll(polls, 2, -1) < 0 && errno != EINTR)
			return 74;
		if (polls[1].revents != 0)
			reap(polls[1].fd);
		if (polls[0].revents != 0 && !serve(&evaluation))
			return 0;
	}
}
