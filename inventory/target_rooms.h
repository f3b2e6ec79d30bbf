/* Between the rooms of inventory/. */
#ifndef RB_INVENTORY_TARGET_ROOMS_H
#define RB_INVENTORY_TARGET_ROOMS_H

#include "inventory/target.h"

#define TARGET_LIST_MAX	 64 /* patterns, networks */
#define TARGET_LABEL_MAX 32

int target_store_get(struct store_tx *tx, struct arena *arena, const char *name,
	struct target **ret, struct error *err);
/* kind NULL = all; by name. */
int target_store_list(struct store_tx *tx, struct arena *arena, const char *kind,
	struct target ***ret, size_t *ret_count, struct error *err);
int target_store_find_identity(struct store_tx *tx, struct arena *arena, const char *identity,
	struct target **ret, struct error *err);
int target_store_has_service(struct store_tx *tx, const char *service, struct error *err);
/* What an overview needs of a target. */
struct target_brief {
	char id[ID_SIZE];
	const char *name, *kind;
	int64_t version;
};
/* All, by name. */
int target_store_briefs(struct store_tx *tx, struct arena *arena, struct target_brief **ret,
	size_t *ret_count, struct error *err);
int target_store_insert(struct store_tx *tx, const struct target *target, struct error *err);
/* ERROR_STALE when the version moved on. */
int target_store_update(
	struct store_tx *tx, const struct target *target, int64_t old_version, struct error *err);
int target_store_delete(struct store_tx *tx, const char *id, struct error *err);

/* --- target_check.c: what may be written --- */

int target_check(const struct target *target, const json_t *labels,
	const struct adapter_list *adapters, struct error *err);
/* Does the pattern match all of the text? '*' stands for any characters. */
bool target_glob(const char *pattern, size_t pattern_length, const char *text);
/* Splits off the first word; false at the end. */
bool target_next_word(const char **at, const char **ret_word, size_t *ret_length);

/* --- target_json.c --- */

/* The five named ones. */
extern const char *const target_named_labels[];				      /* NULL-ended */
const char *target_named_label(const struct target *target, const char *key); /* NULL = no such */
json_t *target_json(const struct target *target);
/* NULL-ended list out of a JSON array of texts; *ret stays when the field is absent. */
int target_list_from_json(struct arena *arena, const json_t *object, const char *field,
	const char *const **ret, struct error *err);
char *target_list_text(struct arena *arena, const char *const *list);
const char *const *target_list_parse(struct arena *arena, const char *text);

#endif
