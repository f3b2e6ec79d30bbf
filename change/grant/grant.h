/*
 * Grants: the right to run one step on one target, bound to its fingerprint, for named persons, in
 * a window, a number of times. Taken atomically: one winner a run. And runs: what was taken, its
 * lease, its end.
 */
#ifndef RB_CHANGE_GRANT_GRANT_H
#define RB_CHANGE_GRANT_GRANT_H

#include "audit/audit.h"
#include "audit/audit_ledger.h"
#include "change/gate/reason.h"
#include "lib/base/arena.h"
#include "lib/base/error.h"
#include "lib/base/id.h"
#include "lib/store/store.h"
#include "people/people.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GRANT_LEASE_US (60 * INT64_C(1000000))

struct grant {
	char id[ID_SIZE];
	int64_t change_seq, revision, step;
	const char *phase;  /* of the step: "canary" ... "rollback" */
	const char *target; /* name, for people */
	const char *target_identity;
	const char *fingerprint;	     /* "sha256:..." */
	const char *const *env_allow;	     /* names of variables that count, NULL-ended */
	const char *const *persons;	     /* ids of who may use it, NULL-ended */
	int64_t not_before_us, not_after_us; /* [not_before, not_after) */
	int64_t runs;			     /* as minted; grant_insert takes runs_left */
	int64_t runs_left;
	const char *revoked_reason; /* NULL = in force */
	int64_t revoked_at_us;
};

struct rcm_run {
	char id[ID_SIZE];
	char grant_id[ID_SIZE];		    /* "" in an emergency */
	int64_t change_seq, revision, step; /* 0 without */
	const char *emergency;		    /* "EMG-3" or NULL */
	const char *target, *person_id, *host;
	const char *line;  /* the command as people read it */
	const char *state; /* "started", "ended", "lost", "reset" */
	int64_t started_at_us, lease_until_us, ended_at_us;
	int64_t kill_at_us;			  /* it must have stopped by then; 0 = never */
	int64_t status;				  /* as waitpid gives it; -1 = not known */
	const char *recording, *recording_sha256; /* or NULL */
	int64_t recording_bytes;
	bool is_recording_whole;
	const char *stop_reason; /* NULL = it may go on */
};

extern const struct store_schema grant_schema;
/* For a verification: grants, and runs, against the log. */
extern const struct audit_crosscheck change_grant_crosscheck, rcm_run_crosscheck;

/* Mints it, audited; the fields of a revocation are not read. */
int grant_insert(struct store_tx *tx, const struct grant *grant, const struct audit_actor *actor,
	int64_t now_us, struct error *err);
int grant_get(struct store_tx *tx, struct arena *arena, const char *id, struct grant **ret,
	struct error *err);
/* All of a change's current revision, by step and target. */
int grant_list(struct store_tx *tx, struct arena *arena, int64_t change_seq, struct grant ***ret,
	size_t *ret_count, struct error *err);
/* Those with that target identity and fingerprint, whatever their state, the best first (usable
 * before used up, expired, revoked). change_seq 0 = of any change. */
int grant_find(struct store_tx *tx, struct arena *arena, const char *fingerprint,
	const char *target_identity, int64_t change_seq, struct grant ***ret, size_t *ret_count,
	struct error *err);
/* The different env_allow of the grants on that target (change_seq 0 = of any change), each once.
 */
int grant_env_lists(struct store_tx *tx, struct arena *arena, const char *target_identity,
	int64_t change_seq, const char *const ***ret, size_t *ret_count, struct error *err);
/*
 * Takes one use of it and begins the run (id, line, host ... are the caller's), both audited. The
 * one statement that decides counts down only what is left, unrevoked and within its time:
 * ERROR_CONFLICT and *ret_reason (USED_UP, NOT_YET, EXPIRED, REVOKED, ACTOR_MISMATCH) otherwise.
 */
