#include "change/command/words.h"

#include "lib/base/buf.h"

#include "check_main.h"

#include <string.h>

/* The words with a bar between them. */
static char *joined(struct arena *arena, char **words)
{
	struct buf line = BUF_INIT;
	char *made;

	for (size_t i = 0; words[i]; i++)
		buf_add_format(&line, "%s%s", i ? "|" : "", words[i]);
	made = arena_text(arena, buf_text(&line));
	buf_done(&line);
	return made;
}

static const struct {
	const char *line, *words;
} taken[] = {
	{"ls -l", "ls|-l"},
	{"  ls\t a  ", "ls|a"},
	{"cat 'a b' \"c d\" e\\ f", "cat|a b|c d|e f"},
	{"echo a'b'\"c\"\\d", "echo|abcd"},
	{"echo ''", "echo|"},
	{"echo \"\" ''x", "echo||x"},
	{"echo '$x `y` \\z' ';'", "echo|$x `y` \\z|;"},
	{"echo \"a;b|c&d*?~#!\"", "echo|a;b|c&d*?~#!"},
	{"echo \\; \\$ \\\" \\' \\\\", "echo|;|$|\"|'|\\"},
	{"echo a=b", "echo|a=b"},
	{"echo 'a\nb'", "echo|a\nb"},
	{"'if' x", "if|x"},
	{"cat \xE4\xB8\xAD", "cat|\xE4\xB8\xAD"},
	{"echo if then", "echo|if|then"},
};

START_TEST(lines_are_split)
{
	struct arena arena = ARENA_INIT;
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
		char **words, **again, *line;
		size_t count, count_again;

		ck_assert_msg(words_split(&arena, taken[i].line, &words, &count, &err) == 0,
			"%s: %s", taken[i].line, err.message);
		ck_assert_str_eq(joined(&arena, words), taken[i].words);
		ck_assert_ptr_null(words[count]);
		line = words_join(&arena, (const char *const *)words);
		ck_assert_int_eq(words_split(&arena, line, &again, &count_again, &err), 0);
		ck_assert_str_eq(joined(&arena, again), taken[i].words);
	}
	arena_done(&arena);
}
END_TEST

static const struct {
	const char *line, *place;
} refused[] = {
	{"ls | sh", "column 4"},
	{"ls; id", "column 3"},
	{"ls & id", "column 4"},
	{"ls > x", "column 4"},
	{"cat < x", "column 5"},
	{"cat $x", "column 5"},
	{"cat \"$x\"", "column 6"},
	{"cat \"a`id`\"", "column 7"},
	{"cat \"a\\nb\"", "column 7"},
	{"cat `id`", "column 5"},
	{"cat *", "column 5"},
	{"cat a?", "column 6"},
	{"cat [a]", "column 5"},
	{"cat {a,b}", "column 5"},
	{"cat ~", "column 5"},
	{"ls # x", "column 4"},
	{"! ls", "column 1"},
	{"(ls)", "column 1"},
	{"ls\nid", "column 3"},
	{"a=b ls", "column 2"},
	{"ls 'x", "column 4"},
	{"ls \"x", "column 4"},
	{"ls \\", "column 4"},
	{"ls a\\\nb", "column 5"},
	{"if true", "column 1"},
	{"time ls", "column 1"},
	{"'' x", "column 1"},
	{"", "column 1"},
	{"   ", "column 1"},
	{"ls \x07", "column 4"},
	{"ls a\rb", "column 5"},
	{"%1", "column 1"},
	{"cat \xE4\xB8\xAD;id", "column 6"},
};

START_TEST(what_a_shell_would_act_on_is_refused_with_its_place)
{
	struct arena arena = ARENA_INIT;

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct error err = ERROR_INIT;
		char **words = NULL;
		size_t count = 7;

		ck_assert_msg(
			words_split(&arena, refused[i].line, &words, &count, &err) == ERROR_INVALID,
			"%s is taken", refused[i].line);
		ck_assert_msg(!strcmp(err.place, refused[i].place), "%s: %s, not %s",
			refused[i].line, err.place, refused[i].place);
		ck_assert_str_eq(err.field, "line");
		ck_assert(err.remedy[0]);
		ck_assert(!words && count == 7);
	}
	arena_done(&arena);
}
END_TEST

START_TEST(long_lines_are_refused)
{
	struct arena arena = ARENA_INIT;
	struct error err = ERROR_INIT;
	char *line = arena_alloc(&arena, WORDS_BYTES_MAX + 2), **words;
	size_t count;

	memset(line, 'a', WORDS_BYTES_MAX);
	ck_assert_int_eq(words_split(&arena, line, &words, &count, &err), 0);
	line[WORDS_BYTES_MAX] = 'a';
	ck_assert_int_eq(words_split(&arena, line, &words, &count, &err), ERROR_INVALID);
	for (size_t i = 0; i <= WORDS_MAX; i++)
		memcpy(line + 2 * i, "a ", 3);
	ck_assert_int_eq(words_split(&arena, line, &words, &count, &err), ERROR_INVALID);
	line[(size_t)2 * WORDS_MAX] = 0;
	ck_assert_int_eq(words_split(&arena, line, &words, &count, &err), 0);
	ck_assert_uint_eq(count, WORDS_MAX);
	arena_done(&arena);
}
END_TEST

CHECK_MAIN("command words", &lines_are_split, &what_a_shell_would_act_on_is_refused_with_its_place,
	&long_lines_are_refused)
