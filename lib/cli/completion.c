#include "lib/base/text.h"
#include "lib/cli/cli_rooms.h"

#include <string.h>

/* A person waits with a finger on the key: longer than this it was not worth it. */
#define ASK_MS "700ms"

static const char *const shells[] = {"bash", "zsh", "fish", NULL};

/* What stands before the cursor, as far as it is understood. */
struct line {
	struct cli *cli;
	const char *word; /* at the cursor, as far as it is written; may be "" */
	const char *noun;
	const struct cli_verb *verb;
	const char *words[CLI_WORDS_MAX]; /* without flags; [0] noun or verb */
	int count;
	const struct cli_flag *open; /* its value stands at the cursor */
	bool is_plain;		     /* behind "--" */
	const char *said[CLI_WORDS_MAX * 2];
	int said_count;
};

/* --- offering --- */

static bool is_fit(struct arena *arena, const char *word)
{
	return *word && *word != ':' && !strcmp(text_visible(arena, word), word);
}

/* A word once, and only if what is written begins it. What is shown beside it stays one line. */
static void offer(struct line *line, const char *word, const char *about)
{
	struct arena *arena = &line->cli->arena;

	if (!text_starts_with(word, line->word) || !is_fit(arena, word))
		return;
	for (int i = 0; i < line->said_count; i++)
		if (!strcmp(line->said[i], word))
			return;
	if (line->said_count == CLI_WORDS_MAX * 2)
		return;
	line->said[line->said_count++] = word;
	fprintf(line->cli->out, "%s\t%s\n", word, about ? text_visible(arena, about) : "");
}

static void offer_files(struct line *line)
{
	fputs(CLI_COMPLETE_FILES "\n", line->cli->out);
}

/* "done|not_done" */
static void offer_choices(struct line *line, const char *choices)
{
	char *rest = arena_text(&line->cli->arena, choices), *word;

	while ((word = strsep(&rest, "|")))
		offer(line, word, NULL);
}

/* --- names that the daemon knows --- */

static const struct cli_names *find_names(
	const struct line *line, const char *noun, const char *place, size_t length)
{
	const struct cli_program *program = line->cli->program;

	for (size_t i = 0; i < program->name_count; i++)
		if (text_is_equal(program->names[i].noun, noun) &&
			strlen(program->names[i].place) == length &&
			!strncmp(program->names[i].place, place, length))
			return &program->names[i];
	return NULL;
}

static const json_t *rows_of(const json_t *answer)
{
	const char *key;
	json_t *value;

	if (json_is_array(answer))
		return answer;
	json_object_foreach ((json_t *)answer, key, value)
		if (json_is_array(value))
			return value;
	return NULL;
}

static void offer_names(struct line *line, const struct cli_names *names)
{
	static const struct cli_flag timeout = {.name = "timeout", .value = "TIME"};
	struct cli *cli = line->cli;
	struct error silent = ERROR_INIT;
	json_t *answer = NULL;
	const json_t *rows;

	/* The first of a name counts: ours, whatever the line says. */
	memmove(cli->values + 1, cli->values, cli->value_count * sizeof(*cli->values));
	cli->values[0] = (struct cli_flag_value){&timeout, ASK_MS};
	cli->value_count++;
	if (cli_get(cli, names->path, &answer, &silent) < 0)
		return;
	rows = rows_of(answer);
	for (size_t i = 0; i < json_array_size(rows); i++) {
		const json_t *row = json_array_get(rows, i);
		const char *word = json_string_value(print_find(row, names->member));
		const json_t *about = names->about ? print_find(row, names->about) : NULL;

		if (word)
			offer(line, word, about ? print_text(&cli->arena, about) : NULL);
	}
}

static bool is_file(const char *place)
{
	return text_starts_with(place, "FILE") || text_starts_with(place, "PATH") ||
	       text_starts_with(place, "DIR");
}

