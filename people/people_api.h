/* The routes of people; listed in main. */
#ifndef RB_PEOPLE_PEOPLE_API_H
#define RB_PEOPLE_PEOPLE_API_H

#include "lib/server/server.h"
#include "people/people.h"

struct route_table people_routes(struct people *people);

#endif
