#include "approval/approval_rooms.h"

#include "lib/base/json.h"
#include "lib/base/text.h"
#include "lib/base/time.h"

#include <string.h>

/* --- columns: levels and excluded persons --- */

static json_t *scope_out(const struct scope *scope)
{
	json_t *object = json_object();

	json_set_text(object, "environment", scope->environment);
	json_set_text(object, "service", scope->service);
	json_set_text(object, "team", scope->team);
	json_set_text(object, "kind", scope->kind);
	return object;
}

static json_t *level_out(const struct approval_level *level)
{
	json_t *object = json_object();

	if (level->group)
		json_set_text(object, "group", level->group);
	else
		json_set_text(object, "role", role_word(level->role));
	json_object_set_new(object, "scope", scope_out(&level->scope));
	if (level->need == APPROVAL_NEED_ALL)
		json_set_text(object, "need", "all");
	else
		json_set_int(object, "need", level->need);
	json_set_bool(object, "different_teams", level->different_teams);
	return object;
}

char *approval_levels_text(struct arena *arena, const struct approval_request *request)
{
	json_t *list = json_array();
	char *text;

	for (size_t i = 0; i < request->level_count; i++)
		json_array_append_new(list, level_out(&request->levels[i]));
	text = json_text(arena, list);
	json_decref(list);
	return text;
}

char *approval_excluded_text(struct arena *arena, const char *const *excluded)
{
	json_t *list = json_array();
	char *text;

	for (; excluded && *excluded; excluded++)
		json_array_append_new(list, json_string(*excluded));
	text = json_text(arena, list);
	json_decref(list);
	return text;
}

static int scope_in(struct arena *arena, const json_t *object, struct scope *ret, struct error *err)
{
	const char *environment = NULL, *service = NULL, *team = NULL, *kind = NULL;
	int rc;

	if ((rc = json_get_text(object, "environment", false, &environment, err)) < 0 ||
		(rc = json_get_text(object, "service", false, &service, err)) < 0 ||
		(rc = json_get_text(object, "team", false, &team, err)) < 0 ||
		(rc = json_get_text(object, "kind", false, &kind, err)) < 0)
		return rc;
	ret->environment = arena_text(arena, environment);
	ret->service = arena_text(arena, service);
	ret->team = arena_text(arena, team);
	ret->kind = arena_text(arena, kind);
	return 0;
}

static int need_in(const json_t *object, int *ret, struct error *err)
{
	const json_t *need = json_object_get(object, "need");
	int64_t number;
	int rc;

	if (json_is_string(need) && text_is_equal(json_string_value(need), "all")) {
		*ret = APPROVAL_NEED_ALL;
		return 0;
	}
	rc = json_get_int(object, "need", true, 1, APPROVAL_NEED_MAX, &number, err);
	if (rc >= 0)
		*ret = (int)number;
	return rc;
}

static int level_in(
	struct arena *arena, const json_t *object, struct approval_level *ret, struct error *err)
{
	const char *group = NULL, *role = NULL;
	json_t *scope;
	int rc;

	if ((rc = json_get_text(object, "group", false, &group, err)) < 0 ||
		(rc = json_get_text(object, "role", !group, &role, err)) < 0 ||
		(rc = role ? role_parse("role", role, &ret->role, err) : 0) < 0 ||
		(rc = need_in(object, &ret->need, err)) < 0 ||
		(rc = json_get_bool(object, "different_teams", true, &ret->different_teams, err)) <
			0 ||
		(rc = json_get_object(object, "scope", true, &scope, err)) < 0)
		return rc;
	ret->group = arena_text(arena, group);
	return scope_in(arena, scope, &ret->scope, err);
}

static int levels_in(struct arena *arena, const json_t *list, struct approval_request *request,
	struct error *err)
{
	const json_t *object;
	size_t i;
	int rc;

	if (!json_is_array(list) || json_array_size(list) > APPROVAL_LEVELS_MAX)
		return error_set(err, ERROR_INVALID, "the levels are no list of at most %d",
			APPROVAL_LEVELS_MAX);
	json_array_foreach (list, i, object)
		if ((rc = level_in(arena, object, &request->levels[i], err)) < 0)
			return rc;
	request->level_count = json_array_size(list);
	return 0;
}

/* What is stored was written here: anything else means that somebody changed the file. */
static int refuse_stored(struct error *err, const char *what)
{
	error_prefix(err, "the stored %s of an approval cannot be read", what);
	err->code = ERROR_TAMPERED;
	return ERROR_TAMPERED;
}

int approval_levels_parse(
	struct arena *arena, const char *text, struct approval_request *request, struct error *err)
{
	json_t *list = NULL;
	int rc = json_parse(text, strlen(text), JSON_DEPTH_MAX, &list, err);

	if (rc >= 0)
		rc = levels_in(arena, list, request, err);
	json_decref(list);
	return rc < 0 ? refuse_stored(err, "levels") : 0;
}

int approval_excluded_parse(
	struct arena *arena, const char *text, const char *const **ret, struct error *err)
{
	const char **excluded;
	json_t *list = NULL, *item;
	size_t i;

	if (json_parse(text, strlen(text), JSON_DEPTH_MAX, &list, err) < 0)
		return refuse_stored(err, "excluded persons");
	excluded = arena_alloc(arena, (json_array_size(list) + 1) * sizeof(*excluded));
	json_array_foreach (list, i, item)
		excluded[i] = arena_text(arena, json_string_value(item));
	json_decref(list);
	*ret = excluded;
	return 0;
}

/* --- the request as the API shows it --- */

static json_t *person_out(struct store_tx *tx, struct arena *arena, const char *person_id)
{
	json_t *object = json_object();

	json_set_text(object, "id", person_id);
	json_set_text(object, "name", approval_name_of(tx, arena, person_id));
	return object;
}

