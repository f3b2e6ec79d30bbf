#include "lib/jail/jail.h"

#include "check_main.h"

#include "lib/base/buf.h"
#include "lib/base/time.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define WAIT_MS 20000 /* longer than any test may take */

/* What a job ended with. */
struct result {
	bool is_there;
	struct buf bytes;
	struct error problem;
	int64_t at_ms;
};

static struct loop *loop;
static struct jail *jail;
static size_t missing; /* results that are waited for */

static void take(void *arg, const char *bytes, size_t length, const struct error *problem)
{
	struct result *result = arg;

	ck_assert(!result->is_there);
	result->is_there = true;
	result->at_ms = time_mono_ms();
	if (problem != NULL)
		result->problem = *problem;
	else
		buf_add(&result->bytes, bytes, length);
	if (--missing == 0)
		loop_stop(loop);
}

static void give_up(void *arg)
{
	(void)arg;
	ck_abort_msg("no result within %d ms", WAIT_MS);
}

static void wait_for_results(void)
{
	struct loop_timer *timer = loop_timer_new(loop, give_up, NULL);

	loop_timer_start(timer, WAIT_MS, 0);
	if (missing > 0)
		loop_run(loop);
	loop_timer_free(timer);
}

static void open_jail(const char *program, size_t max_children, bool accept_no_jail)
{
	char path[512];
	const struct jail_options options = {.runner_path = path,
		.max_children = max_children,
		.first_pause_ms = 20,
		.accept_no_jail = accept_no_jail};
	struct error err = ERROR_INIT;

	snprintf(path, sizeof(path), "%s%s", TEST_PROGRAMS, program);
	ck_assert_int_eq(loop_open(&loop, &err), 0);
	ck_assert_msg(jail_open(loop, &options, &jail, &err) == 0, "%s", err.message);
}

/* The runner as it is built here: in a sanitizer tree it has no walls. */
static void open_probe(size_t max_children)
{
#ifdef TEST_HAS_JAIL
	open_jail("runner_probe", max_children, false);
#else
	open_jail("runner_probe", max_children, true);
#endif
}

static void close_jail(void)
{
	jail_close(jail);
	loop_close(loop);
}

static int give(struct result *result, const char *input, int64_t deadline_ms, struct error *err)
{
	const struct jail_job job = {.input = input,
		.length = strlen(input),
		.deadline_ms = deadline_ms,
		.done = take,
		.arg = result};
	int status;

	*result = (struct result){0};
	status = jail_run(jail, &job, err);
	if (status == 0)
		missing++;
	return status;
}

static void run(struct result *result, const char *input, int64_t deadline_ms)
{
	ck_assert_int_eq(give(result, input, deadline_ms, NULL), 0);
	wait_for_results();
}

static void run_twice(struct result *result, const char *input)
{
	const struct jail_job job = {
		.input = input, .length = strlen(input), .done = take, .arg = result};

	*result = (struct result){0};
	ck_assert_int_eq(jail_run_twice(jail, &job, NULL), 0);
	missing++;
	wait_for_results();
}

static void check_bytes(struct result *result, const char *expected)
{
	ck_assert_msg(result->problem.code == 0, "%s", result->problem.message);
	ck_assert_str_eq(buf_text(&result->bytes), expected);
	buf_done(&result->bytes);
}

static void check_problem(struct result *result, int code, const char *words)
{
	ck_assert_int_eq(result->problem.code, code);
	ck_assert_msg(
		strstr(result->problem.message, words) != NULL, "%s", result->problem.message);
}

START_TEST(a_script_gives_its_result)
{
	struct result result;

	open_probe(0);
	run(&result, "{\"script\":\"return 'yes'\"}", 0);
	check_bytes(&result, "{\"ok\":true,\"place\":\"\",\"message\":\"yes\"}");
	close_jail();
}
END_TEST

START_TEST(each_evaluation_is_a_fresh_process)
{
	struct result result;

	open_probe(0);
	for (int i = 0; i < 12; i++) {
		run(&result,
			"{\"script\":\"local was = string.seen; string.seen = 1; return "
			"tostring(was)\"}",
			0);
		check_bytes(&result, "{\"ok\":true,\"place\":\"\",\"message\":\"nil\"}");
	}
	close_jail();
}
END_TEST

START_TEST(a_loop_ends_at_its_deadline)
{
	const int64_t before_ms = time_mono_ms();
	struct result result;

	open_probe(0);
	run(&result, "{\"script\":\"while true do end\"}", 300);
	check_problem(&result, ERROR_RUNNER_TIMEOUT, "longer than 300ms");
	ck_assert_int_lt(result.at_ms - before_ms, 300 + 500);
	ck_assert_str_ne(result.problem.remedy, "");
	close_jail();
}
END_TEST

