/* The routes of hooks and deliveries; listed in main. */
#ifndef RB_NOTIFY_NOTIFY_API_H
#define RB_NOTIFY_NOTIFY_API_H

#include "lib/server/server.h"
#include "notify/notify.h"

struct route_table notify_routes(void);

#endif
