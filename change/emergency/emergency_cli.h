/* Verbs on emergencies and follow-ups. */
#ifndef RB_CHANGE_EMERGENCY_CLI_H
#define RB_CHANGE_EMERGENCY_CLI_H

#include "lib/cli/cli.h"

extern const struct cli_verbs emergency_verbs;

#endif
