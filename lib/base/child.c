#include "lib/base/child.h"

#include "lib/base/loop_rooms.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#define FD_MAX	      16 /* descriptors that a child can be given */
#define FD_THEIRS_MAX 64
#define FD_PARKED     64 /* copies are parked from here on, above every number a child gets */

struct child {
	struct loop *loop;
	struct child *before, *next;
	uv_poll_t poll;
	int pidfd;
	pid_t pid;
	void (*ended)(void *arg, int status);
	void *arg;
};

static bool is_named(const struct child_options *options, int theirs)
{
	for (size_t i = 0; i < options->fd_count; i++)
		if (options->fds[i].theirs == theirs)
			return true;
	return false;
}

static int check_fds(const struct child_options *options, struct error *err)
{
	if (options->fd_count > FD_MAX)
		return error_set(
			err, ERROR_INTERNAL, "a child gets at most %d descriptors", FD_MAX);
	for (size_t i = 0; i < options->fd_count; i++)
		if (options->fds[i].theirs < 0 || options->fds[i].theirs >= FD_THEIRS_MAX)
			return error_set(err, ERROR_INTERNAL,
				"a child's descriptor must be from 0 to %d", FD_THEIRS_MAX - 1);
	return 0;
}

/* Copies out of the way of all target numbers, so that the order of the dup2 cannot matter. */
static int park_fds(const struct child_options *options, int parked[FD_MAX])
{
	for (size_t i = 0; i < options->fd_count; i++) {
		parked[i] = fcntl(options->fds[i].ours, F_DUPFD_CLOEXEC, FD_PARKED);
		if (parked[i] < 0)
			return errno;
	}
	return 0;
}

static int add_actions(posix_spawn_file_actions_t *actions, const struct child_options *options,
	const int parked[FD_MAX])
{
	int last = 2, rc = 0;

	for (size_t i = 0; i < options->fd_count; i++)
		if (options->fds[i].theirs > last)
			last = options->fds[i].theirs;
	for (int fd = 0; fd <= last && !rc; fd++) {
		if (is_named(options, fd))
			continue;
		rc = fd <= 2 ? posix_spawn_file_actions_addopen(
				       actions, fd, "/dev/null", fd ? O_WRONLY : O_RDONLY, 0)
			     : posix_spawn_file_actions_addclose(actions, fd);
	}
	for (size_t i = 0; i < options->fd_count && !rc; i++)
		rc = posix_spawn_file_actions_adddup2(actions, parked[i], options->fds[i].theirs);
	if (!rc)
		rc = posix_spawn_file_actions_addclosefrom_np(actions, last + 1);
	if (!rc)
		rc = posix_spawn_file_actions_addchdir_np(
			actions, options->directory ? options->directory : "/");
	return rc;
}

static int set_attributes(posix_spawnattr_t *attributes)
{
	sigset_t none, all;
	int rc;

	sigemptyset(&none);
	sigfillset(&all);
	rc = posix_spawnattr_setflags(
		attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	if (!rc)
		rc = posix_spawnattr_setpgroup(attributes, 0);
	if (!rc)
		rc = posix_spawnattr_setsigmask(attributes, &none);
	return rc ? rc : posix_spawnattr_setsigdefault(attributes, &all);
}

/* Returns 0 or an errno. */
static int spawn_with(const struct child_options *options, const int parked[FD_MAX], pid_t *ret)
{
	static const char *const nothing[] = {NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int rc;

	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	rc = add_actions(&actions, options, parked);
	if (!rc)
		rc = set_attributes(&attributes);
	if (!rc)
		rc = posix_spawn(ret, options->path, &actions, &attributes,
			(char *const *)options->argv,
			(char *const *)(options->environment ? options->environment : nothing));
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return rc;
}

static int spawn(const struct child_options *options, pid_t *ret, struct error *err)
{
	int parked[FD_MAX];
	int rc;

	for (size_t i = 0; i < FD_MAX; i++)
		parked[i] = -1;
	rc = park_fds(options, parked);
	if (!rc)
		rc = spawn_with(options, parked, ret);
	for (size_t i = 0; i < FD_MAX; i++)
		if (parked[i] >= 0)
			close(parked[i]);
	if (!rc)
		return 0;
	error_set(err, ERROR_IO, "%s cannot be started: %s", options->path, strerror(rc));
	return error_place(err, "%s", options->path);
}

static int kill_and_reap(pid_t pid)
{
	int status = 0;

	kill(-pid, SIGKILL);
	kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	return status;
}

static void free_child(uv_handle_t *handle)
{
	struct child *child = handle->data;

	free(child);
}

static void forget(struct child *child)
{
	struct child **first = loop_children(child->loop);

	if (child->before)
		child->before->next = child->next;
	else
		*first = child->next;
	if (child->next)
		child->next->before = child->before;
	uv_poll_stop(&child->poll);
	close(child->pidfd);
	uv_close((uv_handle_t *)&child->poll, free_child);
}

static void on_pidfd(uv_poll_t *poll, int uv_status, int events)
{
	struct child *child = poll->data;
	int status = 0;
	pid_t got = waitpid(child->pid, &status, WNOHANG);

	(void)uv_status;
	(void)events;
	if (got == 0 || (got < 0 && errno == EINTR))
		return;
	forget(child);
	if (child->ended)
		child->ended(child->arg, status);
}

static int watch(struct child *child, struct error *err)
{
	child->pidfd = pidfd_open(child->pid, 0);
	if (child->pidfd < 0)
		return error_errno(err, ERROR_IO, "pidfd_open");
	fcntl(child->pidfd, F_SETFD, FD_CLOEXEC);
	if (uv_poll_init(loop_uv(child->loop), &child->poll, child->pidfd) < 0) {
		close(child->pidfd);
		return error_set(err, ERROR_IO, "the loop cannot watch a child");
	}
	child->poll.data = child;
	uv_poll_start(&child->poll, UV_READABLE, on_pidfd);
	return 0;
}

int child_start(struct loop *loop, const struct child_options *options,
	void (*ended)(void *arg, int status), void *arg, struct child **ret, struct error *err)
{
	struct child **first = loop_children(loop);
	struct child *child;
	pid_t pid = 0;
	int rc;

	if ((rc = check_fds(options, err)) < 0 || (rc = spawn(options, &pid, err)) < 0)
		return rc;
	child = calloc(1, sizeof(*child));
	if (!child)
		abort();
	child->loop = loop;
	child->pid = pid;
	child->ended = ended;
	child->arg = arg;
	rc = watch(child, err);
	if (rc < 0) {
		kill_and_reap(pid);
		free(child);
		return rc;
	}
	child->next = *first;
	if (child->next)
		child->next->before = child;
	*first = child;
	if (ret)
		*ret = child;
	return 0;
}

pid_t child_pid(const struct child *child)
{
	return child->pid;
}

void child_kill(struct child *child, int signal_number)
{
	kill(-child->pid, signal_number);
}

void child_abandon(struct child *child)
{
	child->ended = NULL;
	child_kill(child, SIGKILL);
}

void child_end_all(struct loop *loop)
{
	struct child **first = loop_children(loop);

	while (*first) {
		struct child *child = *first;

		kill_and_reap(child->pid);
		forget(child);
	}
}
