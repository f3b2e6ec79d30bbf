/* Can a file be changed by root alone? Then its name says what it is. */
#ifndef RB_CHANGE_GATE_TRUST_H
#define RB_CHANGE_GATE_TRUST_H

#include <stdbool.h>
#include <stddef.h>

/*
 * True when the regular file and every folder above it belong to root and nobody else may write
 * there (a sticky folder does not count as safe). `path` must be a realpath: absolute and without
 * links. False also for what cannot be looked at. `why` (may be NULL) gets the place that is open.
 */
bool trust_is_root_only(const char *path, char *why, size_t why_size);

#endif
