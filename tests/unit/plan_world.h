/*
 * Neighbours of plans/ and approval/ for their unit tests: people, inventory and adapters in
 * memory, audit and notify that only remember; the store is a real one.
 */
#ifndef RB_TESTS_PLAN_WORLD_H
#define RB_TESTS_PLAN_WORLD_H

#include "inventory/target.h"
#include "lib/store/store.h"
#include "people/people.h"

#include <stdbool.h>

struct plan_person {
	char id[ID_SIZE];
	const char *name, *team, *group;
	unsigned roles;
	const char *environment; /* of all its roles; NULL = anywhere */
	bool is_disabled;
};

/* li (author, approver), ann, bob (approvers of other teams), cid (approver of ann's team), dan
 * (commander), eve (viewer) */
extern struct plan_person li, ann, bob, cid, dan, eve;
/* In memory, changed by tests; the allow-list of each is "plane.* *". */
extern struct target plan_targets[4];

struct plan_world {
	struct loop *loop;
	struct store *store;
	struct arena arena;
	char directory[64];
	char audited[4096];  /* "approval.open approval.decide ..." */
	char notified[1024]; /* "approval.requested ..." */
	char last_text[512]; /* of the last notification */
};
extern struct plan_world world;

void plan_world_open(const struct store_schema *const *schemas, size_t count);
void plan_world_close(void);
/* Runs the closure in a transaction of its own and waits for its commit; 0 or the code. */
int plan_world_write(store_ask ask, void *arg, struct error *err);
struct principal *plan_principal(const struct plan_person *person);

#endif
