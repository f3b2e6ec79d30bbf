#include "plans/plan_rooms.h"

#include <stdlib.h>
#include <string.h>

#define CONTEXT	  3
#define TABLE_MAX (16u << 20) /* cells of the table; larger middles are shown as replaced */

struct lines {
	const char **starts;
	size_t *lengths;
	size_t count;
};

/* One line of the answer: ' ' both, '-' old, '+' new. */
struct edit {
	char sign;
	size_t old_line, new_line; /* from 0 */
};

struct script {
	struct edit *edits;
	size_t count;
};

static struct lines split(struct arena *arena, const char *text)
{
	struct lines lines = {0};
	size_t capacity = 1;

	for (const char *c = text; *c; c++)
		capacity += *c == '\n';
	lines.starts = arena_alloc(arena, capacity * sizeof(*lines.starts));
	lines.lengths = arena_alloc(arena, capacity * sizeof(*lines.lengths));
	while (*text && lines.count < capacity) {
		size_t length = strcspn(text, "\n");

		lines.starts[lines.count] = text;
		lines.lengths[lines.count++] = length;
		text += length + (text[length] == '\n');
	}
	return lines;
}

static bool is_same(const struct lines *a, size_t i, const struct lines *b, size_t j)
{
	return a->lengths[i] == b->lengths[j] &&
	       memcmp(a->starts[i], b->starts[j], a->lengths[i]) == 0;
}

static void add_edit(struct script *script, char sign, size_t old_line, size_t new_line)
{
	script->edits[script->count++] = (struct edit){sign, old_line, new_line};
}

/* The longest common subsequence of the two middles, from their ends; walked from their starts. */
static void add_middle(struct arena *arena, struct script *script, const struct lines *a,
	size_t a_from, size_t a_end, const struct lines *b, size_t b_from, size_t b_end)
{
	size_t height = a_end - a_from, width = b_end - b_from, i = 0, j = 0;
	bool is_small = height && width && (height + 1) * (width + 1) <= TABLE_MAX;
	unsigned *table =
		is_small ? arena_alloc(arena, (height + 1) * (width + 1) * sizeof(*table)) : NULL;

	for (size_t y = height; table && y-- > 0;)
		for (size_t x = width; x-- > 0;) {
			unsigned down = table[(y + 1) * (width + 1) + x],
				 right = table[y * (width + 1) + x + 1];

			table[y * (width + 1) + x] =
				is_same(a, a_from + y, b, b_from + x)
					? table[(y + 1) * (width + 1) + x + 1] + 1
					: (down > right ? down : right);
		}
	while (i < height || j < width) {
		if (table && i < height && j < width && is_same(a, a_from + i, b, b_from + j)) {
			add_edit(script, ' ', a_from + i, b_from + j);
			i++;
			j++;
		} else if (i < height && (!table || j == width ||
						 table[(i + 1) * (width + 1) + j] >=
							 table[i * (width + 1) + j + 1])) {
			add_edit(script, '-', a_from + i, b_from + j);
			i++;
		} else {
			add_edit(script, '+', a_from + i, b_from + j);
			j++;
		}
	}
}

static struct script compare(struct arena *arena, const struct lines *a, const struct lines *b)
{
	struct script script = {
		.edits = arena_alloc(arena, (a->count + b->count + 1) * sizeof(struct edit))};
	size_t head = 0, tail = 0;

	while (head < a->count && head < b->count && is_same(a, head, b, head))
		head++;
	while (tail < a->count - head && tail < b->count - head &&
		is_same(a, a->count - tail - 1, b, b->count - tail - 1))
		tail++;
	for (size_t i = 0; i < head; i++)
		add_edit(&script, ' ', i, i);
	add_middle(arena, &script, a, head, a->count - tail, b, head, b->count - tail);
	for (size_t i = tail; i-- > 0;)
		add_edit(&script, ' ', a->count - i - 1, b->count - i - 1);
	return script;
}

/* End of the hunk that begins at the change `from`: where more than 2 * CONTEXT lines are the same.
 */
static size_t hunk_end(const struct script *script, size_t from)
{
	size_t end = from, same = 0;

	for (size_t i = from; i < script->count && same <= 2 * CONTEXT; i++) {
		same = script->edits[i].sign == ' ' ? same + 1 : 0;
		if (!same)
			end = i + 1;
	}
	end += CONTEXT;
	return end < script->count ? end : script->count;
}

static void add_hunk(struct buf *out, const struct script *script, size_t from, size_t end,
	const struct lines *a, const struct lines *b)
{
	const struct edit *first = &script->edits[from];
	size_t olds = 0, news = 0;

	for (size_t i = from; i < end; i++) {
		olds += script->edits[i].sign != '+';
		news += script->edits[i].sign != '-';
	}
	buf_add_format(out, "@@ -%zu,%zu +%zu,%zu @@\n", first->old_line + (olds > 0), olds,
		first->new_line + (news > 0), news);
	for (size_t i = from; i < end; i++) {
		const struct edit *edit = &script->edits[i];

		buf_add_char(out, edit->sign);
		if (edit->sign == '+')
			buf_add(out, b->starts[edit->new_line], b->lengths[edit->new_line]);
		else
			buf_add(out, a->starts[edit->old_line], a->lengths[edit->old_line]);
		buf_add_char(out, '\n');
	}
}

const char *plan_diff(struct arena *arena, const char *old_name, const char *old_text,
	const char *new_name, const char *new_text)
{
	struct arena scratch = ARENA_INIT;
	struct lines a = split(&scratch, old_text), b = split(&scratch, new_text);
	struct script script = compare(&scratch, &a, &b);
	struct buf out = BUF_INIT;
	const char *text;

	for (size_t i = 0; i < script.count;) {
		size_t from, end;

		if (script.edits[i].sign == ' ') {
			i++;
			continue;
		}
		if (!out.length)
			buf_add_format(&out, "--- %s\n+++ %s\n", old_name, new_name);
		from = i > CONTEXT ? i - CONTEXT : 0;
		end = hunk_end(&script, i);
		add_hunk(&out, &script, from, end, &a, &b);
		i = end;
	}
	text = arena_text_n(arena, buf_text(&out), out.length);
	buf_done(&out);
	arena_done(&scratch);
	return text;
}
