/*
 * The plugin as sudo drives it, by its two symbols: every input that is bad, and each allocation of
 * ours failing in turn. What must never happen: open returns 0, or check returns 1 and the gate did
 * not allow.
 */
#include "change/sudo/plugin.h"

#include "check_main.h"
#include "sudo_gate.h"

#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* An abort that becomes an answer loses what was taken until then (plugin_guard.h). */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

/* --- allocations of this thread that fail: number `fail_at` --- */

static _Thread_local unsigned taken, fail_at;
static _Thread_local bool is_inside; /* the plugin, not the test around it */

static bool is_failing(void)
{
	return is_inside && fail_at && ++taken == fail_at;
}

#define INSIDE(call) (is_inside = true, (call))

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *at, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *at, size_t size);

void *__wrap_malloc(size_t size)
{
	return is_failing() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return is_failing() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *at, size_t size)
{
	return is_failing() ? NULL : __real_realloc(at, size);
}

/* --- what sudo gives --- */

static char printed[4096];
static bool has_printed_elsewhere; /* than on the standard error */

static int print(int type, const char *format, ...)
{
	va_list args;

	has_printed_elsewhere |= type != SUDO_CONV_ERROR_MSG;
	va_start(args, format);
	vsnprintf(printed, sizeof(printed), format, args);
	va_end(args);
	return (int)strlen(printed);
}

static int event_set(struct sudo_plugin_event *event, int fd, int events,
	sudo_plugin_ev_callback_t callback, void *closure)
{
	(void)event;
	(void)fd;
	(void)events;
	(void)callback;
	(void)closure;
	return 1;
}

static int event_add(struct sudo_plugin_event *event, struct timespec *timeout)
{
	(void)event;
	(void)timeout;
	return 1;
}

static int event_del(struct sudo_plugin_event *event)
{
	(void)event;
	return 1;
}

static unsigned breaks;

static void event_break(struct sudo_plugin_event *event)
{
	(void)event;
	breaks++;
}

static void event_free(struct sudo_plugin_event *event)
{
	free(event);
}

static struct sudo_plugin_event *event_alloc(void)
{
	struct sudo_plugin_event *event = calloc(1, sizeof(*event));

	if (event)
		*event = (struct sudo_plugin_event){.set = event_set,
			.add = event_add,
			.del = event_del,
			.loopbreak = event_break,
			.free = event_free};
	return event;
}

/* --- one sudo --- */

static char directory[64], socket_option[128], uid_option[32], record_option[128];
static char runas_user[128], runas_uid[32], runas_gid[32], user_line[128], user_uid[32];
static char *const argv[] = {(char *)"true", (char *)"a", NULL};
static char *const environment[] = {(char *)"PATH=/bin", NULL};
static char *options[] = {socket_option, uid_option, record_option, NULL};
static char *user_info[] = {user_line, user_uid, (char *)"sid=1", (char *)"cwd=/",
	(char *)"lines=24", (char *)"cols=80", (char *)"tty=/dev/pts/0", NULL};
static char *command_info[] = {(char *)"command=/bin/true", runas_user, runas_uid, runas_gid, NULL};

