#include "executor/executor.h"

#include "executor/execution_rooms.h"
#include "executor/executor_rooms.h"
#include "executor/run.h"
#include "lib/base/log.h"
#include "lib/base/text.h"

#include <stdlib.h>
#include <string.h>

#define LIFE_EVERY_MS 10000
#define LATER_MS      1000

static const enum execution_state LIVE_STATES[] = {
	EXECUTION_RUNNING,
	EXECUTION_PAUSING,
	EXECUTION_PAUSED,
	EXECUTION_ABORTING,
	EXECUTION_ROLLING_BACK,
	EXECUTION_MONITORING,
};
static const enum execution_state WAITING_STATES[] = {EXECUTION_PENDING_APPROVAL, EXECUTION_QUEUED};

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

struct run *executor_find(struct executor *executor, const char *id)
{
	for (struct run *run = executor->runs; run; run = run->next)
		if (text_is_equal(run->row->id, id))
			return run;
	return NULL;
}

static void unlink_run(struct run **list, const struct run *run)
{
	for (struct run **slot = list; *slot; slot = &(*slot)->next) {
		if (*slot == run) {
			*slot = run->next;
			return;
		}
	}
}

void executor_drop(struct executor *executor, struct run *run)
{
	unlink_run(&executor->runs, run);
	unlink_run(&executor->expected, run);
	run->next = executor->dropped;
	executor->dropped = run;
	run_close(run);
}

void executor_forget(struct executor *executor, const struct run *run)
{
	unlink_run(&executor->dropped, run);
	if (!run->rehearsed && !execution_is_terminal(run->row->state) && !executor->is_closing)
		loop_timer_start(executor->reload_timer, 0, 0);
}

static bool is_live(enum execution_state state)
{
	for (size_t i = 0; i < COUNT(LIVE_STATES); i++)
		if (LIVE_STATES[i] == state)
			return true;
	return false;
}

/* Dropped, with calls to targets that have not come back: what they did is not to be guessed. */
static bool is_leaving(const struct executor *executor, const char *id)
{
	for (const struct run *run = executor->dropped; run; run = run->next)
		if (text_is_equal(run->row->id, id) && run->calls)
			return true;
	return false;
}

/* What waits is looked at again: nothing else may happen that would wake it. */
static void look_later(struct executor *executor)
{
	if (!executor->is_closing)
		loop_timer_start(executor->reload_timer, LATER_MS, 0);
}

static void add_run(struct executor *executor, struct run *run)
{
	run->next = executor->runs;
	executor->runs = run;
	run_begin(run);
}

static void load(struct executor *executor, const char *id)
{
	struct error err = ERROR_INIT;
	struct run *run = executor_find(executor, id);

	if (run) {
		run_wake(run);
		return;
	}
	run = executor_take_expected(executor, id);
	if (run) {
		add_run(executor, run);
		return;
	}
	if (is_leaving(executor, id))
		return; /* read when its last call has come back: executor_forget */
	if (run_load(executor, id, &run, &err) < 0) {
		log_error("executor", "a run cannot be loaded", "execution", id, "error",
			err.message);
		/* Of the moment, not of the rows: nothing else would try it again. */
		if (err.code != ERROR_TAMPERED && err.code != ERROR_INVALID)
			look_later(executor);
		return;
	}
	if (!is_live(run->row->state)) {
		run_close(run);
		return;
	}
	add_run(executor, run);
}

/* --- what waits: approvals and locks --- */

struct advance_call {
	struct executor *executor;
	struct execution_advance advance;
	struct execution_refusal refusal;
	char id[ID_SIZE];
	char message[512];
};

static void told_refusal(void *arg, const struct error *err)
{
	struct advance_call *call = arg;

	if (err) {
		log_warn("executor", "a waiting run cannot be closed", "execution", call->id,
			"error", err->message);
		look_later(call->executor);
	}
	free(call);
}

static int ask_refusal(struct store_tx *tx, void *arg, struct error *err)
{
	struct advance_call *call = arg;

	return execution_refuse(tx, &call->refusal, err);
}

static void refuse(struct advance_call *call, enum execution_state state, const char *message)
{
	snprintf(call->message, sizeof(call->message), "%s", message);
	call->refusal = (struct execution_refusal){
		.id = call->id, .state = state, .message = call->message, .at_us = time_now_us()};
	id_new(call->refusal.notify_id);
	store_write_vital(call->executor->options.store, ask_refusal, told_refusal, call);
}

