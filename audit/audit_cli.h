/* The verbs of the audit; listed in main. */
#ifndef RB_AUDIT_AUDIT_CLI_H
#define RB_AUDIT_AUDIT_CLI_H

#include "lib/cli/cli.h"

extern const struct cli_verbs audit_verbs;

#endif
