#include "lib/base/text.h"
#include "lib/cli/cli_rooms.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

/* Where our programs may lie, seen from this one. */
static const char *const places[] = {"", "../sbin/", "../bin/", "../libexec/redbutton/"};

int cli_confirm(struct cli *cli, const char *question, struct error *err)
{
	char answer[16] = "";

	if (cli_flag(cli, "yes"))
		return 0;
	if (cli->is_json || !isatty(STDIN_FILENO)) {
		error_set(err, ERROR_USAGE,
			"this must be confirmed, and there is no terminal to ask on");
		error_field(err, "yes");
		return error_remedy(err, "add --yes when you mean it");
	}
	fprintf(cli->errors, "%s [y/N] ", text_visible(&cli->arena, question));
	fflush(cli->errors);
	if (!fgets(answer, sizeof(answer), stdin))
		answer[0] = 0;
	answer[strcspn(answer, "\n")] = 0;
	if (!strcasecmp(answer, "y") || !strcasecmp(answer, "yes"))
		return 0;
	return error_set(err, ERROR_USAGE, "not confirmed; nothing was done");
}

static int own_directory(char *directory, size_t size, struct error *err)
{
	ssize_t length = readlink("/proc/self/exe", directory, size - 1);
	char *slash;

	if (length < 0)
		return error_errno(err, ERROR_IO, "this program's place cannot be read");
	directory[length] = 0;
	slash = strrchr(directory, '/');
	if (slash)
		slash[1] = 0;
	return 0;
}

int cli_exec_beside(
	struct cli *cli, const char *program, const char *const *argv, struct error *err)
{
	char directory[PATH_MAX];
	int rc = own_directory(directory, sizeof(directory), err);

	if (rc < 0)
		return rc;
	fflush(cli->out);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		const char *path =
			arena_format(&cli->arena, "%s%s%s", directory, places[i], program);

		if (access(path, X_OK) < 0)
			continue;
		execv(path, (char *const *)(uintptr_t)argv);
		error_errno(err, ERROR_IO, path);
		return err->code;
	}
	error_set(err, ERROR_NOT_FOUND, "the program %s is not installed beside %s", program,
		cli->program->name);
	error_place(err, "%s", directory);
	return error_remedy(
		err, "run this on the daemon's own host, or install the daemon's package");
}
