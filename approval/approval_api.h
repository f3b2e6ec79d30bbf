/* The routes of approvals; listed in main. */
#ifndef RB_APPROVAL_APPROVAL_API_H
#define RB_APPROVAL_APPROVAL_API_H

#include "approval/approval.h"
#include "lib/server/server.h"

struct route_table approval_routes(struct approvals *approvals);

#endif
