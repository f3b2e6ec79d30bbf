/* Between the rooms of change/object. */
#ifndef RB_CHANGE_OBJECT_ROOMS_H
#define RB_CHANGE_OBJECT_ROOMS_H

#include "change/object/object.h"

#define OBJECT_EDGES_MAX 20000

/*
 * A key as a path: what lies below it begins with it and '/'. The table of a database key becomes a
 * part of its own: "db:s/shop.orders" -> "db:s/shop/orders".
 */
const char *object_path(struct arena *arena, const char *key);
/* The next path above, in the arena, or NULL: "k8s:c/ns/deploy" -> "k8s:c/ns". */
const char *object_path_above(struct arena *arena, const char *path);

/* --- object_store.c --- */

int object_store_insert(struct store_tx *tx, const char *holder, const struct object_claim *claim,
	const char *path, int64_t start_us, int64_t end_us, struct error *err);
int object_store_delete(struct store_tx *tx, const char *holder, struct error *err);

struct object_look {
	const char *holder; /* whose own claims are left out */
	const char *key, *path;
	bool is_exclusive;
	const char *kind;	  /* of the conflicts that are found */
	int64_t start_us, end_us; /* claims that touch [start, end) */
};
struct object_found {
	struct object_conflict *list;
	size_t count, capacity;
};
/* Adds the claims of others at that path. */
int object_store_find_at(struct store_tx *tx, struct arena *arena, const struct object_look *look,
	const char *path, struct object_found *found, struct error *err);
/* Adds those below it. */
int object_store_find_below(struct store_tx *tx, struct arena *arena,
	const struct object_look *look, struct object_found *found, struct error *err);

int object_store_delete_edges(struct store_tx *tx, struct error *err);
int object_store_insert_edge(struct store_tx *tx, struct arena *arena,
	const struct object_edge *edge, struct error *err);
int object_store_edges(struct store_tx *tx, struct arena *arena, struct object_edge **ret,
	size_t *ret_count, struct error *err);
/* Keys at the other ends of edges that touch that path. */
int object_store_neighbours(struct store_tx *tx, struct arena *arena, const char *path,
	const char ***ret_keys, size_t *ret_count, struct error *err);

#endif
