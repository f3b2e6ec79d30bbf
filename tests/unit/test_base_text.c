#include "lib/base/text.h"

#include "check_main.h"

#include <string.h>

#define TRICK_RLO  "\xE2\x80\xAE"
#define TRICK_ZWSP "\xE2\x80\x8B"

START_TEST(utf8_is_decoded_strictly)
{
	static const char *const bad[] = {"\xC0\x80", "\xC1\xBF", "\x80", "\xE0\x80\xAF",
		"\xED\xA0\x80", "\xF0\x80\x80\x80", "\xF4\x90\x80\x80", "\xF8\x88\x80\x80\x80",
		"\xE4\xB8", "a\xFF"};
	size_t at = 0;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(!text_is_utf8(bad[i], strlen(bad[i])), "case %zu", i);
	ck_assert_int_eq(text_next("\xE4\xB8\xAD!", 4, &at), 0x4E2D);
	ck_assert_uint_eq(at, 3);
	ck_assert_int_eq(text_next("\xE4\xB8\xAD!", 4, &at), '!');
	ck_assert_int_eq(text_next("\xE4\xB8\xAD!", 4, &at), -1);
	ck_assert(text_is_utf8("\xF0\x9F\x98\x80 \xC3\xA9", 7));
}
END_TEST

START_TEST(deceptive_characters_are_known)
{
	static const int32_t deceptive[] = {0, 7, 0x1B, 0x7F, 0x85, 0xAD, 0x61C, 0x200B, 0x200D,
		0x200E, 0x202E, 0x2028, 0x2066, 0x2069, 0xFEFF, 0x3164, 0xE0041};
	static const int32_t honest[] = {' ', 'a', 0xE9, 0x4E2D, 0x1F600, 0xFE0F, 0x3000};

	for (size_t i = 0; i < sizeof(deceptive) / sizeof(deceptive[0]); i++)
		ck_assert_msg(text_is_deceptive(deceptive[i]), "U+%04X", (unsigned)deceptive[i]);
	for (size_t i = 0; i < sizeof(honest) / sizeof(honest[0]); i++)
		ck_assert_msg(!text_is_deceptive(honest[i]), "U+%04X", (unsigned)honest[i]);
}
END_TEST

START_TEST(names_are_checked)
{
	struct error err = ERROR_INIT;
	char long_name[TEXT_NAME_MAX + 2];

	memset(long_name, 'a', sizeof(long_name));
	long_name[TEXT_NAME_MAX + 1] = 0;
	ck_assert_int_eq(text_check_name("name", "\xE5\x88\x87\xE6\xB5\x81 plan", &err), 0);
	ck_assert_int_eq(text_check_name("name", "", &err), ERROR_INVALID);
	ck_assert_int_eq(text_check_name("name", NULL, &err), ERROR_INVALID);
	ck_assert_int_eq(text_check_name("name", long_name, &err), ERROR_INVALID);
	ck_assert_str_eq(err.field, "name");
	long_name[TEXT_NAME_MAX] = 0;
	ck_assert_int_eq(text_check_name("name", long_name, &err), 0);
	ck_assert_int_eq(text_check_name("name", " a", &err), ERROR_INVALID);
	ck_assert_int_eq(text_check_name("name", "a\xE3\x80\x80", &err), ERROR_INVALID);
	ck_assert_int_eq(text_check_name("name", "a\nb", &err), ERROR_INVALID);
	ck_assert_int_eq(text_check_name("name", "a" TRICK_RLO "b", &err), ERROR_INVALID);
	ck_assert_ptr_nonnull(strstr(err.message, "U+202E"));
	ck_assert_int_eq(text_check_name("name", "a\xFF", &err), ERROR_INVALID);
}
END_TEST

