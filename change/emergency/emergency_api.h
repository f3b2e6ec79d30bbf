/* The routes of emergencies and follow-ups; listed in main. */
#ifndef RB_CHANGE_EMERGENCY_API_H
#define RB_CHANGE_EMERGENCY_API_H

#include "lib/server/server.h"

struct route_table emergency_routes(void);

#endif
