#include "plans/plan_rooms.h"

#include "lib/base/json.h"
#include "lib/base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const state_words[] = {
#define X(name, word) [PLAN_##name] = word,
	PLAN_VERSION_STATES(X)
#undef X
};
#define STATE_COUNT (sizeof(state_words) / sizeof(state_words[0]))

const char *plan_version_state_word(enum plan_version_state state)
{
	return state_words[state];
}

int plan_version_state_parse(const char *word, enum plan_version_state *ret)
{
	for (size_t i = 0; i < STATE_COUNT; i++) {
		if (strcmp(state_words[i], word) == 0) {
			*ret = (enum plan_version_state)i;
			return 0;
		}
	}
	return ERROR_INVALID;
}

void plan_subject(const char *plan, int64_t number, char ret[static PLAN_SUBJECT_SIZE])
{
	snprintf(ret, PLAN_SUBJECT_SIZE, "%s@%lld", plan, (long long)number);
}

bool plan_subject_parse(
	struct arena *arena, const char *subject, const char **ret_plan, int64_t *ret_number)
{
	const char *at = strrchr(subject, '@');
	struct error ignored = ERROR_INIT;

	if (!at || text_parse_int64("version", at + 1, 1, INT64_MAX, ret_number, &ignored) < 0)
		return false;
	*ret_plan = arena_text_n(arena, subject, (size_t)(at - subject));
	return true;
}

/* --- finding --- */

static int refuse_plan(
	struct store_tx *tx, struct arena *arena, const char *plan, struct error *err)
{
	const char **names, *nearest;
	size_t count;
	int rc = plan_store_names(tx, arena, &names, &count, err);

	if (rc < 0)
		return rc;
	nearest = text_nearest(plan, names, count);
	error_set(err, ERROR_NOT_FOUND, "there is no plan \"%s\"", plan);
	error_field(err, "plan");
	if (nearest)
		return error_remedy(err, "did you mean %s?", nearest);
	return error_remedy(err, "redbutton plan list; or add one: redbutton plan add FILE");
}

static int refuse_version(struct store_tx *tx, struct arena *arena, const char *plan,
	int64_t number, struct error *err)
{
	struct plan_version *newest;
	int rc = plan_store_newest(tx, arena, plan, &newest, err);

	if (rc < 0)
		return rc;
	if (rc == 0)
		return refuse_plan(tx, arena, plan, err);
	error_set(err, ERROR_NOT_FOUND, "%s has no version %lld; the newest is %lld", plan,
		(long long)number, (long long)newest->number);
	error_field(err, "version");
	return error_remedy(err, "redbutton plan show %s", plan);
}

int plan_version_get(struct store_tx *tx, struct arena *arena, const char *plan, int64_t number,
	struct plan_version **ret, struct error *err)
{
	int rc = plan_store_find(tx, arena, plan, number, ret, err);

	if (rc == 0)
		return refuse_version(tx, arena, plan, number, err);
	return rc < 0 ? rc : 0;
}

/* 0 when none is. */
static int refuse_suspended(
	struct store_tx *tx, struct arena *arena, const char *plan, struct error *err)
{
	struct plan_version **list;
	size_t count;
	int rc = plan_store_list(tx, arena, plan, state_words[PLAN_SUSPENDED], &list, &count, err);

	if (rc < 0 || !count)
		return rc;
	error_set(err, ERROR_NOT_FOUND, "%s has no active version; %lld is suspended: %s", plan,
		(long long)list[0]->number, list[0]->state_reason);
	error_field(err, "plan");
	return error_remedy(err, "when that is mended: redbutton plan resume %s@%lld", plan,
		(long long)list[0]->number);
}

static int refuse_inactive(
	struct store_tx *tx, struct arena *arena, const char *plan, struct error *err)
{
	struct plan_version *newest;
	char subject[PLAN_SUBJECT_SIZE];
	int rc = refuse_suspended(tx, arena, plan, err);

	if (rc < 0 || (rc = plan_store_newest(tx, arena, plan, &newest, err)) < 0)
		return rc;
	if (rc == 0)
		return refuse_plan(tx, arena, plan, err);
	plan_subject(plan, newest->number, subject);
	error_set(err, ERROR_NOT_FOUND, "%s has no active version; the newest, %lld, is %s", plan,
		(long long)newest->number, state_words[newest->state]);
	error_field(err, "plan");
	switch (newest->state) {
	case PLAN_DRAFT:
	case PLAN_EXPIRED:
		return error_remedy(err, "redbutton plan submit %s", subject);
	case PLAN_IN_REVIEW:
		return error_remedy(err, "it waits for its approval: redbutton approval list");
	case PLAN_APPROVED:
	case PLAN_SUPERSEDED:
		return error_remedy(err, "redbutton plan activate %s", subject);
	default:
		return error_remedy(err, "redbutton plan add FILE");
	}
}

