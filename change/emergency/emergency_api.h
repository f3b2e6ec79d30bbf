/* The routes of emergencies and follow-ups; listed in main. */
#ifndef RB_CHANGE_EMERGENCY_API_H
#define RB_CHANGE_EMERGENCY_API_H

#include "lib/server/server.h"

/* Who is asked before an emergency begins or lasts longer (emergency_hook.c). */
struct emergency_hook {
	struct client *client;
	const char *url;   /* NULL = nobody */
	const char *token; /* reference of a bearer token, or NULL */
};

/* The hook is the caller's, and lives as long as the server. */
struct route_table emergency_routes(struct emergency_hook *hook);

#endif
