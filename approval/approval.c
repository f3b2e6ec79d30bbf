#include "approval/approval_rooms.h"

#include "lib/base/text.h"
#include "lib/base/time.h"
#include "notify/notify.h"

#include <string.h>

static const char *const class_words[] = {"R0", "R1", "R2", "R3"};
static const char *const state_words[] = {
#define X(name, word) [APPROVAL_##name] = word,
	APPROVAL_STATES(X)
#undef X
};

/* How many the class asks for, of a version and of a run. */
static const struct policy {
	int version, execution;
	bool of_teams; /* those of a run belong to different teams */
} policies[] = {
	[APPROVAL_R0] = {1, 0, false},
	[APPROVAL_R1] = {1, 0, false},
	[APPROVAL_R2] = {1, 1, false},
	[APPROVAL_R3] = {2, 2, true},
};

const char *approval_class_word(enum approval_class approval_class)
{
	return class_words[approval_class];
}

const char *approval_state_word(enum approval_state state)
{
	return state_words[state];
}

void approval_policy(enum approval_class approval_class, bool is_version, const struct scope *scope,
	struct approval_level *ret_levels, size_t *ret_count)
{
	const struct policy *policy = &policies[approval_class];
	int need = is_version ? policy->version : policy->execution;

	*ret_count = need ? 1 : 0;
	if (!need)
		return;
	ret_levels[0] = (struct approval_level){.role = ROLE_APPROVER, .need = need};
	ret_levels[0].different_teams = !is_version && policy->of_teams;
	if (scope)
		ret_levels[0].scope = *scope;
}

int approval_audit(struct store_tx *tx, const struct approval_request *request,
	const struct audit_actor *actor, enum audit_action action, json_t *owned_detail,
	int64_t at_us, struct error *err)
{
	struct audit_record record = {
		.actor = actor,
		.action = action,
		.subject_kind = request->subject_kind,
		.subject_id = request->subject_id,
		.subject_digest = request->subject_digest,
		.detail = owned_detail,
	};
	int rc;

	json_object_set_new(owned_detail, "approval", json_string(request->id));
	rc = audit_append(tx, &record, at_us, NULL, err);
	json_decref(owned_detail);
	return rc;
}

int approval_notify(struct store_tx *tx, const struct approval_request *request, const char *id,
	const char *type, const char *state, const char *text, int64_t at_us, struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct notify_event event = {.type = type, .text = text};
	json_t *data = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "approval", request->id, "kind",
		request->subject_kind, "subject", request->subject_id, "digest",
		request->subject_digest, "class", approval_class_word(request->approval_class),
		"state", state);
	int rc;

	memcpy(event.id, id, ID_SIZE);
	event.subject = arena_format(&arena, "approval/%s", request->id);
	event.data = data;
	rc = notify_send(tx, &event, at_us, err);
	json_decref(data);
	arena_done(&arena);
	return rc;
}

static int check_level(const struct approval_level *level, struct error *err)
{
	if (level->need == APPROVAL_NEED_ALL) {
		if (level->group && !level->different_teams)
			return 0;
		error_set(err, ERROR_INVALID,
			"all is asked of a group, whatever the teams of its members");
		return error_field(err, "levels");
	}
	if (level->need < 1 || level->need > APPROVAL_NEED_MAX) {
		error_set(err, ERROR_INVALID, "a level of an approval needs 1 to %d persons",
			APPROVAL_NEED_MAX);
		return error_field(err, "levels");
	}
	return 0;
}

static int check_request(const struct approval_request *request, struct error *err)
{
	int rc;

	if (!request->level_count || request->level_count > APPROVAL_LEVELS_MAX) {
		error_set(
			err, ERROR_INVALID, "an approval has 1 to %d levels", APPROVAL_LEVELS_MAX);
		return error_field(err, "levels");
	}
	for (size_t i = 0; i < request->level_count; i++)
		if ((rc = check_level(&request->levels[i], err)) < 0)
			return rc;
	return text_check_prose("summary", request->summary, 1000, err);
}

static json_t *levels_detail(struct arena *arena, const struct approval_request *request)
{
	json_t *levels = json_array();

	for (size_t i = 0; i < request->level_count; i++)
		json_array_append_new(
			levels, json_string(approval_level_text(arena, &request->levels[i])));
	return levels;
}

