#include "plane.h"

#include <arpa/inet.h>
#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static int is_installed(const char *program)
{
	static const char *const folders[] = {"/usr/sbin", "/usr/bin", "/sbin", "/bin"};
	char path[128];

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", folders[i], program);
		if (!access(path, X_OK))
			return 1;
	}
	return 0;
}

void plane_open(struct plane *plane, const char *program)
{
	memset(plane, 0, sizeof(*plane));
	ck_assert_msg(is_installed(program), "%s is not installed", program);
	strcpy(plane->folder, "/tmp/test-plane-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(plane->folder));
}

void plane_write_file(const struct plane *plane, const char *name, const char *text)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", plane->folder, name);
	file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	fputs(text, file);
	fclose(file);
}

static void become(const struct plane *plane, const char *const *argv)
{
	int log;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (chdir(plane->folder) < 0)
		_exit(127);
	log = open("log", O_WRONLY | O_CREAT | O_APPEND, 0600);
	dup2(log, STDOUT_FILENO);
	dup2(log, STDERR_FILENO);
	execvp(argv[0], (char *const *)argv);
	_exit(127);
}

void plane_start(struct plane *plane, const char *const *argv)
{
	plane->pid = fork();
	ck_assert_int_ge(plane->pid, 0);
	if (plane->pid == 0)
		become(plane, argv);
}

int plane_connect(int port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons((uint16_t)port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	close(fd);
	return -1;
}

static void fail_with_log(const struct plane *plane)
{
	char path[128], text[4096] = "";
	FILE *file;

	snprintf(path, sizeof(path), "%s/log", plane->folder);
	file = fopen(path, "r");
	if (file)
		text[fread(text, 1, sizeof(text) - 1, file)] = 0;
	ck_abort_msg("the plane did not start: %s", text);
}

static int connect_socket(const struct plane *plane, const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", plane->folder, name);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	close(fd);
	return -1;
}

/* By its port, or by its name where that is not NULL. */
static void await(struct plane *plane, int port, const char *name)
{
	for (int i = 0; i < 1800; i++) {
		int fd = name ? connect_socket(plane, name) : plane_connect(port);

		if (fd >= 0) {
			close(fd);
			return;
		}
		if (!plane_is_running(plane))
			break;
		usleep(50000);
	}
	fail_with_log(plane);
}

void plane_await_port(struct plane *plane, int port)
{
	await(plane, port, NULL);
}

void plane_await_socket(struct plane *plane, const char *name)
{
	await(plane, 0, name);
}

int plane_is_running(struct plane *plane)
{
	if (plane->pid > 0 && waitpid(plane->pid, NULL, WNOHANG) == plane->pid)
		plane->pid = 0;
	return plane->pid > 0;
}

void plane_close(struct plane *plane)
{
	char command[128];

	if (plane->pid > 0) {
		kill(plane->pid, SIGKILL);
		waitpid(plane->pid, NULL, 0);
	}
	snprintf(command, sizeof(command), "rm -rf '%s'", plane->folder);
	ck_assert_int_eq(system(command), 0);
}

int plane_free_port(void)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	/* Kept: nobody else draws it, and a server listens beside it. */
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)), 0);
	return ntohs(address.sin_port);
}
