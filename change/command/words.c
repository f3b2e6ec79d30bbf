#include "change/command/words.h"

#include "lib/base/buf.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* What a shell acts on, with what it would do: the sentence of the error. */
static const struct {
	char character;
	const char *meaning;
} acts[] = {
	{'|', "a pipe"},
	{'&', "a job in the background"},
	{';', "a second command"},
	{'<', "a redirection"},
	{'>', "a redirection"},
	{'(', "a subshell"},
	{')', "a subshell"},
	{'$', "an expansion"},
	{'`', "a substitution"},
	{'*', "a pattern"},
	{'?', "a pattern"},
	{'[', "a pattern"},
	{']', "a pattern"},
	{'{', "a list of words"},
	{'}', "a list of words"},
	{'~', "a home folder"},
	{'#', "a comment"},
	{'!', "a negation or the history"},
	{'\n', "a second line"},
};

/* Words with which a shell begins something else than a simple command. */
static const char *const reserved[] = {"if", "then", "else", "elif", "fi", "do", "done", "case",
	"esac", "while", "until", "for", "select", "function", "coproc", "time", "in"};

struct splitter {
	struct arena *arena;
	const char *line;
	size_t at;
	struct buf word;
	bool is_word, is_quoted; /* a word has begun; some of it was quoted */
	char **words;
	size_t count, capacity;
	struct error *err;
};

static int refuse(struct splitter *s, size_t at, const char *message)
{
	size_t column = 1;

	for (size_t i = 0; i < at; i++)
		column += ((unsigned char)s->line[i] & 0xC0) != 0x80;
	error_set(s->err, ERROR_INVALID, "%s", message);
	error_field(s->err, "line");
	error_place(s->err, "column %zu", column);
	error_remedy(s->err, "quote it if it is meant as text; what needs a shell is a script, "
			     "attached to the change");
	return ERROR_INVALID;
}

static int refuse_character(struct splitter *s, unsigned char c)
{
	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++)
		if ((unsigned char)acts[i].character == c) {
			char message[80];
			struct error told = ERROR_INIT;

			if (c == '\n')
				return refuse(s, s->at, "the line has a second line");
			error_set(&told, ERROR_INVALID, "unquoted %c is %s", c, acts[i].meaning);
			memcpy(message, told.message, sizeof(message) - 1);
			message[sizeof(message) - 1] = 0;
			return refuse(s, s->at, message);
		}
	if (c < 0x20 || c == 0x7F)
		return refuse(s, s->at, "the line has an unquoted control character");
	return 0;
}

static void begin(struct splitter *s)
{
	s->is_word = true;
}

/* 'text': all bytes up to the next quote. */
static int take_single(struct splitter *s)
{
	const char *end = strchr(s->line + s->at + 1, '\'');

	if (!end)
		return refuse(s, s->at, "the quote ' has no end");
	begin(s);
	s->is_quoted = true;
	buf_add(&s->word, s->line + s->at + 1, (size_t)(end - (s->line + s->at + 1)));
	s->at = (size_t)(end - s->line) + 1;
	return 0;
}

/* "text": as between ', but what a shell would act on inside is refused. */
static int take_double(struct splitter *s)
{
	size_t start = s->at++;

	begin(s);
	s->is_quoted = true;
	for (; s->line[s->at]; s->at++) {
		char c = s->line[s->at];

		if (c == '"') {
			s->at++;
			return 0;
		}
		if (c == '$' || c == '`' || c == '\\')
			return refuse(s, s->at,
				c == '\\'  ? "\\ between \" and \" means different things"
				: c == '$' ? "$ between \" and \" is an expansion"
					   : "` between \" and \" is a substitution");
		buf_add_char(&s->word, c);
	}
	return refuse(s, start, "the quote \" has no end");
}

static int take_backslash(struct splitter *s)
{
	char next = s->line[s->at + 1];

	if (!next || next == '\n')
		return refuse(s, s->at, "\\ stands at the end of the line");
	begin(s);
	s->is_quoted = true;
	buf_add_char(&s->word, next);
	s->at += 2;
	return 0;
}

