/* Verbs on risk rules: rules list, show, test. */
#ifndef RB_CHANGE_RISK_RISK_CLI_H
#define RB_CHANGE_RISK_RISK_CLI_H

#include "lib/cli/cli.h"

extern const struct cli_verbs risk_verbs;

#endif
