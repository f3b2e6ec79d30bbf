#include "lib/base/arena.h"
#include "lib/base/buf.h"

#include "check_main.h"

#include <stdint.h>
#include <string.h>

static char order[16];

static void note(void *object)
{
	strcat(order, object);
}

START_TEST(memory_is_zeroed_aligned_and_apart)
{
	static const unsigned char zeroes[9000];
	struct arena arena = ARENA_INIT;
	unsigned char *before = NULL;

	for (size_t size = 0; size < 9000; size += 37) {
		unsigned char *bytes = arena_alloc(&arena, size);

		ck_assert_uint_eq((uintptr_t)bytes % 16, 0);
		ck_assert(!memcmp(bytes, zeroes, size));
		memset(bytes, 0xAB, size);
		if (before)
			ck_assert_ptr_ne(before, bytes);
		before = bytes;
	}
	arena_done(&arena);
}
END_TEST

START_TEST(a_big_piece_leaves_the_small_block_in_use)
{
	struct arena arena = ARENA_INIT;
	char *first = arena_alloc(&arena, 16), *second;

	arena_alloc(&arena, 100000);
	second = arena_alloc(&arena, 16);
	ck_assert_ptr_eq(first + 16, second);
	arena_done(&arena);
}
END_TEST

START_TEST(texts_are_copied_and_null_stays_null)
{
	struct arena arena = ARENA_INIT;
	char source[] = "plan";
	char *copy = arena_text(&arena, source);

	source[0] = 'X';
	ck_assert_str_eq(copy, "plan");
	ck_assert_ptr_null(arena_text(&arena, NULL));
	ck_assert_str_eq(arena_text_n(&arena, "abcdef", 3), "abc");
	ck_assert_str_eq(arena_format(&arena, "%s-%d", "n", 7), "n-7");
	arena_done(&arena);
}
END_TEST

START_TEST(deferred_calls_come_last_in_first_out)
{
	struct arena arena = ARENA_INIT;

	order[0] = 0;
	arena_defer(&arena, note, (char *)"a");
	arena_alloc(&arena, 5000);
	arena_defer(&arena, note, (char *)"b");
	for (int i = 0; i < 300; i++)
		arena_alloc(&arena, 64);
	arena_defer(&arena, note, (char *)"c");
	arena_done(&arena);
	ck_assert_str_eq(order, "cba");
	arena_done(&arena);
	ck_assert_str_eq(order, "cba");
}
END_TEST

START_TEST(an_empty_buffer_reads_as_empty_text)
{
	struct buf buf = BUF_INIT;
	size_t length = 7;
	char *taken;

	ck_assert_str_eq(buf_text(&buf), "");
	taken = buf_take(&buf, &length);
	ck_assert_str_eq(taken, "");
	ck_assert_uint_eq(length, 0);
	free(taken);
	buf_add(&buf, NULL, 0);
	ck_assert_str_eq(buf_text(&buf), "");
	buf_done(&buf);
}
END_TEST

START_TEST(a_buffer_grows_and_stays_terminated)
{
	struct buf buf = BUF_INIT;

	for (int i = 0; i < 1000; i++) {
		buf_add_format(&buf, "%d,", i % 10);
		ck_assert_int_eq(buf.bytes[buf.length], 0);
	}
	ck_assert_uint_eq(buf.length, 2000);
	buf_add_char(&buf, 'x');
	buf_add(&buf, "\0y", 2);
	ck_assert_uint_eq(buf.length, 2003);
	buf_done(&buf);
	ck_assert_ptr_null(buf.bytes);
}
END_TEST

START_TEST(drop_forgets_the_start)
{
	struct buf buf = BUF_INIT;

	buf_add_text(&buf, "abcdef");
	buf_drop(&buf, 2);
	ck_assert_str_eq(buf_text(&buf), "cdef");
	buf_drop(&buf, 100);
	ck_assert_str_eq(buf_text(&buf), "");
	buf_add_text(&buf, "z");
	ck_assert_str_eq(buf_text(&buf), "z");
	buf_done(&buf);
}
END_TEST

CHECK_MAIN("base arena and buf", &memory_is_zeroed_aligned_and_apart,
	&a_big_piece_leaves_the_small_block_in_use, &texts_are_copied_and_null_stays_null,
	&deferred_calls_come_last_in_first_out, &an_empty_buffer_reads_as_empty_text,
	&a_buffer_grows_and_stays_terminated, &drop_forgets_the_start)
