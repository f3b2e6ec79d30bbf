/* The life of a change, as a table; every way through it is one transaction with its record. */
#include "change/change.h"

#include "change/change_rooms.h"
#include "change/grant/grant.h"
#include "change/object/object.h"
#include "change/template/template.h"
#include "lib/base/json.h"
#include "lib/base/text.h"

#include <stdio.h>
#include <string.h>

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static const char *const state_words[] = {
#define X(name, word) [CHANGE_##name] = word,
	CHANGE_STATES(X)
#undef X
};
static const char *const event_words[] = {
#define X(name, word) [EVENT_##name] = word,
	CHANGE_EVENTS(X)
#undef X
};

/* Every way there is. ASSESSED leads to pending; who approves at once moves on from there. */
static const struct way {
	enum change_state from;
	enum change_event event;
	enum change_state to;
} ways[] = {
	{CHANGE_DRAFT, EVENT_SUBMIT, CHANGE_ASSESSING},
	{CHANGE_DRAFT, EVENT_EDIT, CHANGE_DRAFT},
	{CHANGE_DRAFT, EVENT_CANCEL, CHANGE_CANCELLED},
	{CHANGE_ASSESSING, EVENT_ASSESSED, CHANGE_PENDING},
	{CHANGE_ASSESSING, EVENT_EDIT, CHANGE_DRAFT},
	{CHANGE_ASSESSING, EVENT_CANCEL, CHANGE_CANCELLED},
	{CHANGE_PENDING, EVENT_REASSESS, CHANGE_ASSESSING},
	{CHANGE_PENDING, EVENT_APPROVE, CHANGE_APPROVED},
	{CHANGE_PENDING, EVENT_REJECT, CHANGE_REJECTED},
	{CHANGE_PENDING, EVENT_EDIT, CHANGE_DRAFT},
	{CHANGE_PENDING, EVENT_CANCEL, CHANGE_CANCELLED},
	{CHANGE_PENDING, EVENT_EXPIRE, CHANGE_EXPIRED},
	{CHANGE_APPROVED, EVENT_REASSESS, CHANGE_ASSESSING},
	{CHANGE_APPROVED, EVENT_EDIT, CHANGE_DRAFT},
	{CHANGE_APPROVED, EVENT_CANCEL, CHANGE_CANCELLED},
	{CHANGE_APPROVED, EVENT_EXPIRE, CHANGE_EXPIRED},
	{CHANGE_APPROVED, EVENT_RUN, CHANGE_EXECUTING},
	{CHANGE_EXECUTING, EVENT_RUNS_ENDED, CHANGE_VERIFYING},
	{CHANGE_VERIFYING, EVENT_PASS, CHANGE_CLOSED},
	{CHANGE_VERIFYING, EVENT_ROLLED_BACK, CHANGE_CLOSED},
	{CHANGE_VERIFYING, EVENT_ACCEPT, CHANGE_CLOSED},
	{CHANGE_VERIFYING, EVENT_CLOSE, CHANGE_CLOSED},
};

const char *change_state_word(enum change_state state)
{
	return state_words[state];
}

const char *change_event_word(enum change_event event)
{
	return event_words[event];
}

bool change_is_terminal(enum change_state state)
{
	return state >= CHANGE_CLOSED;
}

bool change_next(enum change_state from, enum change_event event, enum change_state *ret)
{
	for (size_t i = 0; i < COUNT(ways); i++)
		if (ways[i].from == from && ways[i].event == event) {
			*ret = ways[i].to;
			return true;
		}
	return false;
}

/* --- records --- */

int change_record(struct store_tx *tx, const struct change *change, enum audit_action action,
	const struct audit_actor *actor, json_t *owned_detail, int64_t at_us, struct error *err)
{
	struct audit_record record = {
		.actor = actor,
		.action = action,
		.subject_kind = CHANGE_SUBJECT,
		.subject_id = change->name,
		.subject_digest = change->revision_digest,
		.detail = owned_detail,
	};
	int rc;

	json_set_int(owned_detail, "revision", change->revision);
	rc = audit_append(tx, &record, at_us, NULL, err);
	json_decref(owned_detail);
	return rc;
}

static int refuse_way(const struct change *change, enum change_event event, struct error *err)
{
	const char *word = event == EVENT_RUNS_ENDED ? "done" : change_event_word(event);
	struct buf states = BUF_INIT;

	for (size_t i = 0; i < COUNT(ways); i++)
		if (ways[i].event == event)
			buf_add_format(&states, "%s%s", states.length ? ", " : "",
				change_state_word(ways[i].from));
	error_set(err, ERROR_CONFLICT, "%s is %s: that is no state for %s", change->name,
		change_state_word(change->state), word);
	error_remedy(err, "%s is for: %s; see where it stands: rcm show %s", word,
		buf_text(&states), change->name);
	buf_done(&states);
	return err->code;
}

/* What a record says of the row afterwards, for the verification. */
static json_t *state_detail(const struct change *change, const char *from, const char *event)
{
	json_t *detail = json_object();

	json_set_text(detail, "event", event);
	json_set_text(detail, "from", from);
	json_set_text(detail, "state", change_state_word(change->state));
	json_set_text(detail, "reason", change->state_reason);
	json_set_text(detail, "result", change->result);
	json_set_text(detail, "verdict", change->verdict);
	json_set_int(detail, "level", change->level);
	json_set_text(detail, "approval_digest", change->approval_digest);
	return detail;
}

