#include "lib/base/text.h"
#include "lib/cli/cli_rooms.h"

#include <string.h>

#define NAMES_MAX 256

const struct cli_flag cli_common_flags[] = {
	{.name = "json", .help = "print JSON for programs"},
	{.name = "yes", .help = "do not ask for confirmation"},
	{.name = "socket",
		.value = "PATH",
		.help = "socket of the daemon (RB_SOCKET; default " CLI_SOCKET ")"},
	{.name = "url",
		.value = "URL",
		.help = "address of the daemon instead of its socket (RB_URL)"},
	{.name = "token-file",
		.value = "FILE",
		.help = "file with the API token (RB_TOKEN_FILE; or RB_TOKEN)"},
	{.name = "ca-file", .value = "FILE", .help = "certificates to trust (RB_CA_FILE)"},
	{.name = "timeout",
		.value = "TIME",
		.help = "how long to wait for an answer (default 90s)"},
	{.name = "help", .help = "explain this verb"},
	{.name = NULL},
};

/* --- the tables --- */

void parse_each_verb(const struct cli_program *program,
	void (*each)(void *arg, const struct cli_verb *verb), void *arg)
{
	for (size_t i = 0; i < program->group_count; i++)
		for (size_t j = 0; j < program->groups[i].count; j++)
			each(arg, &program->groups[i].verbs[j]);
}

struct search {
	const char *noun, *verb;
	const struct cli_verb *found;
};

static void compare(void *arg, const struct cli_verb *verb)
{
	struct search *search = arg;

	if (!search->found && text_is_equal(verb->noun, search->noun) &&
		(!search->verb || text_is_equal(verb->verb, search->verb)))
		search->found = verb;
}

const struct cli_verb *parse_find_verb(
	const struct cli_program *program, const char *noun, const char *verb)
{
	struct search search = {noun, verb, NULL};

	parse_each_verb(program, compare, &search);
	return search.found;
}

bool parse_is_noun(const struct cli_program *program, const char *noun)
{
	return noun && parse_find_verb(program, noun, NULL);
}

char *parse_usage(
	struct arena *arena, const struct cli_program *program, const struct cli_verb *verb)
{
	char *usage = arena_format(arena, "%s %s%s%s%s%s", program->name,
		verb->noun ? verb->noun : "", verb->noun ? " " : "", verb->verb,
		verb->args && *verb->args ? " " : "", verb->args ? verb->args : "");

	for (size_t i = 0; i < CLI_FLAGS_MAX && verb->flags[i].name; i++)
		if (verb->flags[i].required)
			usage = arena_format(arena, "%s --%s %s", usage, verb->flags[i].name,
				verb->flags[i].value ? verb->flags[i].value : "");
	return usage;
}

/* --- which verb --- */

struct names {
	const char *noun; /* names of its verbs; NULL: nouns and verbs of their own */
	const char *names[NAMES_MAX];
	size_t count;
};

static void add_name(struct names *names, const char *name)
{
	for (size_t i = 0; i < names->count; i++)
		if (!strcmp(names->names[i], name))
			return;
	if (names->count < NAMES_MAX)
		names->names[names->count++] = name;
}

static void collect(void *arg, const struct cli_verb *verb)
{
	struct names *names = arg;

	if (names->noun) {
		if (text_is_equal(verb->noun, names->noun))
			add_name(names, verb->verb);
	} else {
		add_name(names, verb->noun ? verb->noun : verb->verb);
	}
}

static int refuse_word(struct cli *cli, const char *noun, const char *word, struct error *err)
{
	struct names names = {.noun = noun};
	const char *nearest, *name = cli->program->name;

	parse_each_verb(cli->program, collect, &names);
	if (!noun) {
		add_name(&names, "help");
		add_name(&names, "completion");
	}
	nearest = text_nearest(word, names.names, names.count);
	if (noun)
		error_set(err, ERROR_USAGE, "\"%s\" has no verb \"%.100s\"", noun,
			text_visible(&cli->arena, word));
	else
		error_set(err, ERROR_USAGE, "there is no \"%.100s\"",
			text_visible(&cli->arena, word));
	if (nearest)
		return error_remedy(err, "did you mean: %s%s%s %s", name, noun ? " " : "",
			noun ? noun : "", nearest);
	return error_remedy(err, "see: %s help%s%s", name, noun ? " " : "", noun ? noun : "");
}

static int refuse_lonely_noun(struct cli *cli, const char *noun, struct error *err)
{
	struct names names = {.noun = noun};
	struct buf list = BUF_INIT;

	parse_each_verb(cli->program, collect, &names);
	for (size_t i = 0; i < names.count; i++)
		buf_add_format(&list, "%s%s", i ? ", " : "", names.names[i]);
	error_set(err, ERROR_USAGE, "\"%s\" needs a verb: %.700s", noun, buf_text(&list));
	buf_done(&list);
	return error_remedy(err, "see: %s help %s", cli->program->name, noun);
}

