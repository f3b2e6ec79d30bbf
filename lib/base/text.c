#include "lib/base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct range {
	int32_t first, last;
};

/* Control, bidi, zero-width and invisible format characters, in rising order. */
static const struct range deceptive[] = {
	{0x00, 0x1F},
	{0x7F, 0x9F},
	{0xAD, 0xAD},
	{0x34F, 0x34F},
	{0x600, 0x605},
	{0x61C, 0x61C},
	{0x6DD, 0x6DD},
	{0x70F, 0x70F},
	{0x115F, 0x1160},
	{0x17B4, 0x17B5},
	{0x180B, 0x180F},
	{0x200B, 0x200F},
	{0x2028, 0x202E},
	{0x2060, 0x206F},
	{0x3164, 0x3164},
	{0xFE00, 0xFE0D},
	{0xFEFF, 0xFEFF},
	{0xFFA0, 0xFFA0},
	{0xFFF0, 0xFFFB},
	{0x110BD, 0x110BD},
	{0x1BCA0, 0x1BCA3},
	{0x1D173, 0x1D17A},
	{0xE0000, 0xE0FFF},
};

static const struct range wide[] = {
	{0x1100, 0x115F},
	{0x231A, 0x231B},
	{0x2329, 0x232A},
	{0x23E9, 0x23EC},
	{0x23F0, 0x23F0},
	{0x23F3, 0x23F3},
	{0x25FD, 0x25FE},
	{0x2614, 0x2615},
	{0x2648, 0x2653},
	{0x267F, 0x267F},
	{0x2693, 0x2693},
	{0x26A1, 0x26A1},
	{0x26AA, 0x26AB},
	{0x26BD, 0x26BE},
	{0x26C4, 0x26C5},
	{0x26CE, 0x26CE},
	{0x26D4, 0x26D4},
	{0x26EA, 0x26EA},
	{0x26F2, 0x26F3},
	{0x26F5, 0x26F5},
	{0x26FA, 0x26FA},
	{0x26FD, 0x26FD},
	{0x2705, 0x2705},
	{0x270A, 0x270B},
	{0x2728, 0x2728},
	{0x274C, 0x274C},
	{0x274E, 0x274E},
	{0x2753, 0x2755},
	{0x2757, 0x2757},
	{0x2795, 0x2797},
	{0x27B0, 0x27B0},
	{0x27BF, 0x27BF},
	{0x2B1B, 0x2B1C},
	{0x2B50, 0x2B50},
	{0x2B55, 0x2B55},
	{0x2E80, 0x303E},
	{0x3041, 0x33FF},
	{0x3400, 0x4DBF},
	{0x4E00, 0x9FFF},
	{0xA000, 0xA4CF},
	{0xA960, 0xA97F},
	{0xAC00, 0xD7A3},
	{0xF900, 0xFAFF},
	{0xFE10, 0xFE19},
	{0xFE30, 0xFE6F},
	{0xFF01, 0xFF60},
	{0xFFE0, 0xFFE6},
	{0x16FE0, 0x18AFF},
	{0x1B000, 0x1B2FF},
	{0x1F004, 0x1F004},
	{0x1F0CF, 0x1F0CF},
	{0x1F18E, 0x1F18E},
	{0x1F191, 0x1F19A},
	{0x1F200, 0x1F320},
	{0x1F32D, 0x1F335},
	{0x1F337, 0x1F37C},
	{0x1F37E, 0x1F393},
	{0x1F3A0, 0x1F3CA},
	{0x1F3CF, 0x1F3D3},
	{0x1F3E0, 0x1F3F0},
	{0x1F3F4, 0x1F3F4},
	{0x1F3F8, 0x1F43E},
	{0x1F440, 0x1F440},
	{0x1F442, 0x1F4FC},
	{0x1F4FF, 0x1F53D},
	{0x1F54B, 0x1F567},
	{0x1F57A, 0x1F57A},
	{0x1F595, 0x1F596},
	{0x1F5A4, 0x1F5A4},
	{0x1F5FB, 0x1F64F},
	{0x1F680, 0x1F6C5},
	{0x1F6CC, 0x1F6CC},
	{0x1F6D0, 0x1F6D2},
	{0x1F6D5, 0x1F6DF},
	{0x1F6EB, 0x1F6EC},
	{0x1F6F4, 0x1F6FC},
	{0x1F7E0, 0x1F7F0},
	{0x1F90C, 0x1F93A},
	{0x1F93C, 0x1F945},
	{0x1F947, 0x1F9FF},
	{0x1FA70, 0x1FAFF},
	{0x20000, 0x3FFFD},
};

