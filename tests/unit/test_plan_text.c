/* What plans do with text alone: digest, checks, differences. */
#include "check_main.h"
#include "plans/plan_rooms.h"

#include <string.h>

START_TEST(the_digest_covers_modules_and_not_the_file_name)
{
	json_t *modules = json_pack("{s:s}", "pacing", "return {}"),
	       *other = json_pack("{s:s}", "pacing", "return {1}");
	struct plan_source a = {"a.lua", "x", modules}, b = {"b.lua", "x", modules},
			   c = {"a.lua", "x", other}, d = {"a.lua", "x", NULL};
	char first[DIGEST_TEXT_SIZE], second[DIGEST_TEXT_SIZE];

	plan_source_digest(&a, first);
	plan_source_digest(&b, second);
	ck_assert_str_eq(first, second);
	plan_source_digest(&c, second);
	ck_assert_str_ne(first, second);
	plan_source_digest(&d, second);
	ck_assert_str_ne(first, second);
	json_decref(modules);
	json_decref(other);
}
END_TEST

START_TEST(sources_are_checked)
{
	struct error err = ERROR_INIT;
	json_t *bad_name = json_pack("{s:s}", "../etc/passwd", "x"),
	       *bad_text = json_pack("{s:i}", "m", 1);

	ck_assert_int_lt(plan_source_check(&(struct plan_source){"a/b.lua", "x", NULL}, &err), 0);
	ck_assert_int_lt(plan_source_check(&(struct plan_source){"a.lua", "", NULL}, &err), 0);
	ck_assert_int_lt(plan_source_check(&(struct plan_source){"a.lua", "x\r\n", NULL}, &err), 0);
	ck_assert_str_eq(err.remedy, "save it with Unix line ends");
	ck_assert_int_lt(plan_source_check(&(struct plan_source){"a.lua", "x", bad_name}, &err), 0);
	ck_assert_int_lt(plan_source_check(&(struct plan_source){"a.lua", "x", bad_text}, &err), 0);
	ck_assert_int_eq(
		plan_source_check(&(struct plan_source){"a.lua", "x\n\ty", NULL}, &err), 0);
	json_decref(bad_name);
	json_decref(bad_text);
}
END_TEST

START_TEST(a_diff_is_unified)
{
	struct arena arena = ARENA_INIT;
	static const char old[] = "a\nb\nc\nd\ne\nf\ng\nh\n", new[] = "a\nb\nC\nd\ne\nf\ng\nh\ni\n";

	ck_assert_str_eq(plan_diff(&arena, "x@1", old, "x@2", new),
		"--- x@1\n+++ x@2\n@@ -1,8 +1,9 @@\n a\n b\n-c\n+C\n d\n e\n f\n g\n h\n+i\n");
	ck_assert_str_eq(plan_diff(&arena, "x@1", old, "x@2", old), "");
	ck_assert_str_eq(plan_diff(&arena, "x@1", "", "x@2", "a\n"),
		"--- x@1\n+++ x@2\n@@ -0,0 +1,1 @@\n+a\n");
	ck_assert_str_eq(plan_diff(&arena, "x@1", "a\n", "x@2", ""),
		"--- x@1\n+++ x@2\n@@ -1,1 +0,0 @@\n-a\n");
	arena_done(&arena);
}
END_TEST

CHECK_MAIN("plan text", &the_digest_covers_modules_and_not_the_file_name, &sources_are_checked,
	&a_diff_is_unified)
