/* The verbs of a version: submit, activate, suspend, resume, retire, discard, and following its
 * approval. */
#include "lib/base/json.h"
#include "lib/base/text.h"
#include "plans/plan_rooms.h"

#include <stdio.h>
#include <string.h>

#define IN(state) (1u << PLAN_##state)

/* From which states each verb leads on; others are told why not. */
static const struct verb {
	const char *word;
	unsigned from;
	const char *remedy; /* with the version's name */
	unsigned or_role;   /* who may besides the plan's authors */
} submit_verb = {"submitted", IN(DRAFT) | IN(EXPIRED) | IN(APPROVED),
	"add a changed file: redbutton plan add FILE", 0},
  activate_verb = {"activated", IN(IN_REVIEW) | IN(APPROVED) | IN(SUPERSEDED),
	  "submit it first: redbutton plan submit %s", ROLE_COMMANDER},
  retire_verb = {"retired", IN(APPROVED) | IN(ACTIVE) | IN(SUPERSEDED) | IN(SUSPENDED),
	  "redbutton plan show %s", ROLE_COMMANDER},
  suspend_verb = {"suspended", IN(ACTIVE), "only the active version is run: redbutton plan show %s",
	  ROLE_ADMIN},
  resume_verb = {"resumed", IN(SUSPENDED), "redbutton plan show %s", ROLE_ADMIN},
  discard_verb = {"discarded",
	  IN(DRAFT) | IN(IN_REVIEW) | IN(APPROVED) | IN(REJECTED) | IN(EXPIRED),
	  "to end an active one: redbutton plan retire %s", ROLE_COMMANDER};

static int check_state(
	const struct plan_version *version, const struct verb *verb, struct error *err)
{
	char subject[PLAN_SUBJECT_SIZE], remedy[sizeof(err->remedy)];

	if (verb->from & (1u << version->state))
		return 0;
	plan_subject(version->plan, version->number, subject);
	error_set(err, ERROR_CONFLICT, "%s is %s%s%s: it cannot be %s", subject,
		plan_version_state_word(version->state), version->state_reason ? ": " : "",
		version->state_reason ? version->state_reason : "", verb->word);
	snprintf(remedy, sizeof(remedy), "%s", verb->remedy);
	if (strstr(remedy, "%s"))
		snprintf(strstr(remedy, "%s"),
			sizeof(remedy) - (size_t)(strstr(remedy, "%s") - remedy), "%s", subject);
	return error_remedy(err, "%s", remedy);
}

static int check_reason(const struct plan_change *change, struct error *err)
{
	return change->reason ? text_check_prose("reason", change->reason, 1000, err) : 0;
}

/* The version of a change, which the caller has seen as it is. */
static int load(struct store_tx *tx, const struct plan_change *change, struct plan_version **ret,
	struct error *err)
{
	int rc = check_reason(change, err);

	if (rc >= 0)
		rc = plan_version_get(tx, change->arena, change->plan, change->number, ret, err);
	if (rc < 0 || change->if_version < 0 || change->if_version == (*ret)->version)
		return rc;
	error_set(err, ERROR_STALE, "%s@%lld changed since you looked at it: it is %s now",
		change->plan, (long long)change->number, plan_version_state_word((*ret)->state));
	error_field(err, "If-Match");
	return error_remedy(
		err, "redbutton plan show %s@%lld", change->plan, (long long)change->number);
}

/* --- submit --- */

