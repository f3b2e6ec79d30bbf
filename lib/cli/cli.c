#include "lib/base/text.h"
#include "lib/cli/cli_rooms.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- what the verb was given --- */

int cli_arg_count(const struct cli *cli)
{
	return cli->word_count;
}

const char *cli_arg(const struct cli *cli, int position)
{
	return position >= 0 && position < cli->word_count ? cli->words[position] : NULL;
}

const char *cli_flag_at(const struct cli *cli, const char *name, size_t position)
{
	for (size_t i = 0; i < cli->value_count; i++)
		if (!strcmp(cli->values[i].flag->name, name) && position-- == 0)
			return cli->values[i].value;
	return NULL;
}

const char *cli_flag(const struct cli *cli, const char *name)
{
	return cli_flag_at(cli, name, 0);
}

bool cli_is_json(const struct cli *cli)
{
	return cli->is_json;
}

bool cli_is_terminal(const struct cli *cli)
{
	return cli->is_terminal;
}

struct arena *cli_arena(struct cli *cli)
{
	return &cli->arena;
}

FILE *cli_out(struct cli *cli)
{
	cli->has_result = true;
	return cli->out;
}

void cli_end_with(struct cli *cli, int exit_code)
{
	cli->exit_code = exit_code;
}

static void free_json(void *value)
{
	json_decref(value);
}

int cli_params(struct cli *cli, int first, json_t **ret, struct error *err)
{
	json_t *params = json_object();

	arena_defer(&cli->arena, free_json, params);
	for (int i = first; i < cli->word_count; i++) {
		const char *word = cli->words[i], *equals = strchr(word, '=');
		char *name;

		if (!equals || equals == word) {
			error_set(err, ERROR_USAGE, "\"%.200s\" is not of the form name=value",
				text_visible(&cli->arena, word));
			return error_remedy(err, "write for example zone=a");
		}
		name = arena_text_n(&cli->arena, word, (size_t)(equals - word));
		if (json_object_get(params, name)) {
			error_set(err, ERROR_USAGE, "the parameter %.100s is given twice",
				text_visible(&cli->arena, name));
			return error_field(err, "%.100s", name);
		}
		if (json_object_set_new(params, name, json_string(equals + 1)) < 0)
			return error_set(err, ERROR_USAGE, "the parameter %.100s is not UTF-8",
				text_visible(&cli->arena, word));
	}
	*ret = params;
	return 0;
}

/* --- running --- */

static int run_mode(struct cli *cli, struct error *err)
{
	switch (cli->mode) {
	case CLI_HELP:
		help_print(cli);
		return 0;
	case CLI_VERSION:
		fprintf(cli->out, "%s %s\n", cli->program->name, RB_VERSION);
		return 0;
	case CLI_SHELL:
		return shell_print(cli, cli->words[0], err);
	case CLI_COMPLETE:
		completion_print(cli);
		return 0;
	case CLI_MANUAL:
		manual_print(cli);
		return 0;
	case CLI_RUN:
		break;
	}
	return cli->verb->run(cli, err);
}

/* What could not be printed was not told: a full disk behind a pipe is an error too. */
static int check_output(struct cli *cli, struct error *err)
{
	if (fflush(cli->out) == 0 && !ferror(cli->out))
		return 0;
	return error_errno(err, ERROR_IO, "the output cannot be written");
}

int cli_run(const struct cli_program *program, int argc, char **argv, FILE *out, FILE *errors,
	bool is_terminal)
{
	struct cli cli = {
		.program = program, .out = out, .errors = errors, .is_terminal = is_terminal};
	struct error err = ERROR_INIT;
	int rc = parse_command_line(&cli, argc, argv, &err);

	cli.is_terminal = is_terminal && !cli.is_json;
	cli.width = fold_width(out);
	if (rc >= 0)
		rc = run_mode(&cli, &err);
	/* A program reads JSON also from a verb that has nothing to show. */
	if (rc >= 0 && cli.is_json && cli.mode == CLI_RUN && !cli.has_result)
		fputs("{}\n", out);
	if (rc >= 0)
		rc = check_output(&cli, &err);
	if (rc < 0) {
		fflush(out);
		print_error(&cli, &err);
	}
	client_free(cli.client);
	arena_done(&cli.arena);
	return rc < 0 ? error_exit(rc) : cli.exit_code;
}

int cli_main(const struct cli_program *program, int argc, char **argv)
{
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");
	bool is_terminal =
		isatty(STDOUT_FILENO) && (!no_color || !*no_color) && !text_is_equal(term, "dumb");

	return cli_run(program, argc, argv, stdout, stderr, is_terminal);
}
