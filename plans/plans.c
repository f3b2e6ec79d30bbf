#include "plans/plan_rooms.h"

#include <stdlib.h>
#include <string.h>

struct plans {
	struct plan_builder builder;
};

/* A version is what its approval says, from the same commit on. */
static int approval_ended(void *arg, struct store_tx *tx, const struct approval_ended *what,
	int64_t at_us, struct error *err)
{
	const char *plan;
	int64_t number;

	(void)arg;
	if (strcmp(what->subject_kind, PLAN_APPROVAL_SUBJECT) != 0 ||
		!plan_subject_parse(store_tx_arena(tx), what->subject_id, &plan, &number))
		return 0;
	return plan_follow_approval(tx, plan, number, at_us, err);
}

int plans_open(const struct plans_options *options, struct plans **ret, struct error *err)
{
	struct plans *plans = calloc(1, sizeof(*plans));

	if (!plans)
		return error_set(err, ERROR_NO_MEMORY, "no memory");
	plans->builder = (struct plan_builder){
		.store = options->store, .jail = options->jail, .adapters = options->adapters};
	if (options->approvals)
		approvals_follow(options->approvals, approval_ended, plans);
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
