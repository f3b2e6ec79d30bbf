/* Keeps every calendar worked out two years ahead; opened and closed by main. */
#ifndef RB_CALENDAR_CALENDAR_HORIZON_H
#define RB_CALENDAR_CALENDAR_HORIZON_H

#include "lib/base/error.h"
#include "lib/base/loop.h"
#include "lib/store/store.h"

struct calendars;

/* Looks now and then each hour; a calendar that comes within 23 months of its end is extended. */
int calendars_open(
	struct store *store, struct loop *loop, struct calendars **ret, struct error *err);
/* After the loop has ended. NULL is fine. */
void calendars_close(struct calendars *calendars);

#endif
