/* Text as a JSON string, for the recorder and the answers that a program makes by itself: small
 * programs have no JSON library. */
#ifndef RB_CHANGE_GATE_QUOTE_H
#define RB_CHANGE_GATE_QUOTE_H

#include "lib/base/buf.h"

#include <stddef.h>

/* Appends the bytes as one string with its quotes, valid JSON in UTF-8 whatever they are: control
 * characters are escaped, what is no UTF-8 becomes U+FFFD, one for each byte. */
void quote_add(struct buf *out, const char *bytes, size_t length);
/* How many bytes at the end are the beginning of a character that goes on: 0 to 3. */
size_t quote_open_end(const char *bytes, size_t length);

#endif