/* What a place ("NAME[@NUMBER]", "FILE", "yes|no") stands for. */
static void offer_place(struct line *line, const char *noun, const char *place)
{
	const struct cli_names *names;
	size_t length;

	place += *place == '[';
	length = strspn(place, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
	if (!length && strchr(place, '|'))
		offer_choices(line, place);
	else if (is_file(place))
		offer_files(line);
	else if ((names = find_names(line, noun, place, length)))
		offer_names(line, names);
}

/* --- words, flags --- */

static void offer_first(void *arg, const struct cli_verb *verb)
{
	offer(arg, verb->noun ? verb->noun : verb->verb, verb->noun ? NULL : verb->summary);
}

static void offer_verb(void *arg, const struct cli_verb *verb)
{
	struct line *line = arg;

	if (text_is_equal(verb->noun, line->noun))
		offer(line, verb->verb, verb->summary);
}

static bool is_given(const struct line *line, const struct cli_flag *flag)
{
	return !flag->repeated && cli_flag(line->cli, flag->name);
}

static void offer_flags(struct line *line, const struct cli_flag *flags, size_t max)
{
	for (size_t i = 0; i < max && flags[i].name; i++)
		if (!is_given(line, &flags[i]))
			offer(line, arena_format(&line->cli->arena, "--%s", flags[i].name),
				flags[i].help);
}

/* The place of the argument at the cursor; the last one goes on when it is "NAME ...". */
static const char *place_at(struct line *line, int position)
{
	char *rest = arena_text(&line->cli->arena, line->verb->args ? line->verb->args : "");
	char *word, *last = NULL;

	while ((word = strsep(&rest, " "))) {
		if (text_starts_with(word, "..."))
			return last;
		if (position-- == 0)
			return word;
		last = word;
	}
	return NULL;
}

static void offer_argument(struct line *line)
{
	int position = line->count - (line->verb->noun ? 2 : 1);
	const char *place = place_at(line, position);

	if (place && (is_file(place) || position > 0 || strcmp(line->verb->verb, "add")))
		offer_place(line, line->noun, place);
}

/* "help" and "completion" are words of the kit, not of the tables. */
static void offer_word(struct line *line)
{
	const struct cli_program *program = line->cli->program;

	if (line->count && !strcmp(line->words[0], "help")) {
		line->count--;
		memmove(line->words, line->words + 1, sizeof(line->words[0]) * (size_t)line->count);
	} else if (line->count == 1 && !strcmp(line->words[0], "completion")) {
		for (const char *const *shell = shells; *shell; shell++)
			offer(line, *shell, NULL);
	} else if (line->verb) {
		offer_argument(line);
		return;
	}
	if (line->count == 0) {
		parse_each_verb(program, offer_first, line);
		offer(line, "help", "explain a noun or a verb");
		offer(line, "completion", "print what a shell needs for completion");
	} else if (line->count == 1 && parse_is_noun(program, line->words[0])) {
		line->noun = line->words[0];
		parse_each_verb(program, offer_verb, line);
	}
}

/* --- reading the line --- */

static void keep_value(struct line *line, const struct cli_flag *flag, const char *value)
{
	struct cli *cli = line->cli;

	/* One place stays free: for the time-out of offer_names. */
	if (flag && cli->value_count < CLI_FLAG_VALUES_MAX - 1)
		cli->values[cli->value_count++] = (struct cli_flag_value){flag, value};
}

static void take_flag(struct line *line, const char *word)
{
	const char *name = word + 2;
	size_t length = strcspn(name, "=");
	const struct cli_flag *flag =
		strncmp(word, "--", 2) ? NULL : parse_find_flag(line->verb, name, length);

	if (!flag)
		return;
	if (flag->value && name[length] != '=')
		line->open = flag;
	else
		keep_value(line, flag, name[length] ? name + length + 1 : "");
}

static void take_word(struct line *line, const char *word)
{
	const struct cli_program *program = line->cli->program;

	line->words[line->count++] = word;
	if (line->count == 1)
		line->verb = parse_find_verb(program, NULL, word);
	if (line->count == 2 && !line->verb && parse_is_noun(program, line->words[0])) {
		line->verb = parse_find_verb(program, line->words[0], word);
		line->noun = line->words[0];
	}
}

static void take(struct line *line, const char *word)
{
	if (line->open) {
		keep_value(line, line->open, word);
		line->open = NULL;
	} else if (!line->is_plain && !strcmp(word, "--")) {
		line->is_plain = true;
	} else if (!line->is_plain && word[0] == '-' && word[1]) {
		take_flag(line, word);
	} else {
		take_word(line, word);
	}
}

void completion_print(struct cli *cli)
{
	struct line *line = arena_alloc(&cli->arena, sizeof(*line));

	line->cli = cli;
	for (int i = 0; i + 1 < cli->word_count; i++)
		take(line, cli->words[i]);
	line->word = cli->words[cli->word_count - 1];
	if (line->open) {
		offer_place(line, arena_format(&cli->arena, "--%s", line->open->name),
			line->open->value);
	} else if (!line->is_plain && line->word[0] == '-') {
		if (line->verb)
			offer_flags(line, line->verb->flags, CLI_FLAGS_MAX);
		offer_flags(line, cli_common_flags, SIZE_MAX);
		if (!line->count)
			offer(line, "--version", "print the version");
	} else {
		offer_word(line);
	}
}
