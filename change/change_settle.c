/* What the runs of a change mean for it. */
#include "change/change_rooms.h"
#include "change/grant/grant.h"
#include "lib/base/json.h"

#include <string.h>
#include <sys/wait.h>

/* Runs of a change against its grants. */
struct tally {
	struct grant **grants;
	struct rcm_run **runs;
	size_t grant_count, run_count;
	size_t open, failed, lost, rollbacks; /* runs; of rollback steps are the last only */
};

static bool is_rollback(const struct tally *tally, const struct rcm_run *run)
{
	for (size_t i = 0; i < tally->grant_count; i++)
		if (!strcmp(tally->grants[i]->id, run->grant_id))
			return !strcmp(tally->grants[i]->phase, "rollback");
	return false;
}

static bool has_ended(const struct rcm_run *run)
{
	return !strcmp(run->state, "ended");
}

static bool is_session(const struct revision *revision, int64_t seq)
{
	for (size_t i = 0; i < revision->step_count; i++)
		if (revision->steps[i].seq == seq)
			return revision->steps[i].kind == STEP_SHELL;
	return false;
}

/* A session ends with the status of whatever was typed last, which says nothing of it as a whole.
 */
static bool has_failed(const struct revision *revision, const struct rcm_run *run)
{
	if (!has_ended(run))
		return false;
	return is_session(revision, run->step) ? WIFSIGNALED((int)run->status) : run->status != 0;
}

static int make_tally(struct store_tx *tx, struct arena *arena, const struct change *change,
	struct tally *ret, struct error *err)
{
	struct revision *revision;
	int rc;

	if ((rc = change_get_revision(tx, arena, change, &revision, err)) < 0 ||
		(rc = grant_list(tx, arena, change->seq, &ret->grants, &ret->grant_count, err)) <
			0 ||
		(rc = run_list(tx, arena, change->seq, &ret->runs, &ret->run_count, err)) < 0)
		return rc;
	for (size_t i = 0; i < ret->run_count; i++) {
		const struct rcm_run *run = ret->runs[i];
		bool is_back = is_rollback(ret, run);

		ret->open += !strcmp(run->state, "started");
		ret->rollbacks += is_back;
		ret->failed += !is_back && has_failed(revision, run);
		ret->lost += !is_back && !strcmp(run->state, "lost");
	}
	return 0;
}

static bool was_touched(const struct tally *tally, const char *target)
{
	for (size_t i = 0; i < tally->run_count; i++)
		if (!is_rollback(tally, tally->runs[i]) && !strcmp(tally->runs[i]->target, target))
			return true;
	return false;
}

static bool went_well(const struct tally *tally, const struct grant *grant)
{
	for (size_t i = 0; i < tally->run_count; i++)
		if (!strcmp(tally->runs[i]->grant_id, grant->id) && has_ended(tally->runs[i]) &&
			tally->runs[i]->status == 0)
			return true;
	return false;
}

/* Each rollback step ran with status 0 on each target that was touched. */
static bool is_rolled_back(const struct tally *tally)
{
	size_t needed = 0;

	for (size_t i = 0; i < tally->grant_count; i++) {
		const struct grant *grant = tally->grants[i];

		if (strcmp(grant->phase, "rollback") != 0 || !was_touched(tally, grant->target))
			continue;
		if (!went_well(tally, grant))
			return false;
		needed++;
	}
	return needed > 0;
}

static int begin_verifying(struct store_tx *tx, struct arena *arena, struct change *change,
	const struct tally *tally, const char *reason, const struct audit_actor *actor,
	int64_t now_us, struct error *err)
{
	struct change_move move = {
		.event = EVENT_RUNS_ENDED, .reason = reason, .actor = actor, .at_us = now_us};
	struct revision *revision;
	size_t count;
	int rc = change_get_revision(tx, arena, change, &revision, err);

	if (rc < 0)
		return rc;
	change->runs_ended_at_us = now_us;
	change->verify_at_us = now_us + revision->observe_s * CHANGE_SECOND_US;
	if (tally->failed || tally->rollbacks || tally->lost) {
		change->verdict = tally->failed || tally->rollbacks ? "failed" : "inconclusive";
		change->verify_at_us = 0;
		move.reason = tally->failed	 ? "a command failed"
			      : tally->rollbacks ? "a rollback began"
						 : "how a command ended is not known";
	}
	if ((rc = change_move(tx, change, &move, err)) < 0)
		return rc;
	return grant_revoke(tx, change->seq, true, true,
		move.reason ? move.reason : "its commands have run", actor, now_us, &count, err);
}

