/*
 * The life of one effect: read, decide, intent on disk, send, read back, outcome on disk. Do and
 * undo differ only in what they decide after the first read.
 */
#include "executor/run.h"
#include "lib/base/moment.h"
#include "lib/base/text.h"

#include <math.h>

#define READ_BACK_EVERY_MS 200

static int64_t settle_ms(const struct effect *effect)
{
	return effect->probe->type ? effect->probe->type->settle_ms : 0;
}

static const char *show(const char *value)
{
	return value ? value : "absent";
}

/* --- reading --- */

static void on_read(void *arg, const struct adapter_result *result)
{
	struct effect *effect = arg;
	struct run *run = effect->run;

	run->calls--;
	run_wake(run);
	if (effect->phase != EFFECT_PHASE_READ && effect->phase != EFFECT_PHASE_READ_BACK)
		return; /* given up meanwhile */
	effect->answered_ms = time_mono_ms();
	effect->now_outcome = result->outcome;
	effect->now = result->outcome == ADAPTER_OK ? arena_text(&run->arena, result->value) : NULL;
	effect->now_version = arena_text(&run->arena, result->version);
	effect->now_message = arena_text(&run->arena, result->message);
	effect->phase = effect->phase == EFFECT_PHASE_READ_BACK ? EFFECT_PHASE_COMPARE
								: EFFECT_PHASE_DECIDE;
}

static void start_read(struct effect *effect, enum effect_phase phase)
{
	struct error err = ERROR_INIT;
	struct probe *probe = effect->probe;
	struct run *run = effect->run;

	effect->phase = phase;
	if (probe->adapter &&
		probe->adapter->read(run->executor->options.client, &probe->target, &probe->address,
			RUN_TARGET_TIMEOUT_MS, on_read, effect, &err) == 0) {
		run->calls++;
		return;
	}
	effect->answered_ms = time_mono_ms();
	effect->now_outcome = ADAPTER_UNREACHABLE;
	effect->now_message =
		arena_text(&run->arena, probe->adapter ? err.message : probe->problem);
	effect->phase =
		phase == EFFECT_PHASE_READ_BACK ? EFFECT_PHASE_COMPARE : EFFECT_PHASE_DECIDE;
	run_wake(run);
}

void effect_read(struct effect *effect)
{
	start_read(effect, EFFECT_PHASE_READ);
}

/* The sample of the start, when it is still "now", saves the first read. A person who says retry
 * has mended something since. */
static bool take_fresh_sample(struct effect *effect)
{
	struct probe *probe = effect->probe;

	if (!probe->sampled_ms || time_mono_ms() - probe->sampled_ms > RUN_FRESH_MS ||
		!probe_is_current(probe) || effect->step->is_retry)
		return false;
	effect->answered_ms = probe->sampled_ms;
	effect->now_outcome = probe->outcome;
	effect->now =
		probe->outcome == ADAPTER_OK ? arena_text(&effect->run->arena, probe->value) : NULL;
	effect->now_message = arena_text(&effect->run->arena, probe->message);
	effect->phase = EFFECT_PHASE_DECIDE;
	return true;
}

struct effect *effect_new(struct step *step)
{
	struct run *run = step->run;
	struct effect *effect = arena_alloc(&run->arena, sizeof(*effect));

	effect->run = run;
	effect->step = step;
	effect->probe = &run->probes[step->node->reg];
	effect->row.path = step->node->path;
	effect->row.group_path = step->group_path;
	effect->row.reg = (int64_t)step->node->reg;
	if (!take_fresh_sample(effect))
		effect_read(effect);
	return effect;
}

/* --- sending --- */

static void on_sent(void *arg, const struct adapter_result *result)
{
	struct effect *effect = arg;
	struct run *run = effect->run;

	moment_pass("answered");
	run->calls--;
	run_wake(run);
	if (effect->phase != EFFECT_PHASE_SENT)
		return; /* given up meanwhile */
	effect->sent_outcome = result->outcome;
	effect->sent_message = arena_text(&run->arena, result->message);
	effect->settle_until_ms = time_mono_ms() + settle_ms(effect);
	if (result->outcome == ADAPTER_OK || result->outcome == ADAPTER_NO_ANSWER)
		start_read(effect, EFFECT_PHASE_READ_BACK);
	else
		effect->phase = EFFECT_PHASE_COMPARE;
}