START_TEST(more_jobs_than_children_all_get_their_result)
{
	struct result results[20];

	open_probe(3);
	for (size_t i = 0; i < 20; i++)
		ck_assert_int_eq(give(&results[i], "{\"script\":\"return 1\"}", 0, NULL), 0);
	wait_for_results();
	for (size_t i = 0; i < 20; i++)
		check_bytes(&results[i], "{\"ok\":true,\"place\":\"\",\"message\":\"1\"}");
	close_jail();
}
END_TEST

START_TEST(a_full_queue_refuses)
{
	static struct result results[JAIL_MAX_WAITING + 1];
	struct error err = ERROR_INIT;

	open_probe(1);
	for (size_t i = 0; i < JAIL_MAX_WAITING; i++)
		ck_assert_int_eq(give(&results[i], "{}", 0, NULL), 0);
	ck_assert_int_eq(give(&results[JAIL_MAX_WAITING], "{}", 0, &err), ERROR_TOO_MANY);
	ck_assert_int_eq((int)missing, JAIL_MAX_WAITING);
	close_jail(); /* none has a child yet: all end here, once */
	ck_assert_int_eq((int)missing, 0);
	for (size_t i = 0; i < JAIL_MAX_WAITING; i++)
		check_problem(&results[i], ERROR_TIMEOUT, "stops");
}
END_TEST

START_TEST(an_input_that_is_too_large_is_refused)
{
	static const char byte;
	const struct jail_job job = {
		.input = &byte, .length = JAIL_MAX_INPUT_BYTES + 1, .done = take};
	const struct jail_job empty = {.input = &byte, .length = 0, .done = take};

	open_probe(0);
	ck_assert_int_eq(jail_run(jail, &job, NULL), ERROR_TOO_LARGE);
	ck_assert_int_eq(jail_run(jail, &empty, NULL), ERROR_TOO_LARGE);
	close_jail();
}
END_TEST

START_TEST(an_input_of_megabytes_arrives_whole)
{
	const size_t length = 8 << 20;
	struct buf input = BUF_INIT;
	struct result result;

	buf_add_text(&input, "{\"script\":\"return #(...).filler\",\"filler\":\"");
	for (size_t i = 0; i < length; i++)
		buf_add_char(&input, 'x');
	buf_add_text(&input, "\"}");
	open_probe(0);
	run(&result, buf_text(&input), 0);
	check_bytes(&result, "{\"ok\":true,\"place\":\"\",\"message\":\"8388608\"}");
	buf_done(&input);
	close_jail();
}
END_TEST

START_TEST(an_output_of_megabytes_arrives_whole)
{
	struct result result;

	open_probe(0);
	run(&result, "{\"script\":\"return ('y'):rep(1000000) .. ('z'):rep(1000000)\"}", 0);
	ck_assert_int_eq(result.problem.code, 0);
	ck_assert_uint_eq(result.bytes.length,
		2000000 + strlen("{\"ok\":true,\"place\":\"\",\"message\":\"\"}"));
	buf_done(&result.bytes);
	close_jail();
}
END_TEST

START_TEST(a_result_beyond_the_cap_is_an_error_of_the_runner)
{
	struct result result;

	open_probe(0);
	run(&result, "{\"verb\":\"leak\",\"script\":\"large\",\"file\":\"p.lua\"}", 0);
	ck_assert_int_eq(result.problem.code, 0);
	ck_assert_ptr_nonnull(strstr(buf_text(&result.bytes), "\"ok\":false"));
	ck_assert_ptr_nonnull(strstr(buf_text(&result.bytes), "\"file\":\"p.lua\""));
	ck_assert_ptr_nonnull(strstr(buf_text(&result.bytes), "64 MB"));
	buf_done(&result.bytes);
	close_jail();
}
END_TEST

START_TEST(an_error_value_is_shown_by_its_type_alone)
{
	struct result result;

	open_probe(0);
	run(&result, "{\"verb\":\"leak\",\"script\":\"object\"}", 0);
	check_bytes(&result,
		"{\"errors\":[{\"file\":\"\",\"line\":0,\"message\":\"<table>\"}],\"ok\":false}");
	close_jail();
}
END_TEST

