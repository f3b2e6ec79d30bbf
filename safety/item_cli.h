/* `redbutton effects`; listed in main. */
#ifndef RB_SAFETY_ITEM_CLI_H
#define RB_SAFETY_ITEM_CLI_H

#include "lib/cli/cli.h"

extern const struct cli_verbs item_verbs;

#endif
