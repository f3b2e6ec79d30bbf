/*
 * The effect journal: durable and audited are the intent (baseline, new value, undo, key), in
 * the store and synced before the first byte goes out, and its outcome.
 */
#ifndef RB_EXECUTOR_EFFECT_H
#define RB_EXECUTOR_EFFECT_H

#include "audit/audit.h"
#include "lib/base/arena.h"
#include "lib/base/error.h"
#include "lib/base/id.h"
#include "lib/store/store.h"

#include <stdbool.h>
#include <stdint.h>

#define EFFECT_STATES(X)                                                                           \
	X(INTENT, "INTENT")	  /* perhaps sent */                                               \
	X(CONFIRMED, "CONFIRMED") /* read back as wanted */                                        \
	X(NOOP, "NOOP")		  /* was so already: nothing sent */                               \
	X(MISMATCH, "MISMATCH")	  /* read back as something else */                                \
	X(REFUSED, "REFUSED")	  /* the plane said no, or nothing was sent */                     \
	X(IN_DOUBT, "IN_DOUBT")                                                                    \
	X(CONFLICT, "CONFLICT") /* undo met a third value: nothing sent */
enum effect_state {
#define X(name, word) EFFECT_##name,
	EFFECT_STATES(X)
#undef X
};
const char *effect_state_word(enum effect_state state);

struct effect_row {
	char id[ID_SIZE];
	const char *execution_id;
	int64_t seq;
	const char *path, *group_path;
	int64_t attempt;
	bool is_undo;
	int64_t reg;
	const char *register_key;
	const char *item_id;
	const char *baseline, *wanted,
		*observed; /* canonical JSON; NULL = absent (observed: not seen) */
	enum effect_state state;
	const char *message;
	const char *idempotency_key;
	int64_t intent_at_us, outcome_at_us;
};

struct execution;

/* --- effect_record.c: rows with their audit records and items --- */

int effect_record_intent(struct store_tx *tx, const struct effect_row *row,
	const char *graph_digest, int64_t at_us, struct error *err);
/*
 * `from`: what its row says now (INTENT, or IN_DOUBT that a person decides); NULL = there is no row
 * and it is written whole. An outcome is written once: when the row says something else by now (the
 * run was ended before the answer came), nothing changes.
 */
int effect_record_outcome(struct store_tx *tx, const struct effect_row *row,
	const enum effect_state *from, const struct execution *execution, int64_t at_us,
	struct error *err);
/* The run ends now: every intent that has no outcome is IN_DOUBT. */
int effect_give_up_all(struct store_tx *tx, const struct execution *execution, const char *why,
	int64_t at_us, struct error *err);

/* --- effect_store.c --- */

int effect_store_insert(struct store_tx *tx, const struct effect_row *row, struct error *err);
/* 1, or 0 when it is not in the state `from` any more. */
int effect_store_outcome(struct store_tx *tx, const struct effect_row *row, enum effect_state from,
	struct error *err);
/* All of a run, in the order of their intents. */
int effect_store_list(struct store_tx *tx, struct arena *arena, const char *execution_id,
	struct effect_row ***ret, size_t *ret_count, struct error *err);
/* All of all runs, and "subject", for a verification. */
struct store_query *effect_store_rows(struct store_tx *tx);

#endif
