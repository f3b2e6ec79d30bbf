/* Verbs on incidents: redbutton incident ... */
#ifndef RB_INCIDENTS_INCIDENT_CLI_H
#define RB_INCIDENTS_INCIDENT_CLI_H

#include "lib/cli/cli.h"

extern const struct cli_verbs incident_verbs;

#endif
