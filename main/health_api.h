/* /healthz: the loop turns. /readyz: the walls of the jail hold and the store can be written. */
#ifndef RB_MAIN_HEALTH_API_H
#define RB_MAIN_HEALTH_API_H

#include "lib/jail/jail.h"
#include "lib/server/server.h"
#include "lib/store/store.h"

struct health {
	struct store *store;
	const struct jail *jail;
	int64_t started_at_us;
};

struct route_table health_routes(struct health *health);

#endif
