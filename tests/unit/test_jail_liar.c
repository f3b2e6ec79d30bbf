/* The daemon's side against runners and nurseries that do not keep to the contract. */
#include "jail_world.h"

#include <fcntl.h>

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

/* It pours, drips, stands still, or has closed and stays: the deadline is the same, and no byte of
 * it is a result. */
START_TEST(whatever_a_runner_does_it_ends_at_its_deadline)
{
	static const struct {
		const char *input;
		int code;
	} lies[] = {
		{"drip", ERROR_RUNNER_TIMEOUT},
		{"stop", ERROR_RUNNER_TIMEOUT},
		{"endless", ERROR_RUNNER_LIMIT},
		{"close", ERROR_RUNNER_LIMIT},
	};
	struct result result;

	open_jail("jail_liar", 0, false);
	for (size_t i = 0; i < sizeof(lies) / sizeof(*lies); i++) {
		int64_t begun_ms = time_mono_ms();

		run(&result, lies[i].input, lies[i].code == ERROR_RUNNER_TIMEOUT ? 150 : 5000);
		ck_assert_msg(result.problem.code == lies[i].code, "%s: %d", lies[i].input,
			result.problem.code);
		ck_assert_uint_eq(result.bytes.length, 0);
		if (lies[i].code == ERROR_RUNNER_TIMEOUT)
			ck_assert_int_lt(result.at_ms - begun_ms, 150 + 10000);
	}
	close_jail();
}
END_TEST

static int count_descriptors(void)
{
	int count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

/* One that announces children nobody asked for, or without their descriptors, is put away. */
START_TEST(a_nursery_that_lies_about_births_leaves_nothing_behind)
{
	static const char *const nurseries[] = {
		"jail_liar_twice", "jail_liar_one", "jail_liar_noise"};
	struct result result;
	int before;

	open_jail("jail_liar", 0, false); /* what the loop's library keeps open for ever */
	close_jail();
	for (size_t i = 0; i < sizeof(nurseries) / sizeof(*nurseries); i++) {
		before = count_descriptors();
		open_jail(nurseries[i], 4, false);
		run(&result, "close", 5000);
		ck_assert_int_ne(result.problem.code, 0);
		close_jail();
		ck_assert_int_eq(count_descriptors(), before);
	}
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

CHECK_MAIN("jail_liar", &a_failure_of_two_builds_is_told_once,
	&a_whole_frame_and_the_end_is_a_result, &anything_but_a_whole_frame_is_no_result,
	&bytes_behind_the_frame_are_refused_at_once, &a_promise_beyond_the_cap_is_refused_at_once,
	&an_answer_without_an_end_is_no_result, &whatever_a_runner_does_it_ends_at_its_deadline,
	&a_nursery_that_lies_about_births_leaves_nothing_behind, &the_nursery_is_started_again,
	&a_nursery_that_always_ends_is_no_jail, &without_walls_nothing_runs,
	&without_walls_it_runs_when_told_so, &a_runner_that_is_mute_about_its_walls_is_no_jail,
	&a_runner_that_is_not_there_is_an_error)
