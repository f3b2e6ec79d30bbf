/*
 * The sealed code of a host: one use, printed once when it is made, kept in an envelope. The file
 * holds its BLAKE2b hash alone, readable by the account of the gate; using it takes the file away
 * first.
 */
#ifndef RB_CHANGE_DECISION_GATE_GLASS_H
#define RB_CHANGE_DECISION_GATE_GLASS_H

#include "lib/base/error.h"

#include <stdbool.h>
#include <stddef.h>

#define GLASS_CODE_SIZE 32 /* five groups of five letters and digits, and NUL */

/*
 * Makes a code and writes its hash (mode 0600), in the place of an older one. By root the file is
 * given to the owner of its folder.
 */
int gate_glass_new(const char *path, char ret_code[static GLASS_CODE_SIZE], struct error *err);
/*
 * Is this the code? True once: the file is gone, and that is on disk, before it is said. False for
 * another code, when there is none, and when the file could not be taken away.
 */
bool gate_glass_use(const char *path, const char *code);

#endif
