#include "change/grant/grant_rooms.h"
#include "lib/base/json.h"
#include "lib/base/text.h"

#include <stdio.h>
#include <string.h>

/* In the order of rcm_run_crosscheck's terms. */
const char *run_terms(struct arena *arena, const struct rcm_run *run)
{
#define NUMBER(value) arena_format(arena, "%lld", (long long)(value))
	const char *const values[] = {
		*run->grant_id ? run->grant_id : NULL,
		NUMBER(run->change_seq),
		NUMBER(run->revision),
		NUMBER(run->step),
		run->emergency,
		run->target,
		run->person_id,
		run->host,
		run->line,
		NUMBER(run->started_at_us),
		NUMBER(run->kill_at_us),
	};
#undef NUMBER

	return audit_terms(arena, values, sizeof(values) / sizeof(values[0]));
}

static json_t *detail_of(const struct rcm_run *run)
{
	json_t *detail = json_object();
	char change[32];

	if (run->change_seq) {
		snprintf(change, sizeof(change), "CHG-%lld", (long long)run->change_seq);
		json_set_text(detail, "change", change);
		json_set_int(detail, "step", run->step);
	}
	json_set_text(detail, "grant", *run->grant_id ? run->grant_id : NULL);
	json_set_text(detail, "emergency", run->emergency);
	json_set_text(detail, "target", run->target);
	json_set_text(detail, "state", run->state);
	return detail;
}

/* `detail` is owned. */
static int record(struct store_tx *tx, const struct rcm_run *run, enum audit_action action,
	json_t *detail, const struct audit_actor *actor, int64_t at_us, struct error *err)
{
	int rc = grant_audit(tx, actor, action, "run", run->id, detail, at_us, err);

	json_decref(detail);
	return rc;
}

/* --- beginning --- */

int rcm_run_begin(struct store_tx *tx, struct rcm_run *run, const struct audit_actor *actor,
	int64_t now_us, struct error *err)
{
	struct arena arena = ARENA_INIT;
	json_t *detail;
	int rc;

	run->state = "started";
	run->started_at_us = now_us;
	run->lease_until_us = now_us + GRANT_LEASE_US;
	run->ended_at_us = 0;
	run->status = -1;
	if ((rc = rcm_run_store_insert(tx, run, err)) < 0)
		return rc;
	detail = detail_of(run);
	json_set_text(detail, "line", text_visible(&arena, run->line));
	json_set_text(detail, "host", text_visible(&arena, run->host));
	json_set_text(detail, "terms", run_terms(&arena, run));
	rc = record(tx, run, AUDIT_RUN_BEGIN, detail, actor, now_us, err);
	arena_done(&arena);
	return rc;
}

/* --- looking --- */

int run_get(struct store_tx *tx, struct arena *arena, const char *id, struct rcm_run **ret,
	struct error *err)
{
	return rcm_run_store_get(tx, arena, id, ret, err);
}

int run_list(struct store_tx *tx, struct arena *arena, int64_t change_seq, struct rcm_run ***ret,
	size_t *ret_count, struct error *err)
{
	return rcm_run_store_list(tx, arena, change_seq, ret, ret_count, err);
}

int run_list_started(struct store_tx *tx, struct arena *arena, struct rcm_run ***ret,
	size_t *ret_count, struct error *err)
{
	return rcm_run_store_started(tx, arena, INT64_MAX, ret, ret_count, err);
}

int run_page(struct store_tx *tx, struct arena *arena, const char *state, int64_t before_us,
	int64_t limit, struct rcm_run ***ret, size_t *ret_count, struct error *err)
{
	return rcm_run_store_page(tx, arena, state, before_us, limit, ret, ret_count, err);
}

int run_count_open(struct store_tx *tx, int64_t change_seq, int64_t *ret, struct error *err)
{
	return rcm_run_store_count_open(tx, change_seq, ret, err);
}

static int get_of(struct store_tx *tx, struct arena *arena, const char *id, const char *person_id,
	struct rcm_run **ret, struct error *err)
{
	int rc = rcm_run_store_get(tx, arena, id, ret, err);

	if (rc < 0 || !person_id || !strcmp((*ret)->person_id, person_id))
		return rc;
	return error_set(err, ERROR_FORBIDDEN, "the run %s is another person's", id);
}

/* --- going on, stopping --- */

