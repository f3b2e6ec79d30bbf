/*
 * Child processes: posix_spawn (never fork: it costs the daemon's whole memory map), reaped
 * through a pidfd by the loop's thread. Environment is exactly what is given; every descriptor
 * but those given is closed; own process group; default signals.
 */
#ifndef RB_BASE_CHILD_H
#define RB_BASE_CHILD_H

#include "lib/base/error.h"
#include "lib/base/loop.h"

#include <stddef.h>
#include <sys/types.h>

struct child_fd {
	int ours;   /* descriptor in this process */
	int theirs; /* number it gets in the child */
};

struct child_options {
	const char *path;
	const char *const *argv;
	const char *const *environment; /* NULL = empty */
	const char *directory;		/* NULL = "/" */
	const struct child_fd *fds;	/* 0..2 are /dev/null unless named here */
	size_t fd_count;
};

struct child;

/* `ended` is called on the loop with the wait status (see waitpid) once, after which the child is
 * freed. */
int child_start(struct loop *loop, const struct child_options *options,
	void (*ended)(void *arg, int status), void *arg, struct child **ret, struct error *err);
pid_t child_pid(const struct child *child);
/* Sends the signal to the whole process group. */
void child_kill(struct child *child, int signal_number);
/* Forgets the callback; the child is killed and reaped behind the scenes. */
void child_abandon(struct child *child);

#endif
