/*
 * Approvals: a request over a subject (kind, id, digest) with ordered levels, n of m, excluded
 * persons and an expiry. Knows no plan and no change. One reject closes; time-out is a denial;
 * a decision is counted again when it is used; an approval is used once.
 */
#ifndef RB_APPROVAL_APPROVAL_H
#define RB_APPROVAL_APPROVAL_H

#include "audit/audit_ledger.h"
#include "lib/base/arena.h"
#include "lib/base/error.h"
#include "lib/base/id.h"
#include "lib/store/store.h"
#include "people/people.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* R0 only checks; R1 reversible, not production; R2 reversible, production; R3 irreversible or more
 * than one site. */
enum approval_class { APPROVAL_R0, APPROVAL_R1, APPROVAL_R2, APPROVAL_R3 };

/* state, word */
#define APPROVAL_STATES(X)                                                                         \
	X(PENDING, "PENDING")                                                                      \
	X(APPROVED, "APPROVED")                                                                    \
	X(REJECTED, "REJECTED")                                                                    \
	X(EXPIRED, "EXPIRED")                                                                      \
	X(VOID, "VOID")                                                                            \
	X(USED, "USED")
enum approval_state {
#define X(name, word) APPROVAL_##name,
	APPROVAL_STATES(X)
#undef X
};

struct approval_level {
	const char *group; /* or NULL: whoever has `role` */
	enum role role;
	struct scope scope;   /* of the role; of a group: where a delegate must be an approver */
	int need;	      /* 1 .. APPROVAL_NEED_MAX, or APPROVAL_NEED_ALL of a group */
	bool different_teams; /* each of them in a team of its own; who has none does not count */
};

#define APPROVAL_LEVELS_MAX 8
#define APPROVAL_NEED_MAX   20
/*
 * Every enabled member of the group but the excluded ones, counted anew each time: who joins later
 * must decide too, who leaves need not. A group in which nobody may decide is never complete.
 */
#define APPROVAL_NEED_ALL  (-1)
#define APPROVAL_EXPIRY_US (24 * INT64_C(3600000000))

const char *approval_class_word(enum approval_class approval_class); /* "R2" */
const char *approval_state_word(enum approval_state state);
/* "2 of role approver (environment production), of different teams" */
const char *approval_level_text(struct arena *arena, const struct approval_level *level);

struct approval_request {
	char id[ID_SIZE];
	const char *subject_kind;   /* "plan_version", "graph" */
	const char *subject_id;	    /* "checkout/drain-zone@3", "01J..." (the execution) */
	const char *subject_digest; /* what is signed */
	enum approval_class approval_class;
	struct approval_level levels[APPROVAL_LEVELS_MAX];
	size_t level_count;
	const char *const *excluded; /* person ids, NULL-ended: requester, editors */
	const char *reading;	     /* canonical JSON of the values shown, or NULL */
	const char *summary;	     /* one sentence */
	const char *requested_by;    /* person id */
	int64_t requested_at_us, expires_at_us;
	enum approval_state state;
	const char *state_reason; /* why REJECTED, VOID ... */
	int64_t ended_at_us;	  /* 0 while PENDING */
	int64_t version;	  /* for If-Match */
};

extern const struct store_schema approval_schema;
/* For a verification: requests, and decisions, against the log. */
extern const struct audit_crosscheck approval_crosscheck, approval_decision_crosscheck;

/*
 * Opens a request (PENDING, version 1; state, state_reason, ended_at_us and version are not read)
 * and tells those who may decide. The id is the caller's. ERROR_CONFLICT when one over the same
 * subject and digest is open already. Without anybody who could decide it stays pending, and
 * approval_note says so.
 */
int approval_open(struct store_tx *tx, const struct approval_request *request,
	const struct audit_actor *actor, const char notify_id[static ID_SIZE], struct error *err);
/* The levels that the class asks for, of a version or of a run, in that scope; 0 levels = no
 * approval is needed. */
void approval_policy(enum approval_class approval_class, bool is_version, const struct scope *scope,
	struct approval_level *ret_levels, size_t *ret_count);