int grant_take(struct store_tx *tx, const char *id, const char *person_id, struct rcm_run *run,
	const struct audit_actor *actor, int64_t now_us, enum gate_reason *ret_reason,
	struct error *err);
/* All of a change but those of its rollback steps, when `keep_rollback`. Runs under them are told
 * to stop when `stop_runs`. Number of grants in *ret_count. */
int grant_revoke(struct store_tx *tx, int64_t change_seq, bool keep_rollback, bool stop_runs,
	const char *reason, const struct audit_actor *actor, int64_t now_us, size_t *ret_count,
	struct error *err);

/* How many of a change's grants, but those of rollback steps, can still be taken. */
int grant_count_left(
	struct store_tx *tx, int64_t change_seq, int64_t now_us, int64_t *ret, struct error *err);

/* A run without a grant: in an emergency. */
int rcm_run_begin(struct store_tx *tx, struct rcm_run *run, const struct audit_actor *actor,
	int64_t now_us, struct error *err);
int run_get(struct store_tx *tx, struct arena *arena, const char *id, struct rcm_run **ret,
	struct error *err);
int run_list(struct store_tx *tx, struct arena *arena, int64_t change_seq, struct rcm_run ***ret,
	size_t *ret_count, struct error *err);
/* Those that are started, of all changes, the oldest first. */
int run_list_started(struct store_tx *tx, struct arena *arena, struct rcm_run ***ret,
	size_t *ret_count, struct error *err);
/* The newest first, those that began before that time; state NULL = any. */
int run_page(struct store_tx *tx, struct arena *arena, const char *state, int64_t before_us,
	int64_t limit, struct rcm_run ***ret, size_t *ret_count, struct error *err);
json_t *run_json(const struct rcm_run *run); /* the caller's */
/* Moves the lease; ERROR_CONFLICT with the reason when the run must stop or has ended.
 * `person_id` NULL = the gate of its host (root): of any person. */
int run_heartbeat(struct store_tx *tx, const char *id, const char *person_id, int64_t now_us,
	struct error *err);
/* Says that it must stop, audited; whoever watches it ends the command. ERROR_CONFLICT unless it is
 * started; one that must stop already keeps its first reason. */
int rcm_run_stop(struct store_tx *tx, const char *id, const char *reason,
	const struct audit_actor *actor, int64_t now_us, struct error *err);
struct run_end {
	const char *id, *person_id; /* NULL = the gate of its host */
	int64_t status;
	const char *recording, *recording_sha256; /* or NULL */
	int64_t recording_bytes;
	bool is_recording_whole;
	int64_t at_us;
};
/* Also of one that was lost (it ended late). ERROR_NO_EFFECT when it has ended. */
int run_end(struct store_tx *tx, const struct run_end *end, const struct audit_actor *actor,
	struct error *err);
/* Runs whose lease ran out become "lost", each audited; their changes in `ret_changes`. */
int run_reap(struct store_tx *tx, struct arena *arena, int64_t now_us, int64_t **ret_changes,
	size_t *ret_count, struct error *err);
/*
 * Gives the use of a lost run back to its grant, once. Needs an approver who is not the person that
 * ran it. ERROR_CONFLICT when it is not lost, has no grant, or the grant has ended.
 */
struct run_act {
	const struct principal *by;
	const char *id, *reason;
	int64_t at_us;
	struct arena *arena;
	struct rcm_run *ret_run;
};
int run_reset(struct store_tx *tx, struct run_act *act, struct error *err);
/*
 * Somebody ends a run: whoever ran it, an approver or a commander. ERROR_CONFLICT unless it is
 * started, ERROR_NO_EFFECT when it is being ended already.
 */
int run_call_off(struct store_tx *tx, struct run_act *act, struct error *err);
/* How many runs of a change are started and not ended. */
int run_count_open(struct store_tx *tx, int64_t change_seq, int64_t *ret, struct error *err);

#endif
