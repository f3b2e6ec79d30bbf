#include "change/command/command_sql_word.h"

#include <string.h>

struct reader {
	struct arena *arena;
	const char *at;
	struct sql_words *out;
};

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '@' ||
	       (c & 0x80);
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static void add(struct reader *r, enum sql_kind kind, const char *start, size_t length)
{
	struct sql_words *out = r->out;
	char *text = arena_text_n(r->arena, start, length), *upper;

	if (out->count >= SQL_WORDS_MAX) {
		out->is_odd = true;
		return;
	}
	upper = kind == SQL_WORD ? arena_text(r->arena, text) : NULL;
	for (char *c = upper; c && *c; c++)
		if (*c >= 'a' && *c <= 'z')
			*c = (char)(*c - 'a' + 'A');
	out->words =
		arena_grow(r->arena, out->words, out->count, &out->capacity, sizeof(*out->words));
	out->words[out->count++] = (struct sql_word){kind, text, upper ? upper : ""};
}

/* Comments of all dialects. Those that some servers run, or nest, are odd. */
static bool skip_comment(struct reader *r)
{
	if ((r->at[0] == '-' && r->at[1] == '-') || r->at[0] == '#') {
		/* "--x" is no comment for MySQL, "#" none for others. */
		if (r->at[0] == '#' || (r->at[2] && !strchr(" \t\n", r->at[2])))
			r->out->is_odd = true;
		r->at += strcspn(r->at, "\n");
		return true;
	}
	if (r->at[0] == '/' && r->at[1] == '*') {
		const char *end = strstr(r->at + 2, "*/"), *inner = strstr(r->at + 2, "/*");

		if (strchr("!+M", r->at[2]) || !end || (inner && inner < end))
			r->out->is_odd = true;
		r->at = end ? end + 2 : r->at + strlen(r->at);
		return true;
	}
	return false;
}

/* 'text', "text", `text`: a doubled quote stands for itself; a backslash differs between servers.
 */
static void take_quoted(struct reader *r, char quote)
{
	const char *start = ++r->at;

	for (; *r->at; r->at++) {
		if (*r->at == '\\')
			r->out->is_odd = true;
		if (*r->at != quote)
			continue;
		if (r->at[1] != quote)
			break;
		r->at++;
	}
	if (!*r->at)
		r->out->is_odd = true;
	add(r, quote == '\'' ? SQL_TEXT : SQL_NAME, start, (size_t)(r->at - start));
	r->at += *r->at != 0;
}

static void take(struct reader *r)
{
	const char *start = r->at;

	if (*r->at == '\'' || *r->at == '"' || *r->at == '`') {
		take_quoted(r, *r->at);
	} else if (is_letter(*r->at)) {
		while (is_letter(*r->at) || is_digit(*r->at) || *r->at == '$')
			r->at++;
		/* E'...', x'...', N'...' and U&'...' have rules of their own. */
		if (*r->at == '\'')
			r->out->is_odd = true;
		add(r, SQL_WORD, start, (size_t)(r->at - start));
	} else if (is_digit(*r->at)) {
		while (is_digit(*r->at) || *r->at == '.' || is_letter(*r->at))
			r->at++;
		add(r, SQL_NUMBER, start, (size_t)(r->at - start));
	} else {
		if (*r->at == '$' || *r->at == '\\' || (*r->at < 0x20 && *r->at > 0))
			r->out->is_odd = true;
		r->at++;
		add(r, SQL_SIGN, start, 1);
	}
}

void sql_words_split(struct arena *arena, const char *text, struct sql_words *ret)
{
	struct reader r = {arena, text, ret};

	*ret = (struct sql_words){0};
	while (*r.at)
		if (strchr(" \t\r\n", *r.at))
			r.at++;
		else if (!skip_comment(&r))
			take(&r);
}
