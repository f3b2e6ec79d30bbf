#include "approval/delegation.h"

#include "approval/approval_rooms.h"
#include "lib/base/json.h"
#include "lib/base/text.h"
#include "lib/base/time.h"
#include "notify/notify.h"

#include <string.h>

#define REASON_MAX 1000

/* --- audit and notifications --- */

static const char *terms_of(struct arena *arena, const struct delegation *delegation)
{
	const char *const values[] = {delegation->from_id, delegation->to_id, delegation->reason,
		arena_format(arena, "%lld", (long long)delegation->start_us),
		arena_format(arena, "%lld", (long long)delegation->end_us),
		arena_format(arena, "%lld", (long long)delegation->created_at_us)};

	return audit_terms(arena, values, sizeof(values) / sizeof(values[0]));
}

static int record(struct store_tx *tx, const struct delegation_act *act, enum audit_action action,
	struct error *err)
{
	const struct delegation *delegation = act->ret_delegation;
	json_t *detail = json_object();
	const struct audit_record record = {
		.actor = &act->by->actor,
		.action = action,
		.outcome = AUDIT_OK,
		.subject_kind = "delegation",
		.subject_id = delegation->id,
		.detail = detail,
	};
	int rc;

	json_set_text(detail, "from", delegation->from);
	json_set_text(detail, "to", delegation->to);
	json_set_time(detail, "start", delegation->start_us);
	json_set_time(detail, "end", delegation->end_us);
	if (*delegation->withdrawn_by_id)
		json_set_text(detail, "withdrawn_by_id", delegation->withdrawn_by_id);
	else
		json_set_text(detail, "terms", terms_of(act->arena, delegation));
	rc = audit_append(tx, &record, act->at_us, NULL, err);
	json_decref(detail);
	return rc;
}

static int notify(struct store_tx *tx, const struct delegation_act *act, const char *type,
	const char *text, struct error *err)
{
	const struct delegation *delegation = act->ret_delegation;
	json_t *data = json_object();
	struct notify_event event = {.type = type,
		.subject = arena_format(act->arena, "delegation/%s", delegation->id),
		.text = text,
		.data = data};
	int rc;

	memcpy(event.id, act->notify_id, ID_SIZE);
	json_set_text(data, "delegation", delegation->id);
	json_set_text(data, "from", delegation->from);
	json_set_text(data, "to", delegation->to);
	json_set_time(data, "start", delegation->start_us);
	json_set_time(data, "end", delegation->end_us);
	rc = notify_send(tx, &event, act->at_us, err);
	json_decref(data);
	return rc;
}

/* --- adding --- */

static int check_right(const struct principal *by, struct error *err)
{
	if (!*by->person_id) {
		error_set(err, ERROR_FORBIDDEN,
			"only a known person delegates; this peer is mapped to nobody");
		return error_remedy(err, "an admin maps it: redbutton peer map");
	}
	if (by->roles & ROLE_APPROVER)
		return 0;
	error_set(err, ERROR_FORBIDDEN, "you are no approver here: there is nothing to delegate");
	return error_remedy(err, "an admin grants the role, or use a token that has it");
}

static int check_times(const struct delegation_add *add, struct error *err)
{
	int64_t now_us = add->act.at_us;

	if (add->end_us <= add->start_us || add->end_us <= now_us) {
		error_set(err, ERROR_INVALID, "the delegation would be over before it begins");
		return error_field(err, "end");
	}
	if (add->end_us - add->start_us > DELEGATION_MAX_US) {
		error_set(err, ERROR_INVALID, "a delegation is for at most 31 days");
		error_field(err, "end");
		return error_remedy(err, "renew it then, or an admin changes the group");
	}
	if (add->start_us <= now_us + DELEGATION_AHEAD_US)
		return 0;
	error_set(err, ERROR_INVALID, "a delegation begins within 92 days");
	return error_field(err, "start");
}

static int find_delegate(
	struct store_tx *tx, const struct delegation_add *add, struct error *err, char *ret_id)
{
	int rc = people_find(tx, add->to, ret_id, err);

	if (rc < 0)
		return error_field(err, "to");
	if (strcmp(ret_id, add->act.by->person_id) == 0) {
		error_set(err, ERROR_INVALID, "nobody delegates to themselves");
		return error_field(err, "to");
	}
	if (people_is_enabled(tx, ret_id))
		return 0;
	error_set(err, ERROR_INVALID, "%s is disabled", add->to);
	return error_field(err, "to");
}

/* One at a time to the same person: which of two a decision came by must be no question. */
static int check_others(
	struct store_tx *tx, const struct delegation_add *add, const char *to_id, struct error *err)
{
	struct delegation **open;
	size_t count;
	int rc = delegation_store_open(
		tx, add->act.arena, add->act.by->person_id, add->act.at_us, &open, &count, err);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < count; i++) {
		if (strcmp(open[i]->to_id, to_id) != 0 || open[i]->start_us >= add->end_us ||
			add->start_us >= open[i]->end_us)
			continue;
		error_set(err, ERROR_CONFLICT, "the delegation %s to %s is for that time already",
			open[i]->id, add->to);
		return error_remedy(
			err, "withdraw it first: redbutton delegation withdraw %s", open[i]->id);
	}
	if (count < DELEGATION_OPEN_MAX)
		return 0;
	error_set(err, ERROR_CONFLICT, "you have %d delegations that are not over",
		DELEGATION_OPEN_MAX);
	return error_remedy(err, "withdraw some: redbutton delegation list");
}

