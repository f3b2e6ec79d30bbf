/* Which host this is: what a grant for it is bound to. */
#ifndef RB_CHANGE_GATE_IDENTITY_H
#define RB_CHANGE_GATE_IDENTITY_H

#include "lib/base/arena.h"
#include "lib/base/error.h"

/*
 * "host:<machine-id>/<64 hex digits>": /etc/machine-id, and SHA-256 of the public host key of sshd
 * (the bytes that `ssh-keygen -l` takes the fingerprint of), the Ed25519 key before the others.
 * `root` is "" or a folder that stands for /. ERROR_NOT_FOUND names what is missing and the remedy:
 * without both there is no identity, and a name alone never is one.
 */
int identity_host(struct arena *arena, const char *root, const char **ret, struct error *err);

#endif
