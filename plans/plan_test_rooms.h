/* Between plan_test.c (the dry run) and plan_test_world.c (what it builds against). */
#ifndef RB_PLANS_PLAN_TEST_ROOMS_H
#define RB_PLANS_PLAN_TEST_ROOMS_H

#include "lib/jail/jail.h"
#include "plans/plan_rooms.h"

struct plan_test {
	struct arena arena;
	struct loop *loop;
	struct jail *jail;
	const char *path, *action, *library, *inventory_path, *runner_path;
	bool is_lint, is_describe, is_json, accept_no_jail;
	bool is_told; /* the error stands in the output already */
	struct plan_source source;
	json_t *params;		 /* as typed */
	json_t *targets;	 /* declared name -> list, for the runner */
	json_t *calls;		 /* plan -> its text and targets, for the runner */
	const json_t *inventory; /* list, read once; NULL = made up */
};

/* Runs the input and waits. */
int plan_test_run(struct plan_test *test, json_t *owned_input, bool is_twice, const json_t **ret,
	struct error *err);
/* A file with its modules. */
int plan_test_read(
	struct plan_test *test, const char *path, struct plan_source *ret, struct error *err);
/* The plans that are called, from files beside the plan: a-b.lua or b.lua for a/b. Those not found
 * are left out. */
int plan_test_add_calls(struct plan_test *test, const json_t *names, int depth, struct error *err);
/* The targets that a manifest declares: out of --inventory, or made up. */
int plan_test_add_targets(
	struct plan_test *test, const json_t *manifest, json_t *ret_targets, struct error *err);

#endif