static int ask_advance(struct store_tx *tx, void *arg, struct error *err)
{
	struct advance_call *call = arg;

	return execution_advance(tx, &call->advance, err);
}

static bool is_for_ever(int code)
{
	return code == ERROR_TARGETS_CHANGED || code == ERROR_CONFLICT || code == ERROR_NOT_FOUND ||
	       code == ERROR_TAMPERED;
}

static void told_advance(void *arg, const struct error *err)
{
	struct advance_call *call = arg;

	if (err && is_for_ever(err->code)) {
		refuse(call, EXECUTION_CANCELED, err->message);
		return;
	}
	if (err && err->code != ERROR_NOT_APPROVED) {
		log_warn("executor", "a waiting run cannot go on", "execution", call->id, "error",
			err->message);
		look_later(call->executor);
	} else if (!err && call->advance.ret_state == EXECUTION_RUNNING)
		executor_wake(call->executor, call->id);
	free(call);
}

static struct advance_call *new_call(struct executor *executor, const char *id)
{
	struct advance_call *call = calloc(1, sizeof(*call));

	call->executor = executor;
	snprintf(call->id, sizeof(call->id), "%s", id);
	return call;
}

static void advance(struct executor *executor, const char *id)
{
	struct advance_call *call = new_call(executor, id);

	call->advance = (struct execution_advance){.id = call->id,
		.at_us = time_now_us(),
		.owner = executor->owner,
		.epoch = executor->epoch};
	store_write_vital(executor->options.store, ask_advance, told_advance, call);
}

static void each_in(struct executor *executor, enum execution_state state,
	void (*act)(struct executor *executor, const char *id))
{
	struct arena arena = ARENA_INIT;
	struct error err = ERROR_INIT;
	const char **ids;
	size_t count;

	if (execution_store_ids(
		    store_reader(executor->options.store), &arena, state, &ids, &count, &err) < 0) {
		log_error("executor", "runs cannot be listed", "error", err.message);
		look_later(executor);
	} else {
		for (size_t i = 0; i < count; i++)
			act(executor, ids[i]);
	}
	arena_done(&arena);
}

void executor_wake(struct executor *executor, const char *execution_id)
{
	if (!executor->is_closing)
		load(executor, execution_id);
}

void executor_on_terminal(struct executor *executor)
{
	if (executor->is_closing)
		return;
	each_in(executor, EXECUTION_QUEUED, advance);
	if (executor->options.terminal)
		executor->options.terminal(executor->options.arg);
}

static void on_approval_ended(void *arg, const struct approval_ended *what)
{
	static const struct {
		enum approval_state ended;
		enum execution_state state;
		const char *message;
	} ENDS[] = {
		{APPROVAL_REJECTED, EXECUTION_REJECTED, "the approval was refused"},
		{APPROVAL_EXPIRED, EXECUTION_EXPIRED, "nobody approved it in time"},
		{APPROVAL_VOID, EXECUTION_CANCELED, "the approval became void"},
	};
	struct executor *executor = arg;

	if (!text_is_equal(what->subject_kind, EXECUTION_APPROVAL_SUBJECT))
		return;
	if (what->state == APPROVAL_APPROVED)
		advance(executor, what->subject_id);
	for (size_t i = 0; i < COUNT(ENDS); i++)
		if (ENDS[i].ended == what->state)
			refuse(new_call(executor, what->subject_id), ENDS[i].state,
				ENDS[i].message);
}

/* --- the store --- */

/* Open runs are in memory, and what waits goes on when it can. */
static void look_at_all(struct executor *executor)
{
	for (size_t i = 0; i < COUNT(LIVE_STATES); i++)
		each_in(executor, LIVE_STATES[i], load);
	for (size_t i = 0; i < COUNT(WAITING_STATES); i++)
		each_in(executor, WAITING_STATES[i], advance);
}

static void take_over(struct executor *executor);

static void reload_lost(void *arg)
{
	struct executor *executor = arg;

	if (executor->is_held || executor->is_closing)
		return;
	if (!executor->is_owner) {
		take_over(executor);
		return;
	}
	for (struct run *run = executor->runs; run; run = run->next)
		run_batch_send_again(run);
	look_at_all(executor);
}

