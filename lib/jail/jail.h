/*
 * The daemon's side of redbutton-runner: one evaluation of a plan's text in a jailed process, bytes
 * in, bytes out. Neither side of the bytes is looked at here; what comes back is believed in
 * nothing but its own text. All calls belong to the loop's thread.
 *
 * It fails closed: when the walls of the jail do not hold on this machine, nothing is evaluated.
 */
#ifndef RB_JAIL_H
#define RB_JAIL_H

#include "lib/base/error.h"
#include "lib/base/histogram.h"
#include "lib/base/loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JAIL_MAX_CHILDREN	 32
#define JAIL_DEFAULT_CHILDREN	 8
#define JAIL_DEFAULT_WARM	 2
#define JAIL_DEFAULT_DEADLINE_MS 5000
#define JAIL_MAX_WAITING	 256 /* jobs in the queue; more are refused */
#define JAIL_MAX_INPUT_BYTES	 (16UL << 20)
#define JAIL_MAX_OUTPUT_BYTES	 (64UL << 20)

struct jail;

struct jail_options {
	const char *runner_path; /* the program redbutton-runner */
	size_t max_children;	 /* alive at once, 0 = JAIL_DEFAULT_CHILDREN */
	size_t warm_children;	 /* kept waiting, 0 = JAIL_DEFAULT_WARM */
	int64_t first_pause_ms; /* before a nursery that ended is started again, 0 = 200; doubles */
	bool accept_no_jail;	/* only for a tree with sanitizers: runs plans without walls */
};

/*
 * Called once, on the loop, never from within jail_run. With a result: `bytes` (a NUL behind them)
 * and `err` NULL. Without: `bytes` NULL. Both are borrowed for the call.
 */
typedef void jail_done(void *arg, const char *bytes, size_t length, const struct error *err);

struct jail_job {
	const void *input; /* copied */
	size_t length;
	int64_t deadline_ms; /* from the moment a child has it, 0 = JAIL_DEFAULT_DEADLINE_MS */
	jail_done *done;
	void *arg;
};

/*
 * Starts to look at the walls and then the nursery. Jobs may be given at once: they wait. Options
 * are copied.
 */
int jail_open(struct loop *loop, const struct jail_options *options, struct jail **ret,
	struct error *err);
/* Kills all children. Jobs that have no result end with ERROR_TIMEOUT. Not from within a jail_done.
 */
void jail_close(struct jail *jail);

/*
 * Evaluates the input in a fresh child. An error returned here means that `done` is not called:
 * ERROR_NO_JAIL, ERROR_TOO_LARGE, ERROR_TOO_MANY. Errors that `done` is given: ERROR_RUNNER_TIMEOUT
 * (deadline), ERROR_RUNNER_LIMIT (ended without a well-formed result), ERROR_NO_JAIL (no child to
 * be had), ERROR_TIMEOUT (jail_close).
 */
int jail_run(struct jail *jail, const struct jail_job *job, struct error *err);
/*
 * The same in two fresh children. Results that differ by a byte are ERROR_NONDETERMINISTIC.
 */
int jail_run_twice(struct jail *jail, const struct jail_job *job, struct error *err);

/* 0 when plans are evaluated, else ERROR_NO_JAIL with the reason: for doctor and /readyz. */
int jail_check(const struct jail *jail, struct error *err);
/* What `redbutton-runner --walls` said, one line of JSON; {"jail":false} until it is known. */
const char *jail_walls(const struct jail *jail);

/* Since the start, for whoever watches from outside. */
struct jail_figures {
	struct histogram evaluations; /* from the moment a child had it, also those that failed */
	uint64_t failed;	      /* of these: no well-formed result */
	uint64_t children;	      /* that were made */
	uint64_t failed_starts;	      /* children or nurseries that could not be had */
	size_t waiting, running, warm;
};
void jail_get_figures(const struct jail *jail, struct jail_figures *ret);

#endif
