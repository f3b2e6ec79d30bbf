#include "sim.h"

#include "lib/base/log.h"

#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define CASES_DEFAULT 20 /* of each kind */
#define EVERYTHING    (SIM_FAULTS | SIM_STORE | SIM_CRASHES | SIM_COMMANDS | SIM_FOREIGN)

static uint64_t number_of(const char *name, uint64_t fallback)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 10) : fallback;
}

static void print_counts(const char *kind)
{
	const struct sim_counts *c = &sim_counts;

	printf("%s: %" PRIu64 " cases from seed %" PRIu64 ", %" PRIu64 " runs, %" PRIu64
	       " nodes, %" PRIu64 " virtual hours, %" PRIu64 " turns\n"
	       "  %" PRIu64 " commits, %" PRIu64 " failed (%" PRIu64 " outages), %" PRIu64
	       " crashes; %" PRIu64 " intents (%" PRIu64 " undo), %" PRIu64 " sends (%" PRIu64
	       " again), %" PRIu64 " outcomes\n"
	       "  %" PRIu64 " commands accepted, %" PRIu64 " refused, %" PRIu64 " stale; %" PRIu64
	       " changes by others\n ",
		kind, c->cases, number_of("RB_SIM_FIRST", 1), c->executions, c->nodes,
		c->virtual_s / 3600, c->walks, c->commits, c->failed_commits, c->outages,
		c->crashes, c->intents, c->undos, c->sends, c->resends, c->outcomes, c->accepted,
		c->refused, c->stale, c->foreign);
	for (int state = 0; state <= EXECUTION_CANCELED; state++)
		if (c->ends[state])
			printf(" %s %" PRIu64, execution_state_word((enum execution_state)state),
				c->ends[state]);
	printf("\n");
	fflush(stdout);
}

/* RB_SIM_SEED and RB_SIM_PROFILE: one case again; RB_SIM_CASES, RB_SIM_FIRST, RB_SIM_PROFILE: how
 * many, from which seed, of one kind only. */
static void run_cases(const char *kind, unsigned profile)
{
	uint64_t first = number_of("RB_SIM_FIRST", 1);
	uint64_t cases = number_of("RB_SIM_CASES", CASES_DEFAULT);

	if (number_of("RB_SIM_PROFILE", profile) != profile)
		return;
	if (getenv("RB_SIM_SEED")) {
		first = number_of("RB_SIM_SEED", 1);
		cases = 1;
	}
	sim_counts = (struct sim_counts){0};
	for (uint64_t i = 0; i < cases; i++)
		sim_case(first + i, profile);
	print_counts(kind);
}

START_TEST(runs_that_nobody_disturbs_keep_their_promises)
{
	run_cases("undisturbed", 0);
}
END_TEST

START_TEST(a_plane_with_faults_breaks_no_promise)
{
	run_cases("faults", SIM_FAULTS | SIM_FOREIGN);
}
END_TEST

START_TEST(people_at_any_moment_break_no_promise)
{
	run_cases("commands", SIM_COMMANDS | SIM_FAULTS | SIM_FOREIGN);
}
END_TEST

START_TEST(crashes_and_a_failing_disk_break_no_promise)
{
	run_cases("crashes", SIM_CRASHES | SIM_STORE);
}
END_TEST

START_TEST(everything_at_once_breaks_no_promise)
{
	run_cases("everything", EVERYTHING);
}
END_TEST

START_TEST(a_run_that_holds_for_hours_does_not_grow)
{
	size_t bytes = sim_long_hold(20);

	printf("a hold of 20 hours: %zu more bytes\n", bytes);
	ck_assert_uint_le(bytes, 8192);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sim");
	TCase *tests = tcase_create("sim");
	SRunner *runner;
	struct error err = ERROR_INIT;
	int failed;

	if (!getenv("RB_SIM_SEED") && log_configure("warn,executor=error", &err) < 0)
		return EXIT_FAILURE;
	suite_add_tcase(suite, tests);
	tcase_set_timeout(tests, 0);
	tcase_add_test(tests, a_run_that_holds_for_hours_does_not_grow);
	tcase_add_test(tests, runs_that_nobody_disturbs_keep_their_promises);
	tcase_add_test(tests, a_plane_with_faults_breaks_no_promise);
	tcase_add_test(tests, people_at_any_moment_break_no_promise);
	tcase_add_test(tests, crashes_and_a_failing_disk_break_no_promise);
	tcase_add_test(tests, everything_at_once_breaks_no_promise);
	runner = srunner_create(suite);
	srunner_set_fork_status(runner, CK_NOFORK); /* a broken promise aborts, with its seed */
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
