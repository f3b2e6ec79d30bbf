/* The walk: what each kind of node does when it is its turn. */
#include "executor/run.h"
#include "lib/base/text.h"

void step_begin(struct walk *walk, struct step *step, enum step_state state)
{
	step->state = state;
	step->started_at_us = walk->now_us;
	step->ended_at_us = 0;
	step->started_ms = walk->now_ms;
	step->message = NULL;
	if (step->node->kind != GRAPH_NODE_SET)
		batch_add_step(walk->run, step);
}

void step_end(struct walk *walk, struct step *step, enum step_state state, const char *message)
{
	step->state = state;
	step->ended_at_us = walk->now_us;
	step->message = message;
	if (step->node->kind != GRAPH_NODE_SET || state != STEP_SUCCEEDED || message)
		batch_add_step(walk->run, step);
}

enum verdict step_fail(struct walk *walk, struct step *step, enum step_state state,
	enum pause_reason why, const char *message)
{
	step->failure = why;
	step_end(walk, step, state, message);
	walk->run->failed = step;
	return VERDICT_FAILED;
}

/* A step whose clock was stopped by a pause or a restart starts it again. */
static void start_clock(struct walk *walk, struct step *step)
{
	if (!step->started_ms)
		step->started_ms = walk->now_ms;
}

static bool is_ungraceful(const struct run *run)
{
	return text_is_equal(run->row->mode, "ungraceful");
}

static enum verdict pass_ungraceful(struct walk *walk, struct step *step)
{
	step_end(walk, step, STEP_SUCCEEDED, "not waited for: the run is ungraceful");
	return VERDICT_DONE;
}

/* UNKNOWN is never yes and never no: the step waits, and after a while the run asks a person. */
static enum verdict hold_unknown(
	struct walk *walk, struct step *step, const struct graph_predicate *predicate)
{
	if (!step->unknown_since_ms)
		step->unknown_since_ms = walk->now_ms;
	if (walk->now_ms - step->unknown_since_ms < RUN_UNKNOWN_LIMIT_MS)
		run_wake_at(walk->run, step->unknown_since_ms + RUN_UNKNOWN_LIMIT_MS);
	else if (run_can_stop(walk->run))
		run_stop(walk->run, EXECUTION_PAUSED, PAUSE_UNKNOWN_HEALTH,
			run_text(walk->run, "step %s: %s", step->node->path,
				predicate_text(walk->run, predicate)));
	return VERDICT_BUSY;
}

static enum verdict walk_check(struct walk *walk, struct step *step)
{
	struct run *run = walk->run;
	const struct graph_predicate *predicate = step->node->predicate;

	if (is_ungraceful(run))
		return pass_ungraceful(walk, step);
	start_clock(walk, step);
	predicate_need(run, predicate, run->executor->options.wait_interval_ms);
	switch (predicate_now(run, predicate, &step->tracker, step->started_ms, walk->now_ms)) {
	case TRI_TRUE:
		step_end(walk, step, STEP_SUCCEEDED, predicate_text(run, predicate));
		return VERDICT_DONE;
	case TRI_FALSE:
		return step_fail(
			walk, step, STEP_FAILED, PAUSE_FAILED_STEP, predicate_text(run, predicate));
	case TRI_UNKNOWN:
		break;
	}
	return hold_unknown(walk, step, predicate);
}

static enum verdict walk_wait(struct walk *walk, struct step *step)
{
	struct run *run = walk->run;
	const struct graph_predicate *predicate = step->node->predicate;

	if (is_ungraceful(run))
		return pass_ungraceful(walk, step);
	start_clock(walk, step);
	predicate_need(run, predicate, run->executor->options.wait_interval_ms);
	if (predicate_now(run, predicate, &step->tracker, step->started_ms, walk->now_ms) ==
		TRI_TRUE) {
		step_end(walk, step, STEP_SUCCEEDED, predicate_text(run, predicate));
		return VERDICT_DONE;
	}
	if (walk->now_ms - step->started_ms >= step->node->within_ms)
		return step_fail(walk, step, STEP_TIMED_OUT, PAUSE_FAILED_STEP,
			predicate_text(run, predicate));
	run_wake_at(run, step->started_ms + step->node->within_ms);
	return VERDICT_BUSY;
}

static enum verdict walk_hold(struct walk *walk, struct step *step)
{
	if (is_ungraceful(walk->run))
		return pass_ungraceful(walk, step);
	start_clock(walk, step);
	if (walk->now_ms - step->started_ms < step->node->hold_ms) {
		run_wake_at(walk->run, step->started_ms + step->node->hold_ms);
		return VERDICT_BUSY;
	}
	step_end(walk, step, STEP_SUCCEEDED, NULL);
	return VERDICT_DONE;
}

/* Its answer is a command: run_command.c. */
static enum verdict walk_gate(struct walk *walk, struct step *step)
{
	start_clock(walk, step);
	if (walk->now_ms - step->started_ms >= step->node->within_ms)
		return step_fail(walk, step, STEP_TIMED_OUT, PAUSE_GATE, "nobody answered in time");
	run_wake_at(walk->run, step->started_ms + step->node->within_ms);
	return VERDICT_BUSY;
}

static const struct {
	enum step_state begin;
	enum verdict (*walk)(struct walk *walk, struct step *step);
} WALKERS[GRAPH_NODE_KIND_COUNT] = {
	[GRAPH_NODE_SET] = {STEP_RUNNING, walk_set},
	[GRAPH_NODE_CHECK] = {STEP_RUNNING, walk_check},
	[GRAPH_NODE_WAIT] = {STEP_WAITING, walk_wait},
	[GRAPH_NODE_HOLD] = {STEP_WAITING, walk_hold},
	[GRAPH_NODE_GATE] = {STEP_WAITING, walk_gate},
	[GRAPH_NODE_STEP] = {STEP_RUNNING, walk_block},
	[GRAPH_NODE_CALL] = {STEP_RUNNING, walk_block},
	[GRAPH_NODE_PARALLEL] = {STEP_RUNNING, walk_parallel},
	[GRAPH_NODE_EACH] = {STEP_RUNNING, walk_each},
	[GRAPH_NODE_RAMP] = {STEP_RUNNING, walk_ramp},
};

enum verdict walk_step(struct walk *walk, struct step *step)
{
	enum graph_node_kind kind = step->node->kind;

	if (step_is_done(step))
		return VERDICT_DONE;
	if (step_is_open_failure(step)) {
		walk->run->failed = step;
		return VERDICT_FAILED;
	}
	if (!WALKERS[kind].walk)
		return step_fail(walk, step, STEP_FAILED, PAUSE_FAILED_STEP,
			run_text(
				walk->run, "this release cannot walk a %s", graph_node_word(kind)));
	if (step->state == STEP_NOT_STARTED) {
		if (!walk->may_start)
			return VERDICT_IDLE;
		step_begin(walk, step, WALKERS[kind].begin);
	}
	return WALKERS[kind].walk(walk, step);
}

enum verdict walk_list(struct walk *walk, struct step_list *list)
{
	while (list->cursor < list->count) {
		enum verdict verdict = walk_step(walk, &list->steps[list->cursor]);

		if (verdict != VERDICT_DONE)
			return verdict;
		list->cursor++;
	}
	return VERDICT_DONE;
}