void effect_send(struct effect *effect)
{
	struct error err = ERROR_INIT;
	struct probe *probe = effect->probe;
	struct run *run = effect->run;

	effect->phase = EFFECT_PHASE_SENT;
	effect->sent_ms = time_mono_ms();
	probe->writes++;
	moment_pass("send");
	if (probe->adapter->write(run->executor->options.client, &probe->target, &probe->address,
		    effect->row.wanted, effect->now_version, RUN_TARGET_TIMEOUT_MS, on_sent, effect,
		    &err) == 0) {
		run->calls++;
		return;
	}
	effect->sent_outcome = ADAPTER_UNREACHABLE;
	effect->sent_message = arena_text(&run->arena, err.message);
	effect->phase = EFFECT_PHASE_COMPARE;
	run_wake(run);
}

/* --- rows --- */

static void fill_row(
	struct walk *walk, struct effect *effect, enum effect_state state, const char *message)
{
	struct run *run = walk->run;
	struct effect_row *row = &effect->row;

	if (!effect->has_row) {
		id_new(row->id);
		row->execution_id = run->row->id;
		row->seq = ++run->effect_seq;
		row->attempt = effect->step ? ++effect->step->attempt : 1;
		row->is_undo = effect->step == NULL;
		row->register_key = effect->probe->key;
		row->idempotency_key =
			run_text(run, "%s/%s/%lld", run->row->id, row->path, (long long)row->seq);
		row->intent_at_us = walk->now_us;
	}
	row->state = state;
	row->message = message;
	if (state != EFFECT_INTENT)
		row->outcome_at_us = walk->now_us;
}

static void record_outcome(
	struct walk *walk, struct effect *effect, enum effect_state state, const char *message)
{
	fill_row(walk, effect, state, message);
	effect->row.observed = effect->now;
	effect->from = EFFECT_INTENT;
	effect->phase = EFFECT_PHASE_RECORD;
	effect->probe->writes++; /* samples that were asked while it was written tell nothing */
	batch_add_outcome(walk->run, effect);
}

static void commit_intent(struct walk *walk, struct effect *effect)
{
	fill_row(walk, effect, EFFECT_INTENT, NULL);
	effect->row.baseline = effect->now;
	effect->phase = EFFECT_PHASE_COMMIT;
	batch_add_intent(walk->run, effect);
}

/* --- deciding, do --- */

static void fail_before_intent(
	struct walk *walk, struct effect *effect, enum pause_reason why, const char *message)
{
	effect->phase = EFFECT_PHASE_END;
	step_fail(walk, effect->step, STEP_FAILED, why, message);
}

/* The same register's set in the last stage of the ramp, or NULL. */
static const struct graph_node *last_stage_set(const struct step_list *list, size_t reg)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct step *step = &list->steps[i];
		const struct graph_node *found = NULL;

		if (step->node->kind == GRAPH_NODE_SET && step->node->reg == reg)
			return step->node;
		found = last_stage_set(&step->body, reg);
		for (size_t j = 0; !found && j < step->node->branch_count; j++)
			found = last_stage_set(&step->branches[j], reg);
		if (found)
			return found;
	}
	return NULL;
}

/* Forward only: a set that leads away from the last stage's value is left out. */
static bool leads_away(struct effect *effect, const char *wanted)
{
	const struct step *ramp = effect->step->ramp;
	const struct graph_node *last;
	struct error err = ERROR_INIT;
	long double now, next, end;
	const char *goal;

	if (!ramp || !ramp->node->forward_only || ramp->is_going_back || effect->step->is_retry)
		return false;
	last = last_stage_set(
		&ramp->branches[ramp->node->branch_count - 1], (size_t)effect->row.reg);
	if (!last || value_of_set(effect->run, last, &goal, &err) != VALUE_OK)
		return false;
	return value_number(effect->now, &now) && value_number(wanted, &next) &&
	       value_number(goal, &end) && fabsl(next - end) > fabsl(now - end);
}

