/*
 * EXEC-005 at the gate: with a variable that steers what is executed, what runs is not what was
 * approved. PATH and SHELL are in every environment; they are harmless while each folder of the
 * one, and the program of the other, can be changed by root alone. The editor of an edit runs as
 * its caller, who may choose it.
 */
#ifndef RB_CHANGE_SUDO_ENVIRONMENT_H
#define RB_CHANGE_SUDO_ENVIRONMENT_H

#include "lib/base/error.h"

#include <stdbool.h>

/* ERROR_FORBIDDEN names the variable. */
int plugin_environment_check(char *const *environment, bool is_edit, struct error *err);

#endif
