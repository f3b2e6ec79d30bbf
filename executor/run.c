/* The turn of a walk: look at the row, take commands, walk, send what was decided. */
#include "executor/run.h"
#include "lib/base/log.h"
#include "lib/base/text.h"

#include <stdlib.h>

#define LOOK_AGAIN_MS 1000 /* after a read of the store failed */

const char *run_text(struct run *run, const char *format, ...)
{
	va_list args;
	const char *text;

	va_start(args, format);
	text = arena_vformat(&run->arena, format, args);
	va_end(args);
	return text;
}

/* A planned way back moves items of the run it restores: there is no journal to undo it by. */
static bool is_way_back(const struct run *run)
{
	return run->row->restores_id && !run->row->is_undo;
}

bool run_can_stop(const struct run *run)
{
	return !run->is_stopping &&
	       (run->row->state == EXECUTION_RUNNING || run->row->state == EXECUTION_MONITORING);
}

void run_stop(
	struct run *run, enum execution_state state, enum pause_reason reason, const char *message)
{
	if (!run_can_stop(run))
		return;
	run->is_stopping = true;
	run->stop_state =
		is_way_back(run) && state == EXECUTION_ROLLING_BACK ? EXECUTION_PAUSED : state;
	run->stop_reason = reason;
	run->stop_message = message;
}

void run_wake_at(struct run *run, int64_t at_ms)
{
	if (!run->wake_ms || at_ms < run->wake_ms)
		run->wake_ms = at_ms;
}

void run_note_exception(struct run *run)
{
	if (run->has_exceptions)
		return;
	run->has_exceptions = true;
	batch_add_exception(run);
}

void run_take_row(struct run *run, const struct execution *row)
{
	run->row->state = row->state;
	run->row->reason = row->reason;
	run->row->version = row->version;
	run->row->deadline_at_us = row->deadline_at_us;
	run->row->is_phase_rollback = row->is_phase_rollback;
	if (!text_is_equal(run->row->message, row->message))
		run->row->message = arena_text(&run->arena, row->message);
}

/* --- sampling at the start --- */

bool run_sample(struct run *run)
{
	bool is_all = true;

	for (size_t i = 0; i < run->graph->register_count; i++) {
		struct probe *probe = &run->probes[i];

		if (probe->sampled_ms)
			continue;
		if (!probe->is_asked)
			probe_ask(probe);
		if (!probe->sampled_ms)
			is_all = false;
	}
	return is_all;
}

void run_keep_start(struct run *run)
{
	for (size_t i = 0; i < run->graph->register_count; i++) {
		struct probe *probe = &run->probes[i];

		probe->has_start = true;
		probe->start_outcome = probe->outcome;
		probe->start_value = arena_text(&run->arena, probe->value);
		probe->baseline = probe->start_value;
		probe->known = probe->start_value;
		probe->has_known = probe->outcome == ADAPTER_OK || probe->outcome == ADAPTER_ABSENT;
	}
	run_apply_baselines(run);
	run->is_sampled = true;
}

/* One look at all registers before anything is done: what relative forms mean from here on. */
static bool sample_start(struct walk *walk)
{
	struct run *run = walk->run;
	const char *moved;

	if (run->is_sampled)
		return true;
	if (!run_sample(run))
		return false;
	run_keep_start(run);
	batch_add_samples(run);
	moved = reading_moved(run);
	if (moved)
		run_stop(run, EXECUTION_PAUSED, PAUSE_CONFLICT, moved);
	return true;
}

/* --- forward --- */

static bool is_only_waits_left(const struct run *run)
{
	if (run->body.cursor == 0 || run->body.cursor == run->body.count)
		return false;
	for (size_t i = run->body.cursor; i < run->body.count; i++)
		if (run->body.steps[i].node->kind != GRAPH_NODE_WAIT)
			return false;
	return true;
}