/* A first word that a shell does not take for the name of a command. */
static int check_first(struct splitter *s, size_t start)
{
	if (!s->word.length)
		return refuse(s, start, "the name of the command is empty");
	if (s->is_quoted)
		return 0;
	if (s->word.bytes[0] == '%')
		return refuse(s, start, "% at the beginning is a job");
	for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++)
		if (!strcmp(buf_text(&s->word), reserved[i]))
			return refuse(s, start, "the first word is a word of the shell's language");
	return 0;
}

static int end_word(struct splitter *s, size_t start)
{
	int rc;

	if (!s->is_word)
		return 0;
	if (!s->count && (rc = check_first(s, start)) < 0)
		return rc;
	if (s->count >= WORDS_MAX)
		return refuse(s, start, "the line has too many words");
	s->words = arena_grow(s->arena, s->words, s->count, &s->capacity, sizeof(char *));
	s->words[s->count++] = arena_text_n(s->arena, buf_text(&s->word), s->word.length);
	buf_clear(&s->word);
	s->is_word = s->is_quoted = false;
	return 0;
}

static int take(struct splitter *s)
{
	unsigned char c = (unsigned char)s->line[s->at];
	int rc;

	if (c == '\'')
		return take_single(s);
	if (c == '"')
		return take_double(s);
	if (c == '\\')
		return take_backslash(s);
	if ((rc = refuse_character(s, c)) < 0)
		return rc;
	if (c == '=' && !s->count)
		return refuse(s, s->at, "= in the first word assigns a variable");
	begin(s);
	buf_add_char(&s->word, (char)c);
	s->at++;
	return 0;
}

static int split(struct splitter *s)
{
	size_t start = 0;
	int rc;

	while (s->line[s->at]) {
		char c = s->line[s->at];

		if (c == ' ' || c == '\t') {
			if ((rc = end_word(s, start)) < 0)
				return rc;
			s->at++;
			continue;
		}
		if (!s->is_word)
			start = s->at;
		if ((rc = take(s)) < 0)
			return rc;
	}
	if ((rc = end_word(s, start)) < 0)
		return rc;
	return s->count ? 0 : refuse(s, 0, "the line names no command");
}

int words_split(struct arena *arena, const char *line, char ***ret_words, size_t *ret_count,
	struct error *err)
{
	struct splitter s = {.arena = arena, .line = line, .word = BUF_INIT, .err = err};
	struct error own = ERROR_INIT;
	int rc;

	if (!err)
		s.err = &own;
	if (strlen(line) > WORDS_BYTES_MAX)
		return refuse(&s, 0, "the line is too long");
	rc = split(&s);
	buf_done(&s.word);
	if (rc < 0)
		return rc;
	s.words = arena_grow(arena, s.words, s.count, &s.capacity, sizeof(char *));
	s.words[s.count] = NULL;
	*ret_words = s.words;
	*ret_count = s.count;
	return 0;
}

/* Needs no quotes anywhere, and in the first place too. */
static bool is_plain(const char *word, bool is_first)
{
	if (!*word)
		return false;
	for (const char *c = word; *c; c++)
		if (!((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
			    (*c >= '0' && *c <= '9') || strchr("/._-+:,@", *c) ||
			    (*c == '=' && !is_first)))
			return false;
	for (size_t i = 0; is_first && i < sizeof(reserved) / sizeof(reserved[0]); i++)
		if (!strcmp(word, reserved[i]))
			return false;
	return true;
}

static void add_quoted(struct buf *out, const char *word)
{
	buf_add_char(out, '\'');
	for (const char *c = word; *c; c++)
		if (*c == '\'')
			buf_add_text(out, "'\\''");
		else
			buf_add_char(out, *c);
	buf_add_char(out, '\'');
}

char *words_join(struct arena *arena, const char *const *words)
{
	struct buf line = BUF_INIT;
	char *made;

	for (size_t i = 0; words[i]; i++) {
		if (i)
			buf_add_char(&line, ' ');
		if (is_plain(words[i], i == 0))
			buf_add_text(&line, words[i]);
		else
			add_quoted(&line, words[i]);
	}
	made = arena_text_n(arena, buf_text(&line), line.length);
	buf_done(&line);
	return made;
}
