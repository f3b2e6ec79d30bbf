/*
 * Targets: the outside systems that plans may touch. Kind, address, credential by reference,
 * environment to tier as labels, an allow-list of keys. Plans see names and labels only.
 */
#ifndef RB_INVENTORY_TARGET_H
#define RB_INVENTORY_TARGET_H

#include "adapters/adapter.h"
#include "lib/base/arena.h"
#include "lib/base/digest.h"
#include "lib/base/error.h"
#include "lib/base/id.h"
#include "lib/store/store.h"
#include "people/people.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct target {
	char id[ID_SIZE];
	const char *name;
	const char *kind;
	const char *address;
	const char *credential;					/* reference or NULL */
	const char *environment, *site, *zone, *service, *tier; /* "" when not given; also labels */
	const char *labels; /* canonical JSON object of texts, without the five above */
	const char *const
		*allow; /* "haproxy.weight checkout/zone-*": a pattern for the type, then one for
			   each argument or none at all; NULL-ended; never empty */
	const char *const *networks; /* CIDRs; NULL-ended; may be empty */
	int64_t version;	     /* for If-Match */
	int64_t created_at_us, changed_at_us;
};

extern const struct store_schema inventory_schema;

int target_get(struct store_tx *tx, struct arena *arena, const char *name, struct target **ret,
	struct error *err);
/* The one target of a kind that is known by who it is (host, k8s, database) with that address.
 * ERROR_NOT_FOUND; ERROR_CONFLICT when there are several. */
int target_find_identity(struct store_tx *tx, struct arena *arena, const char *identity,
	struct target **ret, struct error *err);
/* 1 when a target belongs to that service, 0 when none does. */
int target_has_service(struct store_tx *tx, const char *service, struct error *err);
/* All labels of a target (with environment ... tier) as one JSON object of texts; the caller's. */
json_t *target_all_labels(const struct target *target);
/* Targets of a kind whose labels have all of `labels` (an object of texts, not empty), by name;
 * *ret_count may be 0. */
int target_select(struct store_tx *tx, struct arena *arena, const char *kind, const json_t *labels,
	struct target ***ret, size_t *ret_count, struct error *err);
/* SHA-256 over kind, address, credential reference, allow-list, networks. */
void target_identity(const struct target *target, struct digest *ret);
/* May this register of it be touched? ERROR_FORBIDDEN naming target, key and the list. */
int target_check_allowed(
	const struct target *target, const char *type, const char *const *args, struct error *err);
/* View for the adapters, borrowed from the target. */
struct adapter_target target_for_adapter(const struct target *target);
/*
 * Refuses what looks like a credential (a user in a URL, a known prefix, a long text of high
 * entropy) with the remedy to give it by reference. The value is never in the error.
 */
int target_check_no_secret(const char *field, const char *text, struct error *err);

/* Who changes a target, when, and with which adapters: the same for every change. */
struct target_act {
	const struct principal *by;
	int64_t at_us;
	const struct adapter_list *adapters;
	struct arena *arena;
	struct target *ret_target;
};

struct target_add {
	struct target_act act;
	struct target target; /* id, times and version are set by the rule but for the id */
	const json_t *labels; /* object of texts or NULL; borrowed */
};
int target_add(struct store_tx *tx, struct target_add *add, struct error *err);

/* What is to be another: NULL members stay as they are. The kind never changes. */
struct target_change {
	struct target_act act;
	const char *name;
	int64_t if_version; /* -1 = any */
	const char *address;
	bool has_credential; /* then NULL = none */
	const char *credential;
	const char *environment, *site, *zone, *service, *tier;
	const json_t *labels;
	const char *const *allow, *const *networks;
};
int target_change(struct store_tx *tx, struct target_change *change, struct error *err);

struct target_remove {
	struct target_act act;
	const char *name;
	int64_t if_version;
};
int target_remove(struct store_tx *tx, struct target_remove *remove, struct error *err);

#endif
