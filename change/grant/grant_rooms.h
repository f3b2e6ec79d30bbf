/* Between the rooms of change/grant/. Rows are read and written here alone. */
#ifndef RB_CHANGE_GRANT_GRANT_ROOMS_H
#define RB_CHANGE_GRANT_GRANT_ROOMS_H

#include "change/grant/grant.h"

#define GRANT_REASON_MAX 1000

/* --- grant_store.c --- */

int change_grant_store_insert(struct store_tx *tx, const struct grant *grant, struct error *err);
int change_grant_store_get(struct store_tx *tx, struct arena *arena, const char *id,
	struct grant **ret, struct error *err);
/* The newest revision that has grants; 0 when none has. */
int change_grant_store_newest(
	struct store_tx *tx, int64_t change_seq, int64_t *ret_revision, struct error *err);
/* revision 0 = of all of them. */
int change_grant_store_list(struct store_tx *tx, struct arena *arena, int64_t change_seq,
	int64_t revision, struct grant ***ret, size_t *ret_count, struct error *err);
/* Without an order; change_seq 0 = of any change. */
int change_grant_store_find(struct store_tx *tx, struct arena *arena, const char *fingerprint,
	const char *target_identity, int64_t change_seq, struct grant ***ret, size_t *ret_count,
	struct error *err);
int change_grant_store_env_lists(struct store_tx *tx, struct arena *arena, const char *identity,
	int64_t change_seq, const char *const ***ret, size_t *ret_count, struct error *err);
/* 1 when this call counted one use down, 0 when nothing could be taken. */
int change_grant_store_take(struct store_tx *tx, const char *id, const char *person_id,
	int64_t now_us, struct error *err);
/* 1 when one use was given back, 0 when the grant ended or all uses are there. */
int change_grant_store_give_back(
	struct store_tx *tx, const char *id, int64_t now_us, struct error *err);
int change_grant_store_revoke(
	struct store_tx *tx, const char *id, const char *reason, int64_t at_us, struct error *err);
int change_grant_store_count_left(
	struct store_tx *tx, int64_t change_seq, int64_t now_us, int64_t *ret, struct error *err);
struct store_query *change_grant_store_rows(struct store_tx *tx);

/* JSON lists of texts, as the columns persons and env_allow hold them. */
char *grant_texts_json(struct arena *arena, const char *const *texts);
/* "sha256:...": over what of a grant never changes. */
const char *grant_terms(struct arena *arena, const struct grant *grant);

/* --- run_store.c --- */

int rcm_run_store_insert(struct store_tx *tx, const struct rcm_run *run, struct error *err);
int rcm_run_store_get(struct store_tx *tx, struct arena *arena, const char *id,
	struct rcm_run **ret, struct error *err);
int rcm_run_store_list(struct store_tx *tx, struct arena *arena, int64_t change_seq,
	struct rcm_run ***ret, size_t *ret_count, struct error *err);
/* lease_before_us: only those whose lease ends before; INT64_MAX = all. */
int rcm_run_store_started(struct store_tx *tx, struct arena *arena, int64_t lease_before_us,
	struct rcm_run ***ret, size_t *ret_count, struct error *err);
int rcm_run_store_page(struct store_tx *tx, struct arena *arena, const char *state,
	int64_t before_us, int64_t limit, struct rcm_run ***ret, size_t *ret_count,
	struct error *err);
/* Rows changed. Only of a started one that need not stop. */
int rcm_run_store_beat(
	struct store_tx *tx, const char *id, int64_t lease_until_us, struct error *err);
int rcm_run_store_stop(struct store_tx *tx, const char *id, const char *reason, struct error *err);
int rcm_run_store_set_state(struct store_tx *tx, const char *id, const char *old_state,
	const char *state, struct error *err);
/* Writes state, end, status and recording. */
int rcm_run_store_end(struct store_tx *tx, const struct rcm_run *run, struct error *err);
int rcm_run_store_count_open(
	struct store_tx *tx, int64_t change_seq, int64_t *ret, struct error *err);
struct store_query *rcm_run_store_rows(struct store_tx *tx);

/* "sha256:...": over what of a run never changes. */
const char *run_terms(struct arena *arena, const struct rcm_run *run);

/* --- both --- */

int grant_audit(struct store_tx *tx, const struct audit_actor *actor, enum audit_action action,
	const char *kind, const char *id, const json_t *detail, int64_t at_us, struct error *err);

#endif
