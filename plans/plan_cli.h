/* The verbs of plans; listed in main. */
#ifndef RB_PLANS_PLAN_CLI_H
#define RB_PLANS_PLAN_CLI_H

#include "lib/cli/cli.h"

extern const struct cli_verbs plan_verbs;
extern const struct cli_note plan_note;

#endif
