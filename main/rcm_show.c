#include "main/rcm.h"

#include "change/gate/identity.h"
#include "change/sudo/doctor.h"
#include "lib/base/text.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int rcm_identity(struct rcm *rcm)
{
	struct error err = ERROR_INIT;
	const char *identity;

	if (identity_host(&rcm->arena, "", &identity, &err) < 0)
		return rcm_complain(&err, RCM_BAD_CONFIG);
	puts(identity);
	return fflush(stdout) == 0 ? 0 : RCM_INTERNAL;
}

int rcm_doctor(struct rcm *rcm)
{
	const struct doctor_paths paths = DOCTOR_PATHS_INIT(&rcm->config);

	int code = doctor_run(&paths, stdout);

	return fflush(stdout) == 0 ? code : RCM_INTERNAL;
}

/* What an event says, of a line `[1.250000, "m", "text"]`; NULL for what is no event. */
static const char *event_text(const char *line, char *ret_kind)
{
	const char *comma = line[0] == '[' ? strchr(line, ',') : NULL;

	if (!comma || strncmp(comma, ", \"", 3) != 0 || !comma[3] ||
		strncmp(comma + 4, "\", \"", 4) != 0)
		return NULL;
	*ret_kind = comma[3];
	return comma + 8;
}

/* A recording may come from anywhere: what deceives is spelled out. */
static void print_visible(const char *text, size_t length)
{
	struct buf visible = BUF_INIT;

	text_add_visible(&visible, text, length);
	printf("%s\n", buf_text(&visible));
	buf_done(&visible);
}

static void print_mark(const char *line, const char *text)
{
	size_t length = strcspn(text, "\n");

	if (length >= 2)
		length -= 2; /* its quote and bracket */
	printf("%12.6f  ", strtod(line + 1, NULL));
	print_visible(text, length);
}

struct seen {
	size_t events, marks;
	bool has_header, has_end, is_broken;
};

static void look_at(const char *line, struct seen *seen)
{
	const char *text;
	char kind;

	if (!seen->has_header) {
		seen->has_header = !strncmp(line, "{\"version\": 2,", 14) && strchr(line, '\n');
		seen->is_broken = !seen->has_header;
		if (seen->has_header)
			print_visible(line, strcspn(line, "\n"));
		return;
	}
	text = event_text(line, &kind);
	if (!text || !strchr(text, '\n')) {
		seen->is_broken = true;
		return;
	}
	seen->events++;
	if (kind != 'm')
		return;
	seen->marks++;
	seen->has_end = !strncmp(text, "end ", 4);
	print_mark(line, text);
}

/* A file only: a pipe would be waited for. NULL with the error. */
static FILE *open_recording(const char *path, struct error *err)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat status;

	if (fd < 0 || fstat(fd, &status) < 0) {
		error_errno(err, ERROR_IO, path);
	} else if (!S_ISREG(status.st_mode)) {
		error_set(err, ERROR_INVALID, "%s is no file", path);
		error_remedy(
			err, "give it the file of a recording: rcm run list --json names them");
	} else {
		return fdopen(fd, "r");
	}
	if (fd >= 0)
		close(fd);
	return NULL;
}

int rcm_recording(struct rcm *rcm)
{
	const char *path = rcm->command[0];
	struct error err = ERROR_INIT;
	FILE *file = open_recording(path, &err);
	struct seen seen = {0};
	char *line = NULL;
	size_t size = 0;

	if (!file)
		return rcm_complain(&err, 66);
	while (!seen.is_broken && getline(&line, &size, file) > 0)
		look_at(line, &seen);
	free(line);
	fclose(file);
	if (!seen.has_header) {
		error_set(&err, ERROR_INVALID, "%s is no recording (asciicast v2)", path);
		return rcm_complain(&err, 65);
	}
	printf("%zu events, %zu marks, %s\n", seen.events, seen.marks,
		seen.has_end && !seen.is_broken ? "whole" : "incomplete: it has no end");
	return seen.has_end && !seen.is_broken ? 0 : 1;
}
