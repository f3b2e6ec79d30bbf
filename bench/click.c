/*
 * bench_click target          a paper HAProxy on a free port, which it prints: "get weight" and
 *                             "set server B/S weight N" one to a connection; "arrived" answers
 *                             when the newest "set" came, in ns of CLOCK_MONOTONIC
 * bench_click floor PORT FILE what no product can do without: a commit, a read of the target, a
 *                             commit, a write, by a warm process. One round for each line of
 *                             its input; answers ns from the start to the write's arrival, and
 *                             ns of one of the two commits: what a flush takes on this disk
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

/* --- the target --- */

static int weight = 100;
static int64_t arrived_ns;

static void answer(int fd, const char *command)
{
	char text[64] = "\n";

	if (!strncmp(command, "get weight", 10))
		snprintf(text, sizeof(text), "%d (initial 100)\n\n", weight);
	else if (!strncmp(command, "arrived", 7))
		snprintf(text, sizeof(text), "%lld\n", (long long)arrived_ns);
	else if (!strncmp(command, "show info", 9))
		snprintf(text, sizeof(text), "Name: HAProxy\nVersion: 2.6.12\n\nadmin\n\n");
	else if (strstr(command, " weight "))
		weight = atoi(strstr(command, " weight ") + 8);
	if (send(fd, text, strlen(text), MSG_NOSIGNAL) < 0)
		perror("send");
}

static void serve(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t size = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(listener, (struct sockaddr *)&address, size) < 0 || listen(listener, 64) < 0 ||
		getsockname(listener, (struct sockaddr *)&address, &size) < 0)
		fail("listen");
	printf("%d\n", ntohs(address.sin_port));
	fflush(stdout);
	for (;;) {
		int fd = accept(listener, NULL, NULL);
		char command[512];
		ssize_t length = recv(fd, command, sizeof(command) - 1, 0);

		if (length > 0) {
			command[length] = 0;
			if (!strncmp(command, "set ", 4))
				arrived_ns = now_ns();
			answer(fd, command);
		}
		close(fd);
	}
}

/* --- the floor --- */

static void ask(int port, const char *command, char *ret, size_t size)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	ssize_t length;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
		send(fd, command, strlen(command), MSG_NOSIGNAL) < 0)
		fail("target");
	length = recv(fd, ret, size - 1, 0);
	ret[length > 0 ? length : 0] = 0;
	close(fd);
}

static void commit(int fd, int64_t round)
{
	static char pages[3 * 4096];

	if (pwrite(fd, pages, sizeof(pages), round % 64 * (off_t)sizeof(pages)) < 0 ||
		fdatasync(fd) < 0)
		fail("commit");
}

static void run_floor(int port, const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	char line[64], text[256];

	if (fd < 0 || posix_fallocate(fd, 0, 65 * 3 * 4096L) != 0)
		fail(path);
	for (int64_t round = 0; fgets(line, sizeof(line), stdin); round++) {
		int64_t since_ns = now_ns(), flush_ns;

		commit(fd, 2 * round);
		flush_ns = now_ns() - since_ns;
		ask(port, "get weight checkout/s1\n", text, sizeof(text));
		commit(fd, 2 * round + 1);
		ask(port, "set server checkout/s1 weight 50\n", text, sizeof(text));
		ask(port, "arrived\n", text, sizeof(text));
		printf("%lld %lld\n", atoll(text) - (long long)since_ns, (long long)flush_ns);
		fflush(stdout);
	}
	close(fd);
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "target"))
		serve();
	else if (argc == 4 && !strcmp(argv[1], "floor"))
		run_floor(atoi(argv[2]), argv[3]);
	else
		return fputs("bench_click target | floor PORT FILE\n", stderr), 2;
	return 0;
}