int delegation_add(struct store_tx *tx, struct delegation_add *add, struct error *err)
{
	struct delegation *delegation = arena_alloc(add->act.arena, sizeof(*delegation));
	char until[TIME_TEXT_SIZE];
	int rc;

	if ((rc = check_right(add->act.by, err)) < 0 ||
		(rc = text_check_prose("reason", add->reason, REASON_MAX, err)) < 0 ||
		(rc = check_times(add, err)) < 0 ||
		(rc = find_delegate(tx, add, err, delegation->to_id)) < 0 ||
		(rc = check_others(tx, add, delegation->to_id, err)) < 0)
		return rc;
	memcpy(delegation->id, add->id, ID_SIZE);
	memcpy(delegation->from_id, add->act.by->person_id, ID_SIZE);
	delegation->from = add->act.by->person_name;
	delegation->to = add->to;
	delegation->reason = add->reason;
	delegation->start_us = add->start_us;
	delegation->end_us = add->end_us;
	delegation->created_at_us = add->act.at_us;
	delegation->version = 1;
	add->act.ret_delegation = delegation;
	if ((rc = delegation_store_insert(tx, delegation, err)) < 0 ||
		(rc = record(tx, &add->act, AUDIT_DELEGATION_CREATE, err)) < 0)
		return rc;
	return notify(tx, &add->act, "delegation.created",
		arena_format(add->act.arena,
			"%s lets %s decide approvals in their place until %s: %s", delegation->from,
			delegation->to, time_format(delegation->end_us, until, sizeof(until)),
			delegation->reason),
		err);
}

/* --- withdrawing --- */

static int check_withdrawer(
	const struct delegation *delegation, const struct principal *by, struct error *err)
{
	if (strcmp(delegation->from_id, by->person_id) == 0 ||
		strcmp(delegation->to_id, by->person_id) == 0 || (by->roles & ROLE_ADMIN))
		return 0;
	error_set(err, ERROR_FORBIDDEN, "the delegation is of %s to %s, not yours",
		delegation->from, delegation->to);
	return error_remedy(err, "one of them withdraws it, or an admin");
}

int delegation_withdraw(
	struct store_tx *tx, struct delegation_withdraw *withdraw, struct error *err)
{
	struct delegation_act *act = &withdraw->act;
	struct delegation *delegation;
	int rc = delegation_get(tx, act->arena, withdraw->id, &delegation, err);

	if (rc < 0 || (rc = check_withdrawer(delegation, act->by, err)) < 0)
		return rc;
	if (*delegation->withdrawn_by_id)
		return error_set(err, ERROR_NO_EFFECT, "the delegation %s was withdrawn already",
			delegation->id);
	if (withdraw->if_version >= 0 && withdraw->if_version != delegation->version)
		return error_set(err, ERROR_STALE, "the delegation %s changed since you looked",
			delegation->id);
	if ((rc = delegation_store_withdraw(tx, delegation, act->by->person_id, act->at_us, err)) <
		0)
		return rc;
	memcpy(delegation->withdrawn_by_id, act->by->person_id, ID_SIZE);
	delegation->withdrawn_at_us = act->at_us;
	delegation->version++;
	act->ret_delegation = delegation;
	if ((rc = record(tx, act, AUDIT_DELEGATION_WITHDRAW, err)) < 0)
		return rc;
	return notify(tx, act, "delegation.withdrawn",
		arena_format(act->arena, "%s withdrew the delegation of %s to %s",
			act->by->person_name, delegation->from, delegation->to),
		err);
}

/* --- questions --- */

int delegation_find(struct store_tx *tx, struct arena *arena, const char *from_id,
	const char *to_id, int64_t at_us, struct delegation **ret, struct error *err)
{
	struct delegation **list;
	size_t count;
	int rc = delegation_list(tx, arena, from_id, at_us, &list, &count, err);

	for (size_t i = 0; rc >= 0 && i < count; i++)
		if (strcmp(list[i]->from_id, from_id) == 0 && strcmp(list[i]->to_id, to_id) == 0) {
			*ret = list[i];
			return 0;
		}
	if (rc < 0)
		return rc;
	error_set(err, ERROR_FORBIDDEN, "%s delegated nothing to you that holds now",
		approval_name_of(tx, arena, from_id));
	error_field(err, "on_behalf_of");
	return error_remedy(err, "they do: redbutton delegation add %s --for 3d --reason TEXT",
		approval_name_of(tx, arena, to_id));
}

bool delegation_holds(const struct delegation *delegation, const char *from_id, const char *to_id,
	int64_t decided_at_us)
{
	return !*delegation->withdrawn_by_id && strcmp(delegation->from_id, from_id) == 0 &&
	       strcmp(delegation->to_id, to_id) == 0 && delegation->start_us <= decided_at_us &&
	       decided_at_us < delegation->end_us;
}
