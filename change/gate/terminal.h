/* A terminal inside the terminal: what a run that is watched talks to. */
#ifndef RB_CHANGE_GATE_TERMINAL_H
#define RB_CHANGE_GATE_TERMINAL_H

#include "lib/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <termios.h>

struct terminal {
	int master, slave;    /* -1 when closed; master does not block */
	struct termios saved; /* of standard input, while it is raw */
	bool is_raw;
};

#define TERMINAL_INIT ((struct terminal){.master = -1, .slave = -1})

/* A new pair with the settings and size of standard input. */
int terminal_open(struct terminal *ret, struct error *err);
/* Standard input hands each key through; terminal_close gives it back as it was. */
void terminal_make_raw(struct terminal *terminal);
void terminal_close(struct terminal *terminal);
/* Hands the size of standard input on; false when it did not change. */
bool terminal_follow_size(struct terminal *terminal, unsigned *ret_columns, unsigned *ret_rows);
/* The size of standard input; 0 x 0 when it is no terminal. */
void terminal_size(unsigned *ret_columns, unsigned *ret_rows);
/*
 * Asks on the controlling terminal and reads a line that is not shown, whatever standard input is.
 * False without a terminal, for an empty line and for one of `size` bytes or more.
 */
bool terminal_ask_hidden(const char *question, char *ret, size_t size);
/* Does it read a line without showing it (a password)? */
bool terminal_is_hidden(const struct terminal *terminal);

#endif
