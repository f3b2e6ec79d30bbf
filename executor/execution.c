/* Rules: how a run ends, and what each state and command mean. */
#include "executor/execution.h"
#include "executor/execution_rooms.h"
#include "executor/execution_store.h"
#include "lib/base/json.h"
#include "lib/base/text.h"
#include "notify/notify.h"
#include "safety/item.h"
#include "safety/lock.h"

#include <string.h>

static const struct {
	const char *word;
	bool is_terminal;
} STATES[] = {
#define X(name, word, terminal) [EXECUTION_##name] = {(word), (terminal)},
	EXECUTION_STATES(X)
#undef X
};

static const struct {
	const char *word;
	bool is_person;
} REASONS[] = {
#define X(name, word, person) [PAUSE_##name] = {(word), (person)},
	PAUSE_REASONS(X)
#undef X
};

static const char *const VERBS[] = {
#define X(name, word) [EXECUTION_VERB_##name] = (word),
	EXECUTION_VERBS(X)
#undef X
};

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

const char *execution_state_word(enum execution_state state)
{
	return STATES[state].word;
}

enum execution_state execution_state_of(const char *word)
{
	for (size_t i = 0; i < COUNT(STATES); i++)
		if (text_is_equal(STATES[i].word, word))
			return (enum execution_state)i;
	return EXECUTION_FAILED;
}

bool execution_is_terminal(enum execution_state state)
{
	return STATES[state].is_terminal;
}

const char *pause_reason_word(enum pause_reason reason)
{
	return REASONS[reason].word;
}

enum pause_reason pause_reason_of(const char *word)
{
	for (size_t i = 0; i < COUNT(REASONS); i++)
		if (text_is_equal(REASONS[i].word, word))
			return (enum pause_reason)i;
	return PAUSE_NONE;
}

bool pause_reason_is_person(enum pause_reason reason)
{
	return REASONS[reason].is_person;
}

const char *execution_verb_word(enum execution_verb verb)
{
	return VERBS[verb];
}

/* --- a change of state, with all that belongs to it --- */

static bool is_told(enum execution_state state)
{
	return state == EXECUTION_PAUSED || state == EXECUTION_PENDING_APPROVAL ||
	       execution_is_terminal(state);
}

static int tell(struct store_tx *tx, const struct execution *row,
	const struct execution_change *change, const char *notify_id, struct error *err)
{
	struct arena arena = ARENA_INIT;
	json_t *data = json_object();
	struct notify_event event = {
		.type = change->state == EXECUTION_PAUSED ? "execution.paused" : "execution.ended",
		.subject = arena_format(&arena, "execution/%s", row->id),
		.text = arena_format(&arena, "%s is %s%s%s", row->plan,
			execution_state_word(change->state),
			change->message && change->message[0] ? ": " : "",
			change->message ? change->message : ""),
		.data = data,
	};
	int rc;

	json_set_text(data, "execution", row->id);
	json_set_text(data, "plan", row->plan);
	json_set_text(data, "state", execution_state_word(change->state));
	json_set_text(data, "reason", pause_reason_word(change->reason));
	memcpy(event.id, notify_id, ID_SIZE);
	rc = notify_send(tx, &event, change->at_us, err);
	json_decref(data);
	arena_done(&arena);
	return rc;
}

static int record_state(struct store_tx *tx, const struct execution *row,
	const struct execution_change *change, const struct audit_actor *actor, struct error *err)
{
	json_t *detail = json_object();
	struct audit_record record = {
		.actor = actor,
		.action = AUDIT_EXECUTION_STATE,
		.subject_kind = "execution",
		.subject_id = row->id,
		.subject_digest = row->graph_digest,
		.detail = detail,
	};
	int rc;

	json_set_text(detail, "from", execution_state_word(row->state));
	json_set_text(detail, "state", execution_state_word(change->state));
	json_set_text(detail, "reason", pause_reason_word(change->reason));
	json_set_text(detail, "message", change->message);
	rc = audit_append(tx, &record, change->at_us, NULL, err);
	json_decref(detail);
	return rc;
}

