#include "change/gate/trust.h"
#include "change/sudo/doctor_rooms.h"
#include "lib/base/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#define LINE_BYTES 8192
#define BLANKS	   " \t\r\n"

/* Once a Plugin line exists sudo loads nothing by itself: each of these must stand there. */
static const char *const needed[] = {
	"sudoers_policy", "sudoers_io", "sudoers_audit", "rcm_approval", "rcm_io"};

#define NEEDED_COUNT (sizeof(needed) / sizeof(needed[0]))

static void take_line(struct doctor *doctor, char *text, size_t *capacity)
{
	char *words[LINE_BYTES / 2 + 1], *rest = NULL;
	struct doctor_line *line;
	size_t count = 0;

	for (char *word = strtok_r(text, BLANKS, &rest); word && word[0] != '#';
		word = strtok_r(NULL, BLANKS, &rest))
		words[count++] = arena_text(&doctor->arena, word);
	if (count >= 3 && strcasecmp(words[0], "Path") == 0 && strcmp(words[1], "plugin_dir") == 0)
		doctor->plugin_dir = words[2];
	if (count < 3 || strcasecmp(words[0], "Plugin") != 0)
		return;
	words[count] = NULL;
	doctor->lines = arena_grow(&doctor->arena, doctor->lines, doctor->line_count, capacity,
		sizeof(*doctor->lines));
	line = &doctor->lines[doctor->line_count++];
	line->words =
		arena_copy(&doctor->arena, (const void *)(words + 1), count * sizeof(words[0]));
	line->options = line->words + 2;
}

int doctor_conf_read(struct doctor *doctor, struct error *err)
{
	FILE *file = fopen(doctor->paths->sudo_conf, "re");
	char text[LINE_BYTES];
	size_t length = 0, capacity = 0;

	doctor->plugin_dir = doctor->paths->plugin_dir;
	if (!file)
		return error_errno(err, errno == ENOENT ? ERROR_NOT_FOUND : ERROR_IO,
			doctor->paths->sudo_conf);
	/* A backslash at its end joins a line with the next. */
	while (length < sizeof(text) - 1 &&
		fgets(text + length, (int)(sizeof(text) - length), file)) {
		length += strlen(text + length);
		if (length >= 2 && strcmp(text + length - 2, "\\\n") == 0) {
			length -= 2;
			continue;
		}
		take_line(doctor, text, &capacity);
		length = 0;
	}
	if (length)
		take_line(doctor, text, &capacity);
	fclose(file);
	return 0;
}

const struct doctor_line *doctor_conf_line(
	const struct doctor *doctor, const char *symbol, size_t *ret_count)
{
	const struct doctor_line *found = NULL;
	size_t count = 0;

	for (size_t i = 0; i < doctor->line_count; i++) {
		if (strcmp(doctor->lines[i].words[0], symbol) != 0)
			continue;
		if (!found)
			found = &doctor->lines[i];
		count++;
	}
	if (ret_count)
		*ret_count = count;
	return found;
}

const char *doctor_conf_path(struct doctor *doctor, const struct doctor_line *line)
{
	const char *path = line->words[1];

	return path[0] == '/' ? path
			      : arena_format(&doctor->arena, "%s/%s", doctor->plugin_dir, path);
}

/* --- checks --- */

void doctor_look_conf(struct doctor *doctor, struct doctor_finding *ret)
{
	const char *path = doctor->paths->sudo_conf;
	struct error err = ERROR_INIT;

	if (trust_check(path, &err) == 0)
		doctor_well(ret, "%s is root's alone", path);
	else if (err.code == ERROR_NOT_FOUND)
		doctor_ill(ret, DOCTOR_BROKEN,
			"write it with the five Plugin lines of docs/rcm-sudo.md",
			"%s is not there: sudo asks nobody", path);
	else
		doctor_ill(ret, DOCTOR_BROKEN, "chown root:root and chmod 0644, in folders of root",
			"%s; sudo ignores such a file with a warning and runs without the plugin",
			err.message);
}

