/* The daemon's pages of the manual, out of its own tables. */
#ifndef RB_MAIN_MANUAL_H
#define RB_MAIN_MANUAL_H

#include "lib/base/buf.h"

#include <stddef.h>

/* What redbuttond does besides being a daemon: the first argument decides. */
struct mode {
	const char *flag;
	const char *args;
	int (*run)(int argc, char **argv);
	const char *help; /* NULL: not for people */
};

/* redbuttond(8) */
void manual_add_daemon(struct buf *out, const struct mode *modes, size_t count);
/* redbuttond.conf(5) */
void manual_add_settings(struct buf *out);

#endif
