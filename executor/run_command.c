/* Commands that people gave: their closure has changed the row's state; here the walk learns of it.
 */
#include "executor/run.h"
#include "lib/base/log.h"
#include "lib/base/text.h"

/* Each failed step, or the one at a path. */
static void each_failed(struct walk *walk, const struct command_row *command,
	void (*act)(struct walk *walk, struct step *step, const struct command_row *command))
{
	for (size_t i = 0; i < walk->run->step_count; i++) {
		struct step *step = walk->run->by_path[i];

		if (command->path ? text_is_equal(command->path, step->node->path)
				  : step_is_open_failure(step))
			act(walk, step, command);
	}
}

static void retry_step(struct walk *walk, struct step *step, const struct command_row *command)
{
	(void)command;
	if (!step_is_open_failure(step))
		return;
	step_reset(step);
	step->is_retry = true;
	batch_add_step(walk->run, step);
}

static void skip_step(struct walk *walk, struct step *step, const struct command_row *command)
{
	run_note_exception(walk->run);
	step_end(walk, step, STEP_SKIPPED,
		run_text(walk->run, "skipped by %s: %s", command->person, command->reason));
}

static void mark_step(struct walk *walk, struct step *step, const struct command_row *command)
{
	struct effect *effect = step->effect;
	bool is_done = text_is_equal(command->value, "done");

	run_note_exception(walk->run);
	if (effect && effect->has_row && effect->row.state == EFFECT_IN_DOUBT) {
		effect->from = EFFECT_IN_DOUBT;
		effect->row.state = is_done ? EFFECT_CONFIRMED : EFFECT_REFUSED;
		effect->row.message = run_text(walk->run, "marked %s by %s: %s",
			is_done ? "done" : "not done", command->person, command->reason);
		effect->row.outcome_at_us = walk->now_us;
		walk->run->in_flight++;
		batch_add_outcome(walk->run, effect);
	}
	step_end(walk, step, is_done ? STEP_MARKED_DONE : STEP_FAILED,
		run_text(walk->run, "marked %s by %s: %s", is_done ? "done" : "not done",
			command->person, command->reason));
}

static void take_retry(struct walk *walk, const struct command_row *command)
{
	if (walk->run->row->is_phase_rollback)
		undo_retry(walk->run);
	else
		each_failed(walk, command, retry_step);
}

static void take_skip(struct walk *walk, const struct command_row *command)
{
	each_failed(walk, command, skip_step);
}

static void take_mark(struct walk *walk, const struct command_row *command)
{
	each_failed(walk, command, mark_step);
}

static void answer_gate(struct walk *walk, struct step *step, const struct command_row *command)
{
	const char *message =
		run_text(walk->run, "answered %s by %s", command->value, command->person);

	if (text_is_equal(command->value, "yes"))
		step_end(walk, step, STEP_SUCCEEDED, message);
	else
		step_fail(walk, step, STEP_FAILED, PAUSE_GATE, message);
}

static void take_answer(struct walk *walk, const struct command_row *command)
{
	struct run *run = walk->run;

	if (run->row->is_phase_rollback) {
		undo_answer(run, command->path, command->value);
		return;
	}
	for (size_t i = 0; i < run->step_count; i++) {
		struct step *step = run->by_path[i];

		if (step->node->kind == GRAPH_NODE_GATE && step->state == STEP_WAITING &&
			(!command->path || text_is_equal(command->path, step->node->path)))
			answer_gate(walk, step, command);
	}
}

/* A gate that was answered no, or not in time, is asked again. */
static void ask_again(struct walk *walk, struct step *step, const struct command_row *command)
{
	if (step->node->kind == GRAPH_NODE_GATE)
		retry_step(walk, step, command);
}

static void take_resume(struct walk *walk, const struct command_row *command)
{
	if (walk->run->row->is_phase_rollback)
		undo_retry(walk->run); /* what was read before the pause is not "now" */
	else
		each_failed(walk, command, ask_again);
}

static void take_rollback(struct walk *walk, const struct command_row *command)
{
	(void)command;
	undo_retry(walk->run);
}

/* The others are all in the row already. `goes_on`: from a pause, so clocks start anew. */
static const struct {
	void (*take)(struct walk *walk, const struct command_row *command);
	bool goes_on;
} TAKERS[EXECUTION_VERB_COUNT] = {
	[EXECUTION_VERB_RESUME] = {take_resume, true},
	[EXECUTION_VERB_RETRY] = {take_retry, true},
	[EXECUTION_VERB_SKIP] = {take_skip, true},
	[EXECUTION_VERB_MARK] = {take_mark, true},
	[EXECUTION_VERB_ANSWER] = {take_answer, false},
	[EXECUTION_VERB_ROLLBACK] = {take_rollback, false},
};

static void take(struct walk *walk, const struct command_row *command)
{
	for (int verb = 0; verb < EXECUTION_VERB_COUNT; verb++) {
		if (!TAKERS[verb].take ||
			!text_is_equal(
				execution_verb_word((enum execution_verb)verb), command->verb))
			continue;
		if (TAKERS[verb].goes_on) {
			walk->run->is_stopping = false;
			run_tree_rewind(walk->run);
		}
		TAKERS[verb].take(walk, command);
	}
}

void run_take_commands(struct walk *walk)
{
	struct run *run = walk->run;
	struct error err = ERROR_INIT;
	struct command_row *commands;
	size_t count;

	if (command_store_list(store_reader(run->executor->options.store), &run->arena,
		    run->row->id, run->row->command_seq, &commands, &count, &err) < 0) {
		log_warn("executor", "commands cannot be read", "execution", run->row->id, "error",
			err.message);
		return;
	}
	if (!count)
		return;
	run->abort_since_ms = 0;
	for (size_t i = 0; i < count; i++) {
		take(walk, &commands[i]);
		run->row->command_seq = commands[i].seq;
	}
	batch_add_command_seq(run, run->row->command_seq);
}