/* Level k of a ramp expects the world as level k-1 left it. */
static bool is_surprise(struct effect *effect, const char *wanted)
{
	const struct probe *probe = effect->probe;

	return effect->step->ramp && probe->has_known && !effect->step->is_retry &&
	       effect_rule_undo(effect->now, wanted, probe->known) == EFFECT_CHOOSE;
}

static bool is_as_expected(struct walk *walk, struct effect *effect)
{
	const struct graph_node *node = effect->step->node;
	struct run *run = walk->run;
	struct error err = ERROR_INIT;
	const char *expected = NULL;

	if (node->if_version && !text_is_equal(node->if_version, effect->now_version)) {
		fail_before_intent(walk, effect, PAUSE_CONFLICT,
			run_text(run, "%s: its version is %s, the plan asks for %s",
				effect->probe->key, show(effect->now_version), node->if_version));
		return false;
	}
	if (!node->if_value)
		return true;
	if (!json_object_get(node->if_value, "$absent") &&
		effect->probe->adapter->parse(&effect->probe->address, node->if_value, &run->arena,
			&expected, &err) < 0) {
		fail_before_intent(
			walk, effect, PAUSE_FAILED_STEP, arena_text(&run->arena, err.message));
		return false;
	}
	if (effect_rule_apply(effect->now, expected) == EFFECT_DO_NOTHING)
		return true;
	fail_before_intent(walk, effect, PAUSE_CONFLICT,
		run_text(run, "%s is %s, the plan asks that it be %s first", effect->probe->key,
			show(effect->now), show(expected)));
	return false;
}

static void leave_out(struct walk *walk, struct effect *effect, const char *message)
{
	effect->phase = EFFECT_PHASE_END;
	step_end(walk, effect->step, STEP_SUCCEEDED, message);
}

/* In a planned way back, an item with a newer one above it touches the world no more. */
static bool is_withdrawn_below(struct walk *walk, struct effect *effect, const char *wanted)
{
	struct run *run = walk->run;
	struct error err = ERROR_INIT;
	struct item **items;
	size_t count;

	if (!run->row->restores_id)
		return false;
	if (item_list(store_reader(run->executor->options.store), &run->arena,
		    run->row->restores_id, effect->probe->key, &items, &count, &err) < 0) {
		fail_before_intent(
			walk, effect, PAUSE_FAILED_STEP, arena_text(&run->arena, err.message));
		return true;
	}
	if (!count || items[0]->is_top)
		return false;
	if (text_is_equal(wanted, items[0]->baseline))
		batch_add_item_close(run, items[0]->id, "withdrawn below a newer item");
	leave_out(walk, effect, "left alone: a newer mitigation lies above it");
	return true;
}

static void decide_wanted(struct walk *walk, struct effect *effect, const char *wanted)
{
	struct run *run = walk->run;

	if (is_withdrawn_below(walk, effect, wanted))
		return;
	if (!is_as_expected(walk, effect))
		return;
	if (leads_away(effect, wanted)) {
		leave_out(walk, effect,
			run_text(run, "left out: from %s, %s would lead back", show(effect->now),
				show(wanted)));
		return;
	}
	if (is_surprise(effect, wanted)) {
		fail_before_intent(walk, effect, PAUSE_CONFLICT,
			run_text(run, "%s is %s, but this run left it at %s: somebody changed it",
				effect->probe->key, show(effect->now), show(effect->probe->known)));
		return;
	}
	effect->row.wanted = wanted;
	if (effect_rule_apply(effect->now, wanted) == EFFECT_SEND) {
		commit_intent(walk, effect);
		return;
	}
	effect->row.baseline = effect->now;
	record_outcome(walk, effect, EFFECT_NOOP, "was so already");
}

