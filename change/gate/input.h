/* What a command that this process starts would read as its standard input. */
#ifndef RB_CHANGE_GATE_INPUT_H
#define RB_CHANGE_GATE_INPUT_H

#include "change/gate/gate_message.h"

/* NONE: closed, or the null device. TERMINAL: a terminal. Else OPEN. */
enum gate_stdin input_kind(void);
/* The null device, close-on-exec; -1 with errno. */
int input_open_null(void);

#endif
