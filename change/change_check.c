/* May something of a change run now, as far as its approval goes? Nothing is believed twice: each
 * digest is made again from what it is over, each decision counted again. */
#include "change/change_rooms.h"

#include <string.h>

static int refuse(enum gate_reason reason, enum gate_reason *ret_reason, struct error *err,
	const char *change, const char *why)
{
	*ret_reason = reason;
	return error_set(err, ERROR_NOT_APPROVED, "%s: %s", change, why);
}

/* States in which a gate looks further; what verifies may still be rolled back. */
static int check_state(const struct change *change, enum gate_reason *ret_reason, struct error *err)
{
	switch (change->state) {
	case CHANGE_APPROVED:
	case CHANGE_EXECUTING:
	case CHANGE_VERIFYING:
		return 0;
	case CHANGE_DRAFT:
		return refuse(change->revision > 1 ? REASON_STALE_REVISION : REASON_NOT_APPROVED,
			ret_reason, err, change->name, "it was edited or never submitted");
	case CHANGE_ASSESSING:
	case CHANGE_PENDING:
		return refuse(REASON_NOT_APPROVED, ret_reason, err, change->name,
			"it is not approved yet");
	case CHANGE_EXPIRED:
		return refuse(REASON_EXPIRED, ret_reason, err, change->name, "its time is over");
	default:
		return refuse(REASON_SESSION_STATE, ret_reason, err, change->name,
			"nothing of it runs any more");
	}
}

/* The rows against the digests that people signed. */
static int check_bound(struct store_tx *tx, struct arena *arena, const struct change *change,
	const struct risk_report *report, enum gate_reason *ret_reason, struct error *err)
{
	struct change_revision *row;
	char text[DIGEST_TEXT_SIZE];
	struct digest digest;
	int rc = revision_store_get(tx, arena, change->seq, change->revision, &row, err);

	if (rc < 0)
		return rc;
	digest_of_domain("rcm revision 1\n", row->body, strlen(row->body), &digest);
	if (strcmp(digest_text(&digest, text), row->digest) != 0)
		return refuse(REASON_REVISION_MISMATCH, ret_reason, err, change->name,
			"its revision is not what was approved");
	change_render_digest(row->rendering, text);
	if (strcmp(text, row->render_digest) != 0)
		return refuse(REASON_REVISION_MISMATCH, ret_reason, err, change->name,
			"its rendering is not what was shown");
	change_approval_digest(change, report->revision, text);
	if (strcmp(text, change->approval_digest) != 0)
		return refuse(REASON_REVISION_MISMATCH, ret_reason, err, change->name,
			"what it is now is not what was approved");
	return 0;
}

static int check_contents(struct store_tx *tx, const struct revision *revision,
	const struct change *change, enum gate_reason *ret_reason, struct error *err)
{
	int64_t size;

	for (size_t i = 0; i < revision->step_count; i++)
		for (size_t k = 0; k < revision->steps[i].content_count; k++) {
			const struct revision_content *content = &revision->steps[i].contents[k];

			if (content_store_size(tx, content->sha256, &size, NULL) < 0 ||
				size != content->size)
				return refuse(REASON_CONTENT_MISMATCH, ret_reason, err,
					change->name, "a content of it is missing");
		}
	return 0;
}

/* A waiver that ran out may ask for more than was given. */
static int check_level(struct store_tx *tx, struct arena *arena, const struct change *change,
	const struct revision *revision, struct risk_report *report, int64_t now_us,
	enum gate_reason *ret_reason, struct error *err)
{
	const char *const *waived;
	int rc = change_waived(tx, arena, change, now_us, &waived, err);

	if (rc < 0)
		return rc;
	risk_recount(report, waived, arena);
	if (!report->has_error && change_level(revision, report) <= change->level)
		return 0;
	return refuse(REASON_NOT_APPROVED, ret_reason, err, change->name,
		"a waiver ran out: it needs a higher level now (rcm reassess)");
}

