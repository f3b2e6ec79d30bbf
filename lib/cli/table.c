/* Tables by display width. */
#include "lib/cli/table.h"
#include "lib/base/json.h"
#include "lib/base/text.h"
#include "lib/base/time.h"
#include "lib/cli/cli_rooms.h"

#include <string.h>

#define BOLD	   "\033[1m"
#define PLAIN	   "\033[0m"
#define GAP	   2  /* between columns */
#define INDENT	   4  /* of what goes on below */
#define FOLDED_MIN 24 /* columns in which prose can be read */

size_t table_split(struct cli *cli, const char *const *specs, struct column *columns)
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

/* --- on a narrow terminal --- */

static bool is_too_wide(const struct cli *cli, const struct column *columns, size_t count)
{
	int width = 0;

	for (size_t i = 0; i < count; i++)
		width += columns[i].width + (i ? GAP : 0);
	return cli->width && width > cli->width;
}

/* 2026-12-01T01:10:00.000000Z without what is behind the second. */
static char *short_time(struct arena *arena, char *text)
{
	int64_t at_us;

	if (strlen(text) != strlen("2026-12-01T01:10:00.000000Z") || text[19] != '.' ||
		time_parse("time", text, &at_us, NULL) < 0)
		return text;
	return arena_format(arena, "%.19sZ", text);
}

static void shorten_times(
	struct cli *cli, struct column *columns, size_t count, char **texts, size_t cells)
{
	for (size_t i = 0; i < count; i++)
		columns[i].width = text_columns(columns[i].title);
	for (size_t i = 0; i < cells; i++) {
		texts[i] = short_time(&cli->arena, texts[i]);
		measure(&columns[i % count], NULL, texts[i]);
	}
}

/* The last column is prose as a rule: it is folded. */
static bool is_folded(const struct cli *cli, const struct column *column, bool is_last)
{
	return cli->width && is_last && !column->is_number;
}

static void lay_out(const struct cli *cli, struct column *columns, size_t count)
{
	int at = 0;

	for (size_t i = 0; i < count; i++) {
		struct column *column = &columns[i];
		int needs = column->width;

		if (is_folded(cli, column, i + 1 == count) && needs > FOLDED_MIN)
			needs = FOLDED_MIN;
		column->at = i ? at + GAP : 0;
		column->is_below = i && cli->width && column->at + needs > cli->width;
		if (column->is_below)
			column->at = INDENT;
		at = column->at + column->width;
	}
}

/* --- rows --- */

static void trim(struct buf *line)
{
	while (line->length && line->bytes[line->length - 1] == ' ')
		line->bytes[--line->length] = 0;
}

static void add_cell(struct cli *cli, struct buf *line, const struct column *column,
	const char *text, bool is_last)
{
	int padding = column->width - text_columns(text);

	if (column->is_below) {
		trim(line);
		buf_add_format(line, "\n%*s", INDENT, "");
	} else if (column->at) {
		buf_add_format(line, "%*s", GAP, "");
	}
	if (is_folded(cli, column, is_last))
		fold_add(line, text, column->at, column->at, cli->width);
	else if (column->is_number)
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
		add_cell(cli, &line, &columns[i], is_head ? columns[i].title : texts[i],
			i + 1 == count);
	trim(&line);
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
	count = table_split(cli, specs, columns);
	texts = arena_alloc(&cli->arena, json_array_size(rows) * count * sizeof(*texts));
	json_array_foreach (rows, at, row) {
		for (size_t i = 0; i < count; i++) {
			const json_t *value = print_find(row, columns[i].member);

			texts[at * count + i] = print_text(&cli->arena, value);
			measure(&columns[i], value, texts[at * count + i]);
		}
	}
	if (is_too_wide(cli, columns, count))
		shorten_times(cli, columns, count, texts, json_array_size(rows) * count);
	lay_out(cli, columns, count);
	print_row(cli, columns, count, NULL, true);
	for (at = 0; at < json_array_size(rows); at++)
		print_row(cli, columns, count, &texts[at * count], false);
}
