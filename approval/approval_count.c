#include "approval/approval_rooms.h"

#include "lib/base/text.h"

#include <string.h>

static const char *scope_text(struct arena *arena, const struct scope *scope)
{
	const char *text = "";

	if (scope->environment)
		text = arena_format(arena, "%s, environment %s", text, scope->environment);
	if (scope->service)
		text = arena_format(arena, "%s, service %s", text, scope->service);
	if (scope->team)
		text = arena_format(arena, "%s, team %s", text, scope->team);
	if (scope->kind)
		text = arena_format(arena, "%s, kind %s", text, scope->kind);
	return *text ? arena_format(arena, " (%s)", text + 2) : "";
}

/* "role approver (environment production)" or "group dba" */
const char *approval_who_text(struct arena *arena, const struct approval_level *level)
{
	if (level->group)
		return arena_format(arena, "group %s", level->group);
	return arena_format(
		arena, "role %s%s", role_word(level->role), scope_text(arena, &level->scope));
}

const char *approval_level_text(struct arena *arena, const struct approval_level *level)
{
	if (level->need == APPROVAL_NEED_ALL)
		return arena_format(arena, "all of %s", approval_who_text(arena, level));
	return arena_format(arena, "%d of %s%s", level->need, approval_who_text(arena, level),
		level->different_teams ? ", of different teams" : "");
}

const char *approval_name_of(struct store_tx *tx, struct arena *arena, const char *person_id)
{
	char name[TEXT_NAME_MAX + 8];
	struct error err = ERROR_INIT;

	if (people_name(tx, person_id, name, sizeof(name), &err) < 0)
		return person_id;
	return arena_text(arena, name);
}

bool approval_is_excluded(const struct approval_request *request, const char *person_id)
{
	if (strcmp(request->requested_by, person_id) == 0)
		return true;
	for (const char *const *excluded = request->excluded; excluded && *excluded; excluded++)
		if (strcmp(*excluded, person_id) == 0)
			return true;
	return false;
}

bool approval_has_right(
	struct store_tx *tx, const struct approval_level *level, const char *person_id)
{
	if (level->group)
		return people_is_in_group(tx, person_id, level->group);
	return people_has_role(tx, person_id, level->role, &level->scope);
}

bool approval_is_vote_of(const struct approval_vote *vote, const char *person_id)
{
	return strcmp(vote->person_id, person_id) == 0 || strcmp(vote->for_id, person_id) == 0;
}

bool approval_is_delegate(
	struct store_tx *tx, const struct approval_level *level, const char *person_id)
{
	enum role role = level->group ? ROLE_APPROVER : level->role;

	if (level->need == APPROVAL_NEED_ALL && approval_has_right(tx, level, person_id))
		return false; /* their own yes is asked for too */
	return people_has_role(tx, person_id, role, &level->scope);
}

/* Why what that person had a part in does not count, or NULL. */
static const char *why_lost(
	struct store_tx *tx, const struct approval_request *request, const char *person_id)
{
	if (approval_is_excluded(request, person_id))
		return "is excluded";
	return people_is_enabled(tx, person_id) ? NULL : "is disabled";
}

/* Of one in another's place: the delegation, and the delegate's own standing. */
static const char *why_not_delegated(struct store_tx *tx, struct arena *arena,
	const struct approval_request *request, const struct approval_level *level,
	const struct approval_vote *vote)
{
	struct delegation *delegation;
	const char *why = why_lost(tx, request, vote->for_id);

	if (why)
		return arena_format(arena, "acted for %s, who %s",
			approval_name_of(tx, arena, vote->for_id), why);
	if (!approval_is_delegate(tx, level, vote->person_id))
		return "is no approver there any more";
	if (delegation_get(tx, arena, vote->delegation_id, &delegation, NULL) < 0 ||
		!delegation_holds(delegation, vote->for_id, vote->person_id, vote->at_us))
		return arena_format(arena, "has no delegation of %s any more",
			approval_name_of(tx, arena, vote->for_id));
	return NULL;
}

