#include "change/gate/quote.h"

#include "check_main.h"

#include <jansson.h>
#include <string.h>

static void check_quoted(const char *bytes, size_t length, const char *want)
{
	struct buf out = BUF_INIT;
	json_t *value;

	quote_add(&out, bytes, length);
	ck_assert_str_eq(buf_text(&out), want);
	value = json_loadb(out.bytes, out.length, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	ck_assert_ptr_nonnull(value);
	json_decref(value);
	buf_done(&out);
}

START_TEST(any_bytes_are_one_json_string)
{
	check_quoted("", 0, "\"\"");
	check_quoted("a\"b\\c\n\r\t", 8, "\"a\\\"b\\\\c\\n\\r\\t\"");
	check_quoted("\0\x1b\x7f", 3, "\"\\u0000\\u001b\\u007f\"");
	check_quoted("\xff\xc3", 2, "\"\xEF\xBF\xBD\xEF\xBF\xBD\"");
	check_quoted("密é", 5, "\"密é\"");
	for (int first = 0; first < 256; first++)
		for (int second = 0; second < 256; second++) {
			char bytes[] = {(char)first, (char)second, 'x'};
			struct buf out = BUF_INIT;
			json_t *value;

			quote_add(&out, bytes, 3);
			value = json_loadb(
				out.bytes, out.length, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
			ck_assert_ptr_nonnull(value);
			json_decref(value);
			buf_done(&out);
		}
}
END_TEST

START_TEST(the_beginning_of_a_character_waits_for_its_end)
{
	static const char *const whole[] = {"a", "é", "密", "\xF0\x9F\x98\x80"};

	for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++) {
		char text[8] = "x";

		strcat(text, whole[i]);
		ck_assert_uint_eq(quote_open_end(text, strlen(text)), 0);
		for (size_t cut = 1; cut < strlen(whole[i]); cut++)
			ck_assert_uint_eq(quote_open_end(text, 1 + cut), cut);
	}
	ck_assert_uint_eq(quote_open_end("", 0), 0);
	ck_assert_uint_eq(quote_open_end("\xff", 1), 0);
	ck_assert_uint_eq(quote_open_end("\x80\x80\x80", 3), 0);
}
END_TEST

CHECK_MAIN("gate quote", &any_bytes_are_one_json_string,
	&the_beginning_of_a_character_waits_for_its_end)
