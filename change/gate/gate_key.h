/* The key that signs verdicts, pinned where they are taken: a file of 64 hex digits. */
#ifndef RB_CHANGE_GATE_KEY_H
#define RB_CHANGE_GATE_KEY_H

#include "change/gate/gate_message.h"

#include <stdbool.h>
#include <stdint.h>

#define GATE_KEY_BYTES 32 /* Ed25519, public */

/* The file must be root's (or of the account that reads it) and changed by its owner alone.
 * ERROR_IO, ERROR_FORBIDDEN, ERROR_INVALID, with the path as place. */
int gate_key_read(const char *path, uint8_t ret[static GATE_KEY_BYTES], struct error *err);

/* Is the verdict signed by that key as the answer to this very request, as it was encoded? */
bool gate_key_has_signed(const uint8_t key[static GATE_KEY_BYTES],
	const struct gate_verdict *verdict, const void *request, size_t request_length);

#endif