static const struct range combining[] = {
	{0x300, 0x36F},
	{0x483, 0x489},
	{0x591, 0x5BD},
	{0x5BF, 0x5BF},
	{0x5C1, 0x5C2},
	{0x5C4, 0x5C5},
	{0x610, 0x61A},
	{0x64B, 0x65F},
	{0x670, 0x670},
	{0x6D6, 0x6DC},
	{0x6DF, 0x6E4},
	{0x6E7, 0x6E8},
	{0x6EA, 0x6ED},
	{0x900, 0x902},
	{0x93C, 0x93C},
	{0x941, 0x948},
	{0x94D, 0x94D},
	{0xE31, 0xE31},
	{0xE34, 0xE3A},
	{0xE47, 0xE4E},
	{0x1AB0, 0x1AFF},
	{0x1DC0, 0x1DFF},
	{0x200B, 0x200F},
	{0x20D0, 0x20FF},
	{0x302A, 0x302D},
	{0x3099, 0x309A},
	{0xFE00, 0xFE0F},
	{0xFE20, 0xFE2F},
	{0xFEFF, 0xFEFF},
	{0x1F3FB, 0x1F3FF},
	{0xE0000, 0xE0FFF},
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static bool is_in(const struct range *ranges, size_t count, int32_t code_point)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (code_point > ranges[middle].last)
			low = middle + 1;
		else if (code_point < ranges[middle].first)
			high = middle;
		else
			return true;
	}
	return false;
}

static bool is_space(int32_t c)
{
	return c == ' ' || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) ||
	       c == 0x202F || c == 0x205F || c == 0x3000;
}

int32_t text_next(const char *text, size_t length, size_t *position)
{
	static const int32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *bytes = (const unsigned char *)text + *position;
	size_t left = length - *position, need;
	int32_t c;

	if (*position >= length)
		return -1;
	(*position)++;
	if (bytes[0] < 0x80)
		return bytes[0];
	need = bytes[0] >= 0xF8	  ? 0
	       : bytes[0] >= 0xF0 ? 4
	       : bytes[0] >= 0xE0 ? 3
	       : bytes[0] >= 0xC2 ? 2
				  : 0;
	if (!need || need > left)
		return -1;
	c = bytes[0] & (0x7F >> need);
	for (size_t i = 1; i < need; i++) {
		if ((bytes[i] & 0xC0) != 0x80)
			return -1;
		c = c << 6 | (bytes[i] & 0x3F);
	}
	if (c < least[need] || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
		return -1;
	*position += need - 1;
	return c;
}

bool text_is_utf8(const char *text, size_t length)
{
	for (size_t at = 0; at < length;)
		if (text_next(text, length, &at) < 0)
			return false;
	return true;
}

bool text_is_deceptive(int32_t code_point)
{
	return is_in(deceptive, COUNT(deceptive), code_point);
}

/* The first thing in `text` that a person could not see for what it is. `layout` allows newline and
 * tab. */
static int check_visible(const char *field, const char *text, bool layout, struct error *err)
{
	size_t length = strlen(text);

	for (size_t at = 0; at < length;) {
		size_t start = at;
		int32_t c = text_next(text, length, &at);

		if (c < 0) {
			error_set(err, ERROR_INVALID, "%s is not valid UTF-8 at byte %zu", field,
				start);
			return error_field(err, "%s", field);
		}
		if (text_is_deceptive(c) && !(layout && (c == '\n' || c == '\t'))) {
			error_set(err, ERROR_INVALID,
				"%s contains the invisible or control character U+%04X at byte %zu",
				field, (unsigned)c, start);
			error_field(err, "%s", field);
			return error_remedy(err, "remove the character");
		}
	}
	return 0;
}

static int check_length(const char *field, const char *text, size_t max_bytes, struct error *err)
{
	if (!text || !*text) {
		error_set(err, ERROR_INVALID, "%s is empty", field);
		return error_field(err, "%s", field);
	}
	if (strlen(text) > max_bytes) {
		error_set(err, ERROR_INVALID, "%s has %zu bytes; at most %zu are allowed", field,
			strlen(text), max_bytes);
		error_field(err, "%s", field);
		return error_remedy(err, "shorten it");
	}
	return 0;
}

int text_check_name(const char *field, const char *name, struct error *err)
{
	size_t length, at = 0;
	int32_t first, last = 0;
	int rc;

	if ((rc = check_length(field, name, TEXT_NAME_MAX, err)) < 0 ||
		(rc = check_visible(field, name, false, err)) < 0)
		return rc;
	length = strlen(name);
	first = text_next(name, length, &at);
	for (at = 0; at < length;)
		last = text_next(name, length, &at);
	if (is_space(first) || is_space(last)) {
		error_set(err, ERROR_INVALID, "%s begins or ends with white space", field);
		error_field(err, "%s", field);
		return error_remedy(err, "remove the white space at its ends");
	}
	return 0;
}

static bool is_word_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

int text_check_path_name(const char *field, const char *name, struct error *err)
{
	bool at_start = true;
	int slashes = 0;
	int rc;

	if ((rc = text_check_name(field, name, err)) < 0)
		return rc;
	for (const char *c = name; *c; c++) {
		if (*c == '/' ? (++slashes > 1 || at_start || !c[1])
			      : (!is_word_char(*c) || (at_start && strchr("._-", *c)))) {
			error_set(err, ERROR_INVALID, "%s \"%s\" is not a name of this kind", field,
				name);
			error_field(err, "%s", field);
			return error_remedy(err, "use a-z, 0-9, '.', '_' and '-', at most one '/', "
						 "each part beginning with a "
						 "letter or digit, as in checkout/drain-zone");
		}
		at_start = *c == '/';
	}
	return 0;
}

int text_check_prose(const char *field, const char *prose, size_t max_bytes, struct error *err)
{
	int rc = check_length(field, prose, max_bytes, err);

	return rc < 0 ? rc : check_visible(field, prose, true, err);
}

void text_add_visible(struct buf *out, const char *text, size_t length)
{
	for (size_t at = 0; at < length;) {
		size_t start = at;
		int32_t c = text_next(text, length, &at);

		if (c < 0 || (c < 0x80 && text_is_deceptive(c)))
			buf_add_format(out, "\\x%02x", (unsigned char)text[start]);
		else if (text_is_deceptive(c))
			buf_add_format(out, "\\u{%x}", (unsigned)c);
		else
			buf_add(out, text + start, at - start);
	}
}

char *text_visible(struct arena *arena, const char *text)
{
	struct buf out = BUF_INIT;
	char *visible;

	text_add_visible(&out, text, strlen(text));
	visible = arena_text_n(arena, buf_text(&out), out.length);
	buf_done(&out);
	return visible;
}

int text_columns(const char *text)
{
	size_t length = strlen(text);
	int columns = 0;

	for (size_t at = 0; at < length;) {
		int32_t c = text_next(text, length, &at);

		if (c >= 0 && (c < 0x20 || is_in(combining, COUNT(combining), c)))
			continue;
		columns += c >= 0 && is_in(wide, COUNT(wide), c) ? 2 : 1;
	}
	return columns;
}

static int least_of(int a, int b, int c)
{
	int least = a < b ? a : b;

	return least < c ? least : c;
}

#define NEAREST_WORD_MAX 64

/* Edit distance where swapping two neighbours counts one; -1 when a word is too long to bother. */
static int edit_distance(const char *a, const char *b)
{
	int rows[3][NEAREST_WORD_MAX + 1] = {{0}};
	int *older = rows[0], *old = rows[1], *now = rows[2];
	int a_length = (int)strnlen(a, NEAREST_WORD_MAX + 1);
	int b_length = (int)strnlen(b, NEAREST_WORD_MAX + 1);

	if (a_length > NEAREST_WORD_MAX || b_length > NEAREST_WORD_MAX)
		return -1;
	for (int j = 0; j <= b_length; j++)
		old[j] = j;
	for (int i = 1; i <= a_length; i++) {
		int *spare = older;

		now[0] = i;
		for (int j = 1; j <= b_length; j++) {
			int cost = a[i - 1] != b[j - 1];

			now[j] = least_of(old[j] + 1, now[j - 1] + 1, old[j - 1] + cost);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
				older[j - 2] + 1 < now[j])
				now[j] = older[j - 2] + 1;
		}
		older = old;
		old = now;
		now = spare;
	}
	return old[b_length];
}

