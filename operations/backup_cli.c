#include "operations/backup_cli.h"

#include "lib/base/json.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int run_backup(struct cli *cli, struct error *err);

static const struct cli_verb verbs[] = {
	{.verb = "backup",
		.args = "FILE",
		.min_args = 1,
		.max_args = 1,
		.summary = "Copy the whole database into a new file, while the daemon serves",
		.help = "The daemon writes FILE and FILE.checkpoint on its own host, as its own "
			"user, mode 0600.\n"
			"Look at it with: redbutton audit verify --db FILE --checkpoint "
			"FILE.checkpoint\n"
			"Put it back with the daemon stopped: redbuttond --restore FILE",
		.run = run_backup},
};
const struct cli_verbs backup_verbs = {verbs, sizeof(verbs) / sizeof(verbs[0])};

/* From where the caller stands: the daemon stands elsewhere. */
static const char *absolute(struct cli *cli, const char *file)
{
	char directory[PATH_MAX];

	if (*file == '/' || !getcwd(directory, sizeof(directory)))
		return file;
	while (strncmp(file, "./", 2) == 0)
		file += 2;
	return arena_format(cli_arena(cli), "%s/%s", directory, file);
}

static int run_backup(struct cli *cli, struct error *err)
{
	static const char *const fields[] = {"file=file", "bytes=bytes", "checkpoint=checkpoint",
		"covers=checkpoint_records", NULL};
	json_t *body = json_object(), *answer;
	int rc;

	json_set_text(body, "file", absolute(cli, cli_arg(cli, 0)));
	rc = cli_post(cli, "/api/v1/backups", body, &answer, err);
	json_decref(body);
	if (rc >= 0)
		cli_print_fields(cli, answer, fields);
	return rc;
}
