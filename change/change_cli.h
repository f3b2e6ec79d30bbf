/* The verbs of rcm-client; listed in main. */
#ifndef RB_CHANGE_CHANGE_CLI_H
#define RB_CHANGE_CHANGE_CLI_H

#include "lib/cli/cli.h"

extern const struct cli_verbs change_verbs;	   /* look at changes, decide about them */
extern const struct cli_verbs change_filing_verbs; /* new, edit */
extern const struct cli_verbs change_run_verbs;	   /* rollback */

#endif
