/* What the files of the doctor share. Not for others. */
#ifndef RB_CHANGE_SUDO_DOCTOR_ROOMS_H
#define RB_CHANGE_SUDO_DOCTOR_ROOMS_H

#include "change/sudo/doctor.h"
#include "change/sudo/plugin_settings.h"
#include "lib/base/arena.h"

#include <stdbool.h>

enum doctor_word { DOCTOR_WELL, DOCTOR_WEAK, DOCTOR_BROKEN };

struct doctor_line {
	char **words;	/* of "Plugin": symbol, path, options ...; NULL-ended */
	char **options; /* those from the third word on */
};

struct doctor {
	const struct doctor_paths *paths;
	struct arena arena;
	/* sudo.conf */
	struct doctor_line *lines;
	size_t line_count;
	const char *plugin_dir;
	/* sudo itself; "" when it does not run */
	const char *version_text, *list_text;
	unsigned version[3]; /* 1.9.13; zeros for another sudo */
	/* what the plugin asks: of its Plugin line where that can be read, else of rcm */
	struct plugin_options options;
};

struct doctor_finding {
	enum doctor_word word;
	char text[640], remedy[384];
};

/* Fill in a finding; they return nothing so that a check ends with them. */
void doctor_well(struct doctor_finding *finding, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void doctor_ill(struct doctor_finding *finding, enum doctor_word word, const char *remedy,
	const char *format, ...) __attribute__((format(printf, 4, 5)));

/* --- doctor_conf.c: sudo.conf as sudo reads it --- */

int doctor_conf_read(struct doctor *doctor, struct error *err);
/* The line of a symbol, or NULL; counts them in `ret_count` (may be NULL). */
const struct doctor_line *doctor_conf_line(
	const struct doctor *doctor, const char *symbol, size_t *ret_count);
/* Where sudo finds the file of that line. */
const char *doctor_conf_path(struct doctor *doctor, const struct doctor_line *line);

void doctor_look_conf(struct doctor *doctor, struct doctor_finding *ret);
void doctor_look_lines(struct doctor *doctor, struct doctor_finding *ret);
void doctor_look_plugin(struct doctor *doctor, struct doctor_finding *ret);
void doctor_look_options(struct doctor *doctor, struct doctor_finding *ret);

/* --- doctor_sudo.c: what sudo says of itself --- */

void doctor_sudo_ask(struct doctor *doctor);
void doctor_look_sudo(struct doctor *doctor, struct doctor_finding *ret);
void doctor_look_trace(struct doctor *doctor, struct doctor_finding *ret);
void doctor_look_intercept(struct doctor *doctor, struct doctor_finding *ret);
void doctor_look_execveat(struct doctor *doctor, struct doctor_finding *ret);

#endif