static void begin(void)
{
	const struct passwd *me = getpwuid(getuid());

	strcpy(directory, "/tmp/test-sudo-plugin-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	ck_assert_ptr_nonnull(me);
	snprintf(socket_option, sizeof(socket_option), "socket=%s/gate.sock", directory);
	snprintf(record_option, sizeof(record_option), "record_dir=%s/rec", directory);
	snprintf(uid_option, sizeof(uid_option), "server_uid=%u", (unsigned)getuid());
	snprintf(runas_user, sizeof(runas_user), "runas_user=%s", me->pw_name);
	snprintf(runas_uid, sizeof(runas_uid), "runas_uid=%u", (unsigned)me->pw_uid);
	snprintf(runas_gid, sizeof(runas_gid), "runas_gid=%u", (unsigned)me->pw_gid);
	snprintf(user_line, sizeof(user_line), "user=%s", me->pw_name);
	snprintf(user_uid, sizeof(user_uid), "uid=%u", (unsigned)me->pw_uid);
	sudo_gate_start(strchr(socket_option, '=') + 1);
	rcm_io.event_alloc = event_alloc;
}

static void end(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -r '%s'", directory);
	ck_assert_int_eq(system(command), 0);
}

static int open_approval(char *const *user, char *const *submit, char *const *plugin_options)
{
	const char *errstr = NULL;
	int answer = INSIDE(rcm_approval.open(SUDO_API_VERSION, NULL, print, environment, user, 1,
		argv, submit, plugin_options, &errstr));

	is_inside = false;
	ck_assert_msg(answer == 1 || answer == -1, "open returned %d", answer);
	if (answer == -1)
		ck_assert_ptr_nonnull(errstr);
	return answer;
}

static int check_once(char *const *info, char *const *words, char *const *variables)
{
	const char *errstr = NULL;
	int answer = INSIDE(rcm_approval.check(info, words, variables, &errstr));

	is_inside = false;
	ck_assert_msg(answer == 1 || answer == 0 || answer == -1, "check returned %d", answer);
	if (answer != 1)
		ck_assert_ptr_nonnull(errstr);
	return answer;
}

static int open_io(char *const *plugin_options)
{
	const char *errstr = NULL;
	int answer = INSIDE(rcm_io.open(SUDO_API_VERSION, NULL, print, environment, user_info,
		command_info, 2, argv, environment, plugin_options, &errstr));

	is_inside = false;
	ck_assert_msg(answer == 1 || answer == -1, "open returned %d", answer);
	return answer;
}

START_TEST(an_allow_is_kept_and_watched)
{
	const char *errstr = NULL;

	sudo_gate_answer(GATE_ALLOW);
	ck_assert_int_eq(open_approval(user_info, environment, options), 1);
	ck_assert_int_eq(check_once(command_info, argv, environment), 1);
	rcm_approval.close();
	ck_assert_int_eq(open_io(options), 1);
	ck_assert_int_eq(rcm_io.log_ttyout("hello", 5, &errstr), 1);
	ck_assert_int_eq(rcm_io.log_ttyin("x", 1, &errstr), 1);
	ck_assert_int_eq(rcm_io.change_winsize(30, 100, &errstr), 1);
	rcm_io.close(0, 0);
}
END_TEST

START_TEST(a_refusal_is_no)
{
	sudo_gate_answer(GATE_DENY);
	ck_assert_int_eq(open_approval(user_info, environment, options), 1);
	ck_assert_int_eq(check_once(command_info, argv, environment), 0);
	ck_assert_str_eq(printed, "rcm: deny[14 used_up]: used\n");
	ck_assert_int_eq(open_io(options), -1);
}
END_TEST

START_TEST(sudo_without_what_it_always_gives)
{
	static char *const nothing[] = {NULL};

	sudo_gate_answer(GATE_ALLOW);
	ck_assert_int_eq(open_approval(NULL, environment, options), -1);
	ck_assert_int_eq(open_approval(nothing, environment, options), -1);
	ck_assert_int_eq(open_approval(user_info, NULL, options), -1);
	ck_assert_int_eq(check_once(command_info, argv, environment), -1);
	ck_assert_int_eq(open_approval(user_info, environment, options), 1);
	ck_assert_int_eq(check_once(NULL, argv, environment), -1);
	ck_assert_int_eq(check_once(nothing, argv, environment), -1);
	ck_assert_int_eq(check_once(command_info, NULL, environment), -1);
	ck_assert_int_eq(check_once(command_info, nothing, environment), -1);
	ck_assert_int_eq(check_once(command_info, argv, NULL), -1);
	rcm_approval.close();
	ck_assert_int_eq(check_once(command_info, argv, environment), -1);
	ck_assert_uint_eq(sudo_gate_allows(), 0);
}
END_TEST

START_TEST(a_sudo_of_another_interface)
{
	static const unsigned versions[] = {
		0, SUDO_API_MKVERSION(1, 14), SUDO_API_MKVERSION(2, 0), SUDO_API_MKVERSION(0, 99)};
	const char *errstr = NULL;

	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++)
		ck_assert_int_eq(rcm_approval.open(versions[i], NULL, print, environment, user_info,
					 1, argv, environment, options, &errstr),
			-1);
	ck_assert_int_eq(rcm_approval.open(SUDO_API_MKVERSION(1, 99), NULL, NULL, environment,
				 user_info, 1, argv, environment, options, NULL),
		1);
}
END_TEST

