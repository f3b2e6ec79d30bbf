/* Base64 (RFC 4648, with padding) for bytes that JSON cannot hold. */
#ifndef RB_BASE_BASE64_H
#define RB_BASE_BASE64_H

#include "lib/base/arena.h"

#include <stdbool.h>
#include <stddef.h>

char *base64_text(struct arena *arena, const void *bytes, size_t length);
/* False unless `text` is exactly what base64_text gives for some bytes. They end with a NUL that
 * is not counted. */
bool base64_parse(struct arena *arena, const char *text, char **ret_bytes, size_t *ret_length);

#endif
