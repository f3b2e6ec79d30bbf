/* The routes of risk rules; listed in main. */
#ifndef RB_CHANGE_RISK_RISK_API_H
#define RB_CHANGE_RISK_RISK_API_H

#include "change/risk/risk.h"
#include "lib/server/server.h"

/* `risk` lives as long as the server. */
struct route_table risk_routes(struct risk *risk);

#endif
