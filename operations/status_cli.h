/* `redbutton status`. */
#ifndef RB_OPERATIONS_STATUS_CLI_H
#define RB_OPERATIONS_STATUS_CLI_H

#include "lib/cli/cli.h"

/* Exit code of `redbutton status` when something needs a person's hand. */
#define STATUS_EXIT_NEEDS_PERSON 10

extern const struct cli_verbs status_verbs;

#endif