/* Does a vote count now? If not, *ret_lost says why. */
static bool is_counted(struct store_tx *tx, struct arena *arena,
	const struct approval_request *request, const struct approval_level *level,
	const struct approval_vote *vote, const char **ret_lost)
{
	const char *person_id = vote->person_id, *why = why_lost(tx, request, person_id);

	if (!why && *vote->for_id && !(why = why_not_delegated(tx, arena, request, level, vote)))
		person_id = vote->for_id;
	if (!why && !approval_has_right(tx, level, person_id))
		why = arena_format(arena, "no longer has %s", approval_who_text(arena, level));
	if (!why)
		return true;
	*ret_lost = arena_format(arena, "%s %s", approval_name_of(tx, arena, person_id), why);
	return false;
}

static int is_of_team(
	struct store_tx *tx, const char *person_id, const char *team, struct error *err)
{
	char other[TEXT_NAME_MAX + 8];
	int rc = people_team(tx, person_id, other, sizeof(other), err);

	return rc < 0 ? rc : strcmp(team, other) == 0;
}

int approval_has_team_before(struct store_tx *tx, struct arena *arena,
	const struct approval_request *request, const struct approval_vote *votes, size_t end,
	size_t level, const char *person_id, const char **ret_team, struct error *err)
{
	char team[TEXT_NAME_MAX + 8];
	const char *lost;
	int rc = people_team(tx, person_id, team, sizeof(team), err);

	if (rc < 0)
		return rc;
	*ret_team = arena_text(arena, team);
	if (!*team)
		return 1;
	for (size_t i = 0; i < end; i++) {
		if (votes[i].level != level || votes[i].decision != APPROVAL_APPROVE ||
			!is_counted(tx, arena, request, &request->levels[level], &votes[i], &lost))
			continue;
		rc = is_of_team(tx, votes[i].person_id, team, err);
		if (!rc && *votes[i].for_id)
			rc = is_of_team(tx, votes[i].for_id, team, err);
		if (rc)
			return rc;
	}
	return 0;
}

/* 1 when the team of who decided, or of who it was for, was there before. */
static int repeats_a_team(struct store_tx *tx, struct arena *arena,
	const struct approval_request *request, const struct approval_vote *votes, size_t position,
	struct error *err)
{
	const struct approval_vote *vote = &votes[position];
	const char *team;
	int rc = approval_has_team_before(
		tx, arena, request, votes, position, vote->level, vote->person_id, &team, err);

	if (rc || !*vote->for_id)
		return rc;
	return approval_has_team_before(
		tx, arena, request, votes, position, vote->level, vote->for_id, &team, err);
}

static int count_vote(struct store_tx *tx, struct arena *arena,
	const struct approval_request *request, const struct approval_vote *votes, size_t position,
	struct approval_progress *progress, struct error *err)
{
	const struct approval_vote *vote = &votes[position];
	struct approval_count *count;
	int rc;

	if (vote->level >= request->level_count || vote->decision != APPROVAL_APPROVE)
		return 0;
	count = &progress->counts[vote->level];
	if (!is_counted(tx, arena, request, &request->levels[vote->level], vote, &count->lost))
		return 0;
	if (request->levels[vote->level].different_teams) {
		if ((rc = repeats_a_team(tx, arena, request, votes, position, err)))
			return rc < 0 ? rc : 0;
	}
	count->given++;
	return 0;
}

/* Requester, excluded and those who decided: nobody of them can still give a vote. */
static const char *const *list_spent(struct arena *arena, const struct approval_request *request,
	const struct approval_vote *votes, size_t vote_count)
{
	size_t count = 0;
	const char **spent;

	while (request->excluded && request->excluded[count])
		count++;
	spent = arena_alloc(arena, (count + 2 * vote_count + 2) * sizeof(*spent));
	for (size_t i = 0; i < count; i++)
		spent[i] = request->excluded[i];
	for (size_t i = 0; i < vote_count; i++) {
		spent[count++] = votes[i].person_id;
		if (*votes[i].for_id)
			spent[count++] = votes[i].for_id;
	}
	spent[count] = request->requested_by;
	return spent;
}

static bool is_complete(const struct approval_count *count)
{
	return count->need > 0 && count->given >= count->need;
}

