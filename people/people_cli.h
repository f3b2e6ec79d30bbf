/* The verbs of people; listed in main. */
#ifndef RB_PEOPLE_PEOPLE_CLI_H
#define RB_PEOPLE_PEOPLE_CLI_H

#include "lib/cli/cli.h"

extern const struct cli_verbs people_verbs; /* person, group, grant, whoami */
extern const struct cli_verbs token_verbs;  /* token, peer */

#endif
