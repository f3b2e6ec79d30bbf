#include "change/emergency/emergency_rooms.h"
#include "lib/base/json.h"
#include "lib/base/text.h"

#include <string.h>

static int check_words(const struct follow_up_close *close, struct error *err)
{
	if (strcmp(close->verdict, "justified") != 0 &&
		strcmp(close->verdict, "unjustified") != 0) {
		error_set(err, ERROR_INVALID, "\"%.40s\" is no verdict", close->verdict);
		error_field(err, "verdict");
		return error_remedy(err, "justified or unjustified");
	}
	return text_check_prose("note", close->note, FOLLOW_UP_NOTE_MAX, err);
}

static int check_reviewer(
	const struct emergency *emergency, const struct principal *by, struct error *err)
{
	if (!*by->person_id)
		return error_set(err, ERROR_FORBIDDEN,
			"only a known person reviews an emergency; this peer is mapped to nobody");
	if (emergency_is_in(emergency, by->person_id)) {
		error_set(err, ERROR_FORBIDDEN,
			"you took part in %s: a person who was not in it reviews it",
			emergency->name);
		return error_remedy(
			err, "ask somebody else who may approve in %s", emergency->scope);
	}
	return emergency_require(by, MAY_CONFIRM, ROLE_APPROVER, emergency->scope, err);
}

static int check_open(
	const struct emergency *emergency, const struct follow_up *follow_up, struct error *err)
{
	if (follow_up->verdict)
		return error_set(err, ERROR_NO_EFFECT, "the follow-up of %s is closed already: %s",
			emergency->name, follow_up->verdict);
	if (strcmp(emergency->state, "ended") == 0)
		return 0;
	error_set(err, ERROR_CONFLICT, "%s is still %s", emergency->name, emergency->state);
	return error_remedy(err, "redbutton emergency end %s", emergency->name);
}

static int record_close(struct store_tx *tx, const struct follow_up_close *close,
	const struct follow_up *follow_up, struct error *err)
{
	json_t *detail = json_object();
	const struct audit_record record = {
		.actor = &close->act.by->actor,
		.action = AUDIT_FOLLOW_UP_CLOSE,
		.outcome = AUDIT_OK,
		.subject_kind = "emergency",
		.subject_id = follow_up->emergency,
		.detail = detail,
	};
	int rc;

	json_set_text(detail, "verdict", follow_up->verdict);
	json_set_text(detail, "note", follow_up->note);
	json_set_text(detail, "closed_by_id", follow_up->closed_by_id);
	rc = audit_append(tx, &record, close->act.at_us, NULL, err);
	json_decref(detail);
	return rc;
}

int follow_up_close(struct store_tx *tx, struct follow_up_close *close, struct error *err)
{
	const struct emergency_act *act = &close->act;
	struct emergency *emergency;
	struct follow_up *follow_up;
	int rc;

	if ((rc = check_words(close, err)) < 0 ||
		(rc = emergency_get(tx, act->arena, close->emergency, &emergency, err)) < 0 ||
		(rc = follow_up_store_get(
			 tx, act->arena, emergency->seq, act->at_us, &follow_up, err)) < 0 ||
		(rc = check_reviewer(emergency, act->by, err)) < 0 ||
		(rc = check_open(emergency, follow_up, err)) < 0 ||
		(rc = people_note_act(tx, act->by, act->at_us, err)) < 0)
		return rc;
	follow_up->verdict = close->verdict;
	follow_up->note = close->note;
	follow_up->closed_by = act->by->person_name;
	memcpy(follow_up->closed_by_id, act->by->person_id, ID_SIZE);
	follow_up->closed_at_us = act->at_us;
	follow_up->is_overdue = false;
	close->ret_follow_up = follow_up;
	if ((rc = follow_up_store_close(tx, follow_up, err)) < 0 ||
		(rc = record_close(tx, close, follow_up, err)) < 0)
		return rc;
	return follow_up_notify(tx, follow_up, act->notify_id, "follow-up.closed",
		arena_format(act->arena, "%s found %s of %s %s", act->by->person_name,
			emergency->name, emergency->person, follow_up->verdict),
		act->at_us, err);
}

int follow_up_get(struct store_tx *tx, struct arena *arena, const char *emergency, int64_t now_us,
	struct follow_up **ret, struct error *err)
{
	struct emergency *found;
	int rc = emergency_get(tx, arena, emergency, &found, err);

	return rc < 0 ? rc : follow_up_store_get(tx, arena, found->seq, now_us, ret, err);
}

int follow_up_list_open(struct store_tx *tx, struct arena *arena, int64_t now_us,
	struct follow_up ***ret, size_t *ret_count, struct error *err)
{
	return follow_up_store_open(tx, arena, now_us, ret, ret_count, err);
}
