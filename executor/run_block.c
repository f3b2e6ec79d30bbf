/* Blocks: step, call, parallel, each, ramp, and the guards that cover them. */
#include "executor/run.h"
#include "lib/base/text.h"

/* --- guards --- */

static const struct {
	enum execution_state state;
	enum pause_reason reason;
} GUARD_ENDS[] = {
	[GRAPH_PAUSE] = {EXECUTION_PAUSED, PAUSE_GUARD},
	[GRAPH_ABORT] = {EXECUTION_ABORTING, PAUSE_GUARD},
	[GRAPH_ROLLBACK] = {EXECUTION_ROLLING_BACK, PAUSE_GUARD},
};

static bool is_quiet(struct walk *walk, const struct graph_guard *guard, struct guard_state *state,
	int64_t since_ms)
{
	struct run *run = walk->run;

	predicate_need(run, &guard->predicate, run->executor->options.guard_interval_ms);
	state->last =
		predicate_now(run, &guard->predicate, &state->tracker, since_ms, walk->now_ms);
	if (state->last == TRI_FALSE) {
		state->unknown_since_ms = 0;
		return true;
	}
	if (state->last == TRI_TRUE && run_can_stop(run))
		run_stop(run, GUARD_ENDS[guard->action].state, GUARD_ENDS[guard->action].reason,
			run_text(run, "guard %s: %s", guard->path,
				predicate_text(run, &guard->predicate)));
	if (state->last == TRI_TRUE)
		return false;
	if (!state->unknown_since_ms)
		state->unknown_since_ms = walk->now_ms;
	if (walk->now_ms - state->unknown_since_ms < RUN_UNKNOWN_LIMIT_MS)
		run_wake_at(run, state->unknown_since_ms + RUN_UNKNOWN_LIMIT_MS);
	else if (run_can_stop(run))
		run_stop(run, EXECUTION_PAUSED, PAUSE_UNKNOWN_HEALTH,
			run_text(run, "guard %s: %s", guard->path,
				predicate_text(run, &guard->predicate)));
	return false;
}

bool walk_guards(struct walk *walk, const struct graph_guards *guards, struct guard_state *states,
	int64_t since_ms)
{
	bool is_all_quiet = true;

	for (size_t i = 0; i < guards->count; i++)
		if (!is_quiet(walk, &guards->items[i], &states[i], since_ms))
			is_all_quiet = false;
	return is_all_quiet;
}

/* The walk inside a block: nothing new starts while a guard of it is not quiet. */
static struct walk enter(struct walk *walk, struct step *step)
{
	struct walk inner = *walk;

	if (!step->started_ms)
		step->started_ms = walk->now_ms;
	if (!walk_guards(walk, &step->node->guards, step->guards, step->started_ms))
		inner.may_start = false;
	if (walk->run->is_stopping)
		inner.may_start = false;
	return inner;
}

/* --- step, call --- */

enum verdict walk_block(struct walk *walk, struct step *step)
{
	struct walk inner = enter(walk, step);
	enum verdict verdict = walk_list(&inner, &step->body);

	if (verdict == VERDICT_DONE)
		step_end(walk, step, STEP_SUCCEEDED, NULL);
	return verdict;
}

/* --- parallel, each: a failed branch lets the others finish the node they are in --- */

struct tally {
	size_t done, failed, busy, idle;
};

static void count_verdict(struct tally *tally, enum verdict verdict)
{
	tally->done += verdict == VERDICT_DONE;
	tally->failed += verdict == VERDICT_FAILED;
	tally->busy += verdict == VERDICT_BUSY;
	tally->idle += verdict == VERDICT_IDLE;
}

static bool is_room(const struct step *step, const struct tally *tally)
{
	return step->node->at_once == 0 ||
	       (int64_t)(tally->busy + tally->idle) < step->node->at_once;
}

static bool is_over(const struct step *step, size_t failed)
{
	return (int64_t)failed > step->node->max_failures;
}

static bool has_needs(const struct step *step, const struct step *child)
{
	for (size_t i = 0; i < child->node->need_count; i++)
		if (!step_is_done(&step->body.steps[child->node->needs[i]]))
			return false;
	return true;
}

