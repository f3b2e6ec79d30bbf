#include "change/command/command_rooms.h"

#include "lib/base/text.h"

#include <string.h>

/* One row of a text of options: "o,output:>" */
struct option_row {
	const char *start; /* its first name */
	size_t first_length, names_length;
	char takes; /* ':', '?' or 0 */
	char means; /* '!', '>', '<', '%' or 0 */
};

bool text_is_word(const char *list, const char *word)
{
	size_t length = strlen(word);

	for (const char *at = list; length && (at = strstr(at, word)); at++)
		if ((at == list || at[-1] == ' ') && (at[length] == ' ' || !at[length]))
			return true;
	return false;
}

char *text_lower(struct arena *arena, const char *text)
{
	char *made = arena_text(arena, text);

	for (char *c = made; *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	return made;
}

static bool next_row(const char **at, struct option_row *ret)
{
	const char *text = *at + strspn(*at, " ");
	size_t length = strcspn(text, " "), names;

	if (!length)
		return false;
	*ret = (struct option_row){.start = text};
	for (names = length; names && strchr(":?!><%", text[names - 1]); names--)
		if (strchr(":?", text[names - 1]))
			ret->takes = text[names - 1];
		else
			ret->means = text[names - 1];
	ret->names_length = names;
	ret->first_length = strcspn(text, ", ");
	if (ret->first_length > names)
		ret->first_length = names;
	*at = text + length;
	return true;
}

enum match { MATCH_NONE, MATCH_PREFIX, MATCH_WHOLE };

/* Is the name one of the row's? Only whole names of one letter, prefixes of longer ones. */
static enum match match_row(const struct option_row *row, const char *name, size_t length)
{
	const char *at = row->start, *end = row->start + row->names_length;
	enum match found = MATCH_NONE;

	while (at < end) {
		size_t part = strcspn(at, ",");

		if (part > (size_t)(end - at))
			part = (size_t)(end - at);
		if (part == length && !strncmp(at, name, length))
			return MATCH_WHOLE;
		if (length > 1 && part > length && !strncmp(at, name, length))
			found = MATCH_PREFIX;
		at += part + 1;
	}
	return found;
}

static bool find_row(const char *options, const char *name, size_t length, struct option_row *ret,
	bool *ret_is_short_of)
{
	struct option_row row;
	bool found = false;

	*ret_is_short_of = false;
	for (const char *at = options; next_row(&at, &row);) {
		enum match match = match_row(&row, name, length);

		if (match == MATCH_WHOLE) {
			*ret = row;
			*ret_is_short_of = false;
			return true;
		}
		if (match == MATCH_PREFIX && !found) {
			*ret = row;
			*ret_is_short_of = found = true;
		}
	}
	return found;
}

static void note(struct command *c, const struct option_row *row, const char *value, char *word)
{
	struct given *given;

	c->given = arena_grow(&c->analysis->arena, c->given, c->given_count, &c->given_capacity,
		sizeof(*c->given));
	given = &c->given[c->given_count++];
	*given = (struct given){row->start, row->first_length, value, word};
	if (row->means == '!')
		impact_runs(c, word);
	else if (row->means == '%')
		command_doubt(c, "opaque");
	else if (row->means == '>' && value && !strcmp(value, "-") &&
		 text_is_word("curl wget", c->program))
		return; /* to the output */
	else if (row->means == '>' && value)
		path_impact(c, "write", value, "one");
	else if (row->means == '<' && value)
		path_read(c, value);
}

static void add_operand(struct command *c, char *word)
{
	c->operands = arena_grow(&c->analysis->arena, c->operands, c->operand_count,
		&c->operand_capacity, sizeof(char *));
	c->operands[c->operand_count++] = word;
}

/* --name, --name=value, --name value; -name with one dash. Returns how many words were used. */
static size_t take_long(struct command *c, size_t at, const char *name)
{
	size_t length = strcspn(name, "=");
	const char *value = name[length] ? name + length + 1 : NULL;
	struct option_row row;
	bool is_short_of;

	if (!find_row(c->row->options, name, length, &row, &is_short_of) ||
		(length == 1 && !(c->row->style & STYLE_ONE_DASH))) {
		command_doubt(c, "opaque");
		return 1;
	}
	/* Another option of the program that we do not know may be meant. */
	if (is_short_of)
		command_doubt(c, "opaque");
	if (value && !row.takes)
		command_doubt(c, "opaque");
	if (row.takes == ':' && !value) {
		if (at + 1 >= c->count) {
			command_doubt(c, "opaque");
			return 1;
		}
		note(c, &row, c->words[at + 1], c->words[at]);
		return 2;
	}
	note(c, &row, value, c->words[at]);
	return 1;
}

/* -abc, -ofile, -o file. */
static size_t take_letters(struct command *c, size_t at, const char *letters)
{
	for (size_t i = 0; letters[i]; i++) {
		struct option_row row;
		bool is_short_of;

		if (!find_row(c->row->options, letters + i, 1, &row, &is_short_of) || is_short_of) {
			command_doubt(c, "opaque");
			return 1;
		}
		if (!row.takes) {
			note(c, &row, NULL, c->words[at]);
		} else if (letters[i + 1] || row.takes == '?') {
			note(c, &row, letters[i + 1] ? letters + i + 1 : NULL, c->words[at]);
			return 1;
		} else if (at + 1 < c->count) {
			note(c, &row, c->words[at + 1], c->words[at]);
			return 2;
		} else {
			command_doubt(c, "opaque");
			return 1;
		}
	}
	return 1;
}

static bool is_number(const char *word)
{
	return *word && strspn(word, "0123456789") == strlen(word);
}

static size_t take_word(struct command *c, size_t at, bool *is_over)
{
	static const struct option_row number = {"#", 1, 1, ':', 0};
	char *word = c->words[at];
	unsigned style = c->row->style;

	if (*is_over || word[0] != '-' || !word[1]) {
		add_operand(c, word);
		*is_over |= (style & STYLE_STOP) != 0;
		return 1;
	}
	if (!strcmp(word, "--")) {
		*is_over = true;
		return 1;
	}
	if ((style & STYLE_NUMBER) && is_number(word + 1)) {
		note(c, &number, word + 1, word);
		return 1;
	}
	if (word[1] == '-')
		return take_long(c, at, word + 2);
	if (style & STYLE_ONE_DASH)
		return take_long(c, at, word + 1);
	return take_letters(c, at, word + 1);
}

void option_parse(struct command *c)
{
	bool is_over = false;
	size_t at = 1;

	if ((c->row->style & STYLE_FIRST_BARE) && c->count > 1 && c->words[1][0] != '-') {
		/* The values of bare letters follow in their order; the letters alone are noted. */
		for (const char *letter = c->words[1]; *letter; letter++) {
			struct option_row row;
			bool is_short_of;

			if (!find_row(c->row->options, letter, 1, &row, &is_short_of) ||
				is_short_of) {
				command_doubt(c, "opaque");
				continue;
			}
			if (row.takes == ':' && at + 1 < c->count)
				note(c, &row, c->words[++at], c->words[1]);
			else
				note(c, &row, NULL, c->words[1]);
		}
		at++;
	}
	while (at < c->count)
		at += take_word(c, at, &is_over);
	add_operand(c, NULL);
	c->operand_count--;
}

static const struct given *find_given(const struct command *c, const char *name)
{
	for (size_t i = c->given_count; i-- > 0;)
		if (c->given[i].name_length == strlen(name) &&
			!strncmp(c->given[i].name, name, c->given[i].name_length))
			return &c->given[i];
	return NULL;
}

bool option_has(const struct command *c, const char *name)
{
	return find_given(c, name) != NULL;
}

const char *option_value(const struct command *c, const char *name)
{
	const struct given *given = find_given(c, name);

	return given ? given->value : NULL;
}