int run_heartbeat(struct store_tx *tx, const char *id, const char *person_id, int64_t now_us,
	struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct rcm_run *run;
	int rc = get_of(tx, &arena, id, person_id, &run, err);

	if (rc >= 0 && run->stop_reason)
		rc = error_set(err, ERROR_CONFLICT, "the run must stop: %s", run->stop_reason);
	else if (rc >= 0 && run->kill_at_us && now_us >= run->kill_at_us)
		rc = error_set(err, ERROR_CONFLICT, "the run must stop: its time is over");
	else if (rc >= 0 && strcmp(run->state, "started") != 0)
		rc = error_set(err, ERROR_CONFLICT, "the run is %s", run->state);
	if (rc >= 0)
		rc = rcm_run_store_beat(tx, id, now_us + GRANT_LEASE_US, err);
	arena_done(&arena);
	return rc < 0 ? rc : 0;
}

int rcm_run_stop(struct store_tx *tx, const char *id, const char *reason,
	const struct audit_actor *actor, int64_t now_us, struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct rcm_run *run;
	json_t *detail;
	int rc = rcm_run_store_get(tx, &arena, id, &run, err);

	if (rc >= 0 && strcmp(run->state, "started") != 0)
		rc = error_set(err, ERROR_CONFLICT, "the run is %s", run->state);
	if (rc >= 0)
		rc = rcm_run_store_stop(tx, id, reason, err);
	if (rc > 0) {
		detail = detail_of(run);
		json_set_text(detail, "reason", reason);
		rc = record(tx, run, AUDIT_RUN_STOP, detail, actor, now_us, err);
	}
	arena_done(&arena);
	return rc < 0 ? rc : 0;
}

/* --- ending --- */

static int record_end(struct store_tx *tx, const struct rcm_run *run,
	const struct audit_actor *actor, bool is_late, struct error *err)
{
	json_t *detail = detail_of(run);

	json_set_int(detail, "status", run->status);
	json_set_text(detail, "recording", run->recording);
	json_set_text(detail, "recording_sha256", run->recording_sha256);
	json_set_int(detail, "recording_bytes", run->recording_bytes);
	json_set_bool(detail, "is_recording_whole", run->is_recording_whole);
	if (is_late)
		json_set_bool(detail, "late", true);
	return record(tx, run, AUDIT_RUN_END, detail, actor, run->ended_at_us, err);
}

/* A late end of a run that was given back stays "reset": its use may have been taken again. */
static const char *state_at_end(const struct rcm_run *run)
{
	return strcmp(run->state, "reset") ? "ended" : "reset";
}

int run_end(struct store_tx *tx, const struct run_end *end, const struct audit_actor *actor,
	struct error *err)
{
	struct arena *arena = store_tx_arena(tx);
	struct rcm_run *run;
	bool is_late;
	int rc = get_of(tx, arena, end->id, end->person_id, &run, err);

	if (rc < 0)
		return rc;
	if (run->ended_at_us)
		return error_set(err, ERROR_NO_EFFECT, "the run %s has ended already", end->id);
	is_late = strcmp(run->state, "started") != 0;
	run->state = state_at_end(run);
	run->ended_at_us = end->at_us;
	run->status = end->status;
	run->recording = end->recording;
	run->recording_sha256 = end->recording_sha256;
	run->recording_bytes = end->recording_bytes;
	run->is_recording_whole = end->is_recording_whole;
	if ((rc = rcm_run_store_end(tx, run, err)) < 0)
		return rc;
	return record_end(tx, run, actor, is_late, err);
}

/* --- what was lost --- */

static int lose(struct store_tx *tx, struct rcm_run *run, int64_t now_us, struct error *err)
{
	int rc = rcm_run_store_set_state(tx, run->id, "started", "lost", err);

	if (rc < 0)
		return rc;
	run->state = "lost";
	return record(tx, run, AUDIT_RUN_LOST, detail_of(run), &audit_system, now_us, err);
}

static bool has_seq(const int64_t *list, size_t count, int64_t seq)
{
	for (size_t i = 0; i < count; i++)
		if (list[i] == seq)
			return true;
	return false;
}

