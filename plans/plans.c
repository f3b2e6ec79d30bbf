#include "lib/base/log.h"
#include "lib/base/time.h"
#include "plans/plan_rooms.h"

#include <stdlib.h>
#include <string.h>

struct plans {
	struct plan_builder builder;
};

/* A version whose approval ended. */
struct following {
	struct arena arena;
	const char *plan;
	int64_t number, at_us;
};

static int ask_follow(struct store_tx *tx, void *arg, struct error *err)
{
	const struct following *following = arg;

	return plan_follow_approval(tx, following->plan, following->number, following->at_us, err);
}

static void tell_followed(void *arg, const struct error *err)
{
	struct following *following = arg;

	if (err)
		log_warn("plans", "a version cannot follow its approval yet", "plan",
			following->plan, "error", err->message);
	arena_done(&following->arena);
	free(following);
}

static void follow(struct plans *plans, const char *plan, int64_t number)
{
	struct following *following = calloc(1, sizeof(*following));

	if (!following)
		abort();
	following->plan = arena_text(&following->arena, plan);
	following->number = number;
	following->at_us = time_now_us();
	store_write(plans->builder.store, ask_follow, tell_followed, following);
}

static void approval_ended(void *arg, const struct approval_ended *what)
{
	struct arena arena = ARENA_INIT;
	const char *plan;
	int64_t number;

	if (strcmp(what->subject_kind, PLAN_APPROVAL_SUBJECT) == 0 &&
		plan_subject_parse(&arena, what->subject_id, &plan, &number))
		follow(arg, plan, number);
	arena_done(&arena);
}

/* What was decided while the daemon was on its way down. */
static int catch_up(struct plans *plans, struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct plan_version **list;
	size_t count = 0;
	int rc = plan_store_list(store_reader(plans->builder.store), &arena, NULL,
		plan_version_state_word(PLAN_IN_REVIEW), &list, &count, err);

	for (size_t i = 0; i < count; i++)
		follow(plans, list[i]->plan, list[i]->number);
	arena_done(&arena);
	return rc;
}

int plans_open(const struct plans_options *options, struct plans **ret, struct error *err)
{
	struct plans *plans = calloc(1, sizeof(*plans));
	int rc;

	if (!plans)
		return error_set(err, ERROR_NO_MEMORY, "no memory");
	plans->builder = (struct plan_builder){
		.store = options->store, .jail = options->jail, .adapters = options->adapters};
	rc = catch_up(plans, err);
	if (rc < 0) {
		free(plans);
		return rc;
	}
	if (options->approvals)
		approvals_subscribe(options->approvals, approval_ended, plans);
	*ret = plans;
	return 0;
}

void plans_close(struct plans *plans)
{
	free(plans);
}

struct plan_builder *plans_builder(struct plans *plans)
{
	return &plans->builder;
}
