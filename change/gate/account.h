/* Accounts out of /etc/passwd alone: a static program loads no name services. */
#ifndef RB_CHANGE_GATE_ACCOUNT_H
#define RB_CHANGE_GATE_ACCOUNT_H

#include "lib/base/arena.h"
#include "lib/base/error.h"

#include <sys/types.h>

struct account {
	uid_t uid;
	const char *name;  /* "#1000" when /etc/passwd has no such uid */
	const char *home;  /* "/" without */
	const char *shell; /* "/bin/sh" without */
};

struct account account_of(struct arena *arena, uid_t uid);
/* The uid of a name, or of a number as text. ERROR_NOT_FOUND. */
int account_uid(const char *name, uid_t *ret, struct error *err);

#endif