START_TEST(pieces_that_are_no_text_are_an_error)
{
	struct result result;

	open_probe(0);
	run(&result, "{\"verb\":\"leak\",\"script\":\"pieces\"}", 0);
	ck_assert_ptr_nonnull(strstr(buf_text(&result.bytes), "\"ok\":false"));
	buf_done(&result.bytes);
	close_jail();
}
END_TEST

START_TEST(input_that_is_no_json_is_an_error)
{
	static const char *const inputs[] = {
		"{", "{\"a\":1,\"a\":2}", "\"\\u0000\"", "\xff", "[1] 2"};
	struct result result;

	open_probe(0);
	for (size_t i = 0; i < sizeof(inputs) / sizeof(*inputs); i++) {
		run(&result, inputs[i], 0);
		ck_assert_int_eq(result.problem.code, 0);
		ck_assert_ptr_nonnull(strstr(buf_text(&result.bytes), "\"message\":\"input: "));
		buf_done(&result.bytes);
	}
	close_jail();
}
END_TEST

START_TEST(input_that_is_deep_is_an_error)
{
	struct buf input = BUF_INIT;
	struct result result;

	for (int i = 0; i < 70; i++)
		buf_add_char(&input, '[');
	for (int i = 0; i < 70; i++)
		buf_add_char(&input, ']');
	open_probe(0);
	run(&result, buf_text(&input), 0);
	ck_assert_ptr_nonnull(strstr(buf_text(&result.bytes), "deeper than 64"));
	buf_done(&result.bytes);
	buf_done(&input);
	close_jail();
}
END_TEST

START_TEST(two_builds_that_agree_are_one_result)
{
	struct result result;

	open_probe(0);
	run_twice(&result, "{\"script\":\"return 'same'\"}");
	check_bytes(&result, "{\"ok\":true,\"place\":\"\",\"message\":\"same\"}");
	close_jail();
}
END_TEST

#ifdef TEST_HAS_JAIL

/* Most of the times: two layouts may be the same by chance. */
static void check_noticed(const char *input)
{
	struct result result;
	int noticed = 0;

	open_probe(0);
	for (int i = 0; i < 20; i++) {
		run_twice(&result, input);
		if (result.problem.code != 0) {
			check_problem(&result, ERROR_NONDETERMINISTIC, "another graph each time");
			noticed++;
		}
		buf_done(&result.bytes);
	}
	ck_assert_int_ge(noticed, 15);
	close_jail();
}

START_TEST(a_build_that_tells_an_address_is_noticed)
{
	check_noticed("{\"verb\":\"leak\",\"script\":\"address\"}");
}
END_TEST

START_TEST(a_build_that_depends_on_the_order_of_a_hash_is_noticed)
{
	check_noticed("{\"verb\":\"leak\",\"script\":\"order\"}");
}
END_TEST

#define NOTICED                                                                                    \
	&a_build_that_tells_an_address_is_noticed,                                                 \
		&a_build_that_depends_on_the_order_of_a_hash_is_noticed,
#else
#define NOTICED /* the allocator of the sanitizer has a layout of its own */
#endif

START_TEST(a_failure_of_two_builds_is_told_once)
{
	struct result result;

	open_jail("jail_liar", 0, false);
	run_twice(&result, "half");
	check_problem(&result, ERROR_RUNNER_LIMIT, "ended by its jail");
	close_jail();
}
END_TEST

START_TEST(a_whole_frame_and_the_end_is_a_result)
{
	struct result result;

	open_jail("jail_liar", 0, false);
	run(&result, "good", 0);
	check_bytes(&result, "good");
	close_jail();
}
END_TEST

START_TEST(anything_but_a_whole_frame_is_no_result)
{
	static const char *const lies[] = {"half", "zero", "3 bytes", "quiet"};
	struct result result;

	open_jail("jail_liar", 0, false);
	for (size_t i = 0; i < sizeof(lies) / sizeof(*lies); i++) {
		run(&result, lies[i], 0);
		check_problem(&result, ERROR_RUNNER_LIMIT, "ended by its jail");
	}
	close_jail();
}
END_TEST

START_TEST(bytes_behind_the_frame_are_refused_at_once)
{
	struct result result;

	open_jail("jail_liar", 0, false);
	run(&result, "more", 0);
	check_problem(&result, ERROR_RUNNER_LIMIT, "does not end where it says");
	close_jail();
}
END_TEST

START_TEST(a_promise_beyond_the_cap_is_refused_at_once)
{
	struct result result;

	open_jail("jail_liar", 0, false);
	run(&result, "long", 0);
	check_problem(&result, ERROR_RUNNER_LIMIT, "too long");
	close_jail();
}
END_TEST