/* Takes the noun and the verb off the front of the words; tells how many words that were. */
static int find_verb(
	struct cli *cli, const char *const *words, int count, int *ret_used, struct error *err)
{
	*ret_used = 1;
	cli->verb = parse_find_verb(cli->program, NULL, words[0]);
	if (cli->verb)
		return 0;
	if (!parse_is_noun(cli->program, words[0]))
		return refuse_word(cli, NULL, words[0], err);
	if (count < 2)
		return refuse_lonely_noun(cli, words[0], err);
	*ret_used = 2;
	cli->verb = parse_find_verb(cli->program, words[0], words[1]);
	return cli->verb ? 0 : refuse_word(cli, words[0], words[1], err);
}

/* --- flags --- */

static const struct cli_flag *find_flag(
	const struct cli_flag *flags, size_t max, const char *name, size_t length)
{
	for (size_t i = 0; i < max && flags[i].name; i++)
		if (strlen(flags[i].name) == length && !strncmp(flags[i].name, name, length))
			return &flags[i];
	return NULL;
}

const struct cli_flag *parse_find_flag(const struct cli_verb *verb, const char *name, size_t length)
{
	const struct cli_flag *flag = NULL;

	if (verb)
		flag = find_flag(verb->flags, CLI_FLAGS_MAX, name, length);
	return flag ? flag : find_flag(cli_common_flags, SIZE_MAX, name, length);
}

static int refuse_flag(struct cli *cli, const char *word, struct error *err)
{
	const char *names[CLI_FLAGS_MAX + 16], *nearest;
	char *name = arena_text_n(
		&cli->arena, word + strspn(word, "-"), strcspn(word + strspn(word, "-"), "="));
	size_t count = 0;

	for (size_t i = 0; cli->verb && i < CLI_FLAGS_MAX && cli->verb->flags[i].name; i++)
		names[count++] = cli->verb->flags[i].name;
	for (size_t i = 0; cli_common_flags[i].name; i++)
		names[count++] = cli_common_flags[i].name;
	nearest = text_nearest(name, names, count);
	error_set(
		err, ERROR_USAGE, "there is no flag %.100s here", text_visible(&cli->arena, word));
	error_field(err, "%.100s", text_visible(&cli->arena, name));
	if (nearest)
		return error_remedy(err, "did you mean --%s?", nearest);
	if (cli->verb)
		return error_remedy(err, "see: %s help %s%s%s", cli->program->name,
			cli->verb->noun ? cli->verb->noun : "", cli->verb->noun ? " " : "",
			cli->verb->verb);
	return error_remedy(
		err, "flags of a verb come behind it; see: %s help", cli->program->name);
}

static int fail_flag(const struct cli_flag *flag, const char *why, struct error *err)
{
	error_set(err, ERROR_USAGE, "--%s %s", flag->name, why);
	error_field(err, "%s", flag->name);
	if (flag->value)
		error_remedy(err, "write --%s %s", flag->name, flag->value);
	return ERROR_USAGE;
}

static int keep_flag(
	struct cli *cli, const struct cli_flag *flag, const char *value, struct error *err)
{
	if (!flag->repeated && cli_flag(cli, flag->name))
		return fail_flag(flag, "is given twice", err);
	if (cli->value_count == CLI_FLAG_VALUES_MAX)
		return fail_flag(flag, "is given too often", err);
	cli->values[cli->value_count++] = (struct cli_flag_value){flag, value};
	return 0;
}

/* A common flag without its value would mean the default one: another daemon than was meant. */
static int take_value(
	struct cli *cli, const struct cli_flag *flag, const char *value, struct error *err)
{
	if (!*value &&
		find_flag(cli_common_flags, SIZE_MAX, flag->name, strlen(flag->name)) == flag)
		return fail_flag(flag, "needs a value", err);
	return keep_flag(cli, flag, value, err);
}

/* One flag at *at; moves on by one or two words. */
static int take_flag(struct cli *cli, int argc, char **argv, int *at, struct error *err)
{
	const char *word = argv[*at], *name = word + 2;
	size_t length = strcspn(name, "=");
	bool has_value = name[length] == '=';
	const struct cli_flag *flag =
		strncmp(word, "--", 2) ? NULL : parse_find_flag(cli->verb, name, length);

	if (!flag)
		return refuse_flag(cli, word, err);
	(*at)++;
	if (!flag->value)
		return has_value ? fail_flag(flag, "takes no value", err)
				 : keep_flag(cli, flag, "", err);
	if (has_value)
		return take_value(cli, flag, name + length + 1, err);
	if (*at >= argc)
		return fail_flag(flag, "needs a value", err);
	return take_value(cli, flag, argv[(*at)++], err);
}

/* --- the whole line --- */

static bool is_flag(const char *word)
{
	return word[0] == '-' && word[1];
}

/* The first word from `at` on that is neither a flag nor the value of a common one; argc = none. */
static int next_word(int argc, char **argv, int at)
{
	const struct cli_flag *flag;

	for (; at < argc && is_flag(argv[at]); at++) {
		flag = strncmp(argv[at], "--", 2) ? NULL
						  : find_flag(cli_common_flags, SIZE_MAX,
							    argv[at] + 2, strlen(argv[at] + 2));
		if (flag && flag->value && at + 1 < argc)
			at++;
	}
	return at;
}