static void decide_do(struct walk *walk, struct effect *effect)
{
	struct run *run = walk->run;
	struct error err = ERROR_INIT;
	const char *wanted = NULL;

	if (!walk->may_start) { /* decided on what was read before a pause: read again when it goes
				   on */
		step_reset(effect->step);
		return;
	}
	if (effect->now_outcome != ADAPTER_OK && effect->now_outcome != ADAPTER_ABSENT) {
		fail_before_intent(walk, effect, PAUSE_FAILED_STEP,
			run_text(run, "%s cannot be read: %s", effect->probe->key,
				effect->now_message));
		return;
	}
	switch (value_of_set(run, effect->step->node, &wanted, &err)) {
	case VALUE_OK:
		decide_wanted(walk, effect, wanted);
		return;
	case VALUE_LEAVE_ALONE:
		leave_out(walk, effect, "left alone: the restored run never touched it");
		return;
	case VALUE_NOT_YET:
		return;
	case VALUE_ERROR:
		fail_before_intent(
			walk, effect, PAUSE_FAILED_STEP, arena_text(&run->arena, err.message));
		return;
	}
}

/* --- deciding, an intent that a crash left without outcome --- */

/* Forward only while the run goes forward, back only while it goes back. */
static bool may_resend(const struct effect *effect)
{
	enum execution_state state = effect->run->row->state;

	if (state == EXECUTION_PAUSING)
		return true; /* what is in flight finishes */
	if (effect->row.is_undo)
		return state == EXECUTION_ROLLING_BACK;
	return state == EXECUTION_RUNNING || state == EXECUTION_MONITORING;
}

static void decide_recovered(struct walk *walk, struct effect *effect)
{
	if (effect->now_outcome != ADAPTER_OK && effect->now_outcome != ADAPTER_ABSENT) {
		record_outcome(walk, effect, EFFECT_IN_DOUBT,
			run_text(walk->run, "after a restart it cannot be read: %s",
				effect->now_message));
		return;
	}
	switch (effect_rule_recover(effect->now, effect->row.baseline, effect->row.wanted)) {
	case EFFECT_DO_NOTHING:
		record_outcome(walk, effect, EFFECT_CONFIRMED, "found done after a restart");
		return;
	case EFFECT_SEND:
		if (may_resend(effect))
			effect_send(effect); /* with the same key: the intent stands */
		else
			record_outcome(walk, effect, EFFECT_REFUSED, "never reached the target");
		return;
	case EFFECT_CHOOSE:
		record_outcome(walk, effect, EFFECT_IN_DOUBT,
			run_text(walk->run, "after a restart it is %s, neither %s nor %s",
				show(effect->now), show(effect->row.baseline),
				show(effect->row.wanted)));
		return;
	}
}

/* --- deciding, undo --- */

static void decide_undo(struct walk *walk, struct effect *effect)
{
	struct run *run = walk->run;
	enum effect_choice choice;

	if (!effect->item_is_top) {
		record_outcome(walk, effect, EFFECT_NOOP,
			"withdrawn below a newer item: nothing to write");
		return;
	}
	if (effect->now_outcome != ADAPTER_OK && effect->now_outcome != ADAPTER_ABSENT) {
		effect->now = NULL;
		record_outcome(walk, effect, EFFECT_REFUSED,
			run_text(run, "cannot be read: %s", effect->now_message));
		return;
	}
	choice = effect_rule_undo(effect->now, effect->row.wanted, effect->item_ours);
	if (choice == EFFECT_CHOOSE)
		choice = effect_rule_undo(effect->now, effect->row.wanted, effect->item_before);
	if (choice == EFFECT_SEND)
		commit_intent(walk, effect);
	else if (choice == EFFECT_DO_NOTHING)
		record_outcome(walk, effect, EFFECT_NOOP, "was back already");
	else
		record_outcome(walk, effect, EFFECT_CONFLICT,
			run_text(run, "baseline %s, ours %s, now %s", show(effect->row.wanted),
				show(effect->item_ours), show(effect->now)));
}

/* --- comparing --- */

