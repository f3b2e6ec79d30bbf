/* The variables of EXEC-005: with one of them an approved program runs what nobody approved. Links
 * nothing but the C library: the sudo plugin has it too. */
#ifndef RB_CHANGE_COMMAND_STEERING_H
#define RB_CHANGE_COMMAND_STEERING_H

#include <stdbool.h>

/* True for a variable that steers what is executed: LD_*, BASH_ENV, PAGER, PATH ... `name` ends at
 * NUL or at "=". Whether its value does harm is for who asks to say. */
bool command_is_steering(const char *name);

#endif