/* Only one draft of a plan is in review: an older one goes back, its open request void. */
static int replace_older(struct store_tx *tx, const struct plan_change *change,
	const struct plan_version *version, struct error *err)
{
	const char *reason = arena_format(
		change->arena, "edited: version %lld replaces it", (long long)version->number);
	struct plan_version **list;
	size_t count;
	int rc = plan_store_list(tx, change->arena, version->plan,
		plan_version_state_word(PLAN_IN_REVIEW), &list, &count, err);

	for (size_t i = 0; rc >= 0 && i < count; i++) {
		char subject[PLAN_SUBJECT_SIZE];

		if (list[i]->number == version->number)
			continue;
		plan_subject(list[i]->plan, list[i]->number, subject);
		if ((rc = approval_void(tx, PLAN_APPROVAL_SUBJECT, subject, NULL, reason,
			     &change->principal->actor, change->at_us, err)) < 0 ||
			(rc = plan_store_set_state(
				 tx, list[i], PLAN_DRAFT, reason, change->at_us, err)) < 0)
			return rc;
		rc = plan_audit(tx, list[i], &change->principal->actor, AUDIT_PLAN_STATE,
			json_object(), NULL, change->at_us, err);
	}
	return rc < 0 ? rc : 0;
}

/* An approved version may ask again only when what it was given does not count any more. */
static int check_again(struct store_tx *tx, const struct plan_change *change,
	const struct plan_version *version, const char *subject, struct error *err)
{
	char approval_id[ID_SIZE];
	struct error lost = ERROR_INIT;

	if (version->state != PLAN_APPROVED)
		return 0;
	if (approval_check(tx, PLAN_APPROVAL_SUBJECT, subject, version->digest, change->at_us,
		    approval_id, &lost) >= 0) {
		error_set(err, ERROR_NO_EFFECT, "%s is approved already", subject);
		return error_remedy(err, "redbutton plan activate %s", subject);
	}
	if (lost.code != ERROR_NOT_APPROVED) {
		*err = lost;
		return err->code;
	}
	return approval_void(tx, PLAN_APPROVAL_SUBJECT, subject, NULL,
		"asked again: what was given does not count any more", &change->principal->actor,
		change->at_us, err);
}

static int open_approval(struct store_tx *tx, const struct plan_change *change,
	const struct plan_version *version, const json_t *manifest, const char *subject,
	struct error *err)
{
	struct scope scope = plan_scope_of_manifest(manifest);
	struct approval_request request = {.subject_kind = PLAN_APPROVAL_SUBJECT,
		.subject_id = subject,
		.subject_digest = version->digest,
		.approval_class = change->approval_class,
		.summary = json_string_value(json_object_get(manifest, "summary")),
		.requested_by = change->principal->person_id,
		.requested_at_us = change->at_us,
		.expires_at_us = change->at_us + APPROVAL_EXPIRY_US};
	int rc = plan_store_editors(tx, change->arena, version, &request.excluded, err);

	if (rc < 0)
		return rc;
	scope.environment = change->scope.environment;
	scope.service = change->scope.service;
	memcpy(request.id, change->approval_id, ID_SIZE);
	approval_policy(change->approval_class, true, &scope, request.levels, &request.level_count);
	return approval_open(tx, &request, &change->principal->actor, change->notify_id, err);
}

int plan_submit(struct store_tx *tx, struct plan_change *change, struct error *err)
{
	char subject[PLAN_SUBJECT_SIZE];
	struct plan_version *version;
	struct scope scope;
	json_t *manifest;
	int rc = load(tx, change, &version, err);

	if (rc < 0)
		return rc;
	manifest = plan_manifest(change->arena, version);
	scope = plan_scope_of_manifest(manifest);
	plan_subject(version->plan, version->number, subject);
	if ((rc = plan_require(change->principal, &scope, submit_verb.or_role, err)) < 0 ||
		(rc = check_state(version, &submit_verb, err)) < 0 ||
		(rc = check_again(tx, change, version, subject, err)) < 0 ||
		(rc = replace_older(tx, change, version, err)) < 0 ||
		(rc = open_approval(tx, change, version, manifest, subject, err)) < 0 ||
		(rc = plan_store_set_state(tx, version, PLAN_IN_REVIEW, NULL, change->at_us, err)) <
			0)
		return rc;
	change->ret_version = version;
	return plan_audit(tx, version, &change->principal->actor, AUDIT_PLAN_SUBMIT,
		json_pack("{s:s, s:s}", "approval", change->approval_id, "class",
			approval_class_word(change->approval_class)),
		NULL, change->at_us, err);
}

