/*
 * The fingerprint of a step on a target: what a grant is bound to. SHA-256 over fields with their
 * length before them (8 bytes, big-endian): nothing can run together, and bytes are bytes.
 *
 *   "rcm-fp-1", realpath of the program, number of arguments, each argument (the first without the
 *   folders before its name), account, target identity, working directory or "-", each variable of
 *   the allowed environment sorted by bytes, standard input ("none", "open" or its sha256), and
 *   each content but the program itself as role, sha256.
 *
 * argv[0] counts by its name because one file can be several programs: /usr/bin/pkill is a link to
 * pgrep, and a grant for the one must not run the other.
 */
#ifndef RB_CHANGE_GATE_FINGERPRINT_H
#define RB_CHANGE_GATE_FINGERPRINT_H

#include "change/gate/gate_message.h"

#include <stdbool.h>
#include <stdint.h>

#define FINGERPRINT_BYTES     32
#define FINGERPRINT_TEXT_SIZE 72 /* "sha256:" and 64 hex digits and NUL */

/* Is the content the program itself? Then its path says all of it: a content of the role "program",
 * and the script that a path "sha256:..." names. */
bool fingerprint_is_program(const struct gate_exec *exec, const struct gate_content *content);
/* `env_allow`: the variables of exec->env that count, names, NULL-ended (of the step); the others
 * must be harmless, which is the gate's check. `target` is its identity, never its name. */
void fingerprint_of(const struct gate_exec *exec, const char *const *env_allow, const char *target,
	uint8_t ret[static FINGERPRINT_BYTES]);
void fingerprint_text(const uint8_t fingerprint[static FINGERPRINT_BYTES],
	char ret[static FINGERPRINT_TEXT_SIZE]);

#endif
