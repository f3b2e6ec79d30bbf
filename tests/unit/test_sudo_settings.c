#include "change/sudo/plugin_settings.h"

#include "change/command/steering.h"
#include "change/sudo/plugin_request.h"
#include "check_main.h"

#include <string.h>

#define LIST(...) ((char *const *)(const char *const[]){__VA_ARGS__, NULL})
#define KEY	  "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF"

static struct arena arena;

static void begin(void)
{
	arena_init(&arena);
}

static void end(void)
{
	arena_done(&arena);
}

static char *const no_environment[] = {NULL};

#define GOOD_USER "user=alice", "uid=4001", "sid=77", "cwd=/tmp", "lines=24", "cols=80"

START_TEST(options_have_defaults)
{
	struct plugin_options options;
	struct error err = ERROR_INIT;

	ck_assert_int_eq(plugin_options_read(&arena, NULL, &options, &err), 0);
	ck_assert_str_eq(options.gate.socket, GATE_SOCKET_PATH);
	ck_assert_str_eq(options.gate.recordings, PLUGIN_RECORD_DIR);
	ck_assert_uint_eq(options.gate.server_uid, 0);
	ck_assert(!options.gate.has_key && !options.is_interactive);
}
END_TEST

START_TEST(options_are_taken)
{
	struct plugin_options options;
	struct error err = ERROR_INIT;

	ck_assert_int_eq(plugin_options_read(&arena,
				 LIST("socket=/run/g", "server_uid=7", "interactive=yes",
					 "record_dir=/var/r", "public_key=" KEY),
				 &options, &err),
		0);
	ck_assert_str_eq(options.gate.socket, "/run/g");
	ck_assert_str_eq(options.gate.recordings, "/var/r");
	ck_assert_uint_eq(options.gate.server_uid, 7);
	ck_assert(options.is_interactive && options.gate.has_key);
	ck_assert_uint_eq(options.gate.key[1], 0x11);
	ck_assert_uint_eq(options.gate.key[31], 0xFF);
}
END_TEST

START_TEST(bad_options_are_refused_and_change_nothing)
{
	static const char *const bad[] = {"socket=", "socket=run/g", "server_uid=", "server_uid=x",
		"server_uid=-1", "server_uid=4294967295", "server_uid=99999999999999999999",
		"server_uid=0x0", "server_uid= 0", "interactive=", "interactive=YES",
		"interactive=yes ", "record_dir=", "record_dir=.", "public_key=", "public_key=00",
		"public_key=" KEY "0", "public_key=" KEY " ", "", "=", "socket", "sockets=/x",
		"Socket=/x", "debug=1"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct plugin_options options = {.is_interactive = true};
		struct error err = ERROR_INIT;
		char *const list[] = {(char *)bad[i], NULL};

		ck_assert_msg(plugin_options_read(&arena, list, &options, &err) == ERROR_INVALID,
			"%s", bad[i]);
		ck_assert_str_ne(err.message, "");
		ck_assert_str_ne(err.place, "");
		ck_assert_ptr_null(options.gate.socket);
		ck_assert(options.is_interactive);
	}
}
END_TEST

START_TEST(an_option_given_twice_is_refused)
{
	struct plugin_options options;
	struct error err = ERROR_INIT;

	ck_assert_int_eq(
		plugin_options_read(&arena, LIST("socket=/a", "socket=/a"), &options, &err),
		ERROR_INVALID);
	ck_assert_str_eq(err.field, "socket");
}
END_TEST

START_TEST(the_caller_is_read)
{
	struct plugin_caller caller;
	struct error err = ERROR_INIT;

	ck_assert_int_eq(
		plugin_caller_read(&arena, LIST(GOOD_USER, "tty=/dev/pts/3", "host=h"),
			LIST("RCM_CHANGE=CHG-12", "RCM_STEP=3", "RCM_CHANGES=x"), &caller, &err),
		0);
	ck_assert_str_eq(caller.user, "alice");
	ck_assert_uint_eq(caller.uid, 4001);
	ck_assert_uint_eq(caller.session, 77);
	ck_assert_str_eq(caller.tty, "/dev/pts/3");
	ck_assert_str_eq(caller.change, "CHG-12");
	ck_assert_uint_eq(caller.step, 3);
	ck_assert_uint_eq(caller.columns, 80);
}
END_TEST

