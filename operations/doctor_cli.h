/* `redbutton doctor`. */
#ifndef RB_OPERATIONS_DOCTOR_CLI_H
#define RB_OPERATIONS_DOCTOR_CLI_H

#include "lib/cli/cli.h"

extern const struct cli_verbs doctor_verbs;

#endif
