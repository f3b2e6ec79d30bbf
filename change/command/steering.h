/* The variables of EXEC-005: with one of them an approved program runs what nobody approved. Links
 * nothing but the C library: the sudo plugin has it too. */
#ifndef RB_CHANGE_COMMAND_STEERING_H
#define RB_CHANGE_COMMAND_STEERING_H

#include <stdbool.h>

/* `name` ends at NUL or at "=". PATH is not among them: every program has one. */
bool command_is_steering(const char *name);

#endif
