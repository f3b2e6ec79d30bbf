/*
 * The in-effect register: what is broken on purpose right now, since when, by which run and
 * person, until when, and how it was before. Each register has a stack of items, oldest below;
 * only the top one touches the world. It survives the run, a crash and a restart.
 */
#ifndef RB_SAFETY_ITEM_H
#define RB_SAFETY_ITEM_H

#include "audit/audit.h"
#include "lib/base/arena.h"
#include "lib/base/error.h"
#include "lib/base/id.h"
#include "lib/store/store.h"

#include <stdbool.h>
#include <stdint.h>

#define ITEM_STATES(X)                                                                             \
	X(UNCONFIRMED, "UNCONFIRMED") /* an intent is out */                                       \
	X(IN_EFFECT, "IN_EFFECT")                                                                  \
	X(UNKNOWN, "UNKNOWN")	/* in doubt, or read back as something else */                     \
	X(CONFLICT, "CONFLICT") /* undo found a third value */                                     \
	X(ORPHANED, "ORPHANED") /* its run was closed by force */                                  \
	X(CLOSED, "CLOSED")
enum item_state {
#define X(name, word) ITEM_##name,
	ITEM_STATES(X)
#undef X
};
const char *item_state_word(enum item_state state);

struct item {
	char id[ID_SIZE];
	const char *register_key;
	const char *target, *type;
	const char *args; /* canonical JSON list */
	const char *execution_id;
	const char *plan;
	const char *person;   /* name of who started the run */
	const char *baseline; /* canonical JSON; NULL = was absent */
	const char *ours;     /* canonical JSON; NULL = deleted */
	bool has_previous;    /* it was moved */
	const char *previous; /* ours before the latest write */
	const char *observed; /* last other value seen, or NULL */
	enum item_state state;
	bool is_top;
	int64_t since_us, expires_at_us, closed_at_us;
	const char *on_expiry; /* "ask" | "restore" */
	const char *closed_reason;
};

/* What a run is about to write; within the transaction of the intent. */
struct item_write {
	char id[ID_SIZE]; /* for a new item */
	const char *register_key, *target, *type, *args;
	const char *execution_id;
	const char *restores_id; /* the run whose items this one moves, or NULL */
	const char *plan, *person;
	const char *baseline, *wanted;
	int64_t at_us, expires_at_us;
	const char *on_expiry;
};
/* Moves the run's own item (or that of the run it restores), else puts a new one on top.
 * `baseline` is what the register reads now. */
int item_put(struct store_tx *tx, const struct item_write *write, char ret_id[static ID_SIZE],
	struct error *err);

enum item_outcome { ITEM_CONFIRMED, ITEM_NOT_DONE, ITEM_IN_DOUBT };
/*
 * The write's outcome. Confirmed at its baseline closes the item; not done goes back to the
 * value before; in doubt is UNKNOWN. `observed` may be NULL.
 */
int item_settle(struct store_tx *tx, const char *id, enum item_outcome outcome,
	const char *observed, const struct audit_actor *actor, int64_t at_us, struct error *err);
/* A write that was wanted was not needed: the register read `value` already. */
struct item_found {
	const char *register_key;
	const char *execution_id;
	const char *restores_id; /* or NULL */
	const char *value;	 /* canonical JSON; NULL = absent */
	int64_t at_us;
};
/* The run's item there (or that of the run it restores) is closed at its baseline, and certain at
 * its own value. No item: nothing. */
int item_found_so(struct store_tx *tx, const struct item_found *found,
	const struct audit_actor *actor, struct error *err);
/* Undo met a third value. */
int item_conflict(struct store_tx *tx, const char *id, const char *observed,
	const struct audit_actor *actor, int64_t at_us, struct error *err);
/* A person chose to undo over the third value that a conflict found: it counts as ours now. */
int item_adopt(struct store_tx *tx, const char *id, const char *reason,
	const struct audit_actor *actor, int64_t at_us, struct error *err);
/* Closes without touching the world; an item above takes over its baseline. */
int item_close(struct store_tx *tx, const char *id, const char *reason,
	const struct audit_actor *actor, int64_t at_us, struct error *err);
/* All open items of a run are shown as ORPHANED from now on. */
int item_orphan(struct store_tx *tx, const char *execution_id, const struct audit_actor *actor,
	int64_t at_us, struct error *err);
int item_get(struct store_tx *tx, struct arena *arena, const char *id, struct item **ret,
	struct error *err);
/* Open items, newest first; of one run, of one register, or all (NULL, NULL). */
int item_list(struct store_tx *tx, struct arena *arena, const char *execution_id,
	const char *register_key, struct item ***ret, size_t *ret_count, struct error *err);
/* The open items of one run, as one line of an overview. */
struct item_group {
	const char *execution_id, *plan, *person;
	const char *register_key; /* of the first, by name */
	int64_t count;
	int64_t troubled;      /* UNKNOWN, CONFLICT or ORPHANED */
	int64_t unconfirmed;   /* an intent is out */
	int64_t since_us;      /* of the oldest */
	int64_t expires_at_us; /* of the one that ends first */
	const char *on_expiry;
};
/* Those with trouble first, then what expires first; at most `limit`. */
int item_list_groups(struct store_tx *tx, struct arena *arena, int64_t limit,
	struct item_group **ret, size_t *ret_count, struct error *err);
/* How many are open in each state, by enum item_state; of those, how many are past their time. */
int item_count(struct store_tx *tx, int64_t now_us, int64_t ret_counts[static ITEM_CLOSED + 1],
	int64_t *ret_expired, struct error *err);
/* Open items whose time is over and of which nobody was told yet. */
int item_list_expired(struct store_tx *tx, struct arena *arena, int64_t now_us, struct item ***ret,
	size_t *ret_count, struct error *err);
/* People were told, or the way back was started. */
int item_mark_expired(
	struct store_tx *tx, const char *id, const char *reason, int64_t at_us, struct error *err);
int item_extend(struct store_tx *tx, const char *id, int64_t expires_at_us, const char *reason,
	const struct audit_actor *actor, int64_t at_us, struct error *err);

#endif