int run_reap(struct store_tx *tx, struct arena *arena, int64_t now_us, int64_t **ret_changes,
	size_t *ret_count, struct error *err)
{
	struct rcm_run **runs = NULL;
	int64_t *changes;
	size_t count = 0, change_count = 0;
	int rc = rcm_run_store_started(tx, arena, now_us, &runs, &count, err);

	if (rc < 0)
		return rc;
	changes = arena_alloc(arena, (count + 1) * sizeof(*changes));
	for (size_t i = 0; rc >= 0 && i < count; i++) {
		rc = lose(tx, runs[i], now_us, err);
		if (runs[i]->change_seq && !has_seq(changes, change_count, runs[i]->change_seq))
			changes[change_count++] = runs[i]->change_seq;
	}
	*ret_changes = changes;
	*ret_count = change_count;
	return rc < 0 ? rc : 0;
}

/* --- giving a use back --- */

static int check_resettable(
	const struct run_act *reset, const struct rcm_run *run, struct error *err)
{
	int rc = principal_require(reset->by, ROLE_APPROVER, NULL, err);

	if (rc < 0)
		return rc;
	if (!strcmp(reset->by->person_id, run->person_id)) {
		error_set(err, ERROR_FORBIDDEN, "who ran it cannot give the use back");
		return error_remedy(err, "ask an approver who did not run it");
	}
	if (strcmp(run->state, "lost") != 0 || !*run->grant_id) {
		error_set(err, ERROR_CONFLICT, "the run is %s%s", run->state,
			*run->grant_id ? "" : ", and was under no grant");
		return error_remedy(err, "only a lost run of a grant can be given back");
	}
	return 0;
}

static int record_reset(struct store_tx *tx, const struct run_act *reset, const struct rcm_run *run,
	struct error *err)
{
	struct grant *grant;
	json_t *detail;
	int rc = change_grant_store_get(tx, reset->arena, run->grant_id, &grant, err);

	if (rc < 0)
		return rc;
	detail = detail_of(run);
	json_set_text(detail, "reason", reset->reason);
	json_set_int(detail, "runs_left", grant->runs_left);
	return record(tx, run, AUDIT_RUN_RESET, detail, &reset->by->actor, reset->at_us, err);
}

int run_reset(struct store_tx *tx, struct run_act *reset, struct error *err)
{
	struct rcm_run *run;
	int rc;

	if ((rc = text_check_prose("reason", reset->reason, GRANT_REASON_MAX, err)) < 0 ||
		(rc = rcm_run_store_get(tx, reset->arena, reset->id, &run, err)) < 0 ||
		(rc = check_resettable(reset, run, err)) < 0 ||
		(rc = change_grant_store_give_back(tx, run->grant_id, reset->at_us, err)) < 0)
		return rc;
	if (!rc) {
		error_set(err, ERROR_CONFLICT, "the grant has ended");
		return error_remedy(
			err, "file a new revision of CHG-%lld", (long long)run->change_seq);
	}
	if ((rc = rcm_run_store_set_state(tx, run->id, "lost", "reset", err)) < 0)
		return rc;
	run->state = "reset";
	reset->ret_run = run;
	return record_reset(tx, reset, run, err);
}

/* --- ending one --- */

static int check_may_end(const struct run_act *act, const struct rcm_run *run, struct error *err)
{
	if (!strcmp(act->by->person_id, run->person_id) ||
		principal_require(act->by, ROLE_APPROVER, NULL, NULL) == 0 ||
		principal_require(act->by, ROLE_COMMANDER, NULL, NULL) == 0)
		return 0;
	error_set(err, ERROR_FORBIDDEN, "the run is another person's");
	return error_remedy(err, "ask an approver or a commander");
}

int run_call_off(struct store_tx *tx, struct run_act *act, struct error *err)
{
	struct rcm_run *run;
	int rc;

	if ((rc = text_check_prose("reason", act->reason, GRANT_REASON_MAX, err)) < 0 ||
		(rc = rcm_run_store_get(tx, act->arena, act->id, &run, err)) < 0 ||
		(rc = check_may_end(act, run, err)) < 0)
		return rc;
	if (run->stop_reason && !strcmp(run->state, "started"))
		return error_set(
			err, ERROR_NO_EFFECT, "it must stop already: %s", run->stop_reason);
	run->stop_reason =
		arena_format(act->arena, "stopped by %s: %s", act->by->person_name, act->reason);
	act->ret_run = run;
	return rcm_run_stop(tx, act->id, run->stop_reason, &act->by->actor, act->at_us, err);
}