/* More failures than it may have, wherever they lie: nothing new starts in any branch. */
static void stop_if_stuck(struct walk *walk, const struct step *step)
{
	if (is_over(step, step_count_stuck(step)))
		walk->may_start = false;
}

/* What the whole comes to, once each branch was looked at. */
static enum verdict sum_up(
	struct walk *walk, struct step *step, const struct tally *tally, size_t count)
{
	if (tally->busy)
		return VERDICT_BUSY;
	if (is_over(step, tally->failed)) {
		if (!walk->run->failed)
			walk->run->failed = step->failed_child;
		return VERDICT_FAILED;
	}
	if (tally->done + tally->failed < count)
		return VERDICT_IDLE;
	if (tally->failed)
		run_note_exception(walk->run);
	return VERDICT_DONE;
}

enum verdict walk_parallel(struct walk *walk, struct step *step)
{
	struct walk inner = enter(walk, step);
	struct tally tally = {0};
	enum verdict verdict;

	stop_if_stuck(&inner, step);
	for (size_t i = 0; i < step->body.count; i++) {
		struct step *child = &step->body.steps[i];
		struct walk one = inner;

		if (is_over(step, tally.failed) ||
			(child->state == STEP_NOT_STARTED &&
				(!has_needs(step, child) || !is_room(step, &tally))))
			one.may_start = false;
		count_verdict(&tally, walk_step(&one, child));
	}
	verdict = sum_up(walk, step, &tally, step->body.count);
	if (verdict == VERDICT_DONE)
		step_end(walk, step, STEP_SUCCEEDED, NULL);
	return verdict;
}

static bool is_started(const struct step_list *list)
{
	return list->cursor > 0 || (list->count > 0 && list->steps[0].state != STEP_NOT_STARTED);
}

static size_t batch_limit(const struct step *step)
{
	if (!step->node->batch_count)
		return step->node->branch_count;
	return (size_t)step->node->batches[step->position];
}

static void walk_branches(struct walk *walk, struct step *step, size_t limit, struct tally *tally)
{
	for (size_t i = 0; i < step->node->branch_count; i++)
		tally->failed += step->branch_failed[i];
	for (size_t i = 0; i < limit; i++) {
		struct walk one = *walk;
		enum verdict verdict;

		if (step->branch_failed[i])
			continue;
		if (is_over(step, tally->failed) ||
			(!is_started(&step->branches[i]) && !is_room(step, tally)))
			one.may_start = false;
		if (!one.may_start && !is_started(&step->branches[i]))
			continue;
		verdict = walk_list(&one, &step->branches[i]);
		step->branch_failed[i] = verdict == VERDICT_FAILED;
		if (verdict == VERDICT_FAILED)
			step->failed_child = walk->run->failed;
		count_verdict(tally, verdict);
	}
}

/* The hold between two batches; true when the next may begin. */
static bool is_held_long_enough(struct walk *walk, struct step *step)
{
	if (!walk->may_start || !step->hold_since_ms)
		step->hold_since_ms = walk->now_ms;
	if (walk->may_start && walk->now_ms - step->hold_since_ms >= step->node->hold_ms)
		return true;
	run_wake_at(walk->run, step->hold_since_ms + step->node->hold_ms);
	return false;
}

enum verdict walk_each(struct walk *walk, struct step *step)
{
	struct walk inner = enter(walk, step);
	size_t limit = batch_limit(step);
	struct tally tally = {0};
	enum verdict verdict;

	stop_if_stuck(&inner, step);
	walk_branches(&inner, step, limit, &tally);
	verdict = sum_up(walk, step, &tally, limit);
	if (verdict == VERDICT_DONE && limit < step->node->branch_count) {
		if (!is_held_long_enough(&inner, step))
			return VERDICT_BUSY;
		step->position++;
		step->hold_since_ms = 0;
		batch_add_step(walk->run, step);
		run_wake(walk->run);
		return VERDICT_BUSY;
	}
	if (verdict == VERDICT_DONE)
		step_end(walk, step, STEP_SUCCEEDED, NULL);
	return verdict;
}