START_TEST(each_line_of_user_info_is_needed)
{
	static const char *const good[] = {GOOD_USER};
	const size_t count = sizeof(good) / sizeof(good[0]);

	for (size_t left_out = 0; left_out < count; left_out++) {
		char *list[sizeof(good) / sizeof(good[0]) + 1] = {NULL};
		struct plugin_caller caller = {0};
		struct error err = ERROR_INIT;
		size_t used = 0;

		for (size_t i = 0; i < count; i++)
			if (i != left_out)
				list[used++] = (char *)good[i];
		ck_assert_msg(plugin_caller_read(&arena, list, no_environment, &caller, &err) ==
				      ERROR_INVALID,
			"without %s", good[left_out]);
		ck_assert_ptr_null(caller.user);
	}
}
END_TEST

START_TEST(lists_that_are_missing_are_refused)
{
	struct plugin_caller caller;
	struct plugin_command command;
	struct error err = ERROR_INIT;

	ck_assert_int_eq(
		plugin_caller_read(&arena, NULL, no_environment, &caller, &err), ERROR_INVALID);
	ck_assert_int_eq(
		plugin_caller_read(&arena, LIST(GOOD_USER), NULL, &caller, &err), ERROR_INVALID);
	ck_assert_int_eq(plugin_command_read(&arena, NULL, &command, &err), ERROR_INVALID);
}
END_TEST