void executor_on_held(struct executor *executor, struct run *run, const struct error *err)
{
	log_error("executor", "held: store; what is known is written when the store can commit",
		"execution", run->row->id, "error", err->message);
	look_later(executor);
}

void executor_on_lost(struct executor *executor, struct run *run, const struct error *err)
{
	if (run->is_closed) {
		run_try_free(run);
		return;
	}
	log_error("executor", "a decision was refused: the run is read again from the rows",
		"execution", run->row->id, "error", err->message);
	executor_drop(executor, run);
	look_later(executor);
}

static void on_writable(void *arg, bool writable)
{
	struct executor *executor = arg;

	executor->is_held = !writable;
	log_warn("executor",
		writable ? "runs go on: the store can commit again" : "all runs are held: store");
	if (writable)
		loop_timer_start(executor->reload_timer, 0, 0);
	for (struct run *run = executor->runs; writable && run; run = run->next)
		run_wake(run);
}

/* Runs look again: forward they start nothing on a full disk, and go on when there is room. */
static void on_space(void *arg, enum store_space_state state)
{
	struct executor *executor = arg;
	const char *why;

	store_space(executor->options.store, &why);
	if (state == STORE_SPACE_OK)
		log_warn("executor", "there is room on the disk again");
	else
		log_warn("executor", why);
	for (struct run *run = executor->runs; run; run = run->next)
		run_wake(run);
}

/* --- life --- */

struct take_over {
	struct executor *executor;
	int64_t now_us, alive_at_us, epoch;
};

static int64_t last_seen(const struct take_over *take_over, const struct execution *row)
{
	return row->changed_at_us > take_over->alive_at_us ? row->changed_at_us
							   : take_over->alive_at_us;
}

/* How a run that was open when the daemon went away is found again. */
static int take_over_one(
	struct store_tx *tx, struct take_over *take_over, const char *id, struct error *err)
{
	struct executor *executor = take_over->executor;
	struct execution_change change = EXECUTION_CHANGE_INIT;
	char notify_id[ID_SIZE];
	struct execution *row;
	bool is_moving;

	if (execution_get(tx, store_tx_arena(tx), id, &row, err) < 0)
		return err->code;
	is_moving = row->state == EXECUTION_RUNNING || row->state == EXECUTION_MONITORING ||
		    row->state == EXECUTION_ROLLING_BACK;
	if (execution_store_own(tx, id, executor->owner, take_over->epoch, is_moving, err) < 0)
		return err->code;
	if (!is_moving)
		return 0;
	change.id = row->id;
	change.at_us = take_over->now_us;
	change.state = EXECUTION_PAUSED;
	change.reason = PAUSE_IN_DOUBT;
	if (executor->options.is_restored)
		change.message = "an older database was put back: what was done since is not known "
				 "here; look, then resume";
	else if (row->attempts >= EXECUTION_RECOVERIES_MAX)
		change.message = "the daemon was restarted too often while it ran";
	else if (take_over->now_us - last_seen(take_over, row) > EXECUTION_RESUME_WITHIN_US)
		change.message = "the daemon was away for more than 5 minutes: people may have "
				 "acted by hand";
	else
		return 0;
	id_new(notify_id);
	return execution_change_state(tx, row, &change, &audit_system, notify_id, err);
}

/* It may have run, and ended, in the time that the database does not know. */
static int cancel_waiting(struct store_tx *tx, const struct take_over *take_over,
	enum execution_state state, struct error *err)
{
	struct execution_refusal refusal = {
		.state = EXECUTION_CANCELED,
		.message = "an older database was put back before it started: look, and start it "
			   "again if it is still wanted",
		.at_us = take_over->now_us,
	};
	const char **ids;
	size_t count;

	if (execution_store_ids(tx, store_tx_arena(tx), state, &ids, &count, err) < 0)
		return err->code;
	for (size_t i = 0; i < count; i++) {
		refusal.id = ids[i];
		id_new(refusal.notify_id);
		if (execution_refuse(tx, &refusal, err) < 0)
			return err->code;
	}
	return 0;
}

