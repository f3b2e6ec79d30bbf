/* The routes of the gate; listed in main. */
#ifndef RB_CHANGE_DECISION_DECISION_API_H
#define RB_CHANGE_DECISION_DECISION_API_H

#include "change/decision/decision.h"
#include "lib/server/server.h"

struct gate_api {
	struct store *store;
	struct people *people;
	struct decisions *decisions;
	const struct gate_key *key; /* NULL = none */
};

/* Decisions, and what is told about them. */
struct route_table gate_routes(struct gate_api *api);
/* Runs, steps, and what a host's gate could not tell in time. */
struct route_table gate_run_routes(struct gate_api *api);
/* Accounts and releases. */
struct route_table account_routes(struct gate_api *api);

#endif