/* Nothing waits for anybody any more once the request is over. */
static const char *level_state(const struct approval_request *request, size_t i, size_t open_level)
{
	if (i < open_level)
		return "complete";
	if (request->state != APPROVAL_PENDING)
		return "ended";
	return i == open_level ? "open" : "waiting";
}

static json_t *progress_out(struct arena *arena, const struct approval_request *request,
	const struct approval_progress *progress)
{
	json_t *list = json_array();

	for (size_t i = 0; i < request->level_count; i++) {
		const struct approval_count *count = &progress->counts[i];
		json_t *level = level_out(&request->levels[i]);

		json_set_text(level, "text", approval_level_text(arena, &request->levels[i]));
		json_set_int(level, "given", count->given);
		json_set_text(level, "state", level_state(request, i, progress->open_level));
		json_set_int(level, "eligible", count->eligible);
		json_array_append_new(list, level);
	}
	return list;
}

static json_t *votes_out(
	struct store_tx *tx, struct arena *arena, const struct approval_vote *votes, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++) {
		json_t *vote = json_object();

		json_object_set_new(vote, "person", person_out(tx, arena, votes[i].person_id));
		if (*votes[i].for_id)
			json_object_set_new(
				vote, "on_behalf_of", person_out(tx, arena, votes[i].for_id));
		json_set_text(vote, "decision",
			votes[i].decision == APPROVAL_APPROVE ? "approve" : "reject");
		json_set_int(vote, "level", (int64_t)votes[i].level + 1);
		json_set_text(vote, "reason", votes[i].reason);
		json_set_time(vote, "at", votes[i].at_us);
		json_array_append_new(list, vote);
	}
	return list;
}

static json_t *subject_out(const struct approval_request *request)
{
	json_t *subject = json_object();

	json_set_text(subject, "kind", request->subject_kind);
	json_set_text(subject, "id", request->subject_id);
	json_set_text(subject, "digest", request->subject_digest);
	return subject;
}

static void set_reading(json_t *object, const char *reading)
{
	struct error ignored = ERROR_INIT;
	json_t *value = NULL;

	if (reading &&
		json_parse(reading, strlen(reading), JSON_DEPTH_GRAPH, &value, &ignored) >= 0)
		json_object_set_new(object, "reading", value);
}

static json_t *head_out(
	struct store_tx *tx, struct arena *arena, const struct approval_request *request)
{
	json_t *object = json_object();

	json_set_text(object, "id", request->id);
	json_object_set_new(object, "subject", subject_out(request));
	json_set_text(object, "class", approval_class_word(request->approval_class));
	json_set_text(object, "state", approval_state_word(request->state));
	json_set_text(object, "state_reason", request->state_reason);
	json_set_text(object, "summary", request->summary);
	json_object_set_new(object, "requested_by", person_out(tx, arena, request->requested_by));
	json_set_time(object, "requested_at", request->requested_at_us);
	json_set_time(object, "expires_at", request->expires_at_us);
	json_set_time(object, "ended_at", request->ended_at_us);
	json_set_int(object, "version", request->version);
	set_reading(object, request->reading);
	return object;
}

static int set_may_decide(struct store_tx *tx, struct arena *arena,
	const struct approval_request *request, const struct principal *principal, json_t *object,
	struct error *err)
{
	const struct approval_voter voter = {.principal = principal};
	struct error why = ERROR_INIT;
	json_t *places;
	size_t level;
	int rc;

	if (!principal || request->state != APPROVAL_PENDING)
		return 0;
	rc = approval_may_decide(tx, arena, request, &voter, APPROVAL_APPROVE,
		request->requested_at_us, &level, &why);
	json_set_bool(object, "may_decide", rc >= 0);
	if (rc < 0)
		json_set_text(object, "may_not_because", why.message);
	rc = approval_list_places(tx, arena, request, principal, time_now_us(), &places, err);
	if (rc < 0)
		return rc;
	if (json_array_size(places))
		json_object_set(object, "may_decide_for", places);
	json_decref(places);
	return 0;
}

int approval_json(struct store_tx *tx, struct arena *arena, const struct approval_request *request,
	const struct principal *principal, json_t **ret, struct error *err)
{
	struct approval_progress progress;
	struct approval_vote *votes;
	const char *note;
	size_t count;
	json_t *object;
	int rc;

	if ((rc = approval_store_votes(tx, arena, request->id, &votes, &count, err)) < 0 ||
		(rc = approval_progress(tx, arena, request, votes, count, &progress, err)) < 0)
		return rc;
	note = approval_note(tx, arena, request, err);
	if (!note)
		return err->code;
	object = head_out(tx, arena, request);
	json_object_set_new(object, "levels", progress_out(arena, request, &progress));
	json_object_set_new(object, "decisions", votes_out(tx, arena, votes, count));
	if (*note)
		json_set_text(object, "note", note);
	rc = set_may_decide(tx, arena, request, principal, object, err);
	if (rc < 0)
		json_decref(object);
	else
		*ret = object;
	return rc;
}

/* In the order of approval_crosscheck.terms (approval_verify.c). */
const char *approval_terms(struct arena *arena, const struct approval_request *request)
{
	const char *const values[] = {
		approval_class_word(request->approval_class),
		approval_levels_text(arena, request),
		approval_excluded_text(arena, request->excluded),
		request->reading,
		request->summary,
		request->requested_by,
		arena_format(arena, "%lld", (long long)request->requested_at_us),
		arena_format(arena, "%lld", (long long)request->expires_at_us),
	};

	return audit_terms(arena, values, sizeof(values) / sizeof(values[0]));
}
