/*
 * Runs whose start is being committed. Nothing of them is durable, so they only read: the graph,
 * the targets, the registers. The COMMIT makes them runs; if it fails they are dropped.
 */
#include "executor/execution.h"
#include "executor/executor_rooms.h"
#include "executor/run.h"
#include "lib/base/text.h"

#include <stdio.h>

struct expect {
	struct executor *executor;
	char id[ID_SIZE];
	char graph_digest[DIGEST_TEXT_SIZE];
};

static struct run *find(struct executor *executor, const char *id)
{
	struct run *run = executor->expected;

	while (run && !text_is_equal(run->row->id, id))
		run = run->next;
	return run;
}

/* What cannot be made ready now is loaded after the COMMIT, as any run is. */
static void begin(void *arg)
{
	const struct expect *expect = arg;
	struct executor *executor = expect->executor;
	struct error err = ERROR_INIT;
	struct run *run;

	if (executor->is_closing || executor->is_held ||
		run_load_expected(executor, expect->id, expect->graph_digest, &run, &err) < 0)
		return;
	run->next = executor->expected;
	executor->expected = run;
	run_sample(run);
}

static void lost(void *arg)
{
	const struct expect *expect = arg;
	struct run *run = find(expect->executor, expect->id);

	if (run)
		executor_drop(expect->executor, run);
}

static void wake(void *arg)
{
	const struct expect *expect = arg;

	executor_wake(expect->executor, expect->id);
}

void executor_expect(
	struct executor *executor, struct store_tx *tx, const struct execution_start *start)
{
	struct expect *expect = arena_alloc(store_tx_arena(tx), sizeof(*expect));

	expect->executor = executor;
	snprintf(expect->id, sizeof(expect->id), "%s", start->id);
	snprintf(expect->graph_digest, sizeof(expect->graph_digest), "%s", start->graph_digest);
	/* A way back depends on the journal of another run, which this commit may write to. */
	if (start->ret_state == EXECUTION_RUNNING && !start->restores_id && !start->is_undo)
		store_beside_commit(tx, begin, lost, expect);
	store_after_commit(tx, wake, expect);
}

struct run *executor_take_expected(struct executor *executor, const char *id)
{
	struct error err = ERROR_INIT;
	struct run *run = find(executor, id);

	if (!run)
		return NULL;
	if (run_take_over(run, &err) < 0) {
		executor_drop(executor, run);
		return NULL;
	}
	for (struct run **slot = &executor->expected; *slot; slot = &(*slot)->next) {
		if (*slot == run) {
			*slot = run->next;
			break;
		}
	}
	return run;
}
