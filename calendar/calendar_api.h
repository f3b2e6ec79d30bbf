/* The routes of calendars; listed in main. */
#ifndef RB_CALENDAR_CALENDAR_API_H
#define RB_CALENDAR_CALENDAR_API_H

#include "calendar/calendar.h"
#include "lib/base/loop.h"
#include "lib/server/server.h"

/* What the handlers need; lives as long as the server. */
struct calendar_context {
	struct loop *loop;
};

struct route_table calendar_routes(struct calendar_context *context);

#endif