START_TEST(a_wish_is_a_change_and_its_step)
{
	static const struct {
		const char *change, *step;
		bool is_good;
	} cases[] = {
		{"RCM_CHANGE=CHG-1", "RCM_STEP=1", true},
		{"RCM_CHANGE=", "RCM_STEP=", true},
		{"RCM_CHANGE=CHG-7", "RCM_STEP=", true},
		{"RCM_CHANGE=CHG-0", "RCM_STEP=", false},
		{"RCM_CHANGE=chg-1", "RCM_STEP=", false},
		{"RCM_CHANGE=CHG-1x", "RCM_STEP=", false},
		{"RCM_CHANGE=CHG-1234567890123456789", "RCM_STEP=", false},
		{"RCM_CHANGE=CHG-1", "RCM_STEP=0", false},
		{"RCM_CHANGE=CHG-1", "RCM_STEP=-1", false},
		{"RCM_CHANGE=CHG-1", "RCM_STEP=1.0", false},
		{"RCM_CHANGE=", "RCM_STEP=1", false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct plugin_caller caller;
		struct error err = ERROR_INIT;
		int code = plugin_caller_read(&arena, LIST(GOOD_USER),
			LIST((char *)cases[i].change, (char *)cases[i].step), &caller, &err);

		ck_assert_msg(
			(code == 0) == cases[i].is_good, "%s %s", cases[i].change, cases[i].step);
	}
}
END_TEST

#define GOOD_COMMAND "command=/usr/bin/id", "runas_user=root"

START_TEST(a_command_is_read)
{
	struct plugin_command command;
	struct error err = ERROR_INIT;

	ck_assert_int_eq(plugin_command_read(&arena,
				 LIST(GOOD_COMMAND, "cwd=/srv", "sudoedit=false", "closefrom=3"),
				 &command, &err),
		0);
	ck_assert_str_eq(command.path, "/usr/bin/id");
	ck_assert_str_eq(command.cwd, "/srv");
	ck_assert_ptr_null(command.runcwd);
	ck_assert(!command.is_edit);
}
END_TEST

START_TEST(bad_commands_are_refused)
{
	static const char *const bad[][4] = {
		{"runas_user=root"},
		{"command=/usr/bin/id"},
		{"command=", "runas_user=root"},
		{"command=id", "runas_user=root"},
		{GOOD_COMMAND, "command=/usr/bin/id"},
		{GOOD_COMMAND, "chroot=/srv"},
		{GOOD_COMMAND, "cwd=srv"},
		{GOOD_COMMAND, "runcwd=srv"},
		{GOOD_COMMAND, "sudoedit=1"},
		{GOOD_COMMAND, "sudoedit=true"},
		{"command=/bin/ed", "runas_user=root", "sudoedit=true", "sudoedit_nfiles=x"},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char *list[5] = {NULL};
		struct plugin_command command = {0};
		struct error err = ERROR_INIT;

		for (size_t j = 0; j < 4; j++)
			list[j] = (char *)bad[i][j];
		ck_assert_msg(plugin_command_read(&arena, list, &command, &err) == ERROR_INVALID,
			"case %zu", i);
		ck_assert_ptr_null(command.path);
	}
}
END_TEST

/* --- the question --- */

static int make(const struct plugin_command *command, char *const *argv, char *const *environment,
	struct gate_request *ret, struct error *err)
{
	static const struct plugin_caller caller = {
		.user = "alice", .uid = 4001, .cwd = "/tmp", .tty = "", .change = ""};

	return plugin_request_make(&arena, &caller, command, argv, environment, "", ret, err);
}

START_TEST(a_program_is_asked_by_what_it_is)
{
	const struct plugin_command command = {.path = "/proc/self/exe", .runas = "root"};
	static char *const words[] = {(char *)"typed", (char *)"a", (char *)"", NULL};
	static char *const variables[] = {(char *)"LANG=C", NULL};
	struct gate_request request;
	struct error err = ERROR_INIT;

	ck_assert_int_eq(make(&command, words, variables, &request, &err), 0);
	ck_assert_ptr_nonnull(strstr(request.exec.path, "test_sudo_settings"));
	ck_assert_str_eq(request.exec.argv[0], "exe");
	ck_assert_str_eq(request.exec.argv[1], "a");
	ck_assert_str_eq(request.exec.argv[2], "");
	ck_assert_ptr_null(request.exec.argv[3]);
	ck_assert_str_eq(request.exec.env[0], "LANG=C");
	ck_assert_str_eq(request.exec.cwd, "/tmp");
}
END_TEST

START_TEST(a_login_shell_keeps_its_mark)
{
	const struct plugin_command command = {.path = "/bin/sh", .runas = "root"};
	struct gate_request request;
	struct error err = ERROR_INIT;

	ck_assert_int_eq(make(&command, LIST("-sh"), no_environment, &request, &err), 0);
	ck_assert_str_eq(request.exec.argv[0], "-sh");
}
END_TEST

START_TEST(where_it_runs_is_what_sudo_says_last)
{
	struct plugin_command command = {.path = "/bin/sh", .runas = "root", .cwd = "/srv"};
	struct gate_request request;
	struct error err = ERROR_INIT;

	ck_assert_int_eq(make(&command, LIST("sh"), no_environment, &request, &err), 0);
	ck_assert_str_eq(request.exec.cwd, "/srv");
	command.runcwd = "/var";
	ck_assert_int_eq(make(&command, LIST("sh"), no_environment, &request, &err), 0);
	ck_assert_str_eq(request.exec.cwd, "/var");
}
END_TEST

START_TEST(questions_that_cannot_be_asked)
{
	const struct plugin_command gone = {.path = "/nowhere/at/all", .runas = "root"},
				    shell = {.path = "/bin/sh", .runas = "root"},
				    edit = {.path = "/bin/sh",
					    .runas = "root",
					    .is_edit = true,
					    .edit_files = 2};
	static char *const nothing[] = {NULL};
	static char *const files[] = {(char *)"ed", (char *)"--", (char *)"/a", (char *)"/b", NULL};
	struct gate_request request;
	struct error err = ERROR_INIT;

	ck_assert_int_eq(make(&gone, LIST("x"), no_environment, &request, &err), ERROR_INVALID);
	ck_assert_int_eq(make(&shell, nothing, no_environment, &request, &err), ERROR_INVALID);
	ck_assert_int_eq(make(&shell, NULL, no_environment, &request, &err), ERROR_INVALID);
	ck_assert_int_eq(make(&shell, LIST("sh"), NULL, &request, &err), ERROR_INVALID);
	ck_assert_int_eq(
		make(&edit, LIST("ed", "--", "/a"), no_environment, &request, &err), ERROR_INVALID);
	ck_assert_int_eq(make(&edit, LIST("ed", "-s", "/a", "/b"), no_environment, &request, &err),
		ERROR_INVALID);
	ck_assert_int_eq(make(&edit, files, no_environment, &request, &err), 0);
	ck_assert_str_eq(request.exec.argv[0], PLUGIN_EDIT_PATH);
	ck_assert_str_eq(request.exec.argv[2], "/b");
}
END_TEST

START_TEST(what_steers_a_program_is_refused)
{
	const struct plugin_command shell = {.path = "/bin/sh", .runas = "root"},
				    edit = {.path = "/bin/sh",
					    .runas = "root",
					    .is_edit = true,
					    .edit_files = 1};
	static const char *const bad[] = {"LD_PRELOAD=/x", "LD_=", "BASH_ENV=", "ENV=x",
		"BASH_FUNC_ls%%=() {  id", "PAGER=sh", "EDITOR=sh", "GCONV_PATH=.", "PYTHONPATH=/x",
		"PERL5OPT=-d", "NODE_OPTIONS=-r", "GIT_SSH_COMMAND=sh", "GIT_CONFIG_COUNT=1",
		"LD_AUDIT", "PATH=", "PATH=bin", "PATH=/bin:", "PATH=/tmp:/bin",
		"PATH=/bin:/tmp/not/there", "SHELL=/tmp/sh", "SHELL=sh"};
	struct gate_request request;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct error err = ERROR_INIT;
		char *const environment[] = {(char *)bad[i], NULL};

		ck_assert_msg(
			make(&shell, LIST("sh"), environment, &request, &err) == ERROR_FORBIDDEN,
			"%s", bad[i]);
	}
	struct error err = ERROR_INIT;

	ck_assert_int_eq(make(&shell, LIST("sh"), LIST("PATH=/bin:/not/there", "SHELL=/bin/sh"),
				 &request, &err),
		0);
	ck_assert_int_eq(
		make(&edit, LIST("ed", "--", "/a"), LIST("EDITOR=ed", "PATH=/tmp"), &request, &err),
		0);
	ck_assert_int_eq(make(&edit, LIST("ed", "--", "/a"), LIST("PAGER=sh"), &request, &err),
		ERROR_FORBIDDEN);
	ck_assert(!command_is_steering("ENVIRONMENT=x") && !command_is_steering("HOME") &&
		  !command_is_steering("MY_LD_PRELOAD=x"));
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {options_have_defaults, options_are_taken,
		bad_options_are_refused_and_change_nothing, an_option_given_twice_is_refused,
		the_caller_is_read, each_line_of_user_info_is_needed,
		lists_that_are_missing_are_refused, a_wish_is_a_change_and_its_step,
		a_command_is_read, bad_commands_are_refused, a_program_is_asked_by_what_it_is,
		a_login_shell_keeps_its_mark, where_it_runs_is_what_sudo_says_last,
		questions_that_cannot_be_asked, what_steers_a_program_is_refused};
	Suite *suite = suite_create("sudo_settings");
	TCase *tcase = tcase_create("sudo_settings");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tcase, begin, end);
	suite_add_tcase(suite, tcase);
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		tcase_add_test(tcase, tests[i]);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