static int ask_take_over(struct store_tx *tx, void *arg, struct error *err)
{
	struct take_over *take_over = arg;
	struct executor *executor = take_over->executor;

	if (executor_store_life(tx, &take_over->epoch, &take_over->alive_at_us, err) < 0)
		return err->code;
	take_over->epoch++;
	if (executor_store_live(tx, executor->owner, take_over->epoch, take_over->now_us, err) < 0)
		return err->code;
	for (size_t i = 0; i < COUNT(LIVE_STATES); i++) {
		const char **ids;
		size_t count;

		if (execution_store_ids(tx, store_tx_arena(tx), LIVE_STATES[i], &ids, &count, err) <
			0)
			return err->code;
		for (size_t j = 0; j < count; j++)
			if (take_over_one(tx, take_over, ids[j], err) < 0)
				return err->code;
	}
	for (size_t i = 0; executor->options.is_restored && i < COUNT(WAITING_STATES); i++)
		if (cancel_waiting(tx, take_over, WAITING_STATES[i], err) < 0)
			return err->code;
	return 0;
}

static void told_take_over(void *arg, const struct error *err)
{
	struct take_over *take_over = arg;
	struct executor *executor = take_over->executor;

	if (err) {
		log_error("executor", "open runs cannot be taken over", "error", err->message);
		look_later(executor);
	} else {
		executor->epoch = take_over->epoch;
		executor->is_owner = true;
		executor->options.is_restored = false;
		if (executor->options.taken_over)
			executor->options.taken_over(executor->options.arg);
	}
	free(take_over);
	if (executor->is_owner && !executor->is_closing)
		look_at_all(executor);
}

static void take_over(struct executor *executor)
{
	struct take_over *call = calloc(1, sizeof(*call));

	call->executor = executor;
	call->now_us = time_now_us();
	store_write_vital(executor->options.store, ask_take_over, told_take_over, call);
}

static int ask_live(struct store_tx *tx, void *arg, struct error *err)
{
	struct executor *executor = arg;

	return executor_store_live(tx, executor->owner, executor->epoch, executor->seen_at_us, err);
}

static void told_live(void *arg, const struct error *err)
{
	(void)arg;
	(void)err; /* the store says itself when it cannot commit */
}

static void on_life(void *arg)
{
	struct executor *executor = arg;

	if (!executor->is_owner || executor->is_held)
		return;
	expiry_look(executor);
	if (!executor->runs)
		return;
	executor->seen_at_us = time_now_us();
	store_write_vital(executor->options.store, ask_live, told_live, executor);
}

int executor_open(const struct executor_options *options, struct executor **ret, struct error *err)
{
	struct executor *executor = calloc(1, sizeof(*executor));

	(void)err;
	executor->options = *options;
	id_new(executor->owner);
	executor->life_timer = loop_timer_new(options->loop, on_life, executor);
	executor->reload_timer = loop_timer_new(options->loop, reload_lost, executor);
	loop_timer_start(executor->life_timer, LIFE_EVERY_MS, LIFE_EVERY_MS);
	store_on_writable(options->store, on_writable, executor);
	store_on_space(options->store, on_space, executor);
	if (options->approvals)
		approvals_subscribe(options->approvals, on_approval_ended, executor);
	take_over(executor);
	*ret = executor;
	return 0;
}

void executor_stop(struct executor *executor)
{
	if (executor)
		executor->is_closing = executor->is_held = true;
}

/* Calls and commits that were under way will not come back. */
static void free_run(struct run *run)
{
	run->calls = 0;
	run->out = NULL;
	run->is_dirty = false;
	run_try_free(run);
}

void executor_close(struct executor *executor)
{
	if (!executor)
		return;
	executor_stop(executor);
	while (executor->runs)
		executor_drop(executor, executor->runs);
	while (executor->expected)
		executor_drop(executor, executor->expected);
	while (executor->dropped)
		free_run(executor->dropped);
	loop_timer_free(executor->life_timer);
	loop_timer_free(executor->reload_timer);
	free(executor);
}

const char *executor_owner(const struct executor *executor)
{
	return executor->owner;
}

int64_t executor_epoch(const struct executor *executor)
{
	return executor->epoch;
}

bool executor_is_ready(const struct executor *executor)
{
	return executor->is_owner;
}

void executor_get_effects(
	const struct executor *executor, uint64_t ret_counts[static EXECUTOR_EFFECT_STATES])
{
	memcpy(ret_counts, executor->effects, sizeof(executor->effects));
}

size_t executor_run_count(const struct executor *executor)
{
	size_t count = 0;

	for (const struct run *run = executor->runs; run; run = run->next)
		count++;
	return count;
}
