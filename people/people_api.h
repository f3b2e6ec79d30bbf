/* The routes of people, and what every room's routes need from it: writes whose denial is recorded.
 */
#ifndef RB_PEOPLE_PEOPLE_API_H
#define RB_PEOPLE_PEOPLE_API_H

#include "lib/server/server.h"
#include "people/people.h"

struct route_table people_routes(struct people *people);

/*
 * As request_write; where `ask` refuses with ERROR_FORBIDDEN (before it wrote anything) the denial
 * goes into the audit and the client gets its 403.
 */
void people_write(struct people *people, struct request *req, store_ask ask,
	void (*tell)(struct request *req, void *arg), void *arg);
/* request_fail, and the denial is recorded when request_error is ERROR_FORBIDDEN. */
void people_fail(struct people *people, struct request *req);

#endif