int execution_change_state(struct store_tx *tx, const struct execution *row,
	const struct execution_change *change, const struct audit_actor *actor,
	const char notify_id[static ID_SIZE], struct error *err)
{
	if (execution_store_change(tx, change, err) < 0 ||
		record_state(tx, row, change, actor, err) < 0)
		return err->code;
	if (execution_is_terminal(change->state) && lock_release(tx, row->id, err) < 0)
		return err->code;
	return is_told(change->state) ? tell(tx, row, change, notify_id, err) : 0;
}

/* --- commands --- */

#define BIT(state) (1u << EXECUTION_##state)
/* Refines the change that the table proposes, or refuses it. */
typedef int (*command_act)(struct store_tx *tx, const struct execution *row,
	struct execution_command *command, struct execution_change *change, struct error *err);

static int do_abort(struct store_tx *tx, const struct execution *row,
	struct execution_command *command, struct execution_change *change, struct error *err);
static int do_resume(struct store_tx *tx, const struct execution *row,
	struct execution_command *command, struct execution_change *change, struct error *err);
static int do_retry(struct store_tx *tx, const struct execution *row,
	struct execution_command *command, struct execution_change *change, struct error *err);
static int do_failed_step(struct store_tx *tx, const struct execution *row,
	struct execution_command *command, struct execution_change *change, struct error *err);
static int do_answer(struct store_tx *tx, const struct execution *row,
	struct execution_command *command, struct execution_change *change, struct error *err);
static int do_accept(struct store_tx *tx, const struct execution *row,
	struct execution_command *command, struct execution_change *change, struct error *err);
static int do_rollback(struct store_tx *tx, const struct execution *row,
	struct execution_command *command, struct execution_change *change, struct error *err);
static int do_force_close(struct store_tx *tx, const struct execution *row,
	struct execution_command *command, struct execution_change *change, struct error *err);

/* Which states take a command, whether a reason is owed, what it makes of the state. */
static const struct {
	unsigned states;
	bool needs_reason;
	enum execution_state next;
	command_act act;
	const char *message; /* what the reply says */
} COMMANDS[EXECUTION_VERB_COUNT] = {
	[EXECUTION_VERB_PAUSE] = {BIT(RUNNING) | BIT(MONITORING) | BIT(ROLLING_BACK), false,
		EXECUTION_PAUSING, NULL,
		"accepted: it pauses at the next node, effects in flight finish"},
	[EXECUTION_VERB_RESUME] = {BIT(PAUSED), false, EXECUTION_RUNNING, do_resume, "it goes on"},
	[EXECUTION_VERB_ABORT] = {BIT(PENDING_APPROVAL) | BIT(QUEUED) | BIT(RUNNING) |
					  BIT(PAUSING) | BIT(PAUSED) | BIT(MONITORING) |
					  BIT(ROLLING_BACK),
		false, EXECUTION_ABORTING, do_abort,
		"accepted: nothing new is sent; what is in effect stays and is listed by "
		"`redbutton effects`"},
	[EXECUTION_VERB_RETRY] = {BIT(PAUSED), false, EXECUTION_RUNNING, do_retry,
		"it tries what failed again"},
	[EXECUTION_VERB_SKIP] = {BIT(PAUSED), true, EXECUTION_RUNNING, do_failed_step,
		"skipped: it goes on"},
	[EXECUTION_VERB_MARK] = {BIT(PAUSED), true, EXECUTION_PAUSED, do_failed_step, "marked"},
	[EXECUTION_VERB_ANSWER] = {BIT(RUNNING) | BIT(MONITORING) | BIT(PAUSED), false,
		EXECUTION_RUNNING, do_answer, "answered"},
	[EXECUTION_VERB_ACCEPT] = {BIT(MONITORING) | BIT(PAUSED), false, EXECUTION_MONITORING,
		do_accept, "accepted"},
	[EXECUTION_VERB_ROLLBACK] = {BIT(RUNNING) | BIT(PAUSING) | BIT(PAUSED) | BIT(MONITORING) |
					     BIT(ABORTING),
		false, EXECUTION_ROLLING_BACK, do_rollback,
		"accepted: what this run did is undone, newest first"},
	[EXECUTION_VERB_FORCE_CLOSE] = {BIT(PAUSED) | BIT(ABORTING) | BIT(ROLLING_BACK), true,
		EXECUTION_FAILED, do_force_close,
		"closed by force: what remains in effect is ORPHANED and stays listed"},
};

