#include "lib/base/text.h"
#include "lib/cli/cli_rooms.h"

#include <string.h>

/*
 * The scripts hold the tables: completing asks nobody, so it works without a daemon.
 * $1 first word, $2 second word; a verb of its own has no second.
 */
static const char bash_head[] =
	"_%s() {\n"
	"\tlocal cur=${COMP_WORDS[COMP_CWORD]} words=() list= i\n"
	"\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	"\t\t[[ ${COMP_WORDS[i]} == -* ]] || words+=(\"${COMP_WORDS[i]}\")\n"
	"\tdone\n"
	"\tcase \"$cur\" in\n"
	"\t-*) list=\"$(_%s_flags \"${words[0]}\" \"${words[1]}\")\" ;;\n"
	"\t*)\n"
	"\t\tcase ${#words[@]} in\n"
	"\t\t0) list=\"%s\" ;;\n"
	"\t\t1) list=\"$(_%s_verbs \"${words[0]}\")\" ;;\n"
	"\t\tesac ;;\n"
	"\tesac\n"
	"\tCOMPREPLY=($(compgen -W \"$list\" -- \"$cur\"))\n"
	"\t[[ ${#COMPREPLY[@]} -gt 0 || -z $cur || $cur == -* ]] || COMPREPLY=($(compgen -f -- "
	"\"$cur\"))\n"
	"}\n"
	"complete -F _%s %s\n";

static const char zsh_tail[] = "_%s() {\n"
			       "\tlocal -a given list\n"
			       "\tgiven=(${${words[2,CURRENT-1]}:#-*})\n"
			       "\tif [[ $PREFIX == -* ]]; then\n"
			       "\t\tlist=($(_%s_flags \"${given[1]}\" \"${given[2]}\"))\n"
			       "\telif (( ${#given} == 0 )); then\n"
			       "\t\tlist=(%s)\n"
			       "\telif (( ${#given} == 1 )); then\n"
			       "\t\tlist=($(_%s_verbs \"${given[1]}\"))\n"
			       "\tfi\n"
			       "\tif (( ${#list} )); then compadd -a list; else _files; fi\n"
			       "}\n"
			       "compdef _%s %s\n";

struct lister {
	struct cli *cli;
	const char *noun;
	struct buf out;
};

/* --- names --- */

/* A shell function's name. */
static char *identifier(struct cli *cli)
{
	char *name = arena_text(&cli->arena, cli->program->name);

	for (char *c = name; *c; c++)
		if (*c == '-')
			*c = '_';
	return name;
}

static void add_word(struct buf *out, const char *word)
{
	char *spaced = NULL;
	struct arena arena = ARENA_INIT;

	spaced = arena_format(&arena, " %s ", word);
	if (!strstr(arena_format(&arena, " %s ", buf_text(out)), spaced))
		buf_add_format(out, "%s%s", out->length ? " " : "", word);
	arena_done(&arena);
}

static void add_first(void *arg, const struct cli_verb *verb)
{
	struct lister *lister = arg;

	add_word(&lister->out, verb->noun ? verb->noun : verb->verb);
}

static char *first_words(struct cli *cli)
{
	struct lister lister = {.cli = cli};
	char *words;

	parse_each_verb(cli->program, add_first, &lister);
	add_word(&lister.out, "help");
	add_word(&lister.out, "completion");
	words = arena_text(&cli->arena, buf_text(&lister.out));
	buf_done(&lister.out);
	return words;
}

static void add_verb(void *arg, const struct cli_verb *verb)
{
	struct lister *lister = arg;

	if (text_is_equal(verb->noun, lister->noun))
		add_word(&lister->out, verb->verb);
}

static char *verbs_of(struct cli *cli, const char *noun)
{
	struct lister lister = {.cli = cli, .noun = noun};
	char *words;

	parse_each_verb(cli->program, add_verb, &lister);
	words = arena_text(&cli->arena, buf_text(&lister.out));
	buf_done(&lister.out);
	return words;
}

static void add_flags(struct buf *out, const struct cli_flag *flags, size_t max)
{
	for (size_t i = 0; i < max && flags[i].name; i++)
		buf_add_format(out, "%s--%s", out->length ? " " : "", flags[i].name);
}

/* --- bash and zsh: two functions that both understand --- */

static void print_noun_case(void *arg, const struct cli_verb *verb)
{
	struct lister *lister = arg;

	if (!verb->noun || parse_find_verb(lister->cli->program, verb->noun, NULL) != verb)
		return;
	fprintf(lister->cli->out, "\t%s) echo \"%s\" ;;\n", verb->noun,
		verbs_of(lister->cli, verb->noun));
}

static void print_flag_case(void *arg, const struct cli_verb *verb)
{
	struct lister *lister = arg;
	struct buf flags = BUF_INIT;

	if (!verb->flags[0].name)
		return;
	add_flags(&flags, verb->flags, CLI_FLAGS_MAX);
	if (verb->noun)
		fprintf(lister->cli->out, "\t\"%s %s\") echo \"%s\" ;;\n", verb->noun, verb->verb,
			buf_text(&flags));
	else
		fprintf(lister->cli->out, "\t\"%s \"*) echo \"%s\" ;;\n", verb->verb,
			buf_text(&flags));
	buf_done(&flags);
}

static void print_functions(struct cli *cli, const char *name)
{
	struct lister lister = {.cli = cli};
	struct buf common = BUF_INIT;

	fprintf(cli->out, "_%s_verbs() {\n\tcase \"$1\" in\n", name);
	parse_each_verb(cli->program, print_noun_case, &lister);
	fprintf(cli->out,
		"\tcompletion) echo \"bash zsh fish\" ;;\n\thelp) echo \"%s\" ;;\n\tesac\n}\n",
		first_words(cli));
	add_flags(&common, cli_common_flags, SIZE_MAX);
	fprintf(cli->out, "_%s_flags() {\n\techo \"%s\"\n\tcase \"$1 $2\" in\n", name,
		buf_text(&common));
	parse_each_verb(cli->program, print_flag_case, &lister);
	fprintf(cli->out, "\tesac\n}\n");
	buf_done(&common);
}

static void print_bash(struct cli *cli)
{
	const char *name = identifier(cli);

	print_functions(cli, name);
	fprintf(cli->out, bash_head, name, name, first_words(cli), name, name, cli->program->name);
}

static void print_zsh(struct cli *cli)
{
	const char *name = identifier(cli);

	fprintf(cli->out, "#compdef %s\n", cli->program->name);
	print_functions(cli, name);
	fprintf(cli->out, zsh_tail, name, name, first_words(cli), name, name, cli->program->name);
}

/* --- fish: one line each --- */

static char *fish_quoted(struct arena *arena, const char *text)
{
	struct buf out = BUF_INIT;
	char *quoted;

	for (const char *c = text; *c; c++) {
		if (*c == '\'' || *c == '\\')
			buf_add_char(&out, '\\');
		buf_add_char(&out, *c);
	}
	quoted = arena_text(arena, buf_text(&out));
	buf_done(&out);
	return quoted;
}

static void print_fish_flag(struct cli *cli, const char *condition, const struct cli_flag *flag)
{
	fprintf(cli->out, "complete -c %s%s -l %s%s -d '%s'\n", cli->program->name, condition,
		flag->name, flag->value ? " -r" : "", fish_quoted(&cli->arena, flag->help));
}

static void print_fish_verb(void *arg, const struct cli_verb *verb)
{
	struct lister *lister = arg;
	struct cli *cli = lister->cli;
	const char *program = cli->program->name, *condition;

	if (verb->noun && parse_find_verb(cli->program, verb->noun, NULL) == verb)
		fprintf(cli->out, "complete -c %s -n __fish_use_subcommand -a %s\n", program,
			verb->noun);
	fprintf(cli->out, "complete -c %s -n '%s%s' -a %s -d '%s'\n", program,
		verb->noun ? "__fish_seen_subcommand_from " : "__fish_use_subcommand",
		verb->noun ? verb->noun : "", verb->verb, fish_quoted(&cli->arena, verb->summary));
	condition = arena_format(&cli->arena, " -n '__fish_seen_subcommand_from %s%s%s'",
		verb->noun ? verb->noun : verb->verb,
		verb->noun ? "; and __fish_seen_subcommand_from " : "",
		verb->noun ? verb->verb : "");
	for (size_t i = 0; i < CLI_FLAGS_MAX && verb->flags[i].name; i++)
		print_fish_flag(cli, condition, &verb->flags[i]);
}

static void print_fish(struct cli *cli)
{
	struct lister lister = {.cli = cli};

	parse_each_verb(cli->program, print_fish_verb, &lister);
	for (size_t i = 0; cli_common_flags[i].name; i++)
		print_fish_flag(cli, "", &cli_common_flags[i]);
}

int completion_print(struct cli *cli, const char *shell, struct error *err)
{
	if (!strcmp(shell, "bash"))
		print_bash(cli);
	else if (!strcmp(shell, "zsh"))
		print_zsh(cli);
	else if (!strcmp(shell, "fish"))
		print_fish(cli);
	else {
		error_set(err, ERROR_USAGE, "completion needs the name of a shell");
		return error_remedy(err, "usage: %s completion bash|zsh|fish", cli->program->name);
	}
	return 0;
}
