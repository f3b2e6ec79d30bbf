#include "change/gate/run_child.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* Descriptors 0 to 2 are open in this program, so the three that come are above them. */
static void take_fds(const struct run_child_options *options)
{
	for (int i = 0; i < 3; i++)
		if (options->fds[i] >= 0 && dup2(options->fds[i], i) < 0)
			_exit(126);
}

_Noreturn static void be_child(const struct run_child_options *options, pid_t parent, int report)
{
	int number;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(126);
	setsid();
	if (options->terminal >= 0)
		ioctl(options->terminal, TIOCSCTTY, 0);
	take_fds(options);
	sigaction(SIGPIPE, options->pipe_action, NULL);
	sigprocmask(SIG_SETMASK, options->mask, NULL);
	program_execute(options->program, options->argv, options->env);
	number = errno;
	(void)!write(report, &number, sizeof(number));
	_exit(126);
}

static int read_report(int fd)
{
	int number = 0;
	ssize_t got;

	do
		got = read(fd, &number, sizeof(number));
	while (got < 0 && errno == EINTR);
	return got == sizeof(number) ? number : 0;
}

int run_child_start(
	const struct run_child_options *options, pid_t *ret_pid, int *ret_errno, struct error *err)
{
	pid_t parent = getpid(), pid;
	int report[2];

	if (pipe2(report, O_CLOEXEC) < 0)
		return error_errno(err, ERROR_IO, "a pipe");
	pid = fork();
	if (pid == 0)
		be_child(options, parent, report[1]);
	if (pid < 0)
		error_errno(err, ERROR_IO, "a child process");
	close(report[1]);
	if (pid > 0) {
		*ret_pid = pid;
		*ret_errno = read_report(report[0]);
		if (*ret_errno)
			waitpid(pid, NULL, 0);
	}
	close(report[0]);
	return pid < 0 ? err->code : 0;
}