/* --json and --help count wherever they stand, also on a line that is wrong elsewhere. */
static void scan_ahead(struct cli *cli, int argc, char **argv)
{
	int first = next_word(argc, argv, 1);

	for (int i = 1; i < argc && strcmp(argv[i], "--"); i++) {
		if (!strcmp(argv[i], "--json"))
			cli->is_json = true;
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))
			cli->mode = CLI_HELP;
		if (i < first && !strcmp(argv[i], "--version"))
			cli->mode = CLI_VERSION;
	}
	if (first < argc && !strcmp(argv[first], "help") && cli->mode != CLI_VERSION)
		cli->mode = CLI_HELP;
}

/* Help wants what it can find; it complains of a wrong name, of nothing else. */
static int find_help(struct cli *cli, int argc, char **argv, struct error *err)
{
	const char *words[2];
	int count = 0, used;

	for (int i = next_word(argc, argv, 1); i < argc && count < 2;
		i = next_word(argc, argv, i + 1)) {
		if (count == 0 && !strcmp(argv[i], "help"))
			continue;
		words[count++] = argv[i];
	}
	if (count == 0)
		return 0;
	if (count == 1 && parse_is_noun(cli->program, words[0])) {
		cli->noun = words[0];
		return 0;
	}
	return find_verb(cli, words, count, &used, err);
}

static int check_words(struct cli *cli, struct error *err)
{
	const struct cli_verb *verb = cli->verb;
	const char *what = NULL;

	if (cli->word_count < verb->min_args)
		what = cli->word_count ? "more arguments are needed" : "an argument is missing";
	else if (verb->max_args >= 0 && cli->word_count > verb->max_args)
		what = "too many arguments";
	if (!what)
		return 0;
	error_set(err, ERROR_USAGE, "%s", what);
	return error_remedy(err, "usage: %s", parse_usage(&cli->arena, cli->program, verb));
}

static int check_required(struct cli *cli, struct error *err)
{
	for (size_t i = 0; i < CLI_FLAGS_MAX && cli->verb->flags[i].name; i++) {
		const struct cli_flag *flag = &cli->verb->flags[i];

		if (flag->required && !cli_flag(cli, flag->name))
			return fail_flag(flag, "is required", err);
	}
	return 0;
}

static int take_words(struct cli *cli, int argc, char **argv, struct error *err)
{
	bool is_plain = false;
	int rc = 0;

	for (int at = 1; at < argc && rc >= 0;) {
		if (!is_plain && !strcmp(argv[at], "--")) {
			is_plain = true;
			at++;
		} else if (!is_plain && is_flag(argv[at])) {
			rc = take_flag(cli, argc, argv, &at, err);
		} else if (cli->word_count == CLI_WORDS_MAX) {
			rc = error_set(err, ERROR_USAGE, "too many arguments");
		} else {
			cli->words[cli->word_count++] = argv[at++];
			/* The verb is known as early as can be: the flags behind it are its own. */
			if (!cli->verb && (cli->word_count == 2 ||
						  !parse_is_noun(cli->program, cli->words[0]))) {
				int used;

				rc = find_verb(cli, cli->words, cli->word_count, &used, err);
				cli->word_count = rc < 0 ? cli->word_count : 0;
			}
		}
	}
	if (rc >= 0 && !cli->verb && cli->word_count)
		rc = refuse_lonely_noun(cli, cli->words[0], err);
	return rc;
}

/* What other programs ask of us: the manual's page, and words for a shell that completes. */
static bool is_hidden(struct cli *cli, int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "--man")) {
		cli->mode = CLI_MANUAL;
	} else if (argc > 3 && !strcmp(argv[1], "--complete") && !strcmp(argv[2], "--")) {
		cli->mode = CLI_COMPLETE;
		for (int i = 3; i < argc && cli->word_count < CLI_WORDS_MAX; i++)
			cli->words[cli->word_count++] = argv[i];
	} else {
		return false;
	}
	return true;
}

int parse_command_line(struct cli *cli, int argc, char **argv, struct error *err)
{
	int rc;

	if (is_hidden(cli, argc, argv))
		return 0;
	scan_ahead(cli, argc, argv);
	if (cli->mode == CLI_VERSION)
		return 0;
	if (cli->mode == CLI_HELP)
		return find_help(cli, argc, argv, err);
	if (argc > 1 && !strcmp(argv[1], "completion")) {
		cli->mode = CLI_SHELL;
		cli->words[cli->word_count++] = argc > 2 ? argv[2] : "";
		return 0;
	}
	rc = take_words(cli, argc, argv, err);
	if (rc < 0)
		return rc;
	if (!cli->verb) {
		cli->mode = CLI_HELP;
		return 0;
	}
	rc = check_words(cli, err);
	return rc < 0 ? rc : check_required(cli, err);
}
