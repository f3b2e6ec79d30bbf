#include "lib/base/json.h"

#include "check_main.h"

#include <string.h>

static json_t *parse(const char *text)
{
	json_t *value = NULL;
	struct error err = ERROR_INIT;

	ck_assert_msg(json_parse(text, strlen(text), JSON_DEPTH_MAX, &value, &err) == 0, "%s",
		err.message);
	return value;
}

static void refuse(const char *text, size_t length, struct error *err)
{
	json_t *value = NULL;

	ck_assert_msg(json_parse(text, length, 4, &value, err) == ERROR_INVALID, "%s", text);
	ck_assert_ptr_null(value);
}

START_TEST(broken_json_is_refused_with_its_place)
{
	static const char *const bad[] = {"", "{", "{\"a\":1,}", "{\"a\":1}x", "{\"a\":1,\"a\":2}",
		"nul", "\"\\u0000\"", "[1,,2]", "\"\xFF\"", "9223372036854775808", "{'a':1}",
		"1 2"};
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		refuse(bad[i], strlen(bad[i]), &err);
	refuse("{\n  \"a\": x}", 11, &err);
	ck_assert_ptr_nonnull(strstr(err.place, "line 2"));
	refuse(NULL, 0, &err);
}
END_TEST

START_TEST(depth_is_bounded_before_parsing)
{
	struct error err = ERROR_INIT;
	json_t *value = NULL;

	refuse("[[[[[1]]]]]", 11, &err);
	ck_assert_ptr_nonnull(strstr(err.place, "line 1, column 5"));
	refuse("{\"a\":{\"a\":{\"a\":{\"a\":{}}}}}", 26, &err);
	ck_assert_int_eq(json_parse("[[[[1]]]]", 9, 4, &value, &err), 0);
	json_decref(value);
	ck_assert_int_eq(json_parse("[\"[[[[[\\\"[[[\"]", 14, 4, &value, &err), 0);
	json_decref(value);
	ck_assert_int_eq(json_parse("[[],[],[],[],[],[]]", 19, 2, &value, &err), 0);
	json_decref(value);
}
END_TEST

START_TEST(fields_are_read_by_type)
{
	json_t *object = parse("{\"t\":\"x\",\"i\":5,\"b\":true,\"o\":{},\"a\":[]}");
	const char *text = NULL;
	int64_t number = 0;
	bool flag = false;
	json_t *inner = NULL;

	ck_assert_int_eq(json_get_text(object, "t", true, &text, NULL), 0);
	ck_assert_str_eq(text, "x");
	ck_assert_int_eq(json_get_int(object, "i", true, 0, 5, &number, NULL), 0);
	ck_assert_int_eq(number, 5);
	ck_assert_int_eq(json_get_bool(object, "b", true, &flag, NULL), 0);
	ck_assert(flag);
	ck_assert_int_eq(json_get_object(object, "o", true, &inner, NULL), 0);
	ck_assert(json_is_object(inner));
	ck_assert_int_eq(json_get_array(object, "a", true, &inner, NULL), 0);
	ck_assert(json_is_array(inner));
	json_decref(object);
}
END_TEST

START_TEST(an_absent_optional_field_leaves_the_default)
{
	json_t *object = parse("{}");
	const char *text = "default";
	int64_t number = 42;
	bool flag = true;

	ck_assert_int_eq(json_get_text(object, "t", false, &text, NULL), 0);
	ck_assert_int_eq(json_get_int(object, "i", false, 0, 1, &number, NULL), 0);
	ck_assert_int_eq(json_get_bool(object, "b", false, &flag, NULL), 0);
	ck_assert_str_eq(text, "default");
	ck_assert_int_eq(number, 42);
	ck_assert(flag);
	json_decref(object);
}
END_TEST

START_TEST(wrong_fields_are_named)
{
	json_t *object = parse("{\"n\":1.5,\"s\":5,\"z\":null}");
	struct error err = ERROR_INIT;
	const char *text = NULL;
	int64_t number = 0;

	ck_assert_int_eq(json_get_text(object, "reason", true, &text, &err), ERROR_INVALID);
	ck_assert_str_eq(err.field, "reason");
	ck_assert_str_eq(err.message, "the field reason is missing");
	ck_assert_int_eq(json_get_int(object, "n", true, 0, 9, &number, &err), ERROR_INVALID);
	ck_assert_str_eq(err.message, "n is a number with a fraction; it must be a whole number");
	ck_assert_int_eq(json_get_int(object, "s", true, 6, 9, &number, &err), ERROR_INVALID);
	ck_assert_str_eq(err.message, "s is 5; it must be from 6 to 9");
	ck_assert_int_eq(json_get_text(object, "s", true, &text, &err), ERROR_INVALID);
	ck_assert_int_eq(json_get_text(object, "z", false, &text, &err), ERROR_INVALID);
	ck_assert_int_eq(json_get_text(json_null(), "z", false, &text, &err), ERROR_INVALID);
	json_decref(object);
}
END_TEST

START_TEST(unknown_keys_are_refused_with_the_nearest)
{
	static const char *const allowed[] = {"name", "reason", NULL};
	static const char *const none[] = {NULL};
	json_t *object = parse("{\"name\":1,\"raeson\":2}"), *odd = parse("{\"\\u202ex\":1}");
	struct error err = ERROR_INIT;

	ck_assert_int_eq(json_check_keys(object, allowed, &err), ERROR_INVALID);
	ck_assert_str_eq(err.field, "raeson");
	ck_assert_str_eq(err.remedy, "did you mean \"reason\"?");
	ck_assert_int_eq(json_check_keys(object, none, &err), ERROR_INVALID);
	ck_assert_int_eq(json_check_keys(odd, allowed, &err), ERROR_INVALID);
	ck_assert_str_eq(err.field, "\\u{202e}x");
	ck_assert_str_eq(err.remedy, "the fields are: name, reason");
	json_object_del(object, "raeson");
	ck_assert_int_eq(json_check_keys(object, allowed, &err), 0);
	ck_assert_int_eq(json_check_keys(json_null(), allowed, &err), ERROR_INVALID);
	json_decref(object);
	json_decref(odd);
}
END_TEST

START_TEST(objects_are_written)
{
	struct arena arena = ARENA_INIT;
	json_t *object = json_object();

	json_set_text(object, "t", "x");
	json_set_text(object, "none", NULL);
	json_set_int(object, "i", INT64_MIN);
	json_set_bool(object, "b", false);
	json_set_time(object, "at", 1000000);
	json_set_time(object, "never", 0);
	ck_assert_str_eq(json_text(&arena, object),
		"{\"t\":\"x\",\"i\":-9223372036854775808,\"b\":false,"
		"\"at\":\"1970-01-01T00:00:01.000000Z\"}");
	json_decref(object);
	arena_done(&arena);
}
END_TEST

CHECK_MAIN("base json", &broken_json_is_refused_with_its_place, &depth_is_bounded_before_parsing,
	&fields_are_read_by_type, &an_absent_optional_field_leaves_the_default,
	&wrong_fields_are_named, &unknown_keys_are_refused_with_the_nearest, &objects_are_written)