enum approval_decision { APPROVAL_APPROVE, APPROVAL_REJECT };
struct approval_decide {
	const char *approval_id;
	enum approval_decision decision;
	const char *digest; /* that the approver was shown: else ERROR_STALE */
	const char *reason; /* required for a rejection */
	/* Name of who delegated to the principal, when it is in their place; or NULL. */
	const char *on_behalf_of;
	const struct principal *principal;
	struct approvals *approvals; /* whose followers and subscribers are told; NULL = nobody */
	int64_t if_version;	     /* -1 = any; else ERROR_STALE when it moved on */
	int64_t at_us;
	char decision_id[ID_SIZE];
	char notify_id[ID_SIZE];
	enum approval_state ret_state;
};
/*
 * ERROR_FORBIDDEN with the exact reason: excluded, no such right, decided already. ERROR_STALE for
 * another digest or version and for a void request; ERROR_CONFLICT for one that has ended.
 */
int approval_decide(struct store_tx *tx, struct approval_decide *decide, struct error *err);

/*
 * Is it approved now, counting each decision again (still in the group, still enabled)?
 * ERROR_NOT_APPROVED says what is missing and who could give it.
 */
int approval_check(struct store_tx *tx, const char *subject_kind, const char *subject_id,
	const char *subject_digest, int64_t now_us, char ret_approval_id[static ID_SIZE],
	struct error *err);
/* The same, and it can't be used again: for one run. */
int approval_use(struct store_tx *tx, const char *subject_kind, const char *subject_id,
	const char *subject_digest, const struct audit_actor *actor, int64_t now_us,
	char ret_approval_id[static ID_SIZE], struct error *err);
/* Everything open or approved over (kind, id) but not over `keep_digest` (may be NULL) is void,
 * with the reason. */
int approval_void(struct store_tx *tx, const char *subject_kind, const char *subject_id,
	const char *keep_digest, const char *reason, const struct audit_actor *actor,
	int64_t now_us, struct error *err);
/* How many are pending. */
int approval_count_open(struct store_tx *tx, int64_t *ret, struct error *err);
struct approval_open_request {
	const struct approval_request *request;
	bool may_decide; /* the principal, now */
};
/* The newest 200 that are pending; `principal` may be NULL. */
int approval_list_open(struct store_tx *tx, struct arena *arena, const struct principal *principal,
	int64_t now_us, struct approval_open_request **ret, size_t *ret_count, struct error *err);
int approval_get(struct store_tx *tx, struct arena *arena, const char *id,
	struct approval_request **ret, struct error *err);
/* The newest request over that subject and digest. ERROR_NOT_FOUND when there was none. */
int approval_find(struct store_tx *tx, struct arena *arena, const char *subject_kind,
	const char *subject_id, const char *subject_digest, struct approval_request **ret,
	struct error *err);
/* Did that person approve it themselves, whatever became of it? */
bool approval_was_given_by(
	struct store_tx *tx, struct arena *arena, const char *approval_id, const char *person_id);
/* What is missing and who could give it, as a sentence; "" when nothing is. NULL for an error. */
const char *approval_note(struct store_tx *tx, struct arena *arena,
	const struct approval_request *request, struct error *err);
/* The request as the API shows it, with its decisions and note; the caller's. `principal` may be
 * NULL. */
int approval_json(struct store_tx *tx, struct arena *arena, const struct approval_request *request,
	const struct principal *principal, json_t **ret, struct error *err);

/*
 * After the commit of a decision or a time-out that ended a request (approved, rejected, expired).
 * A void is told to nobody: whoever voids knows. Connected in main. The row is the truth: a
 * subscriber also looks at its own open subjects when it starts.
 */
struct approval_ended {
	const char *id, *subject_kind, *subject_id, *subject_digest;
	enum approval_state state;
};
struct approvals; /* the room's living part: subscribers, expiry timer */
int approvals_open(
	struct store *store, struct loop *loop, struct approvals **ret, struct error *err);
void approvals_close(struct approvals *approvals);
/* At most APPROVAL_SUBSCRIBERS_MAX. */
#define APPROVAL_SUBSCRIBERS_MAX 8
void approvals_subscribe(struct approvals *approvals,
	void (*ended)(void *arg, const struct approval_ended *what), void *arg);
/*
 * The same, but inside the transaction that ends it: what `follow` writes is there as soon as the
 * decision is. Its error undoes the decision (of a time-out: until the next look). It is a part
 * of the closure, so it keeps the rules of one: the store and nothing else. At most
 * APPROVAL_SUBSCRIBERS_MAX.
 */
void approvals_follow(struct approvals *approvals,
	int (*follow)(void *arg, struct store_tx *tx, const struct approval_ended *what,
		int64_t at_us, struct error *err),
	void *arg);

#endif
