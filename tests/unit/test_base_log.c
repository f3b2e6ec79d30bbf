#include "lib/base/log.h"

#include "check_main.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char written[4096];

/* Standard error of the forked test goes to a pipe, which is read afterwards. */
static int begin_capture(void)
{
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_eq(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
	close(ends[1]);
	return ends[0];
}

static void end_capture(int from)
{
	ssize_t length;

	close(STDERR_FILENO);
	length = read(from, written, sizeof(written) - 1);
	close(from);
	ck_assert_int_ge(length, 0);
	written[length] = 0;
}

START_TEST(an_event_is_one_visible_line)
{
	int from = begin_capture();

	log_info("server", "listening\nhere", "address", "unix:/x", "nothing", NULL, "odd",
		"a\"b\\\n\x1b");
	end_capture(from);
	ck_assert_str_eq(strchr(written, 'Z') + 1,
		" server listening\\x0ahere address=\"unix:/x\" odd=\"a\\\"b\\\\\\x0a\\x1b\"\n");
	ck_assert_int_eq(strncmp(written, "info 20", 7), 0);
}
END_TEST

START_TEST(levels_hold_by_room)
{
	int from = begin_capture();

	ck_assert_int_eq(log_configure("warn,executor=debug,server=error", NULL), 0);
	ck_assert(log_is_on("executor", LOG_LEVEL_DEBUG));
	ck_assert(!log_is_on("server", LOG_LEVEL_WARN));
	ck_assert(log_is_on("server", LOG_LEVEL_ERROR));
	ck_assert(log_is_on("store", LOG_LEVEL_WARN));
	ck_assert(!log_is_on("store", LOG_LEVEL_INFO));
	log_info("store", "quiet");
	log_debug("executor", "loud");
	end_capture(from);
	ck_assert_ptr_null(strstr(written, "quiet"));
	ck_assert_ptr_nonnull(strstr(written, "loud"));
}
END_TEST

START_TEST(a_wrong_level_changes_nothing)
{
	struct error err = ERROR_INIT;

	ck_assert_int_eq(log_configure("error", NULL), 0);
	ck_assert_int_eq(log_configure("debug,server=loud", &err), ERROR_INVALID);
	ck_assert_str_eq(err.field, "log");
	ck_assert_int_eq(log_configure("", &err), ERROR_INVALID);
	ck_assert_int_eq(log_configure("info,", &err), ERROR_INVALID);
	ck_assert_int_eq(log_configure("=info", &err), ERROR_INVALID);
	ck_assert(!log_is_on("server", LOG_LEVEL_WARN));
}
END_TEST

CHECK_MAIN("base log", &an_event_is_one_visible_line, &levels_hold_by_room,
	&a_wrong_level_changes_nothing)