/* Which of the reasons: void, ended, lost a vote, or nobody could give one. */
static int explain(struct store_tx *tx, struct arena *arena, const struct change *change,
	enum gate_reason *ret_reason, struct error *err)
{
	struct approval_request *request;
	const char *why = arena_text(arena, err->message);

	if (approval_find(tx, arena, CHANGE_SUBJECT, change->name, change->approval_digest,
		    &request, NULL) < 0)
		return refuse(REASON_NOT_APPROVED, ret_reason, err, change->name, why);
	switch (request->state) {
	case APPROVAL_APPROVED:
		return refuse(REASON_APPROVER_INVALID, ret_reason, err, change->name, why);
	case APPROVAL_VOID:
		return refuse(REASON_STALE_REVISION, ret_reason, err, change->name, why);
	case APPROVAL_EXPIRED:
		return refuse(REASON_EXPIRED, ret_reason, err, change->name, why);
	default:
		return refuse(REASON_NOT_APPROVED, ret_reason, err, change->name, why);
	}
}

/* Whoever became an executor or author by another name since is still no approver. */
static int check_votes(struct store_tx *tx, struct arena *arena, const struct change *change,
	const struct revision *revision, const char *approval_id, enum gate_reason *ret_reason,
	struct error *err)
{
	const char *const *excluded, *const *known;
	struct approval_request *request;
	int rc;

	if ((rc = change_excluded(tx, arena, change, revision, &excluded, err)) < 0 ||
		(rc = approval_get(tx, arena, approval_id, &request, err)) < 0)
		return rc;
	for (; *excluded; excluded++) {
		for (known = request->excluded; *known && strcmp(*known, *excluded) != 0; known++)
			;
		if (!*known)
			return refuse(REASON_SELF_APPROVAL, ret_reason, err, change->name,
				"somebody who took part in it could have approved it");
	}
	return 0;
}

/* The template stands for the approval: the same version, still active, still approved. */
static int check_standard(struct store_tx *tx, struct arena *arena, const struct change *change,
	const struct revision *revision, int64_t now_us, enum gate_reason *ret_reason,
	struct error *err)
{
	if (change_check_template(tx, arena, revision, now_us, err) >= 0) {
		*ret_reason = REASON_OK_GRANT;
		return 0;
	}
	return refuse(REASON_NOT_APPROVED, ret_reason, err, change->name,
		arena_text(arena, err->message));
}

int change_check_approved(struct store_tx *tx, struct arena *arena, const struct change *change,
	int64_t now_us, enum gate_reason *ret_reason, struct error *err)
{
	char approval_id[ID_SIZE];
	struct risk_report *report;
	struct revision *revision;
	struct error why = ERROR_INIT;
	int rc;

	if (!err)
		err = &why;
	*ret_reason = REASON_NOT_APPROVED;
	if ((rc = check_state(change, ret_reason, err)) < 0 ||
		(rc = change_get_revision(tx, arena, change, &revision, err)) < 0 ||
		(rc = risk_get(tx, arena, change->seq, change->revision, &report, err)) < 0 ||
		(rc = check_bound(tx, arena, change, report, ret_reason, err)) < 0 ||
		(rc = check_contents(tx, revision, change, ret_reason, err)) < 0 ||
		(rc = check_level(tx, arena, change, revision, report, now_us, ret_reason, err)) <
			0)
		return rc;
	if (change->level == 0)
		return check_standard(tx, arena, change, revision, now_us, ret_reason, err);
	rc = approval_check(tx, CHANGE_SUBJECT, change->name, change->approval_digest, now_us,
		approval_id, err);
	if (rc == ERROR_NOT_APPROVED)
		return explain(tx, arena, change, ret_reason, err);
	if (rc < 0 ||
		(rc = check_votes(tx, arena, change, revision, approval_id, ret_reason, err)) < 0)
		return rc;
	*ret_reason = REASON_OK_GRANT;
	return 0;
}
