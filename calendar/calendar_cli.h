/* Verbs on calendars: redbutton calendar ... */
#ifndef RB_CALENDAR_CALENDAR_CLI_H
#define RB_CALENDAR_CALENDAR_CLI_H

#include "lib/cli/cli.h"

extern const struct cli_verbs calendar_verbs;

#endif