static void stop_for_failure(struct run *run)
{
	struct step *step = run->failed;

	run_stop(run, EXECUTION_PAUSED,
		step->failure != PAUSE_NONE ? step->failure : PAUSE_FAILED_STEP,
		run_text(run, "step %s failed: %s", step->node->path,
			step->message ? step->message : ""));
}

static void check_deadline(struct walk *walk)
{
	struct run *run = walk->run;
	int64_t left_us = run->row->deadline_at_us - walk->now_us;

	if (left_us <= 0)
		run_stop(run,
			run->row->rollback_at_deadline ? EXECUTION_ROLLING_BACK : EXECUTION_PAUSED,
			PAUSE_DEADLINE, "the deadline of the run is reached");
	else
		run_wake_at(run, walk->now_ms + left_us / 1000 + 1);
}

static void end_forward(struct walk *walk, enum verdict verdict)
{
	struct run *run = walk->run;

	if (verdict == VERDICT_FAILED && run_can_stop(run))
		stop_for_failure(run);
	if (run->is_stopping) {
		if (run->in_flight == 0)
			batch_add_state(run, run->stop_state, run->stop_reason, run->stop_message);
		return;
	}
	if (verdict == VERDICT_DONE)
		batch_add_state(run,
			run->has_exceptions ? EXECUTION_SUCCEEDED_WITH_EXCEPTIONS
					    : EXECUTION_SUCCEEDED,
			PAUSE_NONE, "");
	else if (run->row->state == EXECUTION_RUNNING && is_only_waits_left(run))
		batch_add_state(run, EXECUTION_MONITORING, PAUSE_NONE, "");
}

/* On a full disk a run goes back, and does not go on. */
static bool has_space(const struct run *run)
{
	return store_space(run->executor->options.store, NULL) != STORE_SPACE_FULL;
}

static void walk_forward(struct walk *walk)
{
	struct run *run = walk->run;

	if (run->row->is_undo) {
		batch_add_state(run, EXECUTION_ROLLING_BACK, PAUSE_NONE, "");
		return;
	}
	check_deadline(walk);
	if (!sample_start(walk))
		return;
	walk->may_start = !run->is_stopping &&
			  walk_guards(walk, &run->graph->guards, run->guards, run->started_ms) &&
			  !run->is_stopping && has_space(run);
	end_forward(walk, walk_list(walk, &run->body));
}

/* --- stopping --- */

/* Nothing new starts; what is on its way, forward or back, ends. */
static void drain(struct walk *walk)
{
	if (walk->run->in_flight && walk->run->is_sampled)
		walk_list(walk, &walk->run->body);
	undo_drain(walk, false);
}

static void walk_pausing(struct walk *walk)
{
	struct run *run = walk->run;

	drain(walk);
	if (run->in_flight == 0)
		batch_add_state(run, EXECUTION_PAUSED, run->row->reason, run->row->message);
}

/* What is in flight for too long is in doubt from now on. */
static void give_up(struct walk *walk)
{
	for (size_t i = 0; i < walk->run->step_count; i++) {
		struct effect *effect = walk->run->by_path[i]->effect;

		if (effect)
			effect_give_up(walk, effect);
	}
	undo_drain(walk, true);
}

static void walk_aborting(struct walk *walk)
{
	struct run *run = walk->run;

	if (!run->abort_since_ms)
		run->abort_since_ms = walk->now_ms;
	drain(walk);
	if (run->in_flight == 0) {
		batch_add_state(run,
			run->row->reason == PAUSE_DEADLINE ? EXECUTION_TIMED_OUT
							   : EXECUTION_ABORTED,
			PAUSE_NONE, run->row->message);
		return;
	}
	if (walk->now_ms - run->abort_since_ms >= RUN_ABORT_LIMIT_MS)
		give_up(walk);
	else
		run_wake_at(run, run->abort_since_ms + RUN_ABORT_LIMIT_MS);
}

/* Effects of the way forward, or of an earlier try, may still be under way. */
static void walk_rolling_back(struct walk *walk)
{
	if (!walk->run->is_undo_planned)
		drain(walk);
	undo_walk(walk);
}

