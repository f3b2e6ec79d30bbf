/* Between the rooms of approval/: rows of decisions, the SQL, the spelling of levels. */
#ifndef RB_APPROVAL_APPROVAL_ROOMS_H
#define RB_APPROVAL_APPROVAL_ROOMS_H

#include "approval/approval.h"
#include "approval/delegation.h"

#define APPROVAL_LIST_MAX 200

struct approval_vote {
	char id[ID_SIZE];
	char person_id[ID_SIZE];
	char for_id[ID_SIZE], delegation_id[ID_SIZE]; /* in whose place, by what; "" = own */
	size_t level;				      /* from 0 */
	enum approval_decision decision;
	const char *reason; /* NULL when none was given */
	int64_t at_us;
};

/* How far a level is, counted now. */
struct approval_count {
	int given;	  /* votes that count */
	int64_t need;	  /* of those; of a whole group: as many as it has now. 0 = it has nobody */
	const char *lost; /* why a vote does not count any more, or NULL */
	int64_t eligible; /* who could still give one */
};

struct approval_progress {
	struct approval_count counts[APPROVAL_LEVELS_MAX];
	size_t open_level; /* the first that is not complete; level_count when all are */
};

/* --- approval.c --- */

/* One record about the request; takes the detail. */
int approval_audit(struct store_tx *tx, const struct approval_request *request,
	const struct audit_actor *actor, enum audit_action action, json_t *owned_detail,
	int64_t at_us, struct error *err);
int approval_notify(struct store_tx *tx, const struct approval_request *request, const char *id,
	const char *type, const char *state, const char *text, int64_t at_us, struct error *err);
/* Marks what is PENDING past its end. */
int approval_expire(
	struct store_tx *tx, struct approvals *approvals, int64_t now_us, struct error *err);

/* --- approval_count.c --- */

/* "role approver (environment production)" or "group dba" */
const char *approval_who_text(struct arena *arena, const struct approval_level *level);
const char *approval_name_of(struct store_tx *tx, struct arena *arena, const char *person_id);
bool approval_is_excluded(const struct approval_request *request, const char *person_id);
/* Is it a decision of that person, or one in their place? */
bool approval_is_vote_of(const struct approval_vote *vote, const char *person_id);
/* Is the person enabled for that level by its group or role? */
bool approval_has_right(
	struct store_tx *tx, const struct approval_level *level, const char *person_id);
/* May one who decides in another's place decide there: an approver themselves. */
bool approval_is_delegate(
	struct store_tx *tx, const struct approval_level *level, const char *person_id);
/*
 * 1 when a vote before `end` that counts comes from that person's team (of a delegated one, from
 * the team of either), or when the person has none; 0; or negative. `ret_team`: the team's name.
 */
int approval_has_team_before(struct store_tx *tx, struct arena *arena,
	const struct approval_request *request, const struct approval_vote *votes, size_t end,
	size_t level, const char *person_id, const char **ret_team, struct error *err);
int approval_progress(struct store_tx *tx, struct arena *arena,
	const struct approval_request *request, const struct approval_vote *votes,
	size_t vote_count, struct approval_progress *ret, struct error *err);
int approval_load_progress(struct store_tx *tx, struct arena *arena,
	const struct approval_request *request, struct approval_progress *ret, struct error *err);
/* "it still needs 1 of role approver"; only when a level is open. */
const char *approval_missing_text(struct arena *arena, const struct approval_request *request,
	const struct approval_progress *progress);

/* --- approval_decide.c --- */

/* PENDING and not overdue, or why not. */
int approval_check_open(const struct approval_request *request, int64_t now_us, struct error *err);
struct approval_voter {
	const struct principal *principal;
	const struct delegation *delegation; /* that stands; NULL = in their own name */
};
/* 0 when the voter may give that decision now, else ERROR_FORBIDDEN, ERROR_CONFLICT ... with the
 * reason. */
