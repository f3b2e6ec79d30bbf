#include "lib/base/child.h"

#include "check_main.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static struct loop *loop;
static int ended_count, last_status;

static void ended(void *arg, int status)
{
	(void)arg;
	ended_count++;
	last_status = status;
	loop_stop(loop);
}

/* Runs a shell command to its end; what it wrote to descriptor `to` is in `output`. */
static void run(
	const char *command, const char *const *environment, int to, char *output, size_t size)
{
	const char *const argv[] = {"sh", "-c", command, NULL};
	struct child_options options = {
		.path = "/bin/sh", .argv = argv, .environment = environment};
	struct child_fd fd;
	struct child *child = NULL;
	struct error err = ERROR_INIT;
	int ends[2];
	ssize_t length;

	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	fd = (struct child_fd){ends[1], to};
	options.fds = &fd;
	options.fd_count = 1;
	ck_assert_int_eq(loop_open(&loop, NULL), 0);
	ck_assert_msg(
		child_start(loop, &options, ended, NULL, &child, &err) == 0, "%s", err.message);
	ck_assert_int_gt(child_pid(child), 0);
	close(ends[1]);
	loop_run(loop);
	length = read(ends[0], output, size - 1);
	ck_assert_int_ge(length, 0);
	output[length] = 0;
	close(ends[0]);
	loop_close(loop);
	ck_assert_int_eq(ended_count, 1);
}

START_TEST(the_status_is_told_once)
{
	char output[256];

	run("exit 7", NULL, 1, output, sizeof(output));
	ck_assert(WIFEXITED(last_status));
	ck_assert_int_eq(WEXITSTATUS(last_status), 7);
}
END_TEST

START_TEST(the_environment_is_what_was_given)
{
	const char *const environment[] = {"ONLY=this", NULL};
	char output[1024];

	setenv("LEAK", "x", 1);
	run("exec /usr/bin/env", environment, 1, output, sizeof(output));
	ck_assert_ptr_nonnull(strstr(output, "ONLY=this\n"));
	ck_assert_ptr_null(strstr(output, "LEAK"));
}
END_TEST

START_TEST(other_descriptors_are_closed)
{
	char output[1024];
	int leak = open("/dev/null", O_RDONLY);

	ck_assert_int_ge(dup2(leak, 66), 0);
	ck_assert_int_ge(dup2(leak, 99), 0);
	run("cd /proc/$$/fd; echo * >&5; echo \"$(readlink 0 1 2)\" >&5", NULL, 5, output,
		sizeof(output));
	/* 3 is the shell reading the directory. */
	ck_assert_msg(strstr(output, "0 1 2 3 5\n") == output, "%s", output);
	ck_assert_msg(strstr(output, "/dev/null\n/dev/null\n/dev/null\n"), "%s", output);
}
END_TEST

START_TEST(swapped_descriptors_arrive_swapped)
{
	const char *argv[] = {"sh", "-c", NULL, NULL};
	struct child_options options = {.path = "/bin/sh", .argv = argv};
	struct child_fd fds[2];
	char text[16] = "", command[64];
	int a[2], b[2];

	ck_assert_int_eq(pipe(a), 0);
	ck_assert_int_eq(pipe(b), 0);
	snprintf(command, sizeof(command), "echo first >&%d; echo second >&%d", b[1], a[1]);
	argv[2] = command;
	fds[0] = (struct child_fd){a[1], b[1]};
	fds[1] = (struct child_fd){b[1], a[1]};
	options.fds = fds;
	options.fd_count = 2;
	ck_assert_int_eq(loop_open(&loop, NULL), 0);
	ck_assert_int_eq(child_start(loop, &options, ended, NULL, NULL, NULL), 0);
	loop_run(loop);
	ck_assert_int_gt(read(a[0], text, sizeof(text) - 1), 0);
	ck_assert_str_eq(text, "first\n");
	loop_close(loop);
}
END_TEST

