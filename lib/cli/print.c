#include "lib/base/json.h"
#include "lib/base/text.h"
#include "lib/cli/cli_rooms.h"

#include <stdlib.h>
#include <string.h>

#define COLUMNS_MAX 24
#define BOLD	    "\033[1m"
#define RED	    "\033[31m"
#define PLAIN	    "\033[0m"

struct column {
	const char *title, *member;
	int width;
	bool is_number; /* all its values: aligned right */
};

/* --- values --- */

const json_t *print_find(const json_t *object, const char *path)
{
	while (object && *path) {
		size_t length = strcspn(path, ".");
		char key[128];

		if (length >= sizeof(key))
			return NULL;
		memcpy(key, path, length);
		key[length] = 0;
		object = json_object_get(object, key);
		path += length + (path[length] == '.');
	}
	return object;
}

static void add_value(struct buf *out, const json_t *value)
{
	char *text;
	size_t i;
	const json_t *item;

	switch (value ? json_typeof(value) : JSON_NULL) {
	case JSON_NULL:
		return;
	case JSON_STRING:
		text_add_visible(out, json_string_value(value), json_string_length(value));
		return;
	case JSON_ARRAY:
		json_array_foreach (value, i, item) {
			buf_add_text(out, i ? ", " : "");
			add_value(out, item);
		}
		return;
	case JSON_TRUE:
		buf_add_text(out, "yes");
		return;
	case JSON_FALSE:
		buf_add_text(out, "no");
		return;
	default:
		text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_SORT_KEYS);
		text_add_visible(out, text ? text : "", text ? strlen(text) : 0);
		free(text);
	}
}

char *print_text(struct arena *arena, const json_t *value)
{
	struct buf out = BUF_INIT;
	char *text;

	add_value(&out, value);
	text = arena_text(arena, buf_text(&out));
	buf_done(&out);
	return text;
}

const char *cli_member(struct cli *cli, const json_t *object, const char *path)
{
	return print_text(&cli->arena, print_find(object, path));
}

void cli_print_json(struct cli *cli, const json_t *value)
{
	/* What another person wrote must not steer this terminal, also as JSON: \u escapes mean the
	 * same. */
	size_t flags =
		JSON_INDENT(2) | JSON_ENCODE_ANY | (cli->is_terminal ? JSON_ENSURE_ASCII : 0);
	char *text = value ? json_dumps(value, flags) : NULL;

	cli->has_result = true;
	fprintf(cli->out, "%s\n", text ? text : "null");
	free(text);
}

/* --- tables --- */

static size_t split_columns(struct cli *cli, const char *const *specs, struct column *columns)
{
	size_t count = 0;

	for (; specs[count] && count < COLUMNS_MAX; count++) {
		const char *equals = strchr(specs[count], '=');

		columns[count] = (struct column){
			.title = equals ? arena_text_n(&cli->arena, specs[count],
						  (size_t)(equals - specs[count]))
					: specs[count],
			.member = equals ? equals + 1 : specs[count],
			.is_number = true,
		};
		columns[count].width = text_columns(columns[count].title);
	}
	return count;
}

static void measure(struct column *column, const json_t *value, const char *text)
{
	int width = text_columns(text);

	if (width > column->width)
		column->width = width;
	if (value && !json_is_integer(value))
		column->is_number = false;
}

static void add_cell(struct buf *line, const struct column *column, const char *text)
{
	int padding = column->width - text_columns(text);

	if (line->length)
		buf_add_text(line, "  ");
	if (column->is_number)
		buf_add_format(line, "%*s%s", padding, "", text);
	else
		buf_add_format(line, "%s%*s", text, padding, "");
}

static void print_row(struct cli *cli, const struct column *columns, size_t count,
	char *const *texts, bool is_head)
{
	bool is_bold = is_head && cli->is_terminal;
	struct buf line = BUF_INIT;

	for (size_t i = 0; i < count; i++)
		add_cell(&line, &columns[i], is_head ? columns[i].title : texts[i]);
	while (line.length && line.bytes[line.length - 1] == ' ')
		line.bytes[--line.length] = 0;
	fprintf(cli->out, "%s%s%s\n", is_bold ? BOLD : "", buf_text(&line), is_bold ? PLAIN : "");
	buf_done(&line);
}

void cli_print_table(struct cli *cli, const json_t *rows, const char *const *specs)
{
	struct column columns[COLUMNS_MAX];
	size_t count, at;
	const json_t *row;
	char **texts;

	if (cli->is_json) {
		cli_print_json(cli, rows);
		return;
	}
	if (!json_array_size(rows)) {
		fputs("(none)\n", cli->out);
		return;
	}
	count = split_columns(cli, specs, columns);
	texts = arena_alloc(&cli->arena, json_array_size(rows) * count * sizeof(*texts));
	json_array_foreach (rows, at, row) {
		for (size_t i = 0; i < count; i++) {
			const json_t *value = print_find(row, columns[i].member);

			texts[at * count + i] = print_text(&cli->arena, value);
			measure(&columns[i], value, texts[at * count + i]);
		}
	}
	print_row(cli, columns, count, NULL, true);
	for (at = 0; at < json_array_size(rows); at++)
		print_row(cli, columns, count, &texts[at * count], false);
}

