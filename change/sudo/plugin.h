/*
 * The two halves of rcm_approval.so between themselves: the approval half decides, the I/O half
 * watches what was allowed. sudo has no place for a context of ours, so plugin_entry.c keeps one
 * struct plugin for the process; everything else is handed it.
 */
#ifndef RB_CHANGE_SUDO_PLUGIN_H
#define RB_CHANGE_SUDO_PLUGIN_H

#include "change/gate/gate_message.h"
#include "change/sudo/plugin_settings.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sudo_plugin.h>
#include <sys/types.h>

#define PLUGIN_NOT_EXECUTED (126 << 8) /* how a run ends that did not begin, as waitpid has it */
#define PLUGIN_ID_SIZE	    257
#define PLUGIN_SAID_SIZE    1024

/* What an allow gave. */
struct plugin_run {
	char run[PLUGIN_ID_SIZE], change[PLUGIN_ID_SIZE]; /* "" without */
	uint32_t step, must, lease_s;
	int64_t kill_at_us; /* 0 = never */
};

/* The first allow of this sudo: what all else in it is judged by. */
struct plugin_session {
	bool is_allowed;
	struct plugin_run first;
	struct gate_config gate; /* who allowed it, and watches the run; `socket` is this: */
	char socket[PATH_MAX];
};

typedef struct sudo_plugin_event *(*plugin_event_alloc)(void);
struct plugin_watch;
struct recorder;

struct plugin {
	sudo_conv_t converse;
	sudo_printf_t print;
	struct arena arena; /* of one open, check and close of the approval half */
	bool is_open;
	struct plugin_options options;
	struct plugin_caller caller;
	struct plugin_session session;
	/* Of the I/O half, while the command runs; NULL for what has no run, and is not recorded.
	 */
	struct arena io_arena;
	struct plugin_options io_options;
	struct plugin_watch *watch; /* of the first run, then of those inside it */
	struct recorder *recorder;
	pid_t owner;		     /* the process that opened it: a child of sudo's has a copy */
	char said[PLUGIN_SAID_SIZE]; /* *errstr points here */
};

/* --- plugin_check.c: the approval half; the answers are sudo's: 1, 0 (no), -1 (error, so: no) ---
 */

struct plugin_opening {
	sudo_conv_t converse;
	sudo_printf_t print;
	unsigned version;
	char *const *user_info, *const *environment, *const *options;
};

/* 1 or -1, never 0: that would take the plugin out and let the command run. */
int plugin_check_open(
	struct plugin *plugin, const struct plugin_opening *opening, const char **errstr);
void plugin_check_close(struct plugin *plugin);
/* `event_alloc` is of the I/O half, NULL when sudo has not taken it up. 1 only for a verified
 * allow. */
int plugin_check(struct plugin *plugin, plugin_event_alloc event_alloc, char *const *command_info,
	char *const *argv, char *const *environment, const char **errstr);

/* --- plugin_io.c: the I/O half; 1, 0 (end the command), -1 --- */

struct plugin_io_opening {
	sudo_conv_t converse;
	sudo_printf_t print;
	unsigned version;
	char *const *user_info, *const *argv, *const *options;
	plugin_event_alloc event_alloc;
};

/* 1 or -1, never 0: then nobody would watch. -1 also without an allow of the approval half. */
int plugin_io_open(
	struct plugin *plugin, const struct plugin_io_opening *opening, const char **errstr);
/* `kind` is the asciicast event: 'o' or 'i'. */
int plugin_io_log(
	struct plugin *plugin, char kind, const char *bytes, size_t length, const char **errstr);
int plugin_io_resize(struct plugin *plugin, unsigned lines, unsigned columns, const char **errstr);
/* `status` as waitpid gives it; `failed` is the errno when the command could not be executed. */
void plugin_io_close(struct plugin *plugin, int status, int failed);
/* For the end of sudo's process: sudo 1.9.13 closes no I/O plugin when one of them broke its loop
 * and there is no terminal. Ends what is still open; nothing in any other process. */
void plugin_io_exit(struct plugin *plugin);

/* --- plugin_say.c: the only output, on the standard error, through sudo --- */

/* "rcm: deny[14 used_up] CHG-12 step 2: message". Control characters are shown, not sent. The same
 * line without "rcm: " is left in plugin->said. */
void plugin_say_refusal(struct plugin *plugin, enum gate_verdict_word verdict, const char *reason,
	const char *change, uint32_t step, const char *message);
/* "rcm: message", a remedy on a line of its own. Also left in plugin->said. */
void plugin_say_error(struct plugin *plugin, const struct error *err);

/* --- plugin_entry.c --- */

extern struct approval_plugin rcm_approval;
extern struct io_plugin rcm_io;

#endif
