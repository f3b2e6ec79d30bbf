/* Routes of what depends on what. */
#ifndef RB_CHANGE_OBJECT_API_H
#define RB_CHANGE_OBJECT_API_H

#include "lib/server/server.h"

struct route_table object_routes(void);

#endif
