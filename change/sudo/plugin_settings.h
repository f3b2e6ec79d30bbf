/*
 * What sudo and its configuration tell the plugin when it is opened, read strictly: a plugin option
 * that is not known, given twice or out of its limits is an error, and so is a name that sudo
 * always gives and did not. Pure.
 */
#ifndef RB_CHANGE_SUDO_SETTINGS_H
#define RB_CHANGE_SUDO_SETTINGS_H

#include "change/gate/gate_config.h"
#include "lib/base/arena.h"
#include "lib/base/error.h"

#include <stdbool.h>
#include <stdint.h>

#define PLUGIN_RECORD_DIR "/var/lib/rcm/recordings"

/* Of the Plugin line in sudo.conf. */
struct plugin_options {
	/*
	 * socket=PATH; server_uid=N, who must be at the other end, 0 without; public_key=HEX, 64
	 * digits: then only signed allows count; record_dir=PATH, of the recordings.
	 */
	struct gate_config gate;
	bool is_interactive; /* interactive=yes|no; no */
};

/* Who called sudo, where, and for which change. */
struct plugin_caller {
	const char *user, *cwd;
	const char *tty; /* "" without a terminal */
	uint32_t uid, session;
	uint32_t lines, columns;
	const char *change; /* RCM_CHANGE of the calling environment, or "" */
	uint32_t step;	    /* RCM_STEP, or 0 */
};

/* The lists are sudo's, NULL-ended; NULL is refused but for `options`. Texts are copied into the
 * arena. ERROR_INVALID names the setting. */
int plugin_options_read(
	struct arena *arena, char *const *options, struct plugin_options *ret, struct error *err);
int plugin_caller_read(struct arena *arena, char *const *user_info, char *const *environment,
	struct plugin_caller *ret, struct error *err);

/* The command as the policy decided it (command_info). */
struct plugin_command {
	const char *path; /* as sudo found it: links are not resolved */
	const char *runas;
	const char *cwd;     /* where it will run; NULL when sudo names none: the caller's */
	const char *runcwd;  /* set for a command that an allowed one started (intercept) */
	bool is_edit;	     /* sudoedit */
	uint32_t edit_files; /* how many */
};
int plugin_command_read(struct arena *arena, char *const *command_info, struct plugin_command *ret,
	struct error *err);

/* The value of "name=" in the list, or NULL; ERROR_INVALID when it is there twice. */
int plugin_setting(const char *list_name, char *const *list, const char *name, const char **ret,
	struct error *err);

#endif
