/* `redbutton status`: is the daemon there, and what works. */
#ifndef RB_MAIN_HEALTH_CLI_H
#define RB_MAIN_HEALTH_CLI_H

#include "lib/cli/cli.h"

extern const struct cli_verbs health_verbs;

#endif
