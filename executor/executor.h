/*
 * The executor's living part: owns the open runs, wakes them after commits, recovers them at
 * boot. Rules about executions are in execution.h; previews in preview.h.
 */
#ifndef RB_EXECUTOR_EXECUTOR_H
#define RB_EXECUTOR_EXECUTOR_H

#include "adapters/adapter.h"
#include "approval/approval.h"
#include "lib/base/error.h"
#include "lib/base/loop.h"
#include "lib/client/client.h"
#include "lib/store/store.h"

#include <stdbool.h>

struct executor;
struct execution_start;

struct executor_options {
	struct loop *loop;
	struct store *store;
	struct client *client;
	const struct adapter_list *adapters;
	struct approvals *approvals;
	int64_t guard_interval_ms; /* how often guards are sampled: 5,000 */
	int64_t wait_interval_ms;  /* how often waits and checks look: 1,000 */
	/* The database was put back from a backup: no open run goes on by itself, and what still
	 * waits to start is canceled. `taken_over` is called when that is committed. */
	bool is_restored;
	void (*taken_over)(void *arg); /* may be NULL */
	void (*terminal)(void *arg); /* after the commit that ended a run: time for a checkpoint */
	void *arg;
};

/* Takes over all open runs (owner = this boot, epoch + 1) and goes on with them. */
int executor_open(const struct executor_options *options, struct executor **ret, struct error *err);
/* Nothing is sent or decided any more; before the store's last turn. */
void executor_stop(struct executor *executor);
/* After store_close and client_close. NULL is fine. */
void executor_close(struct executor *executor);

/* (owner, epoch) that new runs are written with. */
const char *executor_owner(const struct executor *executor);
int64_t executor_epoch(const struct executor *executor);
/* After a commit that created or changed a run: look at it. */
void executor_wake(struct executor *executor, const char *execution_id);
/*
 * From inside the closure that starts a run: while its COMMIT is under way the run is made ready
 * and its registers are read, so that its first decision waits for the disk alone. After the
 * COMMIT it is woken. Without a start that is RUNNING at once it is only woken.
 */
void executor_expect(
	struct executor *executor, struct store_tx *tx, const struct execution_start *start);
/* False until the open runs of the daemon before were taken over: nothing is started yet. */
bool executor_is_ready(const struct executor *executor);
/* Effects whose outcome was written since the start, by enum effect_state. */
#define EXECUTOR_EFFECT_STATES 8
void executor_get_effects(
	const struct executor *executor, uint64_t ret_counts[static EXECUTOR_EFFECT_STATES]);
/* How many runs are in memory. */
size_t executor_run_count(const struct executor *executor);

#endif
