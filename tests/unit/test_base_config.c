#include "lib/base/config.h"

#include "check_main.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct config_option options[] = {
	{"data-dir", CONFIG_PATH, NULL, 0, 0, "where everything is kept"},
	{"port", CONFIG_INT, "8080", 1, 65535, "port of the API"},
	{"wait", CONFIG_DURATION, "30s", 1000, 3600000, "how long"},
	{"beat", CONFIG_DURATION, "5s", 0, 60000, "0 is off"},
	{"verbose", CONFIG_BOOL, "false", 0, 0, "say more"},
	{"log", CONFIG_TEXT, "", 0, 0, "levels"},
};

#define COUNT (sizeof(options) / sizeof(options[0]))

static int read_file(struct config *config, const char *content, struct error *err)
{
	char path[] = "/tmp/test-base-config-XXXXXX";
	int fd = mkstemp(path), rc;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, content, strlen(content)), (ssize_t)strlen(content));
	close(fd);
	rc = config_read_file(config, path, err);
	unlink(path);
	return rc;
}

START_TEST(defaults_hold_until_something_is_set)
{
	struct config *config = config_new(options, COUNT);

	ck_assert_int_eq(config_int(config, "port"), 8080);
	ck_assert_int_eq(config_int(config, "wait"), 30000);
	ck_assert(!config_bool(config, "verbose"));
	ck_assert_str_eq(config_text(config, "log"), "");
	ck_assert_ptr_null(config_text(config, "data-dir"));
	config_free(config);
}
END_TEST

START_TEST(later_sources_win)
{
	char *argv[] = {(char *)"x", (char *)"--port=3", NULL};
	struct config *config = config_new(options, COUNT);
	int argc = 2;

	ck_assert_int_eq(
		read_file(config, "# comment\n\n port = 1 \ndata-dir=/a\nverbose = yes\n", NULL),
		0);
	ck_assert_int_eq(config_int(config, "port"), 1);
	setenv("RBT_PORT", "2", 1);
	setenv("RBT_DATA_DIR", "/b", 1);
	ck_assert_int_eq(config_read_environment(config, "RBT_", NULL), 0);
	ck_assert_int_eq(config_int(config, "port"), 2);
	ck_assert_str_eq(config_text(config, "data-dir"), "/b");
	ck_assert_int_eq(config_read_flags(config, &argc, argv, NULL), 0);
	ck_assert_int_eq(config_int(config, "port"), 3);
	ck_assert(config_bool(config, "verbose"));
	ck_assert_int_eq(config_check(config, NULL), 0);
	config_free(config);
}
END_TEST

START_TEST(flags_are_taken_out_and_the_rest_stays)
{
	char *argv[] = {(char *)"x", (char *)"serve", (char *)"--wait", (char *)"2m",
		(char *)"--verbose", (char *)"--other", (char *)"--no-verbose", (char *)"--",
		(char *)"--port", (char *)"1", NULL};
	struct config *config = config_new(options, COUNT);
	int argc = 10;

	ck_assert_int_eq(config_read_flags(config, &argc, argv, NULL), 0);
	ck_assert_int_eq(argc, 6);
	ck_assert_str_eq(argv[1], "serve");
	ck_assert_str_eq(argv[2], "--other");
	ck_assert_str_eq(argv[3], "--");
	ck_assert_str_eq(argv[4], "--port");
	ck_assert_ptr_null(argv[6]);
	ck_assert_int_eq(config_int(config, "wait"), 120000);
	ck_assert(!config_bool(config, "verbose"));
	config_free(config);
}
END_TEST

START_TEST(a_flag_without_its_value_is_refused)
{
	char *argv[] = {(char *)"x", (char *)"--port", NULL};
	struct config *config = config_new(options, COUNT);
	struct error err = ERROR_INIT;
	int argc = 2;

	ck_assert_int_eq(config_read_flags(config, &argc, argv, &err), ERROR_USAGE);
	ck_assert_str_eq(err.remedy, "write --port <number>");
	config_free(config);
}
END_TEST

START_TEST(errors_name_source_setting_and_remedy)
{
	struct config *config = config_new(options, COUNT);
	struct error err = ERROR_INIT;

	ck_assert_int_eq(read_file(config, "port = 8080\nprot = 1\n", &err), ERROR_INVALID);
	ck_assert_str_eq(err.remedy, "did you mean port?");
	ck_assert_ptr_nonnull(strstr(err.place, ":2"));
	ck_assert_int_eq(read_file(config, "port\n", &err), ERROR_INVALID);
	ck_assert_int_eq(read_file(config, "port = 99999\n", &err), ERROR_INVALID);
	ck_assert_ptr_nonnull(strstr(err.message, "from 1 to 65535"));
	ck_assert_int_eq(config_set(config, "--wait", "wait", "1ms", &err), ERROR_INVALID);
	ck_assert_str_eq(err.message, "--wait: wait must be from 1s to 1h");
	ck_assert_int_eq(config_set(config, "--wait", "wait", "0", &err), ERROR_INVALID);
	ck_assert_int_eq(config_set(config, "--verbose", "verbose", "maybe", &err), ERROR_INVALID);
	ck_assert_int_eq(config_read_file(config, "/nonexistent/x.conf", &err), ERROR_IO);
	ck_assert_int_eq(config_int(config, "port"), 8080);
	config_free(config);
}
END_TEST

START_TEST(zero_is_a_duration_where_the_limits_begin_there)
{
	struct config *config = config_new(options, COUNT);

	ck_assert_int_eq(config_set(config, "x", "beat", "0", NULL), 0);
	ck_assert_int_eq(config_int(config, "beat"), 0);
	config_free(config);
}
END_TEST

START_TEST(a_required_setting_is_asked_for)
{
	struct config *config = config_new(options, COUNT);
	struct error err = ERROR_INIT;

	ck_assert_int_eq(config_check(config, &err), ERROR_INVALID);
	ck_assert_str_eq(err.field, "data-dir");
	config_free(config);
	config_free(NULL);
}
END_TEST

START_TEST(help_tells_defaults_and_limits)
{
	struct buf out = BUF_INIT;

	config_add_help(options, COUNT, &out);
	ck_assert_ptr_nonnull(strstr(
		buf_text(&out), "--data-dir <path>\n      where everything is kept (required)"));
	ck_assert_ptr_nonnull(strstr(buf_text(&out), "(default 8080, 1 to 65535)"));
	ck_assert_ptr_nonnull(strstr(buf_text(&out), "(default 30s, 1s to 1h)"));
	ck_assert_ptr_nonnull(strstr(buf_text(&out), "--[no-]verbose"));
	buf_done(&out);
}
END_TEST

CHECK_MAIN("base config", &defaults_hold_until_something_is_set, &later_sources_win,
	&flags_are_taken_out_and_the_rest_stays, &a_flag_without_its_value_is_refused,
	&errors_name_source_setting_and_remedy, &zero_is_a_duration_where_the_limits_begin_there,
	&a_required_setting_is_asked_for, &help_tells_defaults_and_limits)