int plan_version_get_active(struct store_tx *tx, struct arena *arena, const char *plan,
	struct plan_version **ret, struct error *err)
{
	int rc = plan_store_active(tx, arena, plan, ret, err);

	if (rc == 0)
		return refuse_inactive(tx, arena, plan, err);
	return rc < 0 ? rc : 0;
}

/* --- shared by the verbs --- */

struct scope plan_scope_of_manifest(const json_t *manifest)
{
	return (struct scope){.kind = json_string_value(json_object_get(manifest, "kind")),
		.team = json_string_value(json_object_get(manifest, "owner"))};
}

int plan_require(const struct principal *principal, const struct scope *scope, unsigned or_role,
	struct error *err)
{
	struct error ignored = ERROR_INIT;

	if (!principal->person_id[0]) {
		error_set(err, ERROR_FORBIDDEN,
			"only a known person changes plans; this peer is mapped to nobody");
		return error_remedy(err, "an admin maps it: redbutton peer map");
	}
	if (or_role && principal_require(principal, (enum role)or_role, scope, &ignored) >= 0)
		return 0;
	return principal_require(principal, ROLE_AUTHOR, scope, err);
}

int plan_audit(struct store_tx *tx, const struct plan_version *version,
	const struct audit_actor *actor, enum audit_action action, json_t *owned_detail,
	const char *approval_id, int64_t at_us, struct error *err)
{
	char subject[PLAN_SUBJECT_SIZE], approvals[ID_SIZE + 8];
	struct audit_record record = {.actor = actor,
		.action = action,
		.subject_kind = "plan_version",
		.subject_id = subject,
		.subject_digest = version->digest,
		.detail = owned_detail};
	int rc;

	plan_subject(version->plan, version->number, subject);
	if (approval_id) {
		snprintf(approvals, sizeof(approvals), "[\"%s\"]", approval_id);
		record.approvals = approvals;
	}
	json_set_text(owned_detail, "state", state_words[version->state]);
	json_set_text(owned_detail, "reason", version->state_reason);
	rc = audit_append(tx, &record, at_us, NULL, err);
	json_decref(owned_detail);
	return rc;
}

/* --- add --- */

/* Can a version with this text still become active? Then it need not be added again. */
static bool is_alive(enum plan_version_state state)
{
	return state != PLAN_REJECTED && state != PLAN_DISCARDED && state != PLAN_RETIRED;
}

static int insert_version(struct store_tx *tx, struct plan_add *add, const char *digest,
	const struct plan_version *newest, struct error *err)
{
	struct plan_version *version = arena_alloc(add->arena, sizeof(*version));
	int rc;

	memcpy(version->id, add->id, ID_SIZE);
	version->plan = json_string_value(json_object_get(add->manifest, "name"));
	version->number = newest ? newest->number + 1 : 1;
	version->digest = arena_text(add->arena, digest);
	version->file = add->source.file;
	version->script = add->source.script;
	version->modules = add->modules;
	version->manifest = json_text(add->arena, add->manifest);
	version->state = PLAN_DRAFT;
	version->created_by = add->principal->person_id;
	version->created_at_us = version->changed_at_us = add->at_us;
	version->version = 1;
	if ((rc = plan_store_insert(tx, version, err)) < 0 ||
		(rc = plan_store_add_editor(
			 tx, version->id, version->created_by, add->at_us, err)) < 0 ||
		(rc = plan_audit(tx, version, &add->principal->actor, AUDIT_PLAN_ADD,
			 json_pack("{s:s, s:s}", "file", version->file, "terms",
				 plan_terms(add->arena, version)),
			 NULL, add->at_us, err)) < 0)
		return rc;
	add->ret_version = version;
	add->ret_is_new = true;
	return 0;
}

int plan_add(struct store_tx *tx, struct plan_add *add, struct error *err)
{
	const char *plan = json_string_value(json_object_get(add->manifest, "name"));
	struct scope scope = plan_scope_of_manifest(add->manifest);
	struct plan_version *newest = NULL;
	char digest[DIGEST_TEXT_SIZE];
	int rc;

	if ((rc = plan_require(add->principal, &scope, 0, err)) < 0 ||
		(rc = plan_store_newest(tx, add->arena, plan, &newest, err)) < 0)
		return rc;
	plan_source_digest(&add->source, digest);
	if (newest && strcmp(newest->digest, digest) == 0 && is_alive(newest->state)) {
		add->ret_version = newest;
		add->ret_is_new = false;
		return plan_store_add_editor(
			tx, newest->id, add->principal->person_id, add->at_us, err);
	}
	return insert_version(tx, add, digest, newest, err);
}
