/* One person's yes or no to a change: of exactly the revision that they were shown. */
#include "change/change_rooms.h"
#include "lib/base/json.h"
#include "lib/base/text.h"

#include <string.h>

int change_refuse_decision(struct error *err, enum gate_reason reason, const char *name)
{
	if (reason == REASON_STALE_REVISION) {
		error_set(err, ERROR_STALE,
			"stale_revision: what you were shown is not what %s is now", name);
		error_field(err, "If-Match");
		return error_remedy(err, "look again: rcm render %s", name);
	}
	error_set(err, ERROR_FORBIDDEN,
		"self_approval: who filed, edited or runs %s does not decide about it, nor does "
		"anybody in their place",
		name);
	return error_remedy(err, "another person must decide");
}

/* The request over exactly what the change is now; or why there is none. */
static int find_request(struct store_tx *tx, struct arena *arena, const struct change *change,
	struct approval_request **ret, struct error *err)
{
	if (change->state == CHANGE_PENDING && *change->approval_digest)
		return approval_find(
			tx, arena, CHANGE_SUBJECT, change->name, change->approval_digest, ret, err);
	if (change->state == CHANGE_PENDING) {
		error_set(err, ERROR_CONFLICT,
			"rule_error: the rules of %s could not all be evaluated, so nobody can "
			"approve it",
			change->name);
		return error_remedy(err, "once that is mended: rcm reassess %s", change->name);
	}
	error_set(err, ERROR_CONFLICT, "%s is %s: there is nothing to decide", change->name,
		change_state_word(change->state));
	return error_remedy(err, "see where it stands: rcm show %s", change->name);
}

static int is_excluded(struct store_tx *tx, struct arena *arena, const struct change *change,
	const char *person_id, struct error *err)
{
	const char *const *excluded;
	struct revision *revision;
	int rc;

	if ((rc = change_get_revision(tx, arena, change, &revision, err)) < 0 ||
		(rc = change_excluded(tx, arena, change, revision, &excluded, err)) < 0)
		return rc;
	for (size_t i = 0; excluded[i]; i++)
		if (!strcmp(excluded[i], person_id))
			return 1;
	return 0;
}

/* The principal, or in whose place they would decide. */
static int has_part(struct store_tx *tx, const struct change_decide *decide,
	const struct change *change, struct error *err)
{
	char from_id[ID_SIZE];
	int rc = is_excluded(tx, decide->act.arena, change, decide->act.by->person_id, err);

	if (rc || !decide->on_behalf_of)
		return rc;
	if ((rc = people_find(tx, decide->on_behalf_of, from_id, err)) < 0)
		return error_field(err, "on_behalf_of");
	return is_excluded(tx, decide->act.arena, change, from_id, err);
}

static bool is_stale(const struct change_decide *decide, const struct change *change)
{
	return decide->revision_digest &&
	       strcmp(decide->revision_digest, change->revision_digest) != 0;
}

enum gate_reason change_decide_reason(
	struct store_tx *tx, struct arena *arena, const struct change_decide *decide)
{
	struct error err = ERROR_INIT;
	struct change *change;

	if (change_get(tx, arena, decide->act.name, &change, &err) < 0)
		return REASON_COUNT;
	if (is_stale(decide, change))
		return REASON_STALE_REVISION;
	if (has_part(tx, decide, change, &err) > 0)
		return REASON_SELF_APPROVAL;
	return REASON_COUNT;
}

static int check_reason(const struct change_decide *decide, struct error *err)
{
	if (decide->decision == APPROVAL_APPROVE ||
		(decide->reason && strlen(decide->reason) >= CHANGE_REASON_MIN))
		return 0;
	error_set(err, ERROR_INVALID, "a rejection needs a reason of at least %d bytes",
		CHANGE_REASON_MIN);
	error_field(err, "reason");
	return error_remedy(err, "say what would have to change");
}

int change_decide(struct store_tx *tx, struct change_decide *decide, struct error *err)
{
	struct approval_decide vote = {
		.decision = decide->decision,
		.reason = decide->reason,
		.on_behalf_of = decide->on_behalf_of,
		.principal = decide->act.by,
		.approvals = changes_approvals(decide->act.changes),
		.if_version = -1,
		.at_us = decide->act.at_us,
	};
	struct arena *arena = decide->act.arena;
	struct approval_request *request;
	struct change *change;
	int rc;

	if ((rc = change_act_load(tx, &decide->act, &change, err)) < 0)
		return rc;
	if (is_stale(decide, change))
		return change_refuse_decision(err, REASON_STALE_REVISION, change->name);
	if ((rc = has_part(tx, decide, change, err)) < 0)
		return rc;
	if (rc)
		return change_refuse_decision(err, REASON_SELF_APPROVAL, change->name);
	if ((rc = check_reason(decide, err)) < 0 ||
		(rc = find_request(tx, arena, change, &request, err)) < 0)
		return rc;
	vote.approval_id = request->id;
	vote.digest = change->approval_digest;
	memcpy(vote.decision_id, decide->decision_id, ID_SIZE);
	memcpy(vote.notify_id, decide->act.ids[0], ID_SIZE);
	if ((rc = approval_decide(tx, &vote, err)) < 0)
		return rc;
	return change_get_seq(tx, arena, change->seq, &decide->act.ret_change, err);
}
