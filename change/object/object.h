/*
 * What changes touch, as keys: "host:web-1", "svc:shop", "k8s:cluster/ns/kind/name",
 * "db:server/schema.table", "model:ranker", "config:shop/limits". Two changes conflict when keys
 * are equal or one lies above the other, their times overlap and not both only look. Edges say what
 * depends on what.
 */
#ifndef RB_CHANGE_OBJECT_OBJECT_H
#define RB_CHANGE_OBJECT_OBJECT_H

#include "lib/base/arena.h"
#include "lib/base/error.h"
#include "lib/store/store.h"
#include "people/people.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OBJECT_KEY_MAX	 200
#define OBJECT_MARGIN_US (5 * INT64_C(60000000)) /* a conflict begins so long before the start */

struct object_claim {
	const char *key;
	bool is_exclusive; /* it changes the object; else it only looks */
};

extern const struct store_schema object_schema;

/* "host:web-1": kind and name. ERROR_INVALID naming what is wrong. */
int object_check_key(const char *field, const char *key, struct error *err);
/* Equal, or one lies above the other: "k8s:c/ns" above "k8s:c/ns/deploy/web", "db:s" above
 * "db:s/shop.orders", "db:s/shop" above "db:s/shop.orders". */
bool object_keys_overlap(const char *a, const char *b);

/* Replaces what `holder` ("CHG-7", "REL-3") claims. */
int object_claim_put(struct store_tx *tx, const char *holder, const struct object_claim *claims,
	size_t count, int64_t start_us, int64_t end_us, struct error *err);
int object_claim_drop(struct store_tx *tx, const char *holder, struct error *err);

struct object_conflict {
	const char *holder; /* the other: "CHG-9" */
	const char *key;    /* of ours */
	const char *other_key;
	const char *kind; /* "exclusive", "related" (through an edge) */
	int64_t start_us, end_us;
};
/* Of the claims with those of others whose times overlap [start - margin, end). */
int object_find_conflicts(struct store_tx *tx, struct arena *arena, const char *holder,
	const struct object_claim *claims, size_t count, int64_t start_us, int64_t end_us,
	struct object_conflict **ret, size_t *ret_count, struct error *err);

/*
 * Edges: what depends on what, as a text with a line "svc:shop -> db:orders" each; # begins a
 * comment. A change of either end is related to a change of the other.
 */
struct object_edges_put {
	const struct principal *by;
	int64_t at_us;
	const char *text;
	struct arena *arena;
	size_t ret_count;
};
/* Replaces all of them. ERROR_INVALID with the line. */
int object_edges_put(struct store_tx *tx, struct object_edges_put *put, struct error *err);
struct object_edge {
	const char *from, *to;
};
int object_edges_list(struct store_tx *tx, struct arena *arena, struct object_edge **ret,
	size_t *ret_count, struct error *err);

#endif
