/*
 * A runner that does not keep to the contract: what its children answer is chosen by the first
 * byte of their input. LIAR_WALLS is what it says of its walls, LIAR_NURSERY_ENDS = it ends at
 * once, LIAR_BIRTH how it announces a child: TWICE, with ONE descriptor of the two, as NOISE.
 */
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define SOCKET 3
#define HONEST 0
#define TWICE  1
#define ONE    2
#define NOISE  3
#ifndef LIAR_BIRTH
#define LIAR_BIRTH HONEST
#endif

static void say(int socket, uint32_t length, const char *bytes)
{
	(void)!write(socket, &length, sizeof(length));
	(void)!write(socket, bytes, strlen(bytes));
}

/* More than any answer may have, or a byte now and then. */
static void pour(int socket, unsigned pause_us)
{
	static char bytes[65536];
	uint32_t length = 64 << 20;
	size_t size = pause_us ? 1 : sizeof(bytes);

	(void)!write(socket, &length, sizeof(length));
	while (write(socket, bytes, size) > 0)
		usleep(pause_us);
}

static void wait_for_ever(void)
{
	for (;;)
		pause();
}

static void live(int socket)
{
	char input[64];
	uint32_t length;

	if (read(socket, &length, sizeof(length)) != (ssize_t)sizeof(length) ||
		read(socket, input, sizeof(input)) < 1)
		_exit(0);
	switch (input[0]) {
	case 'g':
		say(socket, 4, "good");
		break;
	case 'o': /* a whole answer, but it stays */
		say(socket, 4, "good");
		wait_for_ever();
		break;
	case 'h':
		say(socket, 8, "half");
		break;
	case 'm':
		say(socket, 4, "good and more");
		wait_for_ever();
		break;
	case 'l':
		say(socket, UINT32_MAX, "long");
		wait_for_ever();
		break;
	case 'z':
		say(socket, 0, "");
		break;
	case 'e':
		pour(socket, 0);
		break;
	case 'd':
		pour(socket, 1000);
		break;
	case 's': /* a whole answer, and then it stands still */
		say(socket, 4, "good");
		raise(SIGSTOP);
		break;
	case 'c':
		close(socket);
		wait_for_ever();
		break;
	case '3':
		(void)!write(socket, "abc", 3);
		break;
	case 'n':
		kill(getppid(), SIGKILL);
		break;
	default:
		break;
	}
	_exit(0);
}

static void announce(int32_t pid, int socket, int pidfd)
{
	const int fds[2] = {socket, pidfd};
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(fds))];
	} control = {0};
	struct iovec part = {&pid, LIAR_BIRTH == NOISE ? 3 : sizeof(pid)};
	struct msghdr message = {.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes)};
	struct cmsghdr *head = CMSG_FIRSTHDR(&message);

	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(LIAR_BIRTH == ONE ? sizeof(fds[0]) : sizeof(fds));
	memcpy(CMSG_DATA(head), fds, sizeof(fds));
	for (int i = 0; i < (LIAR_BIRTH == TWICE ? 40 : 1); i++)
		sendmsg(SOCKET, &message, MSG_NOSIGNAL);
}

int main(int argc, char **argv)
{
	char request;

	if (argc == 2 && strcmp(argv[1], "--walls") == 0) {
		puts(LIAR_WALLS);
		return 0;
	}
#ifdef LIAR_NURSERY_ENDS
	return 0;
#endif
	while (recv(SOCKET, &request, 1, 0) == 1) {
		int pair[2];
		int pid;

		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
			return 1;
		pid = fork();
		if (pid == 0) {
			close(SOCKET);
			close(pair[0]);
			live(pair[1]);
		}
		announce(pid, pair[0], pidfd_open(pid, 0));
		close(pair[0]);
		close(pair[1]);
	}
	return 0;
}