int approval_may_decide(struct store_tx *tx, struct arena *arena,
	const struct approval_request *request, const struct approval_voter *voter,
	enum approval_decision decision, int64_t now_us, size_t *ret_level, struct error *err);
/* Names of those in whose place the principal may approve it, by delegations that stand at
 * `now_us`; the caller's. */
int approval_list_places(struct store_tx *tx, struct arena *arena,
	const struct approval_request *request, const struct principal *principal, int64_t now_us,
	json_t **ret, struct error *err);
/* --- approval_watch.c --- */

/* Once its row says so: followers act now, subscribers are put on the after-commit list. NULL
 * approvals = nothing. */
int approvals_tell(struct approvals *approvals, struct store_tx *tx,
	const struct approval_request *request, enum approval_state state, int64_t at_us,
	struct error *err);

/* --- approval_store.c --- */

int approval_store_insert(
	struct store_tx *tx, const struct approval_request *request, struct error *err);
int approval_store_get(struct store_tx *tx, struct arena *arena, const char *id,
	struct approval_request **ret, struct error *err);
/* Newest of that subject and digest; 1, 0 or negative. `state` NULL = any. */
int approval_store_find(struct store_tx *tx, struct arena *arena, const char *kind, const char *id,
	const char *digest, const char *state, struct approval_request **ret, struct error *err);
/* PENDING or APPROVED over (kind, id), of any digest but `keep_digest`. */
int approval_store_open_of(struct store_tx *tx, struct arena *arena, const char *kind,
	const char *id, const char *keep_digest, struct approval_request ***ret, size_t *ret_count,
	struct error *err);
/* The newest APPROVAL_LIST_MAX; state NULL = all. */
int approval_store_list(struct store_tx *tx, struct arena *arena, const char *state,
	struct approval_request ***ret, size_t *ret_count, struct error *err);
int approval_store_due(struct store_tx *tx, struct arena *arena, int64_t now_us,
	struct approval_request ***ret, size_t *ret_count, struct error *err);
/* From `request`'s state and version to the new state; ERROR_CONFLICT when another was faster. */
int approval_store_set_state(struct store_tx *tx, const struct approval_request *request,
	enum approval_state state, const char *reason, int64_t at_us, struct error *err);
int approval_store_insert_vote(struct store_tx *tx, const char *approval_id,
	const struct approval_vote *vote, struct error *err);
/* All rows with all columns, for a verification. */
struct store_query *approval_store_rows(struct store_tx *tx);
struct store_query *approval_store_vote_rows(struct store_tx *tx);
int approval_store_votes(struct store_tx *tx, struct arena *arena, const char *approval_id,
	struct approval_vote **ret, size_t *ret_count, struct error *err);

/* --- delegation_store.c --- */

int delegation_store_insert(
	struct store_tx *tx, const struct delegation *delegation, struct error *err);
/* Of who delegates: not over at that time and not withdrawn. */
int delegation_store_open(struct store_tx *tx, struct arena *arena, const char *from_id,
	int64_t at_us, struct delegation ***ret, size_t *ret_count, struct error *err);
/* ERROR_STALE when another was faster. */
int delegation_store_withdraw(struct store_tx *tx, const struct delegation *delegation,
	const char *by_id, int64_t at_us, struct error *err);
struct store_query *delegation_store_rows(struct store_tx *tx);

/* --- delegation_api.c --- */

struct request;
void delegation_api_list(struct request *req);
void delegation_api_add(struct request *req);
void delegation_api_show(struct request *req);
void delegation_api_withdraw(struct request *req);

/* --- approval_json.c --- */

/* Of what never changes of a request: the first record about it carries it. */
const char *approval_terms(struct arena *arena, const struct approval_request *request);
char *approval_levels_text(struct arena *arena, const struct approval_request *request);
int approval_levels_parse(
	struct arena *arena, const char *text, struct approval_request *request, struct error *err);
char *approval_excluded_text(struct arena *arena, const char *const *excluded);
int approval_excluded_parse(
	struct arena *arena, const char *text, const char *const **ret, struct error *err);

#endif
