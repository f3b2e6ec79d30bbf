/* The routes of changes; listed in main. */
#ifndef RB_CHANGE_CHANGE_API_H
#define RB_CHANGE_CHANGE_API_H

#include "change/change.h"
#include "lib/server/server.h"

struct route_table change_routes(struct changes *changes);

#endif