/* --- ramp --- */

/* Everything in it is to be done again; the rows say so too. */
static void reset_stage(struct walk *walk, struct step_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		struct step *step = &list->steps[i];
		bool has_begun = step->state != STEP_NOT_STARTED;

		reset_stage(walk, &step->body);
		for (size_t j = 0; j < step->node->branch_count; j++)
			reset_stage(walk, &step->branches[j]);
		step_reset(step);
		if (has_begun)
			batch_add_step(walk->run, step);
	}
	list->cursor = 0;
}

static enum verdict go_back(struct walk *walk, struct step *step)
{
	const char *why;

	if (!run_can_stop(walk->run))
		return VERDICT_BUSY;
	why = predicate_text(walk->run, step->node->back_if);
	if (step->back_count++ || step->position == 0) {
		run_stop(walk->run, EXECUTION_PAUSED, PAUSE_GUARD,
			run_text(walk->run, "ramp %s would go back again: %s", step->node->path,
				why));
		return VERDICT_BUSY;
	}
	step->position--;
	step->is_going_back = true;
	step->is_level_set = false;
	step->hold_since_ms = 0;
	step->message = run_text(walk->run, "one stage back: %s", why);
	reset_stage(walk, &step->branches[step->position]);
	reset_stage(walk, &step->branches[step->position + 1]);
	tracker_reset(&step->back_tracker, step->node->back_if);
	batch_add_step(walk->run, step);
	run_wake(walk->run);
	return VERDICT_BUSY;
}

/* go_if: the next stage only when it says yes; a stage that takes longer than `within` asks a
 * person. */
static bool is_go(struct walk *walk, struct step *step)
{
	const struct graph_node *node = step->node;
	int64_t end_ms = step->hold_since_ms + node->hold_ms + node->within_ms;

	if (!node->predicate)
		return true;
	predicate_need(walk->run, node->predicate, walk->run->executor->options.wait_interval_ms);
	if (predicate_now(walk->run, node->predicate, &step->tracker, step->hold_since_ms,
		    walk->now_ms) == TRI_TRUE)
		return true;
	if (walk->now_ms < end_ms)
		run_wake_at(walk->run, end_ms);
	else if (run_can_stop(walk->run))
		run_stop(walk->run, EXECUTION_PAUSED, PAUSE_GUARD,
			run_text(walk->run, "ramp %s may not go on: %s", node->path,
				predicate_text(walk->run, node->predicate)));
	return false;
}

static bool is_back(struct walk *walk, struct step *step)
{
	const struct graph_node *node = step->node;

	if (!node->back_if)
		return false;
	predicate_need(walk->run, node->back_if, walk->run->executor->options.wait_interval_ms);
	return predicate_now(walk->run, node->back_if, &step->back_tracker, step->hold_since_ms,
		       walk->now_ms) == TRI_TRUE;
}

static enum verdict next_stage(struct walk *walk, struct step *step)
{
	if ((size_t)step->position + 1 == step->node->branch_count) {
		step_end(walk, step, STEP_SUCCEEDED, NULL);
		return VERDICT_DONE;
	}
	step->position++;
	step->is_level_set = false;
	step->is_going_back = false;
	step->hold_since_ms = 0;
	batch_add_step(walk->run, step);
	run_wake(walk->run);
	return VERDICT_BUSY;
}

enum verdict walk_ramp(struct walk *walk, struct step *step)
{
	struct walk inner = enter(walk, step);

	if (!step->is_level_set) {
		enum verdict verdict = walk_list(&inner, &step->branches[step->position]);

		if (verdict != VERDICT_DONE)
			return verdict;
		step->is_level_set = true;
		step->hold_since_ms = walk->now_ms;
	}
	if (inner.may_start && is_back(walk, step))
		return go_back(walk, step);
	if (!is_held_long_enough(&inner, step) || !is_go(walk, step))
		return VERDICT_BUSY;
	return next_stage(walk, step);
}
