/* `redbutton backup FILE`. */
#ifndef RB_OPERATIONS_BACKUP_CLI_H
#define RB_OPERATIONS_BACKUP_CLI_H

#include "lib/cli/cli.h"

extern const struct cli_verbs backup_verbs;

#endif