START_TEST(signals_are_default_and_the_group_is_its_own)
{
	char output[1024], expected[64];
	sigset_t all;
	int pgid = 0, pid = -1;
	unsigned long long ignored = 1;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&all);
	sigaddset(&all, SIGUSR1);
	sigprocmask(SIG_BLOCK, &all, NULL);
	run("grep -E 'SigBlk|SigIgn' /proc/self/status; cut -d' ' -f1,5 /proc/$$/stat", NULL, 1,
		output, sizeof(output));
	ck_assert_ptr_nonnull(strstr(output, "SigBlk:\t0000000000000000"));
	ck_assert_int_eq(sscanf(strstr(output, "SigIgn:"), "SigIgn: %llx", &ignored), 1);
	/* 32 and 33 are the C library's own. */
	ck_assert_uint_eq(ignored & ~0x180000000ULL, 0);
	ck_assert_int_eq(sscanf(strrchr(output, '\t'), "%63s %d %d", expected, &pid, &pgid), 3);
	ck_assert_int_eq(pid, pgid);
}
END_TEST

START_TEST(kill_reaches_the_whole_group)
{
	const char *const argv[] = {"sh", "-c", "sleep 60 & echo ready; wait", NULL};
	struct child *child = NULL;
	struct child_options options = {.path = "/bin/sh", .argv = argv};
	struct child_fd fd;
	char text[16];
	int ends[2];

	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	fd = (struct child_fd){ends[1], 1};
	options.fds = &fd;
	options.fd_count = 1;
	ck_assert_int_eq(loop_open(&loop, NULL), 0);
	ck_assert_int_eq(child_start(loop, &options, ended, NULL, &child, NULL), 0);
	close(ends[1]);
	ck_assert_int_gt(read(ends[0], text, sizeof(text)), 0);
	child_kill(child, SIGKILL);
	loop_run(loop);
	ck_assert(WIFSIGNALED(last_status));
	ck_assert_int_eq(WTERMSIG(last_status), SIGKILL);
	/* The sleeping grandchild held the other end; its end shows that it is gone. */
	ck_assert_int_eq(read(ends[0], text, sizeof(text)), 0);
	loop_close(loop);
}
END_TEST

START_TEST(an_abandoned_child_is_killed_and_says_nothing)
{
	const char *const argv[] = {"sleep", "60", NULL};
	struct child_options options = {.path = "/bin/sleep", .argv = argv};
	struct child *child = NULL;
	pid_t pid;

	ck_assert_int_eq(loop_open(&loop, NULL), 0);
	ck_assert_int_eq(child_start(loop, &options, ended, NULL, &child, NULL), 0);
	pid = child_pid(child);
	child_abandon(child);
	loop_close(loop);
	ck_assert_int_eq(ended_count, 0);
	ck_assert_int_eq(kill(pid, 0), -1);
	ck_assert_int_eq(errno, ESRCH);
}
END_TEST

START_TEST(a_program_that_is_not_there_is_an_error)
{
	const char *const argv[] = {"x", NULL};
	struct child_options options = {.path = "/nonexistent/x", .argv = argv};
	struct error err = ERROR_INIT;
	struct child *child = NULL;

	ck_assert_int_eq(loop_open(&loop, NULL), 0);
	ck_assert_int_eq(child_start(loop, &options, ended, NULL, &child, &err), ERROR_IO);
	ck_assert_ptr_null(child);
	ck_assert_ptr_nonnull(strstr(err.message, "No such file"));
	loop_close(loop);
}
END_TEST

CHECK_MAIN("base child", &the_status_is_told_once, &the_environment_is_what_was_given,
	&other_descriptors_are_closed, &swapped_descriptors_arrive_swapped,
	&signals_are_default_and_the_group_is_its_own, &kill_reaches_the_whole_group,
	&an_abandoned_child_is_killed_and_says_nothing, &a_program_that_is_not_there_is_an_error)