const char *const *execution_commands(const struct execution *row)
{
	static _Thread_local const char *words[EXECUTION_VERB_COUNT + 1];
	size_t count = 0;

	for (int verb = 0; verb < EXECUTION_VERB_COUNT; verb++)
		if (COMMANDS[verb].states & (1u << row->state))
			words[count++] = VERBS[verb];
	words[count] = NULL;
	return words;
}

static int no_effect(const struct execution *row, const char *verb, struct error *err)
{
	char list[160] = "";

	for (const char *const *word = execution_commands(row); *word; word++) {
		strncat(list, *list ? ", " : "", sizeof(list) - strlen(list) - 1);
		strncat(list, *word, sizeof(list) - strlen(list) - 1);
	}
	error_set(err, ERROR_NO_EFFECT, "%s has no effect on execution %s: it is %s", verb, row->id,
		execution_state_word(row->state));
	if (*list)
		return error_remedy(err, "what has an effect now: %s", list);
	return error_remedy(err,
		"it has ended; undo what it left by: redbutton execution rollback %s", row->id);
}

static int do_abort(struct store_tx *tx, const struct execution *row,
	struct execution_command *command, struct execution_change *change, struct error *err)
{
	(void)tx;
	(void)err;
	if (row->state == EXECUTION_PENDING_APPROVAL || row->state == EXECUTION_QUEUED) {
		change->state = EXECUTION_CANCELED;
		change->ended_at_us = command->at_us;
		command->ret_is_done = true;
		command->ret_message = "canceled: nothing was done";
	}
	change->reason = row->reason == PAUSE_DEADLINE ? PAUSE_DEADLINE : PAUSE_NONE;
	return 0;
}

/* Time that people took at a gate or by pausing does not count; from a deadline the run gets its
 * time again. */
static void move_deadline(
	const struct execution *row, int64_t at_us, struct execution_change *change)
{
	if (row->reason == PAUSE_DEADLINE)
		change->deadline_at_us = at_us + row->within_ms * 1000;
	else if (pause_reason_is_person(row->reason))
		change->deadline_at_us = row->deadline_at_us + (at_us - row->changed_at_us);
	if (row->is_phase_rollback)
		change->state = EXECUTION_ROLLING_BACK;
}

static bool is_failed(const struct node_row *row)
{
	return row->state == STEP_FAILED || row->state == STEP_TIMED_OUT ||
	       row->state == STEP_IN_DOUBT;
}

static bool is_about_a_step(enum pause_reason reason)
{
	return reason == PAUSE_FAILED_STEP || reason == PAUSE_IN_DOUBT || reason == PAUSE_CONFLICT;
}

static int do_resume(struct store_tx *tx, const struct execution *row,
	struct execution_command *command, struct execution_change *change, struct error *err)
{
	struct node_row *rows;
	size_t count;

	move_deadline(row, command->at_us, change);
	if (row->is_phase_rollback || !is_about_a_step(row->reason))
		return 0;
	if (node_store_list(tx, store_tx_arena(tx), row->id, &rows, &count, err) < 0)
		return err->code;
	for (size_t i = 0; i < count; i++) {
		if (!is_failed(&rows[i]))
			continue;
		error_set(err, ERROR_NO_EFFECT,
			"step %s has failed, so resume alone would change nothing: %s",
			rows[i].path, row->message);
		return error_remedy(err, "decide on it: retry, skip --reason, mark done|not_done "
					 "--reason, or rollback");
	}
	return 0;
}

static int do_retry(struct store_tx *tx, const struct execution *row,
	struct execution_command *command, struct execution_change *change, struct error *err)
{
	(void)tx;
	(void)err;
	move_deadline(row, command->at_us, change);
	return 0;
}

/* skip and mark are about one failed step: the named one, or the only one there is. */
static int find_failed(struct store_tx *tx, const struct execution *row,
	struct execution_command *command, struct error *err)
{
	struct arena *arena = store_tx_arena(tx);
	struct node_row *rows;
	size_t count, failed = 0;
	const char *only = NULL;

