/*
 * The routes of the audit, and the event feed read from it. The lowest feature knows no roles:
 * main says which access bits a route asks for and how a principal is an actor.
 */
#ifndef RB_AUDIT_AUDIT_API_H
#define RB_AUDIT_AUDIT_API_H

#include "audit/audit.h"
#include "lib/server/server.h"

#define AUDIT_ROUTE_COUNT 5

struct audit_feed;

struct audit_api {
	struct audit *audit;
	struct store *store;
	struct audit_feed *feed;
	unsigned read_access; /* list, show, export, checkpoint */
	unsigned feed_access;
	const struct audit_actor *(*actor)(const void *principal);
	struct route routes[AUDIT_ROUTE_COUNT]; /* filled in by audit_routes */
};

/* The table lives in `api`. */
struct route_table audit_routes(struct audit_api *api);

/*
 * Streams of records as they are committed: SSE, id = seq, event = action, data = the record
 * without the actor's session and address (they are for auditors).
 */
int audit_feed_open(
	struct store *store, struct loop *loop, struct audit_feed **ret, struct error *err);
/* After server_close. NULL is fine. */
void audit_feed_close(struct audit_feed *feed);
/* A new stream behind `after`; only of the subject when that is not NULL. */
void audit_feed_add(
	struct audit_feed *feed, struct request *req, int64_t after, const char *subject);

#endif
