/* The start of a run: a child in a session of its own that executes the program. */
#ifndef RB_CHANGE_GATE_RUN_CHILD_H
#define RB_CHANGE_GATE_RUN_CHILD_H

#include "change/gate/program.h"
#include "lib/base/error.h"

#include <signal.h>
#include <sys/types.h>

struct run_child_options {
	const struct program *program;
	const char *const *argv, *const *env;
	int fds[3];			     /* what become 0, 1, 2; -1 = as ours */
	int terminal;			     /* becomes its controlling terminal; -1 = none */
	const sigset_t *mask;		     /* signals as they were before we blocked some */
	const struct sigaction *pipe_action; /* what SIGPIPE did before */
};

/* Returns when the program runs, or cannot: then *ret_errno says why and the child is reaped. */
int run_child_start(
	const struct run_child_options *options, pid_t *ret_pid, int *ret_errno, struct error *err);

#endif
