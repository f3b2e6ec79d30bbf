/* The verbs of approvals; listed in main. */
#ifndef RB_APPROVAL_APPROVAL_CLI_H
#define RB_APPROVAL_APPROVAL_CLI_H

#include "lib/cli/cli.h"

extern const struct cli_verbs approval_verbs, delegation_verbs;

#endif
