/* The Ed25519 key that signs verdicts, as it is pinned in a configuration. */
#ifndef RB_CHANGE_GATE_KEY_H
#define RB_CHANGE_GATE_KEY_H

#include "change/gate/gate_config.h"

#include <stdbool.h>
#include <stdint.h>

/* What `gate_key_parse` asks for, behind the name of a setting. */
#define GATE_KEY_FORM "must be 32 bytes, in hex or base64"

/* False for anything but exactly the key, in 64 hex digits or in base64 as `rcm gate key` prints
 * it. */
bool gate_key_parse(const char *text, uint8_t ret[static GATE_KEY_BYTES]);

#endif
