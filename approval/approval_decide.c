#include "approval/approval_rooms.h"
#include "lib/base/json.h"

#include "lib/base/text.h"
#include "lib/base/time.h"

#include <string.h>

int approval_check_open(const struct approval_request *request, int64_t now_us, struct error *err)
{
	char text[TIME_TEXT_SIZE];

	if (request->state == APPROVAL_VOID) {
		error_set(err, ERROR_STALE, "approval %s is void: %s", request->id,
			request->state_reason);
		return error_remedy(err, "look for the new request: redbutton approval list");
	}
	if (request->state != APPROVAL_PENDING) {
		error_set(err, ERROR_CONFLICT, "approval %s is %s already%s%s", request->id,
			approval_state_word(request->state), request->state_reason ? ": " : "",
			request->state_reason ? request->state_reason : "");
		return error_remedy(err, "redbutton approval show %s", request->id);
	}
	if (now_us < request->expires_at_us)
		return 0;
	error_set(err, ERROR_CONFLICT, "approval %s expired at %s: no answer in time is a no",
		request->id, time_format(request->expires_at_us, text, sizeof(text)));
	return error_remedy(err, "ask for a new approval");
}

static int refuse_excluded(
	const struct approval_request *request, const char *person_id, struct error *err)
{
	bool is_requester = strcmp(request->requested_by, person_id) == 0;

	if (is_requester)
		error_set(err, ERROR_FORBIDDEN,
			"you asked for approval %s yourself: nobody decides their own request",
			request->id);
	else
		error_set(err, ERROR_FORBIDDEN,
			"you took part in %s: who wrote it does not decide about it",
			request->subject_id);
	return error_remedy(err, "another person must decide");
}

static int refuse_second(const struct approval_vote *vote, const char *person_id, struct error *err)
{
	bool is_own = strcmp(vote->person_id, person_id) == 0;
	char text[TIME_TEXT_SIZE];

	error_set(err, ERROR_FORBIDDEN, "%s: %s at %s",
		is_own ? "you decided already" : "it was decided in your place already",
		vote->decision == APPROVAL_APPROVE ? "approved" : "rejected",
		time_format(vote->at_us, text, sizeof(text)));
	return error_remedy(err, "a person counts once; another person must decide");
}

/* --- in another's place --- */

static int refuse_place(struct error *err, const char *from, const char *why)
{
	error_set(err, ERROR_FORBIDDEN, "nobody decides this in place of %s: %s", from, why);
	error_field(err, "on_behalf_of");
	return error_remedy(err, "another person must decide");
}

/* Who delegated could decide it, but for being away. */
static int check_place(struct store_tx *tx, const struct approval_request *request,
	const struct delegation *delegation, const struct approval_vote *votes, size_t vote_count,
	struct error *err)
{
	if (approval_is_excluded(request, delegation->from_id))
		return refuse_place(err, delegation->from,
			"self_approval: they asked for it, or took part in it");
	if (!people_is_enabled(tx, delegation->from_id))
		return refuse_place(err, delegation->from, "they are disabled");
	for (size_t i = 0; i < vote_count; i++)
		if (approval_is_vote_of(&votes[i], delegation->from_id))
			return refuse_place(
				err, delegation->from, "it was decided for them already");
	return 0;
}

static int check_delegate(struct store_tx *tx, const struct approval_level *level,
	const struct approval_voter *voter, struct error *err)
{
	enum role role = level->group ? ROLE_APPROVER : level->role;
	int rc = principal_require(voter->principal, role, &level->scope, err);

	if (rc < 0)
		return error_prefix(err, "a delegate must be an approver there too");
	if (approval_is_delegate(tx, level, voter->principal->person_id))
		return 0;
	error_set(err, ERROR_FORBIDDEN,
		"your own yes is asked for at this level: you cannot give that of %s instead",
		voter->delegation->from);
	return error_remedy(
		err, "decide in your own name; somebody else for %s", voter->delegation->from);
}

/* The right now, and within what the caller's token may do. */
static int check_right(struct store_tx *tx, struct arena *arena, const struct approval_level *level,
	const struct approval_voter *voter, struct error *err)
{
	const struct delegation *delegation = voter->delegation;
	const char *person_id = delegation ? delegation->from_id : voter->principal->person_id;
	int rc = 0;

	if (delegation)
		rc = check_delegate(tx, level, voter, err);
	else if (!level->group)
		rc = principal_require(voter->principal, level->role, &level->scope, err);
	if (rc < 0)
		return rc;
	if (approval_has_right(tx, level, person_id))
		return 0;
	error_set(err, ERROR_FORBIDDEN, "this level is decided by %s, which %s not",
		approval_who_text(arena, level),
		delegation ? arena_format(arena, "%s is", delegation->from) : "you are");
	return error_remedy(err, "an admin can change that");
}