/* --- following the approval --- */

/* What a version in review becomes when its approval is there; PLAN_IN_REVIEW = stays. */
static enum plan_version_state state_after(enum approval_state state)
{
	switch (state) {
	case APPROVAL_APPROVED:
	case APPROVAL_USED:
		return PLAN_APPROVED;
	case APPROVAL_REJECTED:
		return PLAN_REJECTED;
	case APPROVAL_EXPIRED:
		return PLAN_EXPIRED;
	default:
		return PLAN_IN_REVIEW;
	}
}

static int follow(struct store_tx *tx, struct arena *arena, struct plan_version *version,
	int64_t now_us, struct error *err)
{
	struct approval_request *request;
	char subject[PLAN_SUBJECT_SIZE];
	enum plan_version_state state;
	int rc;

	plan_subject(version->plan, version->number, subject);
	rc = approval_find(
		tx, arena, PLAN_APPROVAL_SUBJECT, subject, version->digest, &request, err);
	if (rc < 0)
		return rc;
	state = state_after(request->state);
	if (state == PLAN_IN_REVIEW)
		return 0;
	if ((rc = plan_store_set_state(tx, version, state, request->state_reason, now_us, err)) < 0)
		return rc;
	return plan_audit(tx, version, &audit_system, AUDIT_PLAN_STATE, json_object(), request->id,
		now_us, err);
}

int plan_follow_approval(
	struct store_tx *tx, const char *plan, int64_t number, int64_t now_us, struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct plan_version *version = NULL;
	int rc = plan_store_find(tx, &arena, plan, number, &version, err);

	if (rc > 0)
		rc = version->state == PLAN_IN_REVIEW ? follow(tx, &arena, version, now_us, err)
						      : 0;
	arena_done(&arena);
	return rc;
}

/* --- activate, suspend, resume, retire, discard --- */

static int supersede_active(struct store_tx *tx, const struct plan_change *change,
	const struct plan_version *version, struct error *err)
{
	const char *reason =
		arena_format(change->arena, "version %lld is active", (long long)version->number);
	struct plan_version *active;
	int rc = plan_store_active(tx, change->arena, version->plan, &active, err);

	if (rc <= 0)
		return rc;
	if ((rc = plan_store_set_state(tx, active, PLAN_SUPERSEDED, reason, change->at_us, err)) <
		0)
		return rc;
	return plan_audit(tx, active, &change->principal->actor, AUDIT_PLAN_STATE, json_object(),
		NULL, change->at_us, err);
}

/* What every verb but submit begins with: seen, allowed, from a state that leads on. */
static int begin(struct store_tx *tx, const struct plan_change *change, const struct verb *verb,
	struct plan_version **ret, struct error *err)
{
	struct scope scope;
	int rc = load(tx, change, ret, err);

	if (rc < 0)
		return rc;
	scope = plan_scope_of_manifest(plan_manifest(change->arena, *ret));
	if ((rc = plan_require(change->principal, &scope, verb->or_role, err)) < 0)
		return rc;
	return check_state(*ret, verb, err);
}

int plan_activate(struct store_tx *tx, struct plan_change *change, struct error *err)
{
	char subject[PLAN_SUBJECT_SIZE], approval_id[ID_SIZE];
	struct plan_version *version;
	int rc;

	plan_subject(change->plan, change->number, subject);
	if ((rc = begin(tx, change, &activate_verb, &version, err)) < 0 ||
		(rc = approval_check(tx, PLAN_APPROVAL_SUBJECT, subject, version->digest,
			 change->at_us, approval_id, err)) < 0 ||
		(rc = supersede_active(tx, change, version, err)) < 0 ||
		(rc = plan_store_set_state(tx, version, PLAN_ACTIVE, NULL, change->at_us, err)) < 0)
		return rc;
	change->ret_version = version;
	return plan_audit(tx, version, &change->principal->actor, AUDIT_PLAN_ACTIVATE,
		json_object(), approval_id, change->at_us, err);
}