const char *text_nearest(const char *word, const char *const *candidates, size_t count)
{
	int best = (int)(strlen(word) / 3) + 1;
	const char *nearest = NULL;

	for (size_t i = 0; i < count; i++) {
		int distance = edit_distance(word, candidates[i]);

		if (distance >= 0 && distance < best) {
			best = distance;
			nearest = candidates[i];
		}
	}
	return nearest;
}

bool text_is_equal(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

bool text_starts_with(const char *text, const char *prefix)
{
	return !strncmp(text, prefix, strlen(prefix));
}

bool text_ends_with(const char *text, const char *suffix)
{
	size_t length = strlen(text), suffix_length = strlen(suffix);

	return length >= suffix_length && !strcmp(text + length - suffix_length, suffix);
}

bool text_is_equal_secret(const void *a, const void *b, size_t length)
{
	const volatile unsigned char *left = a, *right = b;
	unsigned char difference = 0;

	for (size_t i = 0; i < length; i++)
		difference |= left[i] ^ right[i];
	return difference == 0;
}

int text_parse_int64(const char *field, const char *text, int64_t min, int64_t max, int64_t *ret,
	struct error *err)
{
	const char *digits = text && *text == '-' ? text + 1 : text;
	char *end = NULL;
	long long value;

	if (!digits || *digits < '0' || *digits > '9' || (digits[0] == '0' && digits[1])) {
		error_set(err, ERROR_INVALID, "%s \"%s\" is not a whole number", field,
			text ? text : "");
		return error_field(err, "%s", field);
	}
	errno = 0;
	value = strtoll(text, &end, 10);
	if (*end) {
		error_set(err, ERROR_INVALID, "%s \"%s\" is not a whole number", field, text);
		return error_field(err, "%s", field);
	}
	if (errno || value < min || value > max) {
		error_set(err, ERROR_INVALID, "%s is %s; it must be from %lld to %lld", field, text,
			(long long)min, (long long)max);
		return error_field(err, "%s", field);
	}
	*ret = value;
	return 0;
}