	if (node_store_list(tx, arena, row->id, &rows, &count, err) < 0)
		return err->code;
	for (size_t i = 0; i < count; i++) {
		if (!is_failed(&rows[i]) ||
			(command->path && !text_is_equal(command->path, rows[i].path)))
			continue;
		only = rows[i].path;
		failed++;
	}
	if (failed == 1) {
		command->path = only;
		return 0;
	}
	if (failed > 1)
		error_set(err, ERROR_INVALID, "%zu steps have failed: say which", failed);
	else if (command->path)
		error_set(err, ERROR_INVALID, "step %s has not failed", command->path);
	else
		error_set(err, ERROR_NO_EFFECT, "no step has failed");
	error_field(err, "path");
	return error_remedy(
		err, "redbutton execution show %s lists the steps with their paths", row->id);
}

static int do_failed_step(struct store_tx *tx, const struct execution *row,
	struct execution_command *command, struct execution_change *change, struct error *err)
{
	if (find_failed(tx, row, command, err) < 0)
		return err->code;
	if (command->verb == EXECUTION_VERB_MARK && !text_is_equal(command->value, "done") &&
		!text_is_equal(command->value, "not_done")) {
		error_set(err, ERROR_INVALID, "value: it is \"done\" or \"not_done\"");
		return error_field(err, "value");
	}
	if (command->verb == EXECUTION_VERB_MARK && text_is_equal(command->value, "not_done")) {
		change->reason = PAUSE_FAILED_STEP;
		change->message = "marked not done: retry, skip or roll back";
		command->ret_is_done = true;
		return 0;
	}
	change->state = EXECUTION_RUNNING;
	move_deadline(row, command->at_us, change);
	return 0;
}

static int check_answer(
	const struct execution *row, const struct execution_command *command, struct error *err)
{
	bool is_undo = row->is_phase_rollback;
	bool is_known = is_undo ? text_is_equal(command->value, "baseline") ||
					  text_is_equal(command->value, "keep")
				: text_is_equal(command->value, "yes") ||
					  text_is_equal(command->value, "no");

	if (is_known)
		return 0;
	error_set(err, ERROR_INVALID, "value: it is %s",
		is_undo ? "\"baseline\" or \"keep\"" : "\"yes\" or \"no\"");
	return error_field(err, "value");
}

/* The role of a gate names a role or a group. */
static int check_may_answer(struct store_tx *tx, const struct execution_command *command,
	const char *role, struct error *err)
{
	struct error ignored = ERROR_INIT;
	enum role known;

	if (people_is_in_group(tx, command->principal->person_id, role))
		return 0;
	if (role_parse("role", role, &known, &ignored) == 0 &&
		people_has_role(tx, command->principal->person_id, known, &(struct scope){0}))
		return 0;
	error_set(err, ERROR_FORBIDDEN, "this gate is answered by %s, and %s is not", role,
		command->principal->person_name);
	return error_remedy(err, "ask somebody who is in the group or has the role %s", role);
}

static int do_answer(struct store_tx *tx, const struct execution *row,
	struct execution_command *command, struct execution_change *change, struct error *err)
{
	char role[TEXT_NAME_MAX + 1];
	int rc;

	if (check_answer(row, command, err) < 0)
		return err->code;
	if (row->is_phase_rollback) {
		if (row->state != EXECUTION_PAUSED || row->reason != PAUSE_CONFLICT)
			return no_effect(row, "answer", err);
		change->state = EXECUTION_ROLLING_BACK;
		return 0;
	}
	rc = execution_find_gate(tx, row, command, role, err);
	if (rc < 0 || check_may_answer(tx, command, role, err) < 0)
		return err->code;
	change->state = row->state;
	change->reason = row->reason;
	change->message = row->message;
	return 0;
}

static int do_accept(struct store_tx *tx, const struct execution *row,
	struct execution_command *command, struct execution_change *change, struct error *err)
{
	(void)tx;
	(void)command;
	if (row->state == EXECUTION_PAUSED && !row->is_phase_rollback)
		return no_effect(row, "accept", err);
	change->state =
		row->state == EXECUTION_PAUSED ? EXECUTION_ROLLING_BACK : EXECUTION_MONITORING;
	return 0;
}

