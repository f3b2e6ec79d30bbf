#include "change/grant/grant_rooms.h"
#include "lib/base/json.h"
#include "lib/base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- minting --- */

static int check_grant(const struct grant *grant, struct error *err)
{
	if (!grant->persons || !grant->persons[0])
		return error_set(err, ERROR_INTERNAL, "a grant that nobody may use");
	if (grant->runs_left < 1 || grant->not_after_us <= grant->not_before_us)
		return error_set(err, ERROR_INTERNAL, "a grant that can never be used");
	if (!*grant->fingerprint || !*grant->target_identity)
		return error_set(err, ERROR_INTERNAL, "a grant that is bound to nothing");
	return 0;
}

/* In the order of change_grant_crosscheck's terms. */
const char *grant_terms(struct arena *arena, const struct grant *grant)
{
#define NUMBER(value) arena_format(arena, "%lld", (long long)(value))
	const char *const values[] = {
		NUMBER(grant->change_seq),
		NUMBER(grant->revision),
		NUMBER(grant->step),
		grant->phase,
		grant->target,
		grant->target_identity,
		grant->fingerprint,
		grant_texts_json(arena, grant->env_allow),
		grant_texts_json(arena, grant->persons),
		NUMBER(grant->not_before_us),
		NUMBER(grant->not_after_us),
		NUMBER(grant->runs),
	};
#undef NUMBER

	return audit_terms(arena, values, sizeof(values) / sizeof(values[0]));
}

int grant_audit(struct store_tx *tx, const struct audit_actor *actor, enum audit_action action,
	const char *kind, const char *id, const json_t *detail, int64_t at_us, struct error *err)
{
	const struct audit_record record = {
		.actor = actor,
		.action = action,
		.outcome = AUDIT_OK,
		.subject_kind = kind,
		.subject_id = id,
		.detail = detail,
	};

	return audit_append(tx, &record, at_us, NULL, err);
}

static json_t *detail_of(const struct grant *grant)
{
	json_t *detail = json_object();
	char change[32];

	snprintf(change, sizeof(change), "CHG-%lld", (long long)grant->change_seq);
	json_set_text(detail, "change", change);
	json_set_int(detail, "step", grant->step);
	json_set_text(detail, "target", grant->target);
	json_set_int(detail, "runs_left", grant->runs_left);
	return detail;
}

int grant_insert(struct store_tx *tx, const struct grant *grant, const struct audit_actor *actor,
	int64_t now_us, struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct grant minted = *grant;
	json_t *detail;
	int rc;

	minted.runs = minted.runs_left;
	if ((rc = check_grant(grant, err)) < 0 ||
		(rc = change_grant_store_insert(tx, &minted, err)) < 0)
		return rc;
	detail = detail_of(&minted);
	json_set_text(detail, "fingerprint", minted.fingerprint);
	json_set_text(detail, "terms", grant_terms(&arena, &minted));
	rc = grant_audit(
		tx, actor, AUDIT_GRANT_MINT, "change-grant", minted.id, detail, now_us, err);
	json_decref(detail);
	arena_done(&arena);
	return rc;
}

/* --- looking --- */

int grant_get(struct store_tx *tx, struct arena *arena, const char *id, struct grant **ret,
	struct error *err)
{
	return change_grant_store_get(tx, arena, id, ret, err);
}

int grant_list(struct store_tx *tx, struct arena *arena, int64_t change_seq, struct grant ***ret,
	size_t *ret_count, struct error *err)
{
	int64_t revision;
	int rc = change_grant_store_newest(tx, change_seq, &revision, err);

	if (rc < 0)
		return rc;
	return change_grant_store_list(tx, arena, change_seq, revision, ret, ret_count, err);
}

static int rank(const struct grant *grant)
{
	if (grant->revoked_reason)
		return 2;
	return grant->runs_left > 0 ? 0 : 1;
}

/* Usable before used up before revoked; of those the one that ends last, then the newest. */
static int compare(const void *a, const void *b)
{
	const struct grant *x = *(const struct grant *const *)a;
	const struct grant *y = *(const struct grant *const *)b;

	if (rank(x) != rank(y))
		return rank(x) - rank(y);
	if (x->not_after_us != y->not_after_us)
		return x->not_after_us < y->not_after_us ? 1 : -1;
	return strcmp(y->id, x->id);
}

int grant_find(struct store_tx *tx, struct arena *arena, const char *fingerprint,
	const char *target_identity, int64_t change_seq, struct grant ***ret, size_t *ret_count,
	struct error *err)
{
	int rc = change_grant_store_find(
		tx, arena, fingerprint, target_identity, change_seq, ret, ret_count, err);

	if (rc >= 0 && *ret_count)
		qsort(*ret, *ret_count, sizeof(struct grant *), compare);
	return rc;
}

int grant_env_lists(struct store_tx *tx, struct arena *arena, const char *target_identity,
	int64_t change_seq, const char *const ***ret, size_t *ret_count, struct error *err)
{
	return change_grant_store_env_lists(
		tx, arena, target_identity, change_seq, ret, ret_count, err);
}