/* `from` = name of who delegated, when it is their team; NULL = the voter's own. */
static int check_team_of(struct store_tx *tx, struct arena *arena,
	const struct approval_request *request, const struct approval_vote *votes,
	size_t vote_count, size_t level, const char *person_id, const char *from, struct error *err)
{
	const char *team;
	int rc = approval_has_team_before(
		tx, arena, request, votes, vote_count, level, person_id, &team, err);

	if (rc <= 0)
		return rc;
	if (!*team)
		error_set(err, ERROR_FORBIDDEN,
			"this level needs different teams, and %s%s in none",
			from ? from : "you are", from ? " is" : "");
	else
		error_set(err, ERROR_FORBIDDEN,
			"somebody of %s%s team (%s) approved already; this level needs different "
			"teams",
			from ? from : "your", from ? "'s" : "", team);
	return error_remedy(err, "a person of another team must decide");
}

/* Of one in another's place, both teams must be new. */
static int check_team(struct store_tx *tx, struct arena *arena,
	const struct approval_request *request, const struct approval_voter *voter,
	const struct approval_vote *votes, size_t vote_count, size_t level, struct error *err)
{
	int rc;

	if (!request->levels[level].different_teams)
		return 0;
	rc = check_team_of(tx, arena, request, votes, vote_count, level,
		voter->principal->person_id, NULL, err);
	if (rc < 0 || !voter->delegation)
		return rc;
	return check_team_of(tx, arena, request, votes, vote_count, level,
		voter->delegation->from_id, voter->delegation->from, err);
}

static int check_person(struct store_tx *tx, const struct approval_request *request,
	const struct principal *principal, const struct approval_vote *votes, size_t vote_count,
	struct error *err)
{
	if (!principal->person_id[0]) {
		error_set(err, ERROR_FORBIDDEN,
			"only a known person decides; this peer is mapped to nobody");
		return error_remedy(err, "an admin maps it: redbutton peer map");
	}
	if (approval_is_excluded(request, principal->person_id))
		return refuse_excluded(request, principal->person_id, err);
	if (!people_is_enabled(tx, principal->person_id))
		return error_set(err, ERROR_FORBIDDEN, "you are disabled");
	for (size_t i = 0; i < vote_count; i++)
		if (approval_is_vote_of(&votes[i], principal->person_id))
			return refuse_second(&votes[i], principal->person_id, err);
	return 0;
}

/* A rejection may come from any level that is still ahead; its first that fits is *ret_level. */
static int check_levels(struct store_tx *tx, struct arena *arena,
	const struct approval_request *request, const struct approval_voter *voter,
	enum approval_decision decision, size_t first, size_t *ret_level, struct error *err)
{
	struct error later = ERROR_INIT;
	int rc = check_right(tx, arena, &request->levels[first], voter, err);

	*ret_level = first;
	if (rc >= 0 || decision == APPROVAL_APPROVE)
		return rc;
	for (size_t i = first + 1; i < request->level_count; i++) {
		if (check_right(tx, arena, &request->levels[i], voter, &later) < 0)
			continue;
		*ret_level = i;
		return 0;
	}
	return rc;
}

int approval_may_decide(struct store_tx *tx, struct arena *arena,
	const struct approval_request *request, const struct approval_voter *voter,
	enum approval_decision decision, int64_t now_us, size_t *ret_level, struct error *err)
{
	struct approval_progress progress;
	struct approval_vote *votes;
	size_t count;
	int rc;

	if ((rc = approval_check_open(request, now_us, err)) < 0 ||
		(rc = approval_store_votes(tx, arena, request->id, &votes, &count, err)) < 0 ||
		(rc = check_person(tx, request, voter->principal, votes, count, err)) < 0 ||
		(voter->delegation && (rc = check_place(tx, request, voter->delegation, votes,
					       count, err)) < 0) ||
		(rc = approval_progress(tx, arena, request, votes, count, &progress, err)) < 0)
		return rc;
	if (progress.open_level == request->level_count)
		progress.open_level = request->level_count - 1;
	rc = check_levels(tx, arena, request, voter, decision, progress.open_level, ret_level, err);
	if (rc < 0 || decision == APPROVAL_REJECT)
		return rc;
	return check_team(tx, arena, request, voter, votes, count, *ret_level, err);
}

