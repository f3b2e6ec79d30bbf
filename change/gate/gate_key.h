/* The Ed25519 key that signs verdicts, as it is pinned in a configuration: 64 hex digits. */
#ifndef RB_CHANGE_GATE_KEY_H
#define RB_CHANGE_GATE_KEY_H

#include "change/gate/gate_config.h"

#include <stdbool.h>
#include <stdint.h>

/* False for anything but exactly the digits. */
bool gate_key_parse(const char *text, uint8_t ret[static GATE_KEY_BYTES]);

#endif