int grant_count_left(
	struct store_tx *tx, int64_t change_seq, int64_t now_us, int64_t *ret, struct error *err)
{
	return change_grant_store_count_left(tx, change_seq, now_us, ret, err);
}

/* --- taking --- */

static bool is_among(const char *const *list, const char *id)
{
	for (; *list; list++)
		if (!strcmp(*list, id))
			return true;
	return false;
}

/* Why the statement took nothing. */
static enum gate_reason why_not(const struct grant *grant, const char *person_id, int64_t now_us)
{
	if (grant->revoked_reason)
		return REASON_REVOKED;
	if (!is_among(grant->persons, person_id))
		return REASON_ACTOR_MISMATCH;
	if (now_us < grant->not_before_us)
		return REASON_NOT_YET;
	return now_us >= grant->not_after_us ? REASON_EXPIRED : REASON_USED_UP;
}

static void fill_run(struct rcm_run *run, const struct grant *grant, const char *person_id)
{
	memcpy(run->grant_id, grant->id, sizeof(run->grant_id));
	run->change_seq = grant->change_seq;
	run->revision = grant->revision;
	run->step = grant->step;
	run->emergency = NULL;
	run->target = grant->target;
	run->person_id = person_id;
}

static int record_take(struct store_tx *tx, const struct grant *grant, const struct rcm_run *run,
	const struct audit_actor *actor, int64_t now_us, struct error *err)
{
	json_t *detail = detail_of(grant);
	int rc;

	json_set_text(detail, "run", run->id);
	rc = grant_audit(
		tx, actor, AUDIT_GRANT_TAKE, "change-grant", grant->id, detail, now_us, err);
	json_decref(detail);
	return rc;
}

int grant_take(struct store_tx *tx, const char *id, const char *person_id, struct rcm_run *run,
	const struct audit_actor *actor, int64_t now_us, enum gate_reason *ret_reason,
	struct error *err)
{
	struct arena *arena = store_tx_arena(tx);
	struct grant *grant;
	int taken = change_grant_store_take(tx, id, person_id, now_us, err);
	int rc;

	if (taken < 0 || (rc = change_grant_store_get(tx, arena, id, &grant, err)) < 0)
		return taken < 0 ? taken : rc;
	if (!taken) {
		*ret_reason = why_not(grant, person_id, now_us);
		return error_set(err, ERROR_CONFLICT, "the grant cannot be taken: %s",
			gate_reason_word(*ret_reason));
	}
	fill_run(run, grant, person_id);
	if ((rc = record_take(tx, grant, run, actor, now_us, err)) < 0)
		return rc;
	return rcm_run_begin(tx, run, actor, now_us, err);
}

/* --- revoking --- */

static int revoke_one(struct store_tx *tx, const struct grant *grant, const char *reason,
	const struct audit_actor *actor, int64_t now_us, struct error *err)
{
	json_t *detail;
	int rc = change_grant_store_revoke(tx, grant->id, reason, now_us, err);

	if (rc < 0)
		return rc;
	detail = detail_of(grant);
	json_set_text(detail, "reason", reason);
	rc = grant_audit(
		tx, actor, AUDIT_GRANT_VOID, "change-grant", grant->id, detail, now_us, err);
	json_decref(detail);
	return rc;
}

static bool is_kept(const struct grant *grant, bool keep_rollback)
{
	return keep_rollback && !strcmp(grant->phase, "rollback");
}

/* May a run go on, because its grant is kept? */
static bool runs_on_kept(
	const struct rcm_run *run, struct grant *const *grants, size_t count, bool keep_rollback)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(grants[i]->id, run->grant_id))
			return is_kept(grants[i], keep_rollback);
	return false;
}

int grant_revoke(struct store_tx *tx, int64_t change_seq, bool keep_rollback, bool stop_runs,
	const char *reason, const struct audit_actor *actor, int64_t now_us, size_t *ret_count,
	struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct grant **grants = NULL;
	struct rcm_run **runs = NULL;
	size_t count = 0, run_count = 0, revoked = 0;
	int rc = change_grant_store_list(tx, &arena, change_seq, 0, &grants, &count, err);

	for (size_t i = 0; rc >= 0 && i < count; i++)
		if (!grants[i]->revoked_reason && !is_kept(grants[i], keep_rollback)) {
			rc = revoke_one(tx, grants[i], reason, actor, now_us, err);
			revoked++;
		}
	if (rc >= 0 && stop_runs)
		rc = run_list(tx, &arena, change_seq, &runs, &run_count, err);
	for (size_t i = 0; rc >= 0 && i < run_count; i++)
		if (!strcmp(runs[i]->state, "started") &&
			!runs_on_kept(runs[i], grants, count, keep_rollback))
			rc = rcm_run_stop(tx, runs[i]->id, reason, actor, now_us, err);
	if (rc >= 0 && ret_count)
		*ret_count = revoked;
	arena_done(&arena);
	return rc < 0 ? rc : 0;
}