START_TEST(a_command_inside_is_one_that_says_so)
{
	char *inside[] = {(char *)"command=/bin/true", runas_user, runas_uid, runas_gid,
		(char *)"runcwd=/", NULL};

	sudo_gate_answer(GATE_ALLOW);
	ck_assert_int_eq(open_approval(user_info, environment, options), 1);
	ck_assert_int_eq(check_once(inside, argv, environment), -1);
	ck_assert_int_eq(check_once(command_info, argv, environment), 1);
	ck_assert_int_eq(check_once(command_info, argv, environment), -1);
	ck_assert_uint_eq(sudo_gate_allows(), 1);
}
END_TEST

static int run_once(void)
{
	const char *errstr = NULL;
	int answer = open_approval(user_info, environment, options);

	if (answer == 1)
		answer = check_once(command_info, argv, environment);
	rcm_approval.close();
	if (answer != 1)
		return answer;
	answer = open_io(options);
	if (answer != 1)
		return answer;
	answer = INSIDE(rcm_io.log_ttyout("hello", 5, &errstr));
	is_inside = false;
	ck_assert(answer == 1 || answer == 0);
	if (answer == 0)
		ck_assert_uint_gt(breaks, 0);
	is_inside = true;
	rcm_io.close(0, 0);
	is_inside = false;
	ck_assert(!has_printed_elsewhere);
	return answer;
}

/* Each in a process of its own, as sudo is: check forks for each turn of a loop test. */
START_TEST(without_memory_an_allow_is_an_allow_or_nothing)
{
	int answer;

	sudo_gate_answer(GATE_ALLOW);
	fail_at = (unsigned)_i + 1;
	answer = run_once();
	fail_at = 0;
	if (answer == 1)
		ck_assert_uint_eq(sudo_gate_allows(), 1);
	else
		ck_assert_uint_gt(taken, (unsigned)_i);
}
END_TEST

START_TEST(without_memory_a_refusal_stays_one)
{
	sudo_gate_answer(GATE_DENY);
	fail_at = (unsigned)_i + 1;
	ck_assert_int_ne(run_once(), 1);
	fail_at = 0;
}
END_TEST

START_TEST(the_allocations_are_all_among_those_that_failed)
{
	sudo_gate_answer(GATE_ALLOW);
	fail_at = UINT32_MAX;
	ck_assert_int_eq(run_once(), 1);
	fail_at = 0;
	ck_assert_uint_gt(taken, 5);
	ck_assert_uint_lt(taken, (unsigned)_i);
}
END_TEST

#define ALLOCATIONS 80

int main(void)
{
	const TTest *const tests[] = {an_allow_is_kept_and_watched, a_refusal_is_no,
		sudo_without_what_it_always_gives, a_sudo_of_another_interface,
		a_command_inside_is_one_that_says_so};
	Suite *suite = suite_create("sudo_plugin");
	TCase *tcase = tcase_create("sudo_plugin");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tcase, begin, end);
	tcase_set_timeout(tcase, 30);
	suite_add_tcase(suite, tcase);
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		tcase_add_test(tcase, tests[i]);
	tcase_add_loop_test(tcase, without_memory_an_allow_is_an_allow_or_nothing, 0, ALLOCATIONS);
	tcase_add_loop_test(tcase, without_memory_a_refusal_stays_one, 0, ALLOCATIONS);
	tcase_add_loop_test(tcase, the_allocations_are_all_among_those_that_failed, ALLOCATIONS,
		ALLOCATIONS + 1);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
