#include "adapters/adapter_rooms.h"
#include "lib/base/text.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIGITS_MAX   60 /* significant digits that are read */
#define WHOLE_MAX    38
#define FRACTION_MAX 30
#define EXPONENT_MAX 400

/* 0.DIGITS times ten to the power of `point`. */
struct decimal {
	bool is_negative;
	char digits[DIGITS_MAX + 1];
	int count;
	int point;
};

static void add_digit(struct decimal *decimal, char digit, bool is_whole)
{
	if (decimal->count == 0 && digit == '0') {
		decimal->point -= !is_whole;
		return;
	}
	decimal->point += is_whole;
	if (decimal->count < DIGITS_MAX)
		decimal->digits[decimal->count++] = digit;
}

static bool take_exponent(const char **at, int *ret)
{
	bool is_negative = false;
	int exponent = 0;

	if (**at == '+' || **at == '-')
		is_negative = *(*at)++ == '-';
	if (!isdigit((unsigned char)**at))
		return false;
	for (; isdigit((unsigned char)**at); (*at)++)
		if ((exponent = exponent * 10 + (**at - '0')) > EXPONENT_MAX)
			return false;
	*ret = is_negative ? -exponent : exponent;
	return true;
}

static bool parse(const char *at, struct decimal *decimal)
{
	int exponent = 0;
	bool has_digits = false;

	memset(decimal, 0, sizeof(*decimal));
	if (*at == '+' || *at == '-')
		decimal->is_negative = *at++ == '-';
	for (; isdigit((unsigned char)*at); at++, has_digits = true)
		add_digit(decimal, *at, true);
	if (*at == '.')
		for (at++; isdigit((unsigned char)*at); at++, has_digits = true)
			add_digit(decimal, *at, false);
	if (!has_digits)
		return false;
	if (*at == 'e' || *at == 'E') {
		at++;
		if (!take_exponent(&at, &exponent))
			return false;
	}
	while (decimal->count && decimal->digits[decimal->count - 1] == '0')
		decimal->digits[--decimal->count] = 0;
	decimal->point = decimal->count ? decimal->point + exponent : 0;
	return !*at;
}

/* A fraction that was cut to nothing leaves no point, and nothing has no sign. */
static void drop_empty_end(struct buf *out)
{
	if (strchr(out->bytes, '.')) {
		while (out->bytes[out->length - 1] == '0')
			out->bytes[--out->length] = 0;
		if (out->bytes[out->length - 1] == '.')
			out->bytes[--out->length] = 0;
	}
	if (!strcmp(out->bytes, "-0"))
		buf_drop(out, 1);
}

/* As people write it, into an empty buffer; false when there are too many digits before the point.
 */
static bool write_plain(const struct decimal *decimal, struct buf *out)
{
	if (decimal->point > WHOLE_MAX)
		return false;
	if (decimal->is_negative)
		buf_add_char(out, '-');
	if (decimal->point <= 0)
		buf_add_char(out, '0');
	for (int i = 0; i < decimal->point; i++)
		buf_add_char(out, i < decimal->count ? decimal->digits[i] : '0');
	if (decimal->count > decimal->point)
		buf_add_char(out, '.');
	for (int i = decimal->point; i < decimal->count && i - decimal->point < FRACTION_MAX; i++)
		buf_add_char(out, i < 0 ? '0' : decimal->digits[i]);
	drop_empty_end(out);
	return true;
}

const char *adapter_decimal(struct arena *arena, const char *text)
{
	struct decimal decimal;
	struct buf plain = BUF_INIT;
	const char *canonical = NULL;
	int64_t integer;

	if (parse(text, &decimal) && write_plain(&decimal, &plain)) {
		if (text_parse_int64(
			    "value", buf_text(&plain), INT64_MIN, INT64_MAX, &integer, NULL) == 0)
			canonical = arena_text(arena, buf_text(&plain));
		else
			canonical = arena_format(arena, "{\"$decimal\":\"%s\"}", buf_text(&plain));
	}
	buf_done(&plain);
	return canonical;
}

const char *adapter_decimal_of_json(struct arena *arena, const json_t *value)
{
	char text[40];

	if (json_is_object(value) && json_object_size(value) == 1)
		value = json_object_get(value, "$decimal");
	if (json_is_integer(value))
		return arena_format(arena, "%lld", (long long)json_integer_value(value));
	if (json_is_real(value)) {
		snprintf(text, sizeof(text), "%.15g", json_real_value(value));
		return adapter_decimal(arena, text);
	}
	return json_is_string(value) ? adapter_decimal(arena, json_string_value(value)) : NULL;
}
