/* The routes of previews and executions; listed in main. */
#ifndef RB_EXECUTOR_EXECUTOR_API_H
#define RB_EXECUTOR_EXECUTOR_API_H

#include "executor/executor.h"
#include "lib/server/server.h"
#include "plans/plan.h"

/* What the handlers need; main's, as long as the server is open. */
struct executor_api {
	struct executor *executor;
	struct plan_builder *builder;
	struct jail *jail;
	struct store *store;
};

struct route_table preview_routes(struct executor_api *api);
struct route_table execution_routes(struct executor_api *api);

#endif