/* How many there are who have the level's right and are not left out. */
static int64_t count_with_right(
	struct store_tx *tx, const struct approval_level *level, const char *const *left_out)
{
	return level->group ? people_count_in_group(tx, level->group, left_out)
			    : people_count_with_role(tx, level->role, &level->scope, left_out);
}

int approval_progress(struct store_tx *tx, struct arena *arena,
	const struct approval_request *request, const struct approval_vote *votes,
	size_t vote_count, struct approval_progress *ret, struct error *err)
{
	struct approval_progress progress = {0};
	const char *const *spent = list_spent(arena, request, votes, vote_count);
	const char *const *never = list_spent(arena, request, votes, 0);
	int rc;

	for (size_t i = 0; i < vote_count; i++)
		if ((rc = count_vote(tx, arena, request, votes, i, &progress, err)) < 0)
			return rc;
	for (size_t i = 0; i < request->level_count; i++) {
		const struct approval_level *level = &request->levels[i];

		progress.counts[i].eligible = count_with_right(tx, level, spent);
		progress.counts[i].need = level->need == APPROVAL_NEED_ALL
						  ? count_with_right(tx, level, never)
						  : level->need;
	}
	while (progress.open_level < request->level_count &&
		is_complete(&progress.counts[progress.open_level]))
		progress.open_level++;
	*ret = progress;
	return 0;
}

int approval_load_progress(struct store_tx *tx, struct arena *arena,
	const struct approval_request *request, struct approval_progress *ret, struct error *err)
{
	struct approval_vote *votes;
	size_t count;
	int rc = approval_store_votes(tx, arena, request->id, &votes, &count, err);

	return rc < 0 ? rc : approval_progress(tx, arena, request, votes, count, ret, err);
}

/* What an admin would have to do. */
static const char *help_text(struct arena *arena, const struct approval_level *level)
{
	return level->group ? arena_format(arena, "adds somebody to the group %s", level->group)
			    : "grants the role";
}

/* What the first level that is not complete lacks. */
const char *approval_missing_text(struct arena *arena, const struct approval_request *request,
	const struct approval_progress *progress)
{
	const struct approval_level *level = &request->levels[progress->open_level];
	const struct approval_count *count = &progress->counts[progress->open_level];
	bool is_all = level->need == APPROVAL_NEED_ALL;
	int64_t missing = is_all && !count->need ? 1 : count->need - count->given;
	const char *text = arena_format(arena, "it still needs %lld of %s%s", (long long)missing,
		approval_who_text(arena, level),
		is_all			 ? ", all of which must say yes"
		: level->different_teams ? ", of different teams"
					 : "");

	if (count->lost)
		text = arena_format(arena, "%s: %s", text, count->lost);
	if (count->eligible < missing)
		text = arena_format(arena,
			"%s; %s could give it now, so it stays pending until an admin %s", text,
			count->eligible ? "too few persons" : "nobody", help_text(arena, level));
	return text;
}

const char *approval_note(struct store_tx *tx, struct arena *arena,
	const struct approval_request *request, struct error *err)
{
	struct approval_progress progress;

	if (request->state != APPROVAL_PENDING && request->state != APPROVAL_APPROVED)
		return "";
	if (approval_load_progress(tx, arena, request, &progress, err) < 0)
		return NULL;
	if (progress.open_level < request->level_count)
		return approval_missing_text(arena, request, &progress);
	return request->state == APPROVAL_APPROVED
		       ? ""
		       : "whoever had not said yes has left the group since: that approves "
			 "nothing, ask again";
}

bool approval_was_given_by(
	struct store_tx *tx, struct arena *arena, const char *approval_id, const char *person_id)
{
	struct approval_vote *votes;
	size_t count;

	if (approval_store_votes(tx, arena, approval_id, &votes, &count, NULL) < 0)
		return false;
	for (size_t i = 0; i < count; i++)
		if (votes[i].decision == APPROVAL_APPROVE && !*votes[i].for_id &&
			strcmp(votes[i].person_id, person_id) == 0)
			return true;
	return false;
}
