/* The verbs of hooks; listed in main. */
#ifndef RB_NOTIFY_NOTIFY_CLI_H
#define RB_NOTIFY_NOTIFY_CLI_H

#include "lib/cli/cli.h"

extern const struct cli_verbs notify_verbs;

#endif