START_TEST(an_answer_without_an_end_is_no_result)
{
	struct result result;

	open_jail("jail_liar", 0, false);
	run(&result, "open", 200);
	check_problem(&result, ERROR_RUNNER_TIMEOUT, "longer than 200ms");
	close_jail();
}
END_TEST

START_TEST(the_nursery_is_started_again)
{
	struct result result;

	open_jail("jail_liar", 0, false);
	run(&result, "nursery", 0);
	run(&result, "good", 0);
	check_bytes(&result, "good");
	ck_assert_int_eq(jail_check(jail, NULL), 0);
	close_jail();
}
END_TEST

START_TEST(a_nursery_that_always_ends_is_no_jail)
{
	struct result result;
	struct error err = ERROR_INIT;

	open_jail("jail_liar_brief", 0, false);
	run(&result, "good", 0);
	check_problem(&result, ERROR_NO_JAIL, "nursery has ended");
	ck_assert_int_eq(give(&result, "good", 0, &err), ERROR_NO_JAIL);
	ck_assert_int_eq(jail_check(jail, &err), ERROR_NO_JAIL);
	close_jail();
}
END_TEST

START_TEST(without_walls_nothing_runs)
{
	struct result result;
	struct error err = ERROR_INIT;

	open_jail("jail_liar_bare", 0, false);
	run(&result, "good", 0);
	check_problem(&result, ERROR_NO_JAIL, "does not hold");
	ck_assert_str_ne(result.problem.remedy, "");
	ck_assert_int_eq(give(&result, "good", 0, &err), ERROR_NO_JAIL);
	ck_assert_int_eq(jail_check(jail, &err), ERROR_NO_JAIL);
	ck_assert_str_eq(jail_walls(jail), "{\"jail\":false}");
	close_jail();
}
END_TEST

START_TEST(without_walls_it_runs_when_told_so)
{
	struct result result;

	open_jail("jail_liar_bare", 0, true);
	run(&result, "good", 0);
	check_bytes(&result, "good");
	close_jail();
}
END_TEST

START_TEST(a_runner_that_is_mute_about_its_walls_is_no_jail)
{
	struct result result;

	open_jail("jail_liar_mute", 0, true);
	run(&result, "good", 0);
	check_problem(&result, ERROR_NO_JAIL, "walls");
	close_jail();
}
END_TEST

START_TEST(a_runner_that_is_not_there_is_an_error)
{
	const struct jail_options options = {.runner_path = "/nowhere/redbutton-runner"};
	struct error err = ERROR_INIT;

	ck_assert_int_eq(loop_open(&loop, &err), 0);
	ck_assert_int_lt(jail_open(loop, &options, &jail, &err), 0);
	ck_assert_ptr_nonnull(strstr(err.message, "/nowhere/redbutton-runner"));
	loop_close(loop);
}
END_TEST

START_TEST(closing_ends_what_runs)
{
	struct result slow;
	struct result quick;

	open_jail("jail_liar", 0, false);
	run(&quick, "good", 0);
	ck_assert_int_eq(give(&slow, "open", 0, NULL), 0);
	close_jail();
	check_problem(&slow, ERROR_TIMEOUT, "stops");
	buf_done(&quick.bytes);
}
END_TEST

CHECK_MAIN("jail", NOTICED &a_script_gives_its_result, &each_evaluation_is_a_fresh_process,
	&a_loop_ends_at_its_deadline, &more_jobs_than_children_all_get_their_result,
	&a_full_queue_refuses, &an_input_that_is_too_large_is_refused,
	&an_input_of_megabytes_arrives_whole, &an_output_of_megabytes_arrives_whole,
	&a_result_beyond_the_cap_is_an_error_of_the_runner,
	&an_error_value_is_shown_by_its_type_alone, &pieces_that_are_no_text_are_an_error,
	&input_that_is_no_json_is_an_error, &input_that_is_deep_is_an_error,
	&two_builds_that_agree_are_one_result, &a_failure_of_two_builds_is_told_once,
	&a_whole_frame_and_the_end_is_a_result, &anything_but_a_whole_frame_is_no_result,
	&bytes_behind_the_frame_are_refused_at_once, &a_promise_beyond_the_cap_is_refused_at_once,
	&an_answer_without_an_end_is_no_result, &the_nursery_is_started_again,
	&a_nursery_that_always_ends_is_no_jail, &without_walls_nothing_runs,
	&without_walls_it_runs_when_told_so, &a_runner_that_is_mute_about_its_walls_is_no_jail,
	&a_runner_that_is_not_there_is_an_error, &closing_ends_what_runs)
