#include "lib/base/json.h"
#include "lib/base/text.h"
#include "lib/cli/cli_rooms.h"
#include "lib/cli/table.h"

#include <stdlib.h>
#include <string.h>

#define RED   "\033[31m"
#define PLAIN "\033[0m"

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

/* --- fields --- */

/* A text of several lines stands indented below its label's column. width 0 = a line is a line. */
static void print_lines(FILE *out, const char *text, size_t length, int indent, int width)
{
	struct buf line = BUF_INIT, folded = BUF_INIT;

	for (size_t at = 0; at <= length;) {
		const char *end = memchr(text + at, '\n', length - at);
		size_t size = end ? (size_t)(end - text) - at : length - at;

		buf_clear(&line);
		text_add_visible(&line, text + at, size);
		buf_clear(&folded);
		if (width)
			fold_add(&folded, buf_text(&line), indent, indent, width);
		fprintf(out, "%*s%s\n", at ? indent : 0, "", buf_text(width ? &folded : &line));
		at += size + 1;
		if (at == length)
			break;
	}
	buf_done(&folded);
	buf_done(&line);
}

static void print_field(struct cli *cli, const struct column *field, const json_t *value, int width)
{
	fprintf(cli->out, "%s:%*s", field->title, width - text_columns(field->title) + 1, "");
	if (json_is_string(value))
		print_lines(cli->out, json_string_value(value), json_string_length(value),
			width + 2, cli->width);
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
	count = table_split(cli, specs, fields);
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
	print_lines(cli->out, buf_text(&text), text.length, 0, 0);
	buf_done(&text);
}

void cli_say_label(struct cli *cli, const char *label, const char *text)
{
	struct buf line = BUF_INIT;
	int indent = text_columns(label);

	if (cli->is_json)
		return;
	text = text_visible(&cli->arena, text);
	if (cli->width)
		fold_add(&line, text, indent, indent, cli->width);
	else
		buf_add_text(&line, text);
	fprintf(cli->out, "%s%s\n", label, buf_text(&line));
	buf_done(&line);
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

/* Folded; a remedy is not, so that what it says to type can be copied. */
static void print_message(struct cli *cli, const char *message)
{
	struct buf line = BUF_INIT;
	int width = fold_width(cli->errors);

	buf_add_format(&line, "%s: ", cli->program->name);
	if (width)
		fold_add(&line, message, text_columns(buf_text(&line)), 2, width);
	else
		buf_add_text(&line, message);
	fprintf(cli->errors, "%s%s%s\n", cli->is_terminal ? RED : "", buf_text(&line),
		cli->is_terminal ? PLAIN : "");
	buf_done(&line);
}

void print_error(struct cli *cli, const struct error *err)
{
	if (cli->is_json) {
		print_error_json(cli, err);
		return;
	}
	print_message(cli, text_visible(&cli->arena, err->message));
	print_details(cli, text_visible(&cli->arena, err->message));
	if (*err->place)
		fprintf(cli->errors, "  at: %s\n", text_visible(&cli->arena, err->place));
	if (*err->field && !strstr(err->message, err->field))
		fprintf(cli->errors, "  field: %s\n", text_visible(&cli->arena, err->field));
	if (*err->remedy)
		fprintf(cli->errors, "  remedy: %s\n", text_visible(&cli->arena, err->remedy));
}
