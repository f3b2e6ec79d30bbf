#include "lib/base/error.h"
#include "lib/base/text.h"

#include "check_main.h"

#include <errno.h>
#include <string.h>

START_TEST(set_fills_code_and_message_and_clears_the_rest)
{
	struct error err = ERROR_INIT;

	error_set(&err, ERROR_INVALID, "first");
	error_field(&err, "name");
	error_place(&err, "a.lua:%d", 3);
	error_remedy(&err, "write it");
	ck_assert_int_eq(error_set(&err, ERROR_CONFLICT, "second %d", 2), ERROR_CONFLICT);
	ck_assert_int_eq(err.code, ERROR_CONFLICT);
	ck_assert_str_eq(err.message, "second 2");
	ck_assert_str_eq(err.field, "");
	ck_assert_str_eq(err.place, "");
	ck_assert_str_eq(err.remedy, "");
}
END_TEST

START_TEST(additions_return_the_code)
{
	struct error err = ERROR_INIT;

	error_set(&err, ERROR_STALE, "old");
	ck_assert_int_eq(error_field(&err, "version"), ERROR_STALE);
	ck_assert_int_eq(error_remedy(&err, "read it again"), ERROR_STALE);
	ck_assert_int_eq(error_prefix(&err, "plan %s", "x"), ERROR_STALE);
	ck_assert_str_eq(err.message, "plan x: old");
	ck_assert_str_eq(err.field, "version");
}
END_TEST

START_TEST(null_error_is_fine)
{
	ck_assert_int_eq(error_set(NULL, ERROR_LOCKED, "x"), ERROR_LOCKED);
	ck_assert_int_lt(error_field(NULL, "x"), 0);
	ck_assert_int_lt(error_prefix(NULL, "x"), 0);
	error_clear(NULL);
}
END_TEST

START_TEST(long_text_is_cut_at_a_character)
{
	struct error err = ERROR_INIT;
	char text[2000] = "";

	for (int i = 0; i < 400; i++)
		strcat(text, "\xE4\xB8\xAD");
	for (int shift = 0; shift < 4; shift++) {
		error_set(&err, ERROR_INVALID, "%.*s%s", shift, "aaa", text);
		ck_assert_uint_gt(strlen(err.message), sizeof(err.message) - 5);
		ck_assert(text_is_utf8(err.message, strlen(err.message)));
		error_prefix(&err, "%s", "plan \xE4\xB8\xAD");
		ck_assert(text_is_utf8(err.message, strlen(err.message)));
		ck_assert(text_starts_with(err.message, "plan \xE4\xB8\xAD: "));
	}
}
END_TEST

START_TEST(prefix_longer_than_the_message_keeps_within_bounds)
{
	struct error err = ERROR_INIT;
	char text[3000];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = 0;
	error_set(&err, ERROR_INVALID, "%s", text);
	error_prefix(&err, "%s", text);
	ck_assert_uint_lt(strlen(err.message), sizeof(err.message));
}
END_TEST

START_TEST(errno_names_the_reason)
{
	struct error err = ERROR_INIT;

	errno = ENOENT;
	ck_assert_int_eq(error_errno(&err, ERROR_IO, "/x"), ERROR_IO);
	ck_assert_str_eq(err.message, "/x: No such file or directory");
}
END_TEST

START_TEST(every_code_has_its_row)
{
	ck_assert_str_eq(error_word(ERROR_CONFLICT), "conflict");
	ck_assert_int_eq(error_http(ERROR_CONFLICT), 409);
	ck_assert_int_eq(error_exit(ERROR_CONFLICT), 5);
	ck_assert_int_eq(error_http(ERROR_TAMPERED), 500);
	ck_assert_int_eq(error_exit(ERROR_TAMPERED), 9);
	ck_assert_int_eq(error_exit(0), 0);
	ck_assert_str_eq(error_word(-1000), "internal");
	ck_assert_str_eq(error_word(7), "internal");
#define X(name, word, http, exit_code)                                                             \
	ck_assert_int_eq(error_from_word(word), ERROR_##name);                                     \
	ck_assert_int_lt(ERROR_##name, 0);
	ERROR_TABLE(X)
#undef X
	ck_assert_int_eq(error_from_word("no such word"), ERROR_INTERNAL);
	ck_assert_int_eq(error_from_word(NULL), ERROR_INTERNAL);
}
END_TEST

CHECK_MAIN("base error", &set_fills_code_and_message_and_clears_the_rest,
	&additions_return_the_code, &null_error_is_fine, &long_text_is_cut_at_a_character,
	&prefix_longer_than_the_message_keeps_within_bounds, &errno_names_the_reason,
	&every_code_has_its_row)