static const char *outcome_message(
	struct run *run, const struct effect *effect, enum effect_state state)
{
	switch (state) {
	case EFFECT_REFUSED:
		return effect->sent_message;
	case EFFECT_MISMATCH:
		return run_text(run, "written, but it reads %s", show(effect->now));
	case EFFECT_IN_DOUBT:
		return run_text(run, "no certain answer: %s",
			effect->sent_outcome == ADAPTER_OK ? effect->now_message
							   : effect->sent_message);
	default:
		return NULL;
	}
}

static void compare(struct walk *walk, struct effect *effect)
{
	bool may_settle = walk->now_ms < effect->settle_until_ms;
	enum effect_state state = effect_rule_outcome(effect->sent_outcome, effect->now_outcome,
		effect->now, effect->row.wanted, may_settle);

	if (state != EFFECT_INTENT) {
		record_outcome(walk, effect, state, outcome_message(walk->run, effect, state));
		return;
	}
	effect->phase = EFFECT_PHASE_SETTLE;
	effect->again_ms = walk->now_ms + READ_BACK_EVERY_MS;
	run_wake_at(walk->run, effect->again_ms);
}

/* What the step comes to once its effect's outcome is decided. */
static void settle_step(struct walk *walk, struct effect *effect)
{
	struct step *step = effect->step;
	const char *message = effect->row.message;

	switch (effect->row.state) {
	case EFFECT_CONFIRMED:
	case EFFECT_NOOP:
		step_end(walk, step, STEP_SUCCEEDED, NULL);
		return;
	case EFFECT_IN_DOUBT:
		step_fail(walk, step, STEP_IN_DOUBT, PAUSE_IN_DOUBT,
			run_text(walk->run, "%s: %s", effect->probe->key, message));
		return;
	default:
		step_fail(walk, step, STEP_FAILED, PAUSE_FAILED_STEP,
			run_text(walk->run, "%s: %s", effect->probe->key,
				message ? message : "refused"));
		return;
	}
}

void effect_give_up(struct walk *walk, struct effect *effect)
{
	if (!effect->has_row || effect->phase == EFFECT_PHASE_RECORD ||
		effect->phase == EFFECT_PHASE_END)
		return;
	effect->now = NULL;
	record_outcome(walk, effect, EFFECT_IN_DOUBT, "no answer before the run was aborted");
	if (effect->step)
		settle_step(walk, effect);
}

/* What was read before a long commit, or while the store was held, is not "now". */
static bool is_old(const struct walk *walk, const struct effect *effect)
{
	return walk->now_ms - effect->answered_ms > RUN_TARGET_TIMEOUT_MS;
}

void effect_go_on(struct walk *walk, struct effect *effect)
{
	if (effect->phase == EFFECT_PHASE_DECIDE) {
		if (is_old(walk, effect))
			effect_read(effect);
		else if (effect->is_recovered)
			decide_recovered(walk, effect);
		else if (effect->step)
			decide_do(walk, effect);
		else
			decide_undo(walk, effect);
	} else if (effect->phase == EFFECT_PHASE_COMPARE) {
		compare(walk, effect);
	} else if (effect->phase == EFFECT_PHASE_SETTLE) {
		if (walk->now_ms >= effect->again_ms)
			start_read(effect, EFFECT_PHASE_READ_BACK);
		else
			run_wake_at(walk->run, effect->again_ms);
	}
}

enum verdict walk_set(struct walk *walk, struct step *step)
{
	if (!step->effect) {
		if (!walk->may_start) {
			step->state = STEP_NOT_STARTED;
			return VERDICT_IDLE;
		}
		step->effect = effect_new(step);
	}
	effect_go_on(walk, step->effect);
	if (step->effect && step->effect->phase == EFFECT_PHASE_RECORD &&
		step->state == STEP_RUNNING)
		settle_step(walk, step->effect);
	if (step->state == STEP_RUNNING)
		return VERDICT_BUSY;
	if (step->state == STEP_NOT_STARTED)
		return VERDICT_IDLE;
	return step->state == STEP_SUCCEEDED ? VERDICT_DONE : VERDICT_FAILED;
}