static int do_rollback(struct store_tx *tx, const struct execution *row,
	struct execution_command *command, struct execution_change *change, struct error *err)
{
	(void)tx;
	(void)command;
	(void)err;
	change->is_phase_rollback = 1;
	(void)row;
	return 0;
}

static int do_force_close(struct store_tx *tx, const struct execution *row,
	struct execution_command *command, struct execution_change *change, struct error *err)
{
	change->ended_at_us = command->at_us;
	change->message = "closed by force";
	command->ret_is_done = true;
	return item_orphan(tx, row->is_undo ? row->restores_id : row->id,
		&command->principal->actor, command->at_us, err);
}

static int check_command(
	const struct execution *row, const struct execution_command *command, struct error *err)
{
	const char *verb = VERBS[command->verb];

	if (command->if_version >= 0 && command->if_version != row->version) {
		error_set(err, ERROR_STALE,
			"execution %s has moved on: it is %s now (version %lld, you saw %lld)",
			row->id, execution_state_word(row->state), (long long)row->version,
			(long long)command->if_version);
		return error_remedy(err, "look again: redbutton execution show %s", row->id);
	}
	if (!(COMMANDS[command->verb].states & (1u << row->state)))
		return no_effect(row, verb, err);
	if (COMMANDS[command->verb].needs_reason && (!command->reason || !command->reason[0])) {
		error_set(err, ERROR_INVALID, "reason: %s needs one", verb);
		error_field(err, "reason");
		return error_remedy(err, "say why in a few words: --reason TEXT");
	}
	return 0;
}

static int record_command(struct store_tx *tx, const struct execution *row,
	const struct execution_command *command, struct error *err)
{
	json_t *detail = json_object();
	struct audit_record record = {
		.actor = &command->principal->actor,
		.action = AUDIT_EXECUTION_COMMAND,
		.subject_kind = "execution",
		.subject_id = row->id,
		.subject_digest = row->graph_digest,
		.detail = detail,
	};
	struct command_row inbox = {
		.id = command->id,
		.verb = VERBS[command->verb],
		.path = command->path,
		.value = command->value,
		.reason = command->reason,
		.person = command->principal->person_name,
		.at_us = command->at_us,
	};
	int rc;

	json_set_text(detail, "verb", inbox.verb);
	json_set_text(detail, "path", command->path);
	json_set_text(detail, "value", command->value);
	json_set_text(detail, "reason", command->reason);
	json_set_int(detail, "seen_version", command->if_version);
	rc = audit_append(tx, &record, command->at_us, NULL, err);
	json_decref(detail);
	return rc < 0 ? rc : command_store_insert(tx, row->id, &inbox, err);
}

int execution_command(struct store_tx *tx, struct execution_command *command, struct error *err)
{
	struct execution_change change = EXECUTION_CHANGE_INIT;
	struct execution *row;

	if (execution_get(tx, store_tx_arena(tx), command->execution_id, &row, err) < 0 ||
		check_command(row, command, err) < 0)
		return err->code;
	if (command->verb != EXECUTION_VERB_ANSWER &&
		execution_check_right(tx, row->graph_digest, command->principal, err) < 0)
		return err->code;
	change.id = row->id;
	change.state = COMMANDS[command->verb].next;
	change.reason = command->verb == EXECUTION_VERB_PAUSE ? PAUSE_OPERATOR : PAUSE_NONE;
	change.message = command->reason;
	change.at_us = command->at_us;
	command->ret_message = COMMANDS[command->verb].message;
	if (command->verb == EXECUTION_VERB_PAUSE && row->state == EXECUTION_ROLLING_BACK)
		change.is_phase_rollback = 1;
	if (COMMANDS[command->verb].act &&
		COMMANDS[command->verb].act(tx, row, command, &change, err) < 0)
		return err->code;
	if (record_command(tx, row, command, err) < 0 ||
		execution_change_state(
			tx, row, &change, &command->principal->actor, command->notify_id, err) < 0)
		return err->code;
	command->ret_state = change.state;
	command->ret_version = row->version + 1;
	return 0;
}
