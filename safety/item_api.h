/* The routes of what is in effect; listed in main. The context is not used. */
#ifndef RB_SAFETY_ITEM_API_H
#define RB_SAFETY_ITEM_API_H

#include "lib/server/server.h"

struct route_table item_routes(void);

#endif
