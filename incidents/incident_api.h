/* The routes of incidents; listed in main. */
#ifndef RB_INCIDENTS_INCIDENT_API_H
#define RB_INCIDENTS_INCIDENT_API_H

#include "incidents/incident.h"
#include "lib/server/server.h"

struct route_table incident_routes(void);

#endif
