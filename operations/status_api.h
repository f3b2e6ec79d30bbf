/* GET /api/v1/status; listed in main. */
#ifndef RB_OPERATIONS_STATUS_API_H
#define RB_OPERATIONS_STATUS_API_H

#include "lib/server/server.h"
#include "operations/status.h"

struct route_table status_routes(struct status_rooms *rooms);

#endif
