#include "lib/base/text.h"
#include "lib/cli/cli_rooms.h"

#include <string.h>

#define COLUMN_MAX 34 /* summaries begin here at most */

/* --- rows of two columns --- */

struct rows {
	struct cli *cli;
	const char *noun; /* which verbs; NULL with is_all: all */
	bool is_all;
	int width;
	const char *last_noun;
	bool has_begun;
};

static char *left_of(struct arena *arena, const struct cli_verb *verb)
{
	return arena_format(arena, "%s%s%s%s%s", verb->noun ? verb->noun : "",
		verb->noun ? " " : "", verb->verb, verb->args && *verb->args ? " " : "",
		verb->args ? verb->args : "");
}

static bool is_wanted(const struct rows *rows, const struct cli_verb *verb)
{
	return rows->is_all || text_is_equal(rows->noun, verb->noun);
}

static void measure(void *arg, const struct cli_verb *verb)
{
	struct rows *rows = arg;
	int columns = text_columns(left_of(&rows->cli->arena, verb));

	if (is_wanted(rows, verb) && columns > rows->width && columns <= COLUMN_MAX)
		rows->width = columns;
}

/* `text` begins at `column`, where it goes on too. */
static void print_folded(struct cli *cli, const char *text, int column)
{
	struct buf line = BUF_INIT;

	if (cli->width)
		fold_add(&line, text, column, column, cli->width);
	else
		buf_add_text(&line, text);
	fprintf(cli->out, "%s\n", buf_text(&line));
	buf_done(&line);
}

static void print_row(struct cli *cli, const char *left, int width, const char *right)
{
	int columns = text_columns(left);

	if (columns > width)
		fprintf(cli->out, "  %s\n  %*s  ", left, width, "");
	else
		fprintf(cli->out, "  %s%*s  ", left, width - columns, "");
	print_folded(cli, right, width + 4);
}

static void print_verb(void *arg, const struct cli_verb *verb)
{
	struct rows *rows = arg;

	if (!is_wanted(rows, verb))
		return;
	if (rows->is_all && (!rows->has_begun || !text_is_equal(rows->last_noun, verb->noun)))
		fputc('\n', rows->cli->out);
	rows->has_begun = true;
	rows->last_noun = verb->noun;
	print_row(rows->cli, left_of(&rows->cli->arena, verb), rows->width, verb->summary);
}

static void print_verbs(struct cli *cli, const char *noun, bool is_all)
{
	struct rows rows = {.cli = cli, .noun = noun, .is_all = is_all};

	parse_each_verb(cli->program, measure, &rows);
	parse_each_verb(cli->program, print_verb, &rows);
}

/* --- flags --- */

static char *flag_left(struct arena *arena, const struct cli_flag *flag)
{
	return arena_format(arena, "--%s%s%s", flag->name, flag->value ? " " : "",
		flag->value ? flag->value : "");
}

static void print_flags(struct cli *cli, const struct cli_flag *flags, size_t max)
{
	int width = 0;

	for (size_t i = 0; i < max && flags[i].name; i++) {
		int columns = text_columns(flag_left(&cli->arena, &flags[i]));

		width = columns > width && columns <= COLUMN_MAX ? columns : width;
	}
	for (size_t i = 0; i < max && flags[i].name; i++)
		print_row(cli, flag_left(&cli->arena, &flags[i]), width,
			arena_format(&cli->arena, "%s%s%s", flags[i].help,
				flags[i].required ? " (required)" : "",
				flags[i].repeated ? " (may be repeated)" : ""));
}

/* --- the three pages --- */

static void print_overview(struct cli *cli)
{
	const char *name = cli->program->name;

	print_folded(cli, arena_format(&cli->arena, "%s - %s", name, cli->program->summary), 0);
	fprintf(cli->out, "\nUsage: %s NOUN VERB [ARGUMENTS] [FLAGS]\n", name);
	print_verbs(cli, NULL, true);
	fprintf(cli->out, "\nFlags of every verb:\n");
	print_flags(cli, cli_common_flags, SIZE_MAX);
	fprintf(cli->out,
		"\n%s help NOUN VERB explains a verb;\n"
		"%s completion bash|zsh|fish prints completions;\n"
		"%s --version prints the version.\n",
		name, name, name);
}

static void print_noun(struct cli *cli)
{
	fprintf(cli->out, "Usage: %s %s VERB [ARGUMENTS] [FLAGS]\n\n", cli->program->name,
		cli->noun);
	print_verbs(cli, cli->noun, false);
	for (size_t i = 0; i < cli->program->note_count; i++)
		if (text_is_equal(cli->program->notes[i].noun, cli->noun))
			fprintf(cli->out, "\n%s\n", cli->program->notes[i].text);
}

static void print_help(struct cli *cli, const char *help)
{
	fputc('\n', cli->out);
	for (const char *line = help; *line;) {
		size_t length = strcspn(line, "\n");

		print_folded(cli, arena_text_n(&cli->arena, line, length), 0);
		line += length + (line[length] == '\n');
	}
}

static void print_verb_page(struct cli *cli)
{
	const struct cli_verb *verb = cli->verb;

	fprintf(cli->out, "Usage: %s%s\n\n%s\n", parse_usage(&cli->arena, cli->program, verb),
		verb->flags[0].name ? " [FLAGS]" : "", verb->summary);
	if (verb->help)
		print_help(cli, verb->help);
	if (verb->flags[0].name) {
		fprintf(cli->out, "\nFlags:\n");
		print_flags(cli, verb->flags, CLI_FLAGS_MAX);
	}
	fprintf(cli->out, "\nFlags of every verb:\n");
	print_flags(cli, cli_common_flags, SIZE_MAX);
}

void help_print(struct cli *cli)
{
	if (cli->verb)
		print_verb_page(cli);
	else if (cli->noun)
		print_noun(cli);
	else
		print_overview(cli);
}