START_TEST(path_names_are_words_with_one_slash)
{
	static const char *const good[] = {
		"shed-load", "checkout/drain-zone", "a", "v1.2/x_y", "0"};
	static const char *const bad[] = {"/a", "a/", "a//b", "a/b/c", "A", "a b", "..", "a/..",
		"-x", "a/-x", ".hidden", "\xE5\x88\x87"};
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		ck_assert_msg(text_check_path_name("plan", good[i], NULL) == 0, "%s", good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(
			text_check_path_name("plan", bad[i], &err) == ERROR_INVALID, "%s", bad[i]);
}
END_TEST

START_TEST(prose_may_have_lines)
{
	struct error err = ERROR_INIT;

	ck_assert_int_eq(text_check_prose("reason", "one\n\ttwo", 100, &err), 0);
	ck_assert_int_eq(text_check_prose("reason", "one\rtwo", 100, &err), ERROR_INVALID);
	ck_assert_int_eq(text_check_prose("reason", "", 100, &err), ERROR_INVALID);
	ck_assert_int_eq(text_check_prose("reason", "12345", 4, &err), ERROR_INVALID);
}
END_TEST

START_TEST(deceptive_text_is_made_visible)
{
	struct arena arena = ARENA_INIT;

	ck_assert_str_eq(
		text_visible(&arena, "a\x1b[2J" TRICK_RLO "b" TRICK_ZWSP "\xFF\xE4\xB8\xAD"),
		"a\\x1b[2J\\u{202e}b\\u{200b}\\xff\xE4\xB8\xAD");
	ck_assert_str_eq(text_visible(&arena, "\xC2\x85"), "\\u{85}");
	arena_done(&arena);
}
END_TEST

START_TEST(columns_count_wide_and_combining)
{
	ck_assert_int_eq(text_columns("abc"), 3);
	ck_assert_int_eq(text_columns("\xE5\x88\x87\xE6\xB5\x81"), 4);
	ck_assert_int_eq(text_columns("e\xCC\x81"), 1);
	ck_assert_int_eq(text_columns("\xF0\x9F\x98\x80"), 2);
	ck_assert_int_eq(text_columns(""), 0);
}
END_TEST

START_TEST(nearest_word_is_proposed)
{
	static const char *const words[] = {"weight", "state", "map", "maxconn"};

	ck_assert_str_eq(text_nearest("wieght", words, 4), "weight");
	ck_assert_str_eq(text_nearest("maxcon", words, 4), "maxconn");
	ck_assert_str_eq(text_nearest("map", words, 4), "map");
	ck_assert_ptr_null(text_nearest("banana", words, 4));
	ck_assert_ptr_null(text_nearest("ma", words, 4));
	ck_assert_ptr_null(text_nearest("x", NULL, 0));
}
END_TEST

START_TEST(texts_are_compared)
{
	ck_assert(text_is_equal("a", "a"));
	ck_assert(!text_is_equal("a", NULL));
	ck_assert(text_is_equal(NULL, NULL));
	ck_assert(text_starts_with("haproxy.weight", "haproxy."));
	ck_assert(!text_starts_with("ha", "haproxy"));
	ck_assert(text_ends_with("x.lua", ".lua"));
	ck_assert(!text_ends_with("lua", ".lua"));
	ck_assert(text_is_equal_secret("abcd", "abcd", 4));
	ck_assert(!text_is_equal_secret("abcd", "abce", 4));
}
END_TEST

START_TEST(numbers_are_whole)
{
	static const char *const bad[] = {"", "-", "+1", " 1", "1 ", "01", "1.0", "1e3", "0x1",
		"--1", "9223372036854775808", "-9223372036854775809"};
	struct error err = ERROR_INIT;
	int64_t value = 0;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(text_parse_int64("n", bad[i], INT64_MIN, INT64_MAX, &value, &err) ==
				      ERROR_INVALID,
			"%s", bad[i]);
	ck_assert_int_eq(text_parse_int64("n", NULL, 0, 1, &value, &err), ERROR_INVALID);
	ck_assert_int_eq(
		text_parse_int64("n", "-9223372036854775808", INT64_MIN, 0, &value, &err), 0);
	ck_assert(value == INT64_MIN);
	ck_assert_int_eq(text_parse_int64("n", "257", 0, 256, &value, &err), ERROR_INVALID);
	ck_assert_ptr_nonnull(strstr(err.message, "from 0 to 256"));
	ck_assert(value == INT64_MIN);
}
END_TEST

CHECK_MAIN("base text", &utf8_is_decoded_strictly, &deceptive_characters_are_known,
	&names_are_checked, &path_names_are_words_with_one_slash, &prose_may_have_lines,
	&deceptive_text_is_made_visible, &columns_count_wide_and_combining,
	&nearest_word_is_proposed, &texts_are_compared, &numbers_are_whole)
