/* The verbs of targets; listed in main. */
#ifndef RB_INVENTORY_TARGET_CLI_H
#define RB_INVENTORY_TARGET_CLI_H

#include "lib/cli/cli.h"

extern const struct cli_verbs target_verbs;

#endif
