/* Runs that are under way: their leases, what must stop them, and their ends. */
#ifndef RB_CHANGE_DECISION_RUN_GUARD_H
#define RB_CHANGE_DECISION_RUN_GUARD_H

#include "change/grant/grant.h"
#include "lib/base/loop.h"

struct run_guard;
struct run_guard_options {
	struct loop *loop;
	struct store *store;
};
int run_guard_open(
	const struct run_guard_options *options, struct run_guard **ret, struct error *err);
/* Told once a second of each run that is started and must stop. */
void run_guard_follow(struct run_guard *watch,
	void (*must_stop)(void *arg, const struct rcm_run *run), void *arg);
void run_guard_stop(struct run_guard *watch);
void run_guard_close(struct run_guard *watch); /* NULL is fine */

/* In a transaction: the end of a run, and what it means for its change. */
int run_guard_end(struct store_tx *tx, const struct run_end *end, const struct audit_actor *actor,
	struct error *err);

#endif
