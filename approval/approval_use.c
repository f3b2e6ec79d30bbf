#include "approval/approval_rooms.h"

#include <string.h>

static int refuse_none(
	const char *subject_id, const struct approval_request *last, struct error *err)
{
	if (!last) {
		error_set(err, ERROR_NOT_APPROVED, "%s is not approved: nobody was asked",
			subject_id);
		return error_remedy(err, "ask for an approval");
	}
	error_set(err, ERROR_NOT_APPROVED, "%s is not approved: approval %s is %s%s%s", subject_id,
		last->id, approval_state_word(last->state), last->state_reason ? ": " : "",
		last->state_reason ? last->state_reason : "");
	return error_remedy(err, "redbutton approval show %s", last->id);
}

static int count_again(struct store_tx *tx, struct arena *arena,
	const struct approval_request *request, struct error *err)
{
	struct approval_progress progress;
	int rc = approval_load_progress(tx, arena, request, &progress, err);

	if (rc < 0 || (progress.open_level == request->level_count &&
			      request->state == APPROVAL_APPROVED))
		return rc;
	if (progress.open_level == request->level_count)
		return refuse_none(request->subject_id, request, err);
	error_set(err, ERROR_NOT_APPROVED, "%s is not approved: %s", request->subject_id,
		approval_missing_text(arena, request, &progress));
	return error_remedy(err,
		request->state == APPROVAL_PENDING
			? "redbutton approval show %s"
			: "approval %s does not hold any more: ask for a new one",
		request->id);
}

static int check_subject(struct store_tx *tx, struct arena *arena, const char *subject_kind,
	const char *subject_id, const char *subject_digest, int64_t now_us,
	struct approval_request **ret, struct error *err)
{
	struct approval_request *request = NULL;
	int rc = approval_store_find(
		tx, arena, subject_kind, subject_id, subject_digest, NULL, &request, err);

	if (rc < 0)
		return rc;
	if (!request)
		return refuse_none(subject_id, NULL, err);
	if (request->state != APPROVAL_PENDING && request->state != APPROVAL_APPROVED)
		return refuse_none(subject_id, request, err);
	if (request->state == APPROVAL_PENDING &&
		(rc = approval_check_open(request, now_us, err)) < 0)
		return err->code = ERROR_NOT_APPROVED;
	if ((rc = count_again(tx, arena, request, err)) < 0)
		return rc;
	*ret = request;
	return 0;
}

int approval_check(struct store_tx *tx, const char *subject_kind, const char *subject_id,
	const char *subject_digest, int64_t now_us, char ret_approval_id[static ID_SIZE],
	struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct approval_request *request;
	int rc = check_subject(
		tx, &arena, subject_kind, subject_id, subject_digest, now_us, &request, err);

	if (rc >= 0)
		memcpy(ret_approval_id, request->id, ID_SIZE);
	arena_done(&arena);
	return rc;
}

int approval_use(struct store_tx *tx, const char *subject_kind, const char *subject_id,
	const char *subject_digest, const struct audit_actor *actor, int64_t now_us,
	char ret_approval_id[static ID_SIZE], struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct approval_request *request;
	int rc;

	if ((rc = check_subject(tx, &arena, subject_kind, subject_id, subject_digest, now_us,
		     &request, err)) >= 0 &&
		(rc = approval_store_set_state(tx, request, APPROVAL_USED, NULL, now_us, err)) >=
			0 &&
		(rc = approval_audit(
			 tx, request, actor, AUDIT_APPROVAL_USE, json_object(), now_us, err)) >= 0)
		memcpy(ret_approval_id, request->id, ID_SIZE);
	arena_done(&arena);
	return rc;
}