int approval_list_places(struct store_tx *tx, struct arena *arena,
	const struct approval_request *request, const struct principal *principal, int64_t now_us,
	json_t **ret, struct error *err)
{
	struct delegation **list = NULL;
	struct error why = ERROR_INIT;
	json_t *names = json_array();
	size_t count = 0, level;
	int rc = 0;

	if (*principal->person_id)
		rc = delegation_list(tx, arena, principal->person_id, now_us, &list, &count, err);
	for (size_t i = 0; rc >= 0 && i < count; i++) {
		const struct approval_voter voter = {principal, list[i]};

		if (strcmp(list[i]->to_id, principal->person_id) == 0 &&
			approval_may_decide(tx, arena, request, &voter, APPROVAL_APPROVE,
				request->requested_at_us, &level, &why) >= 0)
			json_array_append_new(names, json_string(list[i]->from));
	}
	if (rc < 0)
		json_decref(names);
	else
		*ret = names;
	return rc;
}

static int check_shown(const struct approval_request *request, const struct approval_decide *decide,
	struct error *err)
{
	if (!decide->digest) {
		error_set(err, ERROR_INVALID, "the digest that you were shown is missing");
		return error_field(err, "digest");
	}
	if (strcmp(decide->digest, request->subject_digest) != 0) {
		error_set(err, ERROR_STALE, "what you were shown is not what approval %s is about",
			request->id);
		error_field(err, "digest");
		return error_remedy(err, "look again: redbutton approval show %s", request->id);
	}
	if (decide->if_version < 0 || decide->if_version == request->version)
		return 0;
	error_set(err, ERROR_STALE, "approval %s changed since you looked at it", request->id);
	error_field(err, "If-Match");
	return error_remedy(err, "look again: redbutton approval show %s", request->id);
}

static int check_reason(const struct approval_decide *decide, struct error *err)
{
	if (decide->reason)
		return text_check_prose("reason", decide->reason, 1000, err);
	if (decide->decision == APPROVAL_APPROVE)
		return 0;
	error_set(err, ERROR_INVALID, "a rejection needs a reason");
	error_field(err, "reason");
	return error_remedy(err, "say what would have to change");
}

/* A decision that is being taken. */
struct taking {
	const struct approval_request *request;
	const struct approval_decide *decide;
	struct approval_voter voter;
	size_t level;
};

static int write_vote(struct store_tx *tx, const struct taking *taking, struct error *err)
{
	const struct approval_decide *decide = taking->decide;
	const struct delegation *delegation = taking->voter.delegation;
	struct approval_vote vote = {.level = taking->level,
		.decision = decide->decision,
		.reason = decide->reason && *decide->reason ? decide->reason : NULL,
		.at_us = decide->at_us};

	memcpy(vote.id, decide->decision_id, ID_SIZE);
	memcpy(vote.person_id, decide->principal->person_id, ID_SIZE);
	if (delegation) {
		memcpy(vote.for_id, delegation->from_id, ID_SIZE);
		memcpy(vote.delegation_id, delegation->id, ID_SIZE);
	}
	return approval_store_insert_vote(tx, taking->request->id, &vote, err);
}

static int record_vote(struct store_tx *tx, const struct taking *taking, enum approval_state state,
	const char *state_reason, struct error *err)
{
	const struct approval_decide *decide = taking->decide;
	const struct delegation *delegation = taking->voter.delegation;
	json_t *detail = json_object();

	json_set_text(
		detail, "decision", decide->decision == APPROVAL_APPROVE ? "approve" : "reject");
	json_set_int(detail, "level", (int64_t)taking->level + 1);
	json_set_text(detail, "digest", decide->digest);
	json_set_text(detail, "reason", decide->reason && *decide->reason ? decide->reason : NULL);
	json_set_text(detail, "id", decide->decision_id);
	json_set_text(detail, "person", decide->principal->person_id);
	if (delegation) {
		json_set_text(detail, "on_behalf_of", delegation->from);
		json_set_text(detail, "for_person", delegation->from_id);
		json_set_text(detail, "delegation", delegation->id);
	}
	json_set_text(detail, "state", approval_state_word(state));
	json_set_text(detail, "state_reason", state_reason);
	return approval_audit(tx, taking->request, &decide->principal->actor, AUDIT_APPROVAL_DECIDE,
		detail, decide->at_us, err);
}

/* "bob", or "bob for ann" */
static const char *voter_text(struct store_tx *tx, struct arena *arena, const struct taking *taking)
{
	const char *name = approval_name_of(tx, arena, taking->decide->principal->person_id);

	return taking->voter.delegation
		       ? arena_format(arena, "%s for %s", name, taking->voter.delegation->from)
		       : name;
}

