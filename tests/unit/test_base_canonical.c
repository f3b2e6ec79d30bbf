#include "lib/base/canonical.h"
#include "lib/base/json.h"

#include "check_main.h"

#include <string.h>

static int canonical_of(const char *text, struct buf *out, struct error *err)
{
	json_t *value = NULL;
	int rc = json_parse(text, strlen(text), JSON_DEPTH_GRAPH, &value, err);

	ck_assert_msg(rc == 0, "%s: %s", text, err->message);
	rc = canonical_add(out, value, err);
	json_decref(value);
	return rc;
}

START_TEST(one_spelling_comes_out)
{
	static const char *const cases[][2] = {
		{"{ \"b\" : 1, \"a\" : [ true , null, -0 ] }", "{\"a\":[true,null,0],\"b\":1}"},
		{"\"\\u4e2d\\/\\u0041\"", "\"\xE4\xB8\xAD/A\""},
		{"\"a\\\"b\\\\c\\nd\\te\"", "\"a\\\"b\\\\c\\nd\\te\""},
		{"{\"aa\":1,\"a\":2,\"B\":3,\"_\":4}", "{\"B\":3,\"_\":4,\"a\":2,\"aa\":1}"},
		{"-9223372036854775808", "-9223372036854775808"},
		{"\"\xE2\x80\xA8\"", "\"\xE2\x80\xA8\""},
		{"{}", "{}"},
		{"[]", "[]"},
		{"\"\"", "\"\""},
	};
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf out = BUF_INIT;

		ck_assert_int_eq(canonical_of(cases[i][0], &out, &err), 0);
		ck_assert_str_eq(buf_text(&out), cases[i][1]);
		ck_assert_int_eq(canonical_parse(out.bytes, out.length, 64, NULL, &err), 0);
		buf_done(&out);
	}
}
END_TEST

START_TEST(what_has_no_canonical_form_is_refused_with_its_path)
{
	static const char *const cases[][2] = {
		{"{\"steps\":[1,{\"share\":0.5}]}", "steps[1].share"},
		{"1.0", ""},
		{"{\"a\":\"\\r\"}", "a"},
		{"{\"a\":\"\\u0001\"}", "a"},
		{"{\"a\":[\"\x7F\"]}", "a[0]"},
		{"{\"a\":{\"\\u4e2d\":1}}", "a"},
		{"{\"a\":{\"\\n\":1}}", "a"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf out = BUF_INIT;
		struct error err = ERROR_INIT;

		buf_add_text(&out, "before");
		ck_assert_int_eq(canonical_of(cases[i][0], &out, &err), ERROR_INVALID);
		ck_assert_str_eq(err.field, cases[i][1]);
		ck_assert_str_eq(buf_text(&out), "before");
		buf_done(&out);
	}
}
END_TEST

START_TEST(only_canonical_bytes_are_accepted)
{
	static const char *const bad[] = {"{\"b\":1,\"a\":2}", "{ }", "[1, 2]", "\"\\u0041\"",
		"\"\\/\"", "-0", "1.0", "{\"a\":1}\n", "{\"a\":1,\"a\":1}", ""};
	struct error err = ERROR_INIT;
	json_t *value = NULL;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(
			canonical_parse(bad[i], strlen(bad[i]), 8, &value, &err) == ERROR_INVALID,
			"%s", bad[i]);
	ck_assert_ptr_null(value);
	ck_assert_int_eq(canonical_parse("{\"a\":[1]}", 9, 8, &value, &err), 0);
	ck_assert_uint_eq(json_object_size(value), 1);
	json_decref(value);
}
END_TEST

CHECK_MAIN("base canonical", &one_spelling_comes_out,
	&what_has_no_canonical_form_is_refused_with_its_path, &only_canonical_bytes_are_accepted)
