/*
 * The one canonical form of JSON: RFC 8785 restricted to strings, int64, booleans, null, arrays
 * and objects with ASCII keys. Graphs, audit records and revisions are hashed over these bytes;
 * nobody else hashes JSON.
 */
#ifndef RB_BASE_CANONICAL_H
#define RB_BASE_CANONICAL_H

#include "lib/base/buf.h"
#include "lib/base/error.h"

#include <jansson.h>

/* Appends the canonical bytes. A real number, a control character that has no short escape, a key
 * that is not ASCII is an error naming the path. */
int canonical_add(struct buf *out, const json_t *value, struct error *err);
/* True only when `bytes` are exactly what canonical_add gives for what they say. *ret (may be NULL)
 * is the parsed value, the caller's. */
int canonical_parse(
	const char *bytes, size_t length, int max_depth, json_t **ret, struct error *err);

#endif