static int open_request(struct store_tx *tx, struct arena *arena,
	const struct approval_request *request, const struct audit_actor *actor,
	const char *notify_id, struct error *err)
{
	struct approval_request *other;
	int rc = approval_store_find(tx, arena, request->subject_kind, request->subject_id,
		request->subject_digest, approval_state_word(APPROVAL_PENDING), &other, err);

	if (rc < 0)
		return rc;
	if (rc) {
		error_set(err, ERROR_CONFLICT, "approval %s of this is open already", other->id);
		return error_remedy(err, "redbutton approval show %s", other->id);
	}
	if ((rc = approval_store_insert(tx, request, err)) < 0 ||
		(rc = approval_audit(tx, request, actor, AUDIT_APPROVAL_OPEN,
			 json_pack("{s:s, s:o, s:s, s:s}", "class",
				 approval_class_word(request->approval_class), "levels",
				 levels_detail(arena, request), "summary", request->summary,
				 "terms", approval_terms(arena, request)),
			 request->requested_at_us, err)) < 0)
		return rc;
	return approval_notify(tx, request, notify_id, "approval.requested", "PENDING",
		arena_format(arena, "%s asks for approval (%s) of %s: %s",
			approval_name_of(tx, arena, request->requested_by),
			approval_class_word(request->approval_class), request->subject_id,
			request->summary),
		request->requested_at_us, err);
}

int approval_open(struct store_tx *tx, const struct approval_request *request,
	const struct audit_actor *actor, const char notify_id[static ID_SIZE], struct error *err)
{
	struct arena arena = ARENA_INIT;
	int rc = check_request(request, err);

	if (rc >= 0)
		rc = open_request(tx, &arena, request, actor, notify_id, err);
	arena_done(&arena);
	return rc;
}

static int void_request(struct store_tx *tx, const struct approval_request *request,
	const char *reason, const struct audit_actor *actor, int64_t now_us, struct error *err)
{
	int rc = approval_store_set_state(tx, request, APPROVAL_VOID, reason, now_us, err);

	if (rc < 0)
		return rc;
	return approval_audit(tx, request, actor, AUDIT_APPROVAL_VOID,
		json_pack("{s:s}", "reason", reason), now_us, err);
}

int approval_void(struct store_tx *tx, const char *subject_kind, const char *subject_id,
	const char *keep_digest, const char *reason, const struct audit_actor *actor,
	int64_t now_us, struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct approval_request **list = NULL;
	size_t count = 0;
	int rc = approval_store_open_of(
		tx, &arena, subject_kind, subject_id, keep_digest, &list, &count, err);

	for (size_t i = 0; rc >= 0 && i < count; i++)
		rc = void_request(tx, list[i], reason, actor, now_us, err);
	arena_done(&arena);
	return rc < 0 ? rc : 0;
}

static int expire_request(struct store_tx *tx, struct approvals *approvals,
	const struct approval_request *request, int64_t now_us, struct error *err)
{
	static const char reason[] = "no decision in time is a no";
	int rc;

	if ((rc = approval_store_set_state(tx, request, APPROVAL_EXPIRED, reason, now_us, err)) <
			0 ||
		(rc = approval_audit(tx, request, &audit_system, AUDIT_APPROVAL_CLOSE,
			 json_pack("{s:s, s:s}", "state", "EXPIRED", "reason", reason), now_us,
			 err)) < 0)
		return rc;
	return approvals_tell(approvals, tx, request, APPROVAL_EXPIRED, now_us, err);
}

int approval_expire(
	struct store_tx *tx, struct approvals *approvals, int64_t now_us, struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct approval_request **list = NULL;
	size_t count = 0;
	int rc = approval_store_due(tx, &arena, now_us, &list, &count, err);

	for (size_t i = 0; rc >= 0 && i < count; i++)
		rc = expire_request(tx, approvals, list[i], now_us, err);
	arena_done(&arena);
	return rc < 0 ? rc : 0;
}

int approval_get(struct store_tx *tx, struct arena *arena, const char *id,
	struct approval_request **ret, struct error *err)
{
	return approval_store_get(tx, arena, id, ret, err);
}

int approval_find(struct store_tx *tx, struct arena *arena, const char *subject_kind,
	const char *subject_id, const char *subject_digest, struct approval_request **ret,
	struct error *err)
{
	int rc = approval_store_find(
		tx, arena, subject_kind, subject_id, subject_digest, NULL, ret, err);

	if (rc == 0)
		return error_set(
			err, ERROR_NOT_FOUND, "nobody was asked to approve %s", subject_id);
	return rc < 0 ? rc : 0;
}