/* What was in flight when it paused, or was found without outcome after a restart, still ends. */
static void walk_paused(struct walk *walk)
{
	if (walk->run->in_flight)
		drain(walk);
}

static void (*const WALKS[])(struct walk *walk) = {
	[EXECUTION_RUNNING] = walk_forward,
	[EXECUTION_MONITORING] = walk_forward,
	[EXECUTION_PAUSING] = walk_pausing,
	[EXECUTION_ABORTING] = walk_aborting,
	[EXECUTION_ROLLING_BACK] = walk_rolling_back,
	[EXECUTION_PAUSED] = walk_paused,
};

/* --- the turn --- */

static bool refresh_row(struct run *run)
{
	struct store_tx *reader = store_reader(run->executor->options.store);
	struct arena arena = ARENA_INIT;
	struct error err = ERROR_INIT;
	struct execution *row;
	bool is_there = execution_get(reader, &arena, run->row->id, &row, &err) == 0;

	if (is_there && row->version != run->row->version)
		run_take_row(run, row);
	if (!is_there) {
		log_warn("executor", "a run cannot be read", "execution", run->row->id, "error",
			err.message);
		loop_timer_start(run->timer, LOOK_AGAIN_MS, 0);
	}
	arena_done(&arena);
	return is_there;
}

static void arm(struct run *run, int64_t now_ms)
{
	if (!run->wake_ms)
		loop_timer_stop(run->timer);
	else
		loop_timer_start(run->timer, run->wake_ms > now_ms ? run->wake_ms - now_ms : 0, 0);
}

static void walk_once(struct run *run)
{
	struct walk walk = {.run = run, .now_ms = time_mono_ms(), .now_us = time_now_us()};
	enum execution_state state = run->row->state;

	if (!run->started_ms)
		run->started_ms = walk.now_ms;
	run->wake_ms = 0;
	run->failed = NULL;
	probes_clear_needs(run);
	run_take_commands(&walk);
	if (!run->draft && (size_t)state < sizeof(WALKS) / sizeof(WALKS[0]) && WALKS[state])
		WALKS[state](&walk);
	probes_read(run, walk.now_ms);
	run_batch_send(run);
	arm(run, walk.now_ms);
}

static void end_rehearsal(struct run *run)
{
	run_keep_start(run);
	run->rehearsed(run->rehearsed_arg, run);
	run_close(run);
}

static void turn(void *arg)
{
	struct run *run = arg;
	struct executor *executor = run->executor;

	run->is_dirty = false;
	if (run->is_closed) {
		run_try_free(run);
		return;
	}
	if (run->is_expected)
		return;
	if (run->rehearsed) {
		if (run_sample(run))
			end_rehearsal(run);
		return;
	}
	if (run->out || executor->is_held || !refresh_row(run))
		return;
	if (execution_is_terminal(run->row->state)) {
		executor_drop(executor, run);
		executor_on_terminal(executor);
		return;
	}
	walk_once(run);
}

static void on_timer(void *arg)
{
	run_wake(arg);
}

void run_wake(struct run *run)
{
	if (run->is_dirty)
		return;
	run->is_dirty = true;
	loop_soon(run->executor->options.loop, turn, run);
}

void run_begin(struct run *run)
{
	run->timer = loop_timer_new(run->executor->options.loop, on_timer, run);
	run_wake(run);
}

void run_close(struct run *run)
{
	run->is_closed = true;
	loop_timer_free(run->timer);
	run->timer = NULL;
	batch_forget(run);
	run_try_free(run);
}

void run_try_free(struct run *run)
{
	if (!run->is_closed || run->calls || run->out || run->is_dirty)
		return;
	executor_forget(run->executor, run);
	for (size_t i = 0; run->probes && i < run->graph->register_count; i++) {
		free(run->probes[i].value);
		free(run->probes[i].message);
	}
	arena_done(&run->arena);
	free(run);
}
