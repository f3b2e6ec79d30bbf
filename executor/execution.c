/* Rules: what each state means, and all that belongs to a change of it. */
#include "executor/execution.h"
#include "approval/approval.h"
#include "executor/execution_rooms.h"
#include "executor/execution_store.h"
#include "lib/base/json.h"
#include "lib/base/text.h"
#include "notify/notify.h"
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

/* What will never start asks nobody any more. */
static int end_asking(struct store_tx *tx, const struct execution *row,
	const struct execution_change *change, const struct audit_actor *actor, struct error *err)
{
	char reason[64];

	if (row->state != EXECUTION_PENDING_APPROVAL || !execution_is_terminal(change->state))
		return 0;
	snprintf(reason, sizeof(reason), "the run is %s", execution_state_word(change->state));
	return approval_void(
		tx, EXECUTION_APPROVAL_SUBJECT, row->id, NULL, reason, actor, change->at_us, err);
}

/* What a person may do about a pause: forward, and while it goes back. %s is the run's id. */
static const struct {
	const char *forward, *back;
} ADVICE[] = {
	[PAUSE_NONE] = {NULL, NULL},
	[PAUSE_OPERATOR] = {"redbutton execution resume %s goes on", NULL},
	[PAUSE_FAILED_STEP] = {"mend it, then redbutton execution retry %s; or skip, mark or "
			       "rollback",
		NULL},
	[PAUSE_GUARD] = {"when it is well again: redbutton execution resume %s; or rollback", NULL},
	[PAUSE_UNKNOWN_HEALTH] = {"when it can be read again: redbutton execution resume %s; or "
				  "rollback",
		NULL},
	[PAUSE_CONFLICT] = {"to go on from what is there: redbutton execution retry %s (or resume, "
			    "when no step has failed); or rollback",
		"when it is mended: redbutton execution retry %s; another value is answered "
		"keep|baseline; or accept leaves the rest in effect"},
	[PAUSE_IN_DOUBT] = {"look at the registers, then redbutton execution show %s: resume, or "
			    "for a step retry or mark done|not_done; or rollback",
		NULL},
	[PAUSE_GATE] = {"redbutton execution resume %s asks again; or rollback", NULL},
	[PAUSE_DEADLINE] = {"redbutton execution resume %s gives it its time again; or rollback",
		NULL},
};

static const char *with_advice(
	struct store_tx *tx, const struct execution *row, const struct execution_change *change)
{
	struct arena *arena = store_tx_arena(tx);
	const char *advice = ADVICE[change->reason].forward;
	bool is_said = change->message && change->message[0];
	const char *place;

	if (row->is_phase_rollback && advice)
		advice = ADVICE[change->reason].back
				 ? ADVICE[change->reason].back
				 : "redbutton execution retry %s goes on undoing; or abort";
	if (!advice)
		return change->message;
	place = strstr(advice, "%s");
	return arena_format(arena, "%s%s%.*s%s%s", is_said ? change->message : "",
		is_said ? "; " : "", (int)(place - advice), advice, row->id, place + 2);
}

int execution_change_state(struct store_tx *tx, const struct execution *row,
	const struct execution_change *change, const struct audit_actor *actor,
	const char notify_id[static ID_SIZE], struct error *err)
{
	struct execution_change full = *change;

	if (change->state == EXECUTION_PAUSED && row->state != EXECUTION_PAUSED)
		full.message = with_advice(tx, row, change);
	if (execution_store_change(tx, &full, err) < 0 ||
		record_state(tx, row, &full, actor, err) < 0 ||
		end_asking(tx, row, &full, actor, err) < 0)
		return err->code;
	if (execution_is_terminal(change->state) && lock_release(tx, row->id, err) < 0)
		return err->code;
	return is_told(change->state) ? tell(tx, row, &full, notify_id, err) : 0;
}
