/*
 * Credentials by reference. A reference is "file:/path" (mode 0600 or 0400, owned by us or root)
 * or "cred:name" (a systemd credential, $CREDENTIALS_DIRECTORY/name). The bytes live in locked
 * memory, are never formatted, logged or sent anywhere but to the peer, and are zeroed at the end.
 */
#ifndef RB_BASE_SECRET_H
#define RB_BASE_SECRET_H

#include "lib/base/error.h"

#include <stdbool.h>
#include <stddef.h>

struct secret {
	unsigned char *bytes; /* NUL behind the end */
	size_t length;
};

/* Checks only the form of a reference. */
int secret_check_reference(const char *field, const char *reference, struct error *err);
/* Reads it, at most 64 KiB, one trailing newline dropped. */
int secret_open(const char *reference, struct secret *ret, struct error *err);
void secret_close(struct secret *secret);

/*
 * Does a text look as if it held a credential: a user in a URL, a prefix that an issuer gives, a
 * long run of high entropy? When it is not strict, a user without password and hexadecimal digits
 * of a digest's length are none: commands name both.
 */
bool secret_is_likely(const char *text, size_t length, bool is_strict);

#endif