static int close_rolled_back(struct store_tx *tx, struct change *change,
	const struct audit_actor *actor, int64_t now_us, struct error *err)
{
	const struct change_move move = {.event = EVENT_ROLLED_BACK,
		.reason = "all rollback steps ran well",
		.result = "rolled_back",
		.actor = actor,
		.at_us = now_us};
	size_t count;
	int rc;

	change->verify_at_us = 0;
	if ((rc = change_move(tx, change, &move, err)) < 0)
		return rc;
	return grant_revoke(
		tx, change->seq, false, false, "the change is closed", actor, now_us, &count, err);
}

/* A rollback under way while metrics are still looked at: their word does not count any more. */
static int note_rollback(struct store_tx *tx, struct change *change,
	const struct audit_actor *actor, int64_t now_us, struct error *err)
{
	struct change old = *change;
	int rc;

	change->verdict = "failed";
	change->verify_at_us = 0;
	change->version++;
	change->changed_at_us = now_us;
	if ((rc = change_store_update(tx, change, &old, err)) < 0)
		return rc;
	return change_record(tx, change, AUDIT_CHANGE_VERIFY, actor,
		json_pack("{s:s, s:s}", "verdict", change->verdict, "why", "a rollback began"),
		now_us, err);
}

/* A run that was lost may be given back to its grant while the window is open. */
static bool are_runs_over(
	const struct change *change, const struct tally *tally, int64_t left, int64_t now_us)
{
	if (tally->failed || tally->rollbacks)
		return true;
	return !tally->open && !left && (!tally->lost || now_us >= change->end_us);
}

static int settle(struct store_tx *tx, struct arena *arena, struct change *change,
	const struct audit_actor *actor, int64_t now_us, struct error *err)
{
	struct tally tally = {0};
	int64_t left;
	int rc;

	if ((rc = make_tally(tx, arena, change, &tally, err)) < 0 ||
		(rc = grant_count_left(tx, change->seq, now_us, &left, err)) < 0)
		return rc;
	if (change->state == CHANGE_EXECUTING && are_runs_over(change, &tally, left, now_us) &&
		(rc = begin_verifying(tx, arena, change, &tally, NULL, actor, now_us, err)) < 0)
		return rc;
	if (change->state != CHANGE_VERIFYING)
		return 0;
	if (tally.rollbacks && !change->verdict &&
		(rc = note_rollback(tx, change, actor, now_us, err)) < 0)
		return rc;
	if (!tally.open && is_rolled_back(&tally))
		return close_rolled_back(tx, change, actor, now_us, err);
	return 0;
}

int change_settle(struct store_tx *tx, struct change *change, const struct audit_actor *actor,
	int64_t now_us, struct error *err)
{
	struct arena arena = ARENA_INIT;
	int rc = 0;

	if (change->state == CHANGE_EXECUTING || change->state == CHANGE_VERIFYING)
		rc = settle(tx, &arena, change, actor, now_us, err);
	arena_done(&arena);
	return rc;
}

int change_end_runs(struct store_tx *tx, struct change *change, const char *reason,
	const struct audit_actor *actor, int64_t now_us, struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct tally tally = {0};
	int rc = make_tally(tx, &arena, change, &tally, err);

	if (rc >= 0 && tally.open) {
		error_set(err, ERROR_CONFLICT, "%zu commands of %s still run", tally.open,
			change->name);
		rc = error_remedy(err,
			"wait for them; or end them: rcm run list --change %s, rcm run stop RUN",
			change->name);
	}
	if (rc >= 0)
		rc = begin_verifying(tx, &arena, change, &tally, reason, actor, now_us, err);
	arena_done(&arena);
	return rc;
}

/* --- called by the gate --- */

int change_note_run(struct store_tx *tx, const struct change *change,
	const struct audit_actor *actor, int64_t now_us, struct error *err)
{
	const struct change_move move = {.event = EVENT_RUN, .actor = actor, .at_us = now_us};
	struct change now = *change;

	return change->state == CHANGE_APPROVED ? change_move(tx, &now, &move, err) : 0;
}

int change_note_run_ended(struct store_tx *tx, int64_t seq, const struct audit_actor *actor,
	int64_t now_us, struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct change *change;
	int rc = change_store_get(tx, &arena, seq, &change, err);

	if (rc >= 0)
		rc = change_settle(tx, change, actor, now_us, err);
	arena_done(&arena);
	return rc;
}
