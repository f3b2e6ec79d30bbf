/* Verbs on the gate: rcm gate, account, run, release. */
#ifndef RB_CHANGE_DECISION_DECISION_CLI_H
#define RB_CHANGE_DECISION_DECISION_CLI_H

#include "lib/cli/cli.h"

extern const struct cli_verbs decision_verbs;

#endif
