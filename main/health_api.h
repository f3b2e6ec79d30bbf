/*
 * /healthz: the loop turns. /readyz: the store can be written, its disk has room, the audit's
 * checkpoints reach their places, the engine has taken its runs over, the walls of the jail hold.
 */
#ifndef RB_MAIN_HEALTH_API_H
#define RB_MAIN_HEALTH_API_H

#include "audit/audit.h"
#include "executor/executor.h"
#include "lib/jail/jail.h"
#include "lib/server/server.h"
#include "lib/store/store.h"

struct health {
	struct store *store;
	struct audit *audit;
	const struct executor *executor;
	const struct jail *jail;
	int64_t started_at_us;
};

struct route_table health_routes(struct health *health);

#endif
