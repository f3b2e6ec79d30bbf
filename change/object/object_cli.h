/* Verbs of what depends on what. */
#ifndef RB_CHANGE_OBJECT_CLI_H
#define RB_CHANGE_OBJECT_CLI_H

#include "lib/cli/cli.h"

extern const struct cli_verbs object_verbs;

#endif
