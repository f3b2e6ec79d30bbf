/* The routes of templates; listed in main. */
#ifndef RB_CHANGE_TEMPLATE_API_H
#define RB_CHANGE_TEMPLATE_API_H

#include "lib/server/server.h"

struct route_table template_routes(void);

#endif
