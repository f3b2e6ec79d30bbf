/* Verbs on templates of standard changes. */
#ifndef RB_CHANGE_TEMPLATE_CLI_H
#define RB_CHANGE_TEMPLATE_CLI_H

#include "lib/cli/cli.h"

extern const struct cli_verbs template_verbs;

#endif