/* What the request is after the vote. */
static int next_state(struct store_tx *tx, struct arena *arena, const struct taking *taking,
	enum approval_state *ret, const char **ret_reason, struct error *err)
{
	struct approval_progress progress;
	int rc;

	*ret = APPROVAL_PENDING;
	*ret_reason = NULL;
	if (taking->decide->decision == APPROVAL_REJECT) {
		*ret = APPROVAL_REJECTED;
		*ret_reason = arena_format(
			arena, "%s: %s", voter_text(tx, arena, taking), taking->decide->reason);
		return 0;
	}
	rc = approval_load_progress(tx, arena, taking->request, &progress, err);
	if (rc >= 0 && progress.open_level == taking->request->level_count)
		*ret = APPROVAL_APPROVED;
	return rc;
}

/* The delegation that stands now, when it is in another's place. */
static int find_voter(struct store_tx *tx, struct arena *arena,
	const struct approval_decide *decide, struct approval_voter *ret, struct error *err)
{
	struct delegation *delegation;
	char from_id[ID_SIZE];
	int rc;

	*ret = (struct approval_voter){.principal = decide->principal};
	if (!decide->on_behalf_of)
		return 0;
	if ((rc = people_find(tx, decide->on_behalf_of, from_id, err)) < 0)
		return error_field(err, "on_behalf_of");
	rc = delegation_find(
		tx, arena, from_id, decide->principal->person_id, decide->at_us, &delegation, err);
	if (rc >= 0)
		ret->delegation = delegation;
	return rc;
}

static int take_decision(struct store_tx *tx, struct arena *arena, struct approval_decide *decide,
	const struct taking *taking, struct error *err)
{
	const struct approval_request *request = taking->request;
	enum approval_state state;
	const char *reason;
	int rc;

	if ((rc = write_vote(tx, taking, err)) < 0 ||
		(rc = next_state(tx, arena, taking, &state, &reason, err)) < 0 ||
		(rc = approval_store_set_state(tx, request, state, reason, decide->at_us, err)) <
			0 ||
		(rc = record_vote(tx, taking, state, reason, err)) < 0 ||
		(rc = approval_notify(tx, request, decide->notify_id, "approval.decided",
			 approval_state_word(state),
			 arena_format(arena, "%s %s %s: it is %s", voter_text(tx, arena, taking),
				 decide->decision == APPROVAL_APPROVE ? "approved" : "rejected",
				 request->subject_id, approval_state_word(state)),
			 decide->at_us, err)) < 0)
		return rc;
	decide->ret_state = state;
	if (state == APPROVAL_PENDING)
		return 0;
	return approvals_tell(decide->approvals, tx, request, state, decide->at_us, err);
}

static int decide_request(struct store_tx *tx, struct arena *arena, struct approval_decide *decide,
	const struct approval_request *request, struct error *err)
{
	struct taking taking = {.request = request, .decide = decide};
	int rc;

	if ((rc = find_voter(tx, arena, decide, &taking.voter, err)) < 0 ||
		(rc = approval_may_decide(tx, arena, request, &taking.voter, decide->decision,
			 decide->at_us, &taking.level, err)) < 0 ||
		(rc = check_shown(request, decide, err)) < 0 ||
		(rc = check_reason(decide, err)) < 0)
		return rc;
	return take_decision(tx, arena, decide, &taking, err);
}

int approval_decide(struct store_tx *tx, struct approval_decide *decide, struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct approval_request *request;
	int rc = approval_store_get(tx, &arena, decide->approval_id, &request, err);

	if (rc >= 0)
		rc = decide_request(tx, &arena, decide, request, err);
	arena_done(&arena);
	return rc;
}

int approval_list_open(struct store_tx *tx, struct arena *arena, const struct principal *principal,
	int64_t now_us, struct approval_open_request **ret, size_t *ret_count, struct error *err)
{
	struct approval_open_request *open;
	struct approval_request **list;
	struct error why = ERROR_INIT;
	size_t count, level;
	int rc = approval_store_list(
		tx, arena, approval_state_word(APPROVAL_PENDING), &list, &count, err);

	if (rc < 0)
		return rc;
	open = arena_alloc(arena, (count + 1) * sizeof(*open));
	for (size_t i = 0; i < count; i++) {
		const struct approval_voter voter = {.principal = principal};

		open[i].request = list[i];
		open[i].may_decide =
			principal && approval_may_decide(tx, arena, list[i], &voter,
					     APPROVAL_APPROVE, now_us, &level, &why) >= 0;
	}
	*ret = open;
	*ret_count = count;
	return 0;
}
