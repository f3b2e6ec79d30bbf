/* The routes of targets; listed in main. */
#ifndef RB_INVENTORY_TARGET_API_H
#define RB_INVENTORY_TARGET_API_H

#include "inventory/target.h"
#include "inventory/target_watch.h"
#include "lib/server/server.h"

/* What the handlers need; lives as long as the server. */
struct target_context {
	struct client *client;
	const struct adapter_list *adapters;
	struct target_watch *watch; /* that is told of checks made by hand; may be NULL */
};

struct route_table target_routes(struct target_context *context);

#endif