/* How it ended counts for the template that it was made of. */
static int note_template(struct store_tx *tx, const struct change *change,
	const struct change_move *move, struct error *err)
{
	struct template_outcome outcome = {
		.change = change->name,
		.is_success = !strcmp(change->result, "success"),
		.actor = move->actor,
		.at_us = move->at_us,
	};
	struct arena arena = ARENA_INIT;
	struct revision *revision;
	int rc = change_get_revision(tx, &arena, change, &revision, err);

	if (rc >= 0 && revision->template_name) {
		outcome.name = revision->template_name;
		outcome.version = revision->template_version;
		id_new(outcome.notify_id);
		rc = template_note_outcome(tx, &outcome, err);
	}
	arena_done(&arena);
	return rc;
}

int change_move(struct store_tx *tx, struct change *change, const struct change_move *move,
	struct error *err)
{
	struct change old = *change;
	json_t *detail;
	int rc;

	if (move->old_revision)
		old.revision = move->old_revision;
	if (!change_next(old.state, move->event, &change->state)) {
		json_decref(move->detail);
		return refuse_way(&old, move->event, err);
	}
	change->version = old.version + 1;
	change->changed_at_us = move->at_us;
	change->state_reason = move->reason;
	change->result = move->result;
	if (change_is_terminal(change->state))
		change->closed_at_us = move->at_us;
	detail = state_detail(change, change_state_word(old.state), change_event_word(move->event));
	if (move->detail)
		json_object_update_missing(detail, move->detail);
	json_decref(move->detail);
	if ((rc = change_store_update(tx, change, &old, err)) < 0) {
		json_decref(detail);
		*change = old;
		return rc;
	}
	rc = change_record(tx, change, AUDIT_CHANGE_STATE, move->actor, detail, move->at_us, err);
	if (rc >= 0 && change_is_terminal(change->state))
		rc = object_claim_drop(tx, change->name, err);
	if (rc >= 0 && change->state == CHANGE_CLOSED)
		rc = note_template(tx, change, move, err);
	return rc;
}

int change_withdraw(struct store_tx *tx, const struct change *change, const char *reason,
	const struct audit_actor *actor, int64_t at_us, struct error *err)
{
	size_t count;
	int rc;

	if ((rc = approval_void(
		     tx, CHANGE_SUBJECT, change->name, NULL, reason, actor, at_us, err)) < 0 ||
		(rc = grant_revoke(
			 tx, change->seq, false, true, reason, actor, at_us, &count, err)) < 0)
		return rc;
	return object_claim_drop(tx, change->name, err);
}

/* --- questions --- */

int change_parse_name(const char *name, int64_t *ret_seq, struct error *err)
{
	const char *digits = text_starts_with(name, "CHG-") ? name + 4 : name;
	int rc = text_parse_int64("name", digits, 1, INT64_MAX, ret_seq, err);

	if (rc < 0) {
		error_set(err, ERROR_INVALID, "a change is named CHG- and a number");
		error_field(err, "name");
		return error_remedy(err, "list them: rcm list");
	}
	return 0;
}

int change_get_seq(struct store_tx *tx, struct arena *arena, int64_t seq, struct change **ret,
	struct error *err)
{
	return change_store_get(tx, arena, seq, ret, err);
}

bool change_holds_up(const struct change *change)
{
	return change->state == CHANGE_APPROVED || change->state == CHANGE_EXECUTING ||
	       change->state == CHANGE_VERIFYING;
}

int change_get(struct store_tx *tx, struct arena *arena, const char *name, struct change **ret,
	struct error *err)
{
	int64_t seq;
	int rc = change_parse_name(name, &seq, err);

	return rc < 0 ? rc : change_store_get(tx, arena, seq, ret, err);
}

int change_get_revision(struct store_tx *tx, struct arena *arena, const struct change *change,
	struct revision **ret, struct error *err)
{
	struct change_revision *row;
	json_t *body = NULL;
	int rc = revision_store_get(tx, arena, change->seq, change->revision, &row, err);

	if (rc < 0 ||
		(rc = json_parse(row->body, strlen(row->body), JSON_DEPTH_MAX, &body, err)) < 0)
		return rc;
	rc = revision_parse(arena, body, ret, err);
	json_decref(body);
	return rc;
}

int change_get_content(struct store_tx *tx, struct arena *arena, const char *sha256,
	const char **ret_bytes, size_t *ret_length, struct error *err)
{
	struct digest digest;
	char text[DIGEST_TEXT_SIZE];
	int rc = content_store_get(tx, arena, sha256, ret_bytes, ret_length, err);

	if (rc < 0)
		return rc;
	digest_of(*ret_bytes, *ret_length, &digest);
	if (!strcmp(digest_text(&digest, text) + strlen("sha256:"), sha256))
		return 0;
	error_set(err, ERROR_TAMPERED, "the content %s is not what it was", sha256);
	return error_remedy(err, "redbutton audit verify");
}
