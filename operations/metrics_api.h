/* GET /metrics; listed in main. */
#ifndef RB_OPERATIONS_METRICS_API_H
#define RB_OPERATIONS_METRICS_API_H

#include "lib/server/server.h"
#include "operations/metrics.h"

/* What the handler needs; main's, as long as the server is open. */
struct metrics_api {
	struct metrics_rooms rooms;
	const struct server *server;
};

struct route_table metrics_routes(struct metrics_api *api);

#endif