static int set_state(struct store_tx *tx, struct plan_change *change, struct plan_version *version,
	enum plan_version_state state, const char *reason, const char *approval_id,
	struct error *err)
{
	int rc = plan_store_set_state(tx, version, state, reason, change->at_us, err);

	if (rc < 0)
		return rc;
	change->ret_version = version;
	if ((rc = plan_audit(tx, version, &change->principal->actor, AUDIT_PLAN_STATE,
		     json_object(), approval_id, change->at_us, err)) < 0)
		return rc;
	return people_note_act(tx, change->principal, change->at_us, err);
}

int plan_suspend(struct store_tx *tx, struct plan_change *change, struct error *err)
{
	struct plan_version *version;
	int rc;

	if (!change->reason || !*change->reason) {
		error_set(err, ERROR_INVALID, "a suspension needs a reason");
		error_field(err, "reason");
		return error_remedy(err, "say what must be mended first");
	}
	if ((rc = begin(tx, change, &suspend_verb, &version, err)) < 0)
		return rc;
	return set_state(tx, change, version, PLAN_SUSPENDED, change->reason, NULL, err);
}

/* Active again, unless another version is by now: then this one may be activated as any before. */
int plan_resume(struct store_tx *tx, struct plan_change *change, struct error *err)
{
	char subject[PLAN_SUBJECT_SIZE], approval_id[ID_SIZE];
	struct plan_version *version, *active;
	int rc;

	plan_subject(change->plan, change->number, subject);
	if ((rc = begin(tx, change, &resume_verb, &version, err)) < 0 ||
		(rc = plan_store_active(tx, change->arena, version->plan, &active, err)) < 0)
		return rc;
	if (rc)
		return set_state(tx, change, version, PLAN_SUPERSEDED,
			arena_format(
				change->arena, "version %lld is active", (long long)active->number),
			NULL, err);
	rc = approval_check(tx, PLAN_APPROVAL_SUBJECT, subject, version->digest, change->at_us,
		approval_id, err);
	return rc < 0 ? rc
		      : set_state(
				tx, change, version, PLAN_ACTIVE, change->reason, approval_id, err);
}

/* The approval ends with its version. */
static int end_version(struct store_tx *tx, struct plan_change *change,
	struct plan_version *version, enum plan_version_state state, enum audit_action action,
	struct error *err)
{
	const char *why =
		arena_format(change->arena, "the version is %s", plan_version_state_word(state));
	char subject[PLAN_SUBJECT_SIZE];
	int rc;

	plan_subject(version->plan, version->number, subject);
	if ((rc = approval_void(tx, PLAN_APPROVAL_SUBJECT, subject, NULL, why,
		     &change->principal->actor, change->at_us, err)) < 0 ||
		(rc = plan_store_set_state(
			 tx, version, state, change->reason, change->at_us, err)) < 0)
		return rc;
	change->ret_version = version;
	return plan_audit(tx, version, &change->principal->actor, action, json_object(), NULL,
		change->at_us, err);
}

int plan_retire(struct store_tx *tx, struct plan_change *change, struct error *err)
{
	struct plan_version *version;
	int rc;

	if ((rc = begin(tx, change, &retire_verb, &version, err)) < 0)
		return rc;
	return end_version(tx, change, version, PLAN_RETIRED, AUDIT_PLAN_RETIRE, err);
}

int plan_discard(struct store_tx *tx, struct plan_change *change, struct error *err)
{
	struct plan_version *version;
	int rc;

	if ((rc = begin(tx, change, &discard_verb, &version, err)) < 0)
		return rc;
	return end_version(tx, change, version, PLAN_DISCARDED, AUDIT_PLAN_STATE, err);
}
