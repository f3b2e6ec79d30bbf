/*
 * Delegations: for a time a person lets another decide approvals in their place. The decision says
 * both names and counts once. It gives the right of the one who delegates and no more; the delegate
 * must be an approver too, and neither may have had a part in what is decided.
 */
#ifndef RB_APPROVAL_DELEGATION_H
#define RB_APPROVAL_DELEGATION_H

#include "audit/audit_ledger.h"
#include "lib/base/arena.h"
#include "lib/base/error.h"
#include "lib/base/id.h"
#include "lib/store/store.h"
#include "people/people.h"

#include <stdbool.h>
#include <stdint.h>

#define DELEGATION_MAX_US   (31 * INT64_C(86400000000))
#define DELEGATION_AHEAD_US (92 * INT64_C(86400000000)) /* of its start, from now on */
#define DELEGATION_OPEN_MAX 20 /* of one person, not over and not withdrawn */

struct delegation {
	char id[ID_SIZE];
	char from_id[ID_SIZE], to_id[ID_SIZE];
	const char *from, *to; /* names */
	const char *reason;
	int64_t start_us, end_us; /* [start, end) */
	int64_t created_at_us;
	char withdrawn_by_id[ID_SIZE]; /* "" while it stands */
	int64_t withdrawn_at_us;
	int64_t version; /* for If-Match */
};

/* For a verification: rows against the log. */
extern const struct audit_crosscheck delegation_crosscheck;

struct delegation_act {
	const struct principal *by;
	int64_t at_us;
	struct arena *arena;
	char notify_id[ID_SIZE];
	struct delegation *ret_delegation;
};
/*
 * By who is an approver, of their own right alone. ERROR_INVALID for a time out of range or
 * oneself, ERROR_CONFLICT when one to that person overlaps or there are too many, ERROR_NOT_FOUND.
 */
struct delegation_add {
	struct delegation_act act;
	char id[ID_SIZE];
	const char *to, *reason;
	int64_t start_us, end_us;
};
int delegation_add(struct store_tx *tx, struct delegation_add *add, struct error *err);
/*
 * By either of the two or an admin, also when its time is over: what was decided by it and is not
 * used yet does not count any more. ERROR_NO_EFFECT the second time.
 */
struct delegation_withdraw {
	struct delegation_act act;
	const char *id;
	int64_t if_version; /* -1 = any */
};
int delegation_withdraw(
	struct store_tx *tx, struct delegation_withdraw *withdraw, struct error *err);

int delegation_get(struct store_tx *tx, struct arena *arena, const char *id,
	struct delegation **ret, struct error *err);
/* The one that stands at that time. ERROR_FORBIDDEN when there is none. */
int delegation_find(struct store_tx *tx, struct arena *arena, const char *from_id,
	const char *to_id, int64_t at_us, struct delegation **ret, struct error *err);
/* The newest 200; of one person (either of the two) or, NULL, of all. `at_us` >= 0: only those that
 * stand then. */
int delegation_list(struct store_tx *tx, struct arena *arena, const char *person_id, int64_t at_us,
	struct delegation ***ret, size_t *ret_count, struct error *err);
/* Does what was decided by it at that time still count, as far as it goes? */
bool delegation_holds(const struct delegation *delegation, const char *from_id, const char *to_id,
	int64_t decided_at_us);

#endif
