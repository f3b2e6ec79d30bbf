#include "lib/cli/roff.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LINE_BYTES 78 /* of the source: longer ones are hard to read there, and lint says so */

/* A line's first '.' or ' would be a request; '-' would become a hyphen that nobody can copy. */
static void add_escaped(struct buf *out, const char *text, size_t length)
{
	bool at_start = out->length == 0 || out->bytes[out->length - 1] == '\n';

	if (at_start && length && (*text == '.' || *text == '\''))
		buf_add_text(out, "\\&");
	for (size_t i = 0; i < length; i++) {
		if (text[i] == '\\')
			buf_add_text(out, "\\e");
		else if (text[i] == '-')
			buf_add_text(out, "\\-");
		else
			buf_add_char(out, text[i]);
	}
}

static void end_line(struct buf *out)
{
	if (out->length && out->bytes[out->length - 1] != '\n')
		buf_add_char(out, '\n');
}

static size_t line_length(const char *text)
{
	return strcspn(text, "\n");
}

/* Of what add_escaped writes: a dash or a backslash takes two. */
static size_t width_of(const char *text, size_t length)
{
	size_t width = length;

	for (size_t i = 0; i < length; i++)
		width += text[i] == '-' || text[i] == '\\';
	return width;
}

/* Words of one or more lines, in source lines of a good length. */
static const char *add_filled(struct buf *out, const char *text)
{
	size_t column = 0;

	while (*text && *text != '\n') {
		size_t length = strcspn(text, " \n"), width = width_of(text, length);

		if (column && column + width > LINE_BYTES) {
			buf_add_char(out, '\n');
			column = 0;
		} else if (column) {
			buf_add_char(out, ' ');
		}
		add_escaped(out, text, length);
		column += width + 1;
		text += length;
		text += strspn(text, " ");
		if (*text == '\n' && text[1] && text[1] != '\n' && text[1] != ' ')
			text++;
	}
	end_line(out);
	return *text ? text + 1 : text;
}

/* As it is, from one line that begins with a blank to the next that does not. */
static const char *add_indented(struct buf *out, const char *text)
{
	buf_add_text(out, ".nf\n");
	for (; *text == ' ';
		text += text[line_length(text)] ? line_length(text) + 1 : line_length(text)) {
		add_escaped(out, text, line_length(text));
		buf_add_char(out, '\n');
	}
	buf_add_text(out, ".fi\n");
	return text;
}

static void add_text(struct buf *out, const char *text, const char *paragraph)
{
	while (*text) {
		if (*text == '\n') {
			text += strspn(text, "\n");
			if (*text)
				buf_add_text(out, paragraph);
		} else if (*text == ' ') {
			text = add_indented(out, text);
		} else {
			text = add_filled(out, text);
		}
	}
}

static void today(char *text, size_t size)
{
	const char *epoch = getenv("SOURCE_DATE_EPOCH");
	time_t now = epoch ? (time_t)atoll(epoch) : time(NULL);
	struct tm tm;

	if (!gmtime_r(&now, &tm) || !strftime(text, size, "%Y-%m-%d", &tm))
		*text = 0;
}

void roff_begin(struct buf *out, const char *name, int section, const char *summary)
{
	char date[32];

	today(date, sizeof(date));
	buf_add_text(out, ".TH ");
	for (const char *c = name; *c; c++)
		buf_add_char(out, *c >= 'a' && *c <= 'z' ? (char)(*c - 'a' + 'A') : *c);
	buf_add_format(out, " %d %s \"redbutton %s\"\n.SH NAME\n", section, date, RB_VERSION);
	add_escaped(out, name, strlen(name));
	buf_add_text(out, " \\-\n");
	add_text(out, summary, "");
}

static void add_macro(struct buf *out, const char *macro, const char *text)
{
	buf_add_format(out, "%s \"", macro);
	for (const char *c = text; *c; c++) {
		if (*c == '"')
			buf_add_text(out, "\\(dq");
		else
			add_escaped(out, c, 1);
	}
	buf_add_text(out, "\"\n");
}

void roff_heading(struct buf *out, const char *text)
{
	add_macro(out, ".SH", text);
}

void roff_subheading(struct buf *out, const char *text)
{
	add_macro(out, ".SS", text);
}

void roff_paragraph(struct buf *out, const char *text)
{
	add_text(out, text, ".PP\n");
}

void roff_item(struct buf *out, const char *tag, const char *value, const char *text)
{
	buf_add_text(out, ".TP\n\\fB");
	add_escaped(out, tag, strlen(tag));
	buf_add_text(out, "\\fR");
	if (value && *value) {
		buf_add_text(out, " \\fI");
		add_escaped(out, value, strlen(value));
		buf_add_text(out, "\\fR");
	}
	buf_add_char(out, '\n');
	add_text(out, text, ".IP\n");
}

void roff_more(struct buf *out, const char *text)
{
	buf_add_text(out, ".IP\n");
	add_text(out, text, ".IP\n");
}

void roff_lines(struct buf *out, const char *text)
{
	buf_add_text(out, ".nf\n");
	while (*text) {
		add_escaped(out, text, line_length(text));
		buf_add_char(out, '\n');
		text += line_length(text);
		text += *text == '\n';
	}
	buf_add_text(out, ".fi\n");
}

void roff_see_also(struct buf *out, const char *const *pages, size_t count)
{
	roff_heading(out, "SEE ALSO");
	for (size_t i = 0; i < count; i++) {
		const char *space = strchr(pages[i], ' ');

		buf_add_text(out, ".BR ");
		add_escaped(out, pages[i], (size_t)(space - pages[i]));
		buf_add_format(out, " (%s)%s\n", space + 1, i + 1 < count ? "," : "");
	}
}
