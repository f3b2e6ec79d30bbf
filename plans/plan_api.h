/* The routes of plans; listed in main. */
#ifndef RB_PLANS_PLAN_API_H
#define RB_PLANS_PLAN_API_H

#include "lib/server/server.h"
#include "plans/plan.h"

struct route_table plan_routes(struct plans *plans);

#endif
