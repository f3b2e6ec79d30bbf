/* The settings of redbuttond: one table, read from default, file, environment (RB_...), flags. */
#ifndef RB_MAIN_SETTINGS_H
#define RB_MAIN_SETTINGS_H

#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/config.h"
#include "lib/base/error.h"

#define SETTINGS_FILE "/etc/redbutton/redbuttond.conf"
/* A listener or an outside file that is switched off. */
#define SETTINGS_OFF "off"

/* Takes all known flags out of argv; what remains is the caller's. */
int settings_read(int *argc, char **argv, struct config **ret, struct error *err);
/* The table as help text. */
void settings_add_help(struct buf *out);
/* The table as redbuttond.conf(5), and its flags as part of redbuttond(8). */
void settings_add_manual(struct buf *out);
/* One item of a page, its name behind `dashes`. */
void settings_add_manual_option(
	const struct config_option *option, const char *dashes, struct buf *out);
void settings_add_manual_flags(struct buf *out);
/* Each setting as `name = value`: a file that can be given back. */
void settings_add_values(const struct config *settings, struct buf *out);
/* The text, or NULL when it is empty or "off". */
const char *settings_text(const struct config *settings, const char *name);
/* A comma-separated list, NULL-ended, in the arena. */
const char *const *settings_list(
	const struct config *settings, const char *name, struct arena *arena);

#endif