void doctor_look_lines(struct doctor *doctor, struct doctor_finding *ret)
{
	char missing[256] = "";

	for (size_t i = 0; i < NEEDED_COUNT; i++) {
		size_t count;

		doctor_conf_line(doctor, needed[i], &count);
		if (count > 1) {
			doctor_ill(ret, DOCTOR_BROKEN, "leave one of them",
				"%s has %zu Plugin lines for %s", doctor->paths->sudo_conf, count,
				needed[i]);
			return;
		}
		if (count == 0)
			snprintf(missing + strlen(missing), sizeof(missing) - strlen(missing),
				" %s", needed[i]);
	}
	if (*missing)
		doctor_ill(ret, DOCTOR_BROKEN,
			"add a Plugin line for each: once there is one, sudo loads nothing by "
			"itself",
			"%s has no Plugin line for:%s", doctor->paths->sudo_conf, missing);
	else
		doctor_well(ret, "all five are there");
}

/* sudo loads what anybody could have written, so this looks where sudo does not. */
static bool is_file_safe(const char *path, struct doctor_finding *ret)
{
	struct error err = ERROR_INIT;
	struct stat state;

	if (trust_check(path, &err) < 0) {
		doctor_ill(ret, DOCTOR_BROKEN,
			err.code == ERROR_NOT_FOUND
				? "install it, or correct the path in sudo.conf; until then sudo "
				  "refuses everything"
				: "chown root:root and chmod 0644, in folders that only root can "
				  "change",
			"%s: %s", path, err.message);
		return false;
	}
	if (stat(path, &state) == 0 && S_ISREG(state.st_mode) && !(state.st_mode & 07777 & ~0644u))
		return true;
	doctor_ill(ret, DOCTOR_BROKEN, "chmod 0644", "%s has mode %o", path,
		(unsigned)(state.st_mode & 07777));
	return false;
}

void doctor_look_plugin(struct doctor *doctor, struct doctor_finding *ret)
{
	const struct doctor_line *approval = doctor_conf_line(doctor, "rcm_approval", NULL),
				 *io = doctor_conf_line(doctor, "rcm_io", NULL);

	if (!approval || !io) {
		doctor_ill(ret, DOCTOR_BROKEN, "see the check before this one",
			"sudo.conf does not name it");
		return;
	}
	if (strcmp(doctor_conf_path(doctor, approval), doctor_conf_path(doctor, io)) != 0) {
		doctor_ill(ret, DOCTOR_BROKEN,
			"name the same file in both lines: the halves work on one state",
			"rcm_approval and rcm_io come from different files");
		return;
	}
	if (is_file_safe(doctor_conf_path(doctor, approval), ret))
		doctor_well(ret, "%s is root's alone", doctor_conf_path(doctor, approval));
}

static bool is_same_gate(const struct gate_config *a, const struct gate_config *b)
{
	return strcmp(a->socket, b->socket) == 0 && a->server_uid == b->server_uid &&
	       a->has_key == b->has_key &&
	       (!a->has_key || memcmp(a->key, b->key, sizeof(a->key)) == 0);
}

void doctor_look_options(struct doctor *doctor, struct doctor_finding *ret)
{
	const struct doctor_line *approval = doctor_conf_line(doctor, "rcm_approval", NULL),
				 *io = doctor_conf_line(doctor, "rcm_io", NULL);
	struct plugin_options of_io;
	struct error err = ERROR_INIT;

	if (!approval || !io) {
		doctor_ill(ret, DOCTOR_BROKEN, "see the check before this one", "there are none");
		return;
	}
	if (plugin_options_read(&doctor->arena, approval->options, &doctor->options, &err) < 0 ||
		plugin_options_read(&doctor->arena, io->options, &of_io, &err) < 0)
		doctor_ill(ret, DOCTOR_BROKEN,
			*err.remedy ? err.remedy : "correct it; until then sudo refuses everything",
			"%s", err.message);
	else if (!is_same_gate(&doctor->options.gate, &of_io.gate))
		doctor_ill(ret, DOCTOR_BROKEN,
			"give both lines the same options; until then no granted command runs",
			"rcm_approval and rcm_io name different gates");
	else if (!is_same_gate(&doctor->options.gate, doctor->paths->gate))
		doctor_ill(ret, DOCTOR_WEAK, "make sudo.conf and " GATE_CONFIG_PATH " agree",
			"sudo asks another gate (%s) than rcm (%s)", doctor->options.gate.socket,
			doctor->paths->gate->socket);
	else
		doctor_well(ret, "both halves ask %s", doctor->options.gate.socket);
}
