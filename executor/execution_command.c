/* Rules: which command is allowed in which state, and what it makes of it. */
#include "executor/effect.h"
#include "executor/execution.h"
#include "executor/execution_rooms.h"
#include "executor/execution_store.h"
#include "lib/base/json.h"
#include "lib/base/text.h"
#include "safety/item.h"

#include <stdlib.h>
#include <string.h>

static const char *const VERBS[] = {
#define X(name, word) [EXECUTION_VERB_##name] = (word),
	EXECUTION_VERBS(X)
#undef X
};

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
	[EXECUTION_VERB_ACCEPT] = {BIT(MONITORING) | BIT(PAUSED), false,
		EXECUTION_SUCCEEDED_WITH_EXCEPTIONS, do_accept, "accepted: it has ended"},
	[EXECUTION_VERB_ROLLBACK] = {BIT(RUNNING) | BIT(PAUSING) | BIT(PAUSED) | BIT(MONITORING) |
					     BIT(ABORTING),
		false, EXECUTION_ROLLING_BACK, do_rollback,
		"accepted: what this run did is undone, newest first"},
	[EXECUTION_VERB_FORCE_CLOSE] = {BIT(PAUSED) | BIT(ABORTING) | BIT(ROLLING_BACK), true,
		EXECUTION_FAILED, do_force_close,
		"closed by force: what remains in effect is ORPHANED and stays listed"},
};

const char *execution_verb_word(enum execution_verb verb)
{
	return VERBS[verb];
}

/* A planned way back moves the items of the run it restores: nothing undoes it but another run. */
static bool is_way_back(const struct execution *row)
{
	return row->restores_id && !row->is_undo;
}

static bool has_use(const struct execution *row, enum execution_verb verb)
{
	if (!(COMMANDS[verb].states & (1u << row->state)))
		return false;
	switch (verb) {
	case EXECUTION_VERB_ACCEPT:
		return row->state == EXECUTION_MONITORING || row->is_phase_rollback;
	case EXECUTION_VERB_ROLLBACK:
		return !is_way_back(row);
	case EXECUTION_VERB_SKIP:
	case EXECUTION_VERB_MARK:
		return !row->is_phase_rollback;
	case EXECUTION_VERB_ANSWER:
		return !row->is_phase_rollback ||
		       row->state == EXECUTION_PAUSED; /* which of them: find_conflict */
	default:
		return true;
	}
}

