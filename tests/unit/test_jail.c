#include "jail_world.h"

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
	ck_assert_int_lt(result.at_ms - before_ms, 300 + 10000);
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
	&two_builds_that_agree_are_one_result, &closing_ends_what_runs)