/* --- fields --- */

/* A text of several lines stands indented below its label's column. */
static void print_lines(FILE *out, const char *text, size_t length, int indent)
{
	struct buf line = BUF_INIT;

	for (size_t at = 0; at <= length;) {
		const char *end = memchr(text + at, '\n', length - at);
		size_t size = end ? (size_t)(end - text) - at : length - at;

		buf_clear(&line);
		text_add_visible(&line, text + at, size);
		fprintf(out, "%*s%s\n", at ? indent : 0, "", buf_text(&line));
		at += size + 1;
		if (at == length)
			break;
	}
	buf_done(&line);
}

static void print_field(struct cli *cli, const struct column *field, const json_t *value, int width)
{
	fprintf(cli->out, "%s:%*s", field->title, width - text_columns(field->title) + 1, "");
	if (json_is_string(value))
		print_lines(
			cli->out, json_string_value(value), json_string_length(value), width + 2);
	else
		fprintf(cli->out, "%s\n", print_text(&cli->arena, value));
}

void cli_print_fields(struct cli *cli, const json_t *object, const char *const *specs)
{
	struct column fields[COLUMNS_MAX];
	size_t count;
	int width = 0;

	if (cli->is_json) {
		cli_print_json(cli, object);
		return;
	}
	count = split_columns(cli, specs, fields);
	for (size_t i = 0; i < count; i++)
		if (print_find(object, fields[i].member) && fields[i].width > width)
			width = fields[i].width;
	for (size_t i = 0; i < count; i++) {
		const json_t *value = print_find(object, fields[i].member);

		if (value && !json_is_null(value))
			print_field(cli, &fields[i], value, width);
	}
}

/* --- words --- */

void cli_say(struct cli *cli, const char *format, ...)
{
	struct buf text = BUF_INIT;
	va_list args;

	if (cli->is_json)
		return;
	va_start(args, format);
	buf_add_vformat(&text, format, args);
	va_end(args);
	if (text.length && text.bytes[text.length - 1] == '\n')
		text.length--;
	print_lines(cli->out, buf_text(&text), text.length, 0);
	buf_done(&text);
}

/* --- errors --- */

/* What is no UTF-8 would be left out. */
static void set_visible(struct cli *cli, json_t *object, const char *key, const char *text)
{
	if (*text)
		json_set_text(object, key, text_visible(&cli->arena, text));
}

static json_t *error_json(struct cli *cli, const struct error *err)
{
	json_t *value = json_object();

	set_visible(cli, value, "code", error_word(err->code));
	set_visible(cli, value, "detail", err->message);
	set_visible(cli, value, "field", err->field);
	set_visible(cli, value, "place", err->place);
	set_visible(cli, value, "remedy", err->remedy);
	return value;
}

static void print_error_json(struct cli *cli, const struct error *err)
{
	json_t *value = cli->problem ? json_incref(cli->problem) : error_json(cli, err);
	char *text = json_dumps(value, JSON_COMPACT);

	fprintf(cli->errors, "%s\n", text ? text : "{}");
	free(text);
	json_decref(value);
}

/* "errors" of a problem: one line each, as a compiler says it; not what the message says already.
 */
static void print_details(struct cli *cli, const char *message)
{
	const json_t *item;
	size_t i;

	json_array_foreach (json_object_get(cli->problem, "errors"), i, item) {
		const char *line = print_text(&cli->arena, item);

		if (json_is_object(item) && json_object_get(item, "file"))
			line = arena_format(&cli->arena, "%s:%s: %s", cli_member(cli, item, "file"),
				cli_member(cli, item, "line"), cli_member(cli, item, "message"));
		if (!strstr(message, line))
			fprintf(cli->errors, "  %s\n", line);
	}
}

void print_error(struct cli *cli, const struct error *err)
{
	if (cli->is_json) {
		print_error_json(cli, err);
		return;
	}
	fprintf(cli->errors, "%s%s: %s%s\n", cli->is_terminal ? RED : "", cli->program->name,
		text_visible(&cli->arena, err->message), cli->is_terminal ? PLAIN : "");
	print_details(cli, text_visible(&cli->arena, err->message));
	if (*err->place)
		fprintf(cli->errors, "  at: %s\n", text_visible(&cli->arena, err->place));
	if (*err->field && !strstr(err->message, err->field))
		fprintf(cli->errors, "  field: %s\n", text_visible(&cli->arena, err->field));
	if (*err->remedy)
		fprintf(cli->errors, "  remedy: %s\n", text_visible(&cli->arena, err->remedy));
}