const char *const *execution_commands(const struct execution *row)
{
	static _Thread_local const char *words[EXECUTION_VERB_COUNT + 1];
	size_t count = 0;

	for (int verb = 0; verb < EXECUTION_VERB_COUNT; verb++)
		if (has_use(row, (enum execution_verb)verb))
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

/* Time that people took at a gate or by pausing does not count. */
static void keep_time(const struct execution *row, int64_t at_us, struct execution_change *change)
{
	if (row->state == EXECUTION_PAUSED && pause_reason_is_person(row->reason))
		change->deadline_at_us = row->deadline_at_us + (at_us - row->changed_at_us);
}

/* It goes on, the way it went; from a deadline it gets its time again. */
static void go_on(const struct execution *row, int64_t at_us, struct execution_change *change)
{
	keep_time(row, at_us, change);
	change->was_looked_at = true;
	if (row->reason == PAUSE_DEADLINE)
		change->deadline_at_us = at_us + row->within_ms * 1000;
	if (row->is_phase_rollback)
		change->state = EXECUTION_ROLLING_BACK;
}

static bool is_failed(const struct node_row *row)
{
	return row->state == STEP_FAILED || row->state == STEP_TIMED_OUT ||
	       row->state == STEP_IN_DOUBT;
}

struct prefix {
	const char *path;
	size_t length;
};

static int to_prefix(const void *key, const void *element)
{
	const struct prefix *prefix = key;
	const struct node_row *row = element;
	int order = strncmp(prefix->path, row->path, prefix->length);

	return order ? order : -(row->path[prefix->length] != '\0');
}

/* Failed, and no block around it got over that (max_failures). Rows are sorted by path. */
static bool is_open_failure(const struct node_row *row, const struct node_row *rows, size_t count)
{
	if (!is_failed(row))
		return false;
	for (const char *dot = strchr(row->path, '.'); dot; dot = strchr(dot + 1, '.')) {
		struct prefix prefix = {row->path, (size_t)(dot - row->path)};
		const struct node_row *above =
			bsearch(&prefix, rows, count, sizeof(*rows), to_prefix);

		if (above && (above->state == STEP_SUCCEEDED || above->state == STEP_SKIPPED ||
				     above->state == STEP_MARKED_DONE))
			return false;
	}
	return true;
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

	go_on(row, command->at_us, change);
	if (row->is_phase_rollback || !is_about_a_step(row->reason))
		return 0;
	if (node_store_list(tx, store_tx_arena(tx), row->id, &rows, &count, err) < 0)
		return err->code;
	for (size_t i = 0; i < count; i++) {
		if (!is_open_failure(&rows[i], rows, count))
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
	go_on(row, command->at_us, change);
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
		if (!is_open_failure(&rows[i], rows, count) ||
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
		keep_time(row, command->at_us, change);
		command->ret_is_done = true;
		return 0;
	}
	change->state = EXECUTION_RUNNING;
	go_on(row, command->at_us, change);
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
int execution_check_answer(
	struct store_tx *tx, const struct principal *principal, const char *role, struct error *err)
{
	struct error ignored = ERROR_INIT;
	enum role known;

	if (people_is_in_group(tx, principal->person_id, role))
		return 0;
	if (role_parse("role", role, &known, &ignored) == 0 &&
		people_has_role(tx, principal->person_id, known, &(struct scope){0}))
		return 0;
	error_set(err, ERROR_FORBIDDEN, "this gate is answered by %s, and %s is not", role,
		principal->person_name);
	return error_remedy(err, "ask somebody who is in the group or has the role %s", role);
}

/* Does an undo of this run at the path wait for an answer? 1 = yes. */
static int is_conflict_at(
	struct store_tx *tx, const struct execution *row, const char *path, struct error *err)
{
	struct arena *arena = store_tx_arena(tx);
	struct effect_row **rows;
	size_t count;

	if (effect_store_list(tx, arena, row->id, &rows, &count, err) < 0)
		return err->code;
	for (size_t i = count; i-- > 0;) {
		struct item *item;

		if (!rows[i]->is_undo || rows[i]->state != EFFECT_CONFLICT ||
			!text_is_equal(path, rows[i]->path))
			continue;
		if (item_get(tx, arena, rows[i]->item_id, &item, err) < 0)
			return err->code;
		if (item->state == ITEM_CONFLICT)
			return 1;
	}
	return 0;
}

/* Anywhere, also one that an earlier try to undo the same has met. 1 = yes. */
static int is_conflict_anywhere(struct store_tx *tx, const struct execution *row, struct error *err)
{
	struct item **items;
	size_t count;

	if (item_list(tx, store_tx_arena(tx), row->is_undo ? row->restores_id : row->id, NULL,
		    &items, &count, err) < 0)
		return err->code;
	for (size_t i = 0; i < count; i++)
		if (items[i]->state == ITEM_CONFLICT)
			return 1;
	return 0;
}

/* Is there a third value, at the path or anywhere, that waits for an answer? */
static int find_conflict(struct store_tx *tx, const struct execution *row,
	const struct execution_command *command, struct error *err)
{
	int rc = command->path ? is_conflict_at(tx, row, command->path, err)
			       : is_conflict_anywhere(tx, row, err);

	if (rc)
		return rc < 0 ? rc : 0;
	error_set(err, ERROR_NO_EFFECT, "no third value waits for an answer%s%s",
		command->path ? " at " : "", command->path ? command->path : "");
	error_field(err, "path");
	return error_remedy(
		err, "redbutton execution show %s lists what could not be undone", row->id);
}

static int do_answer(struct store_tx *tx, const struct execution *row,
	struct execution_command *command, struct execution_change *change, struct error *err)
{
	char role[TEXT_NAME_MAX + 1];
	int rc;

	if (check_answer(row, command, err) < 0)
		return err->code;
	if (row->is_phase_rollback) {
		change->state = EXECUTION_ROLLING_BACK;
		return find_conflict(tx, row, command, err);
	}
	rc = execution_find_gate(tx, row, command, role, err);
	if (rc < 0 || execution_check_answer(tx, command->principal, role, err) < 0)
		return err->code;
	change->state = row->state;
	change->reason = row->reason;
	change->message = row->message;
	keep_time(row, command->at_us, change);
	return 0;
}

/* Ends it here and now: what is still on its way has no certain end. */
static int end_now(struct store_tx *tx, const struct execution *row,
	struct execution_command *command, struct execution_change *change, struct error *err)
{
	change->ended_at_us = command->at_us;
	command->ret_is_done = true;
	return effect_give_up_all(
		tx, row, "the run was ended before there was an answer", command->at_us, err);
}

static int do_accept(struct store_tx *tx, const struct execution *row,
	struct execution_command *command, struct execution_change *change, struct error *err)
{
	change->state = row->is_phase_rollback ? EXECUTION_ROLLED_BACK_WITH_EXCEPTIONS
					       : EXECUTION_SUCCEEDED_WITH_EXCEPTIONS;
	change->has_exceptions = 1;
	change->message =
		arena_format(store_tx_arena(tx), "accepted by %s", command->principal->person_name);
	return end_now(tx, row, command, change, err);
}

static int do_rollback(struct store_tx *tx, const struct execution *row,
	struct execution_command *command, struct execution_change *change, struct error *err)
{
	(void)tx;
	(void)row;
	(void)command;
	(void)err;
	change->is_phase_rollback = 1;
	change->was_looked_at = true;
	return 0;
}

static int do_force_close(struct store_tx *tx, const struct execution *row,
	struct execution_command *command, struct execution_change *change, struct error *err)
{
	change->message = "closed by force";
	if (end_now(tx, row, command, change, err) < 0)
		return err->code;
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
	if (!has_use(row, command->verb))
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
