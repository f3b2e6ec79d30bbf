#include "engine_neighbours.h"
#include "engine_world.h"
#include "executor/run.h"

#include <check.h>
#include <stdlib.h>

#define SET(reg, value) "{\"kind\":\"set\",\"register\":" #reg ",\"value\":" #value "}"
#define STAGE(at, reg)	"{\"at\":" #at ",\"body\":[" SET(reg, at) "]}"
#define RAMP(hold)                                                                                 \
	"{\"kind\":\"ramp\",\"forward_only\":true,\"hold_ms\":" #hold                              \
	",\"stages\":[" STAGE(75, 0) "," STAGE(50, 0) "," STAGE(0, 0) "]}"
#define PREDICATE(op, reg, than) "{\"op\":\"" op "\",\"reading\":" #reg ",\"than\":" than "}"

static void setup(void)
{
	world_open();
}

static void teardown(void)
{
	world_close();
}

START_TEST(a_set_is_journalled_sent_read_back_and_in_effect)
{
	const char *id = world_start("[" SET(0, 7) "]", NULL);

	world_until(id, EXECUTION_SUCCEEDED, 2000);
	ck_assert_str_eq(world_get("a"), "7");
	ck_assert_uint_eq(world_writes, 1);
	ck_assert_uint_eq(world_items(id), 1);
	ck_assert_uint_eq(neighbours_audit_count("effect.intent"), 1);
	ck_assert_uint_eq(neighbours_audit_count("effect.outcome"), 1);
}
END_TEST

START_TEST(registers_are_read_while_the_start_is_committed_and_once)
{
	const char *id;

	ck_assert_uint_eq(world_start_told("[" SET(0, 7) "]", 0, &id), 6);
	world_until(id, EXECUTION_SUCCEEDED, 2000);
	ck_assert_uint_eq(world_reads, 7); /* and what was written, read back */
	ck_assert_uint_eq(world_writes, 1);
}
END_TEST

/* Nothing moves after it but in a turn of the loop. */
static void await_first_level(void)
{
	while (neighbours_audit_count("effect.outcome") < 1)
		world_turn(1);
}

START_TEST(a_start_that_is_not_kept_leaves_nothing)
{
	const char *id;

	ck_assert_uint_eq(world_start_told("[" SET(0, 7) "]", ERROR_CONFLICT, &id), 0);
	world_turn(50);
	ck_assert_uint_eq(executor_run_count(world.executor), 0);
	ck_assert_uint_eq(world_writes, 0);
	world_until(world_start("[" SET(0, 8) "]", NULL), EXECUTION_SUCCEEDED, 2000);
	ck_assert_str_eq(world_get("a"), "8");
}
END_TEST

static void change_the_target(size_t reads)
{
	if (reads == 1)
		neighbours_target_version++;
}

START_TEST(a_target_that_was_changed_meanwhile_is_read_anew)
{
	const char *id;

	world_on_read(change_the_target);
	ck_assert_uint_eq(world_start_told("[" SET(0, 7) "]", 0, &id), 6);
	world_until(id, EXECUTION_SUCCEEDED, 2000);
	ck_assert_uint_eq(world_reads, 13);
	ck_assert_uint_eq(world_writes, 1);
}
END_TEST

START_TEST(what_is_so_already_is_not_written_and_makes_no_item)
{
	const char *id = world_start("[" SET(0, 100) "]", NULL);

	world_until(id, EXECUTION_SUCCEEDED, 2000);
	ck_assert_uint_eq(world_writes, 0);
	ck_assert_uint_eq(world_items(id), 0);
	ck_assert_uint_eq(neighbours_audit_count("effect.outcome"), 1);
}
END_TEST

START_TEST(a_ramp_goes_through_its_stages_and_leaves_one_item)
{
	const char *id = world_start("[" RAMP(10) "]", NULL);

	world_until(id, EXECUTION_SUCCEEDED, 3000);
	ck_assert_str_eq(world_get("a"), "0");
	ck_assert_uint_eq(world_writes, 3);
	ck_assert_uint_eq(world_items(id), 1);
}
END_TEST

START_TEST(a_ramp_that_starts_half_way_never_goes_back)
{
	const char *id;

	world_set("a", "60");
	id = world_start("[" RAMP(10) "]", NULL);
	world_until(id, EXECUTION_SUCCEEDED, 3000);
	ck_assert_uint_eq(world_writes, 2); /* 75 was left out */
}
END_TEST

START_TEST(a_rollback_writes_each_baseline_once)
{
	const char *id = world_start("[" RAMP(2000) "," SET(1, 5) "]", NULL);

	await_first_level();
	ck_assert_str_eq(world_get("a"), "75");
	ck_assert_int_eq(world_command(id, EXECUTION_VERB_ROLLBACK, NULL), 0);
	world_until(id, EXECUTION_ROLLED_BACK, 2000);
	ck_assert_str_eq(world_get("a"), "100");
	ck_assert_uint_eq(world_items(id), 0);
}
END_TEST

START_TEST(a_refused_write_pauses_and_retry_goes_on)
{
	const char *id;

	world_fault("a", FAULT_REFUSE);
	id = world_start("[" SET(0, 7) "," SET(1, 8) "]", NULL);
	world_until(id, EXECUTION_PAUSED, 2000);
	ck_assert_int_eq(world_reason(id), PAUSE_FAILED_STEP);
	ck_assert_str_eq(world_get("b"), "100");
	ck_assert_uint_eq(world_items(id), 0);
	ck_assert_int_eq(world_command(id, EXECUTION_VERB_RESUME, NULL), ERROR_NO_EFFECT);
	world_fault("a", FAULT_NONE);
	ck_assert_int_eq(world_command(id, EXECUTION_VERB_RETRY, NULL), 0);
	world_until(id, EXECUTION_SUCCEEDED, 2000);
	ck_assert_str_eq(world_get("a"), "7");
	ck_assert_str_eq(world_get("b"), "8");
}
END_TEST

START_TEST(a_skipped_step_is_an_exception_of_the_end)
{
	const char *id;

	world_fault("a", FAULT_UNREACHABLE);
	id = world_start("[" SET(0, 7) "," SET(1, 8) "]", NULL);
	world_until(id, EXECUTION_PAUSED, 2000);
	ck_assert_int_eq(world_command(id, EXECUTION_VERB_SKIP, NULL), 0);
	world_until(id, EXECUTION_SUCCEEDED_WITH_EXCEPTIONS, 2000);
	ck_assert_str_eq(world_get("a"), "100");
	ck_assert_str_eq(world_get("b"), "8");
}
END_TEST

START_TEST(no_answer_is_in_doubt_until_a_person_says)
{
	const char *id;

	world_fault("a", FAULT_NO_ANSWER);
	id = world_start("[" SET(0, 7) "," SET(1, 8) "]", NULL);
	world_until(id, EXECUTION_PAUSED, 2000);
	ck_assert_int_eq(world_reason(id), PAUSE_IN_DOUBT);
	ck_assert_uint_eq(world_items(id), 1);
	ck_assert_int_eq(world_command(id, EXECUTION_VERB_MARK, "done"), 0);
	world_until(id, EXECUTION_SUCCEEDED_WITH_EXCEPTIONS, 2000);
	ck_assert_uint_eq(world_items(id), 2);
}
END_TEST

START_TEST(no_answer_but_read_back_as_wanted_is_confirmed)
{
	const char *id;

	world_fault("a", FAULT_NO_ANSWER_BUT_DONE);
	id = world_start("[" SET(0, 7) "]", NULL);
	world_until(id, EXECUTION_SUCCEEDED, 2000);
	ck_assert_uint_eq(world_writes, 1);
}
END_TEST

START_TEST(a_write_that_does_nothing_is_a_mismatch)
{
	const char *id;

	world_fault("a", FAULT_IGNORE);
	id = world_start("[" SET(0, 7) "]", NULL);
	world_until(id, EXECUTION_PAUSED, 2000);
	ck_assert_int_eq(world_reason(id), PAUSE_FAILED_STEP);
}
END_TEST

START_TEST(a_check_that_is_false_stops_before_any_effect)
{
	const char *id = world_start("[{\"kind\":\"check\",\"predicate\":" PREDICATE(
					     "below", 1, "\"50\"") "}," SET(0, 7) "]",
		NULL);

	world_until(id, EXECUTION_PAUSED, 2000);
	ck_assert_uint_eq(world_writes, 0);
}
END_TEST

START_TEST(a_guard_that_fires_rolls_back)
{
	const char *id = world_start("[" RAMP(300) "]",
		"[{\"action\":\"rollback\",\"predicate\":" PREDICATE("above", 1, "\"150\"") "}]");

	await_first_level();
	ck_assert_str_eq(world_get("a"), "75");
	world_set("b", "200");
	world_until(id, EXECUTION_ROLLED_BACK, 2000);
	ck_assert_str_eq(world_get("a"), "100");
}
END_TEST

START_TEST(an_unknown_guard_lets_nothing_new_start)
{
	const char *id;

	world_unreadable("b", true);
	id = world_start("[" SET(0, 7) "]",
		"[{\"action\":\"pause\",\"predicate\":" PREDICATE("above", 1, "\"150\"") "}]");
	world_turn(200);
	ck_assert_int_eq(world_state(id), EXECUTION_RUNNING);
	ck_assert_uint_eq(world_writes, 0);
	world_unreadable("b", false);
	world_until(id, EXECUTION_SUCCEEDED, 2000);
}
END_TEST

START_TEST(a_ramp_that_finds_a_changed_world_asks)
{
	const char *id = world_start("[" RAMP(100) "]", NULL);

	await_first_level();
	ck_assert_str_eq(world_get("a"), "75");
	world_set("a", "90");
	world_until(id, EXECUTION_PAUSED, 2000);
	ck_assert_int_eq(world_reason(id), PAUSE_CONFLICT);
	ck_assert_str_eq(world_get("a"), "90");
}
END_TEST

START_TEST(undo_over_a_third_value_is_a_conflict_that_a_person_answers)
{
	const char *id = world_start("[" RAMP(3000) "]", NULL);

	await_first_level();
	world_set("a", "33");
	ck_assert_int_eq(world_command(id, EXECUTION_VERB_ROLLBACK, NULL), 0);
	world_until(id, EXECUTION_PAUSED, 2000);
	ck_assert_int_eq(world_reason(id), PAUSE_CONFLICT);
	ck_assert_str_eq(world_get("a"), "33");
	ck_assert_int_eq(world_command(id, EXECUTION_VERB_ANSWER, "baseline"), 0);
	world_until(id, EXECUTION_ROLLED_BACK, 2000);
	ck_assert_str_eq(world_get("a"), "100");
	ck_assert_uint_eq(world_items(id), 0);
}
END_TEST

START_TEST(keep_leaves_the_third_value_and_says_so)
{
	const char *id = world_start("[" RAMP(3000) "]", NULL);

	await_first_level();
	world_set("a", "33");
	world_command(id, EXECUTION_VERB_ROLLBACK, NULL);
	world_until(id, EXECUTION_PAUSED, 2000);
	ck_assert_int_eq(world_command(id, EXECUTION_VERB_ANSWER, "keep"), 0);
	world_until(id, EXECUTION_ROLLED_BACK_WITH_EXCEPTIONS, 2000);
	ck_assert_str_eq(world_get("a"), "33");
	ck_assert_uint_eq(world_items(id), 0);
}
END_TEST

START_TEST(a_gate_waits_for_yes)
{
	const char *id = world_start("[{\"kind\":\"gate\",\"question\":\"Go?\",\"role\":\"sre\","
				     "\"within_ms\":60000}," SET(0, 7) "]",
		NULL);

	world_turn(100);
	ck_assert_uint_eq(world_writes, 0);
	ck_assert_int_eq(world_command(id, EXECUTION_VERB_ANSWER, "yes"), 0);
	world_until(id, EXECUTION_SUCCEEDED, 2000);
	ck_assert_str_eq(world_get("a"), "7");
}
END_TEST

START_TEST(a_gate_answered_no_pauses_and_is_asked_again)
{
	const char *id = world_start("[{\"kind\":\"gate\",\"question\":\"Go?\",\"role\":\"sre\","
				     "\"within_ms\":60000}," SET(0, 7) "]",
		NULL);

	world_turn(50);
	ck_assert_int_eq(world_command(id, EXECUTION_VERB_ANSWER, "no"), 0);
	world_until(id, EXECUTION_PAUSED, 2000);
	ck_assert_int_eq(world_reason(id), PAUSE_GATE);
	ck_assert_int_eq(world_command(id, EXECUTION_VERB_RESUME, NULL), 0);
	world_turn(50);
	ck_assert_int_eq(world_command(id, EXECUTION_VERB_ANSWER, "yes"), 0);
	world_until(id, EXECUTION_SUCCEEDED, 2000);
}
END_TEST

START_TEST(pause_keeps_the_level_and_resume_goes_on)
{
	const char *id = world_start("[" RAMP(120) "]", NULL);

	await_first_level();
	ck_assert_int_eq(world_command(id, EXECUTION_VERB_PAUSE, NULL), 0);
	world_until(id, EXECUTION_PAUSED, 2000);
	world_turn(200);
	ck_assert_str_eq(world_get("a"), "75");
	ck_assert_int_eq(world_command(id, EXECUTION_VERB_RESUME, NULL), 0);
	world_until(id, EXECUTION_SUCCEEDED, 3000);
	ck_assert_str_eq(world_get("a"), "0");
}
END_TEST

START_TEST(abort_keeps_what_is_in_effect)
{
	const char *id = world_start("[" RAMP(3000) "]", NULL);

	await_first_level();
	ck_assert_int_eq(world_command(id, EXECUTION_VERB_ABORT, NULL), 0);
	world_until(id, EXECUTION_ABORTED, 2000);
	ck_assert_str_eq(world_get("a"), "75");
	ck_assert_uint_eq(world_items(id), 1);
	ck_assert_int_eq(world_command(id, EXECUTION_VERB_ABORT, NULL), ERROR_NO_EFFECT);
}
END_TEST

START_TEST(a_failed_branch_lets_the_others_finish_and_starts_nothing_new)
{
	const char *id;

	world_fault("b", FAULT_REFUSE);
	id = world_start(
		"[{\"kind\":\"each\",\"at_once\":3,\"max_failures\":0,\"branches\":["
		"{\"item\":\"x\",\"body\":[" SET(0, 1) "," SET(3,
			1) "]},"
			   "{\"item\":\"y\",\"body\":[" SET(1,
				   1) "]},"
				      "{\"item\":\"z\",\"body\":[" SET(2, 1) "]}]}," SET(4, 1) "]",
		NULL);
	world_until(id, EXECUTION_PAUSED, 2000);
	ck_assert_str_eq(world_get("a"), "1");
	ck_assert_str_eq(world_get("c"), "1");
	ck_assert_str_eq(world_get("e"), "100");
}
END_TEST

START_TEST(max_failures_are_used_up_first)
{
	const char *id;

	world_fault("b", FAULT_REFUSE);
	id = world_start("[{\"kind\":\"each\",\"at_once\":1,\"max_failures\":1,\"branches\":["
			 "{\"item\":\"x\",\"body\":[" SET(
				 0, 1) "]},"
				       "{\"item\":\"y\",\"body\":[" SET(
					       1, 1) "]},"
						     "{\"item\":\"z\",\"body\":[" SET(2, 1) "]}]}]",
		NULL);
	world_until(id, EXECUTION_SUCCEEDED_WITH_EXCEPTIONS, 2000);
	ck_assert_str_eq(world_get("c"), "1");
}
END_TEST

START_TEST(percent_means_before_the_run_began)
{
	const char *id = world_start("[" SET(0, 40) ",{\"kind\":\"set\",\"register\":0,\"value\":{"
						    "\"$percent\":{\"n\":\"50\"}}}]",
		NULL);

	world_until(id, EXECUTION_SUCCEEDED, 2000);
	ck_assert_str_eq(world_get("a"), "50");
}
END_TEST

START_TEST(absent_is_a_value_and_undo_of_it_deletes)
{
	const char *id;

	world_set("a", NULL);
	id = world_start("[" SET(0, 7) ",{\"kind\":\"hold\",\"hold_ms\":3000}]", NULL);
	await_first_level();
	ck_assert_str_eq(world_get("a"), "7");
	world_command(id, EXECUTION_VERB_ROLLBACK, NULL);
	world_until(id, EXECUTION_ROLLED_BACK, 2000);
	ck_assert_ptr_null(world_get("a"));
}
END_TEST

START_TEST(after_a_crash_in_a_hold_the_run_goes_on_and_doubles_nothing)
{
	const char *id = world_start("[" RAMP(120) "]", NULL);

	await_first_level();
	ck_assert_uint_eq(world_writes, 1);
	world_restart();
	world_until(id, EXECUTION_SUCCEEDED, 3000);
	ck_assert_str_eq(world_get("a"), "0");
	ck_assert_uint_eq(world_writes, 3);
	ck_assert_uint_eq(world_items(id), 1);
}
END_TEST

START_TEST(closing_waits_are_monitored_and_accept_ends_them)
{
	const char *id = world_start(
		"[" SET(0, 7) ",{\"kind\":\"wait\",\"within_ms\":60000,\"predicate\":" PREDICATE(
			"below", 1, "\"50\"") "}]",
		NULL);

	world_until(id, EXECUTION_MONITORING, 2000);
	ck_assert_int_eq(world_command(id, EXECUTION_VERB_ACCEPT, NULL), 0);
	world_until(id, EXECUTION_SUCCEEDED_WITH_EXCEPTIONS, 2000);
}
END_TEST

START_TEST(the_rules_of_undo)
{
	ck_assert_int_eq(effect_rule_undo("1", "1", "2"), EFFECT_DO_NOTHING);
	ck_assert_int_eq(effect_rule_undo("2", "1", "2"), EFFECT_SEND);
	ck_assert_int_eq(effect_rule_undo("3", "1", "2"), EFFECT_CHOOSE);
	ck_assert_int_eq(effect_rule_undo(NULL, NULL, "2"), EFFECT_DO_NOTHING);
	ck_assert_int_eq(effect_rule_undo(NULL, "1", "2"), EFFECT_CHOOSE);
}
END_TEST

START_TEST(the_rules_of_recovery)
{
	ck_assert_int_eq(effect_rule_recover("2", "1", "2"), EFFECT_DO_NOTHING);
	ck_assert_int_eq(effect_rule_recover("1", "1", "2"), EFFECT_SEND);
	ck_assert_int_eq(effect_rule_recover("3", "1", "2"), EFFECT_CHOOSE);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("engine");
	TCase *tests = tcase_create("world");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_set_timeout(tests, 20);
	tcase_add_test(tests, a_set_is_journalled_sent_read_back_and_in_effect);
	tcase_add_test(tests, registers_are_read_while_the_start_is_committed_and_once);
	tcase_add_test(tests, a_start_that_is_not_kept_leaves_nothing);
	tcase_add_test(tests, a_target_that_was_changed_meanwhile_is_read_anew);
	tcase_add_test(tests, what_is_so_already_is_not_written_and_makes_no_item);
	tcase_add_test(tests, a_ramp_goes_through_its_stages_and_leaves_one_item);
	tcase_add_test(tests, a_ramp_that_starts_half_way_never_goes_back);
	tcase_add_test(tests, a_rollback_writes_each_baseline_once);
	tcase_add_test(tests, a_refused_write_pauses_and_retry_goes_on);
	tcase_add_test(tests, a_skipped_step_is_an_exception_of_the_end);
	tcase_add_test(tests, no_answer_is_in_doubt_until_a_person_says);
	tcase_add_test(tests, no_answer_but_read_back_as_wanted_is_confirmed);
	tcase_add_test(tests, a_write_that_does_nothing_is_a_mismatch);
	tcase_add_test(tests, a_check_that_is_false_stops_before_any_effect);
	tcase_add_test(tests, a_guard_that_fires_rolls_back);
	tcase_add_test(tests, an_unknown_guard_lets_nothing_new_start);
	tcase_add_test(tests, a_ramp_that_finds_a_changed_world_asks);
	tcase_add_test(tests, undo_over_a_third_value_is_a_conflict_that_a_person_answers);
	tcase_add_test(tests, keep_leaves_the_third_value_and_says_so);
	tcase_add_test(tests, a_gate_waits_for_yes);
	tcase_add_test(tests, a_gate_answered_no_pauses_and_is_asked_again);
	tcase_add_test(tests, pause_keeps_the_level_and_resume_goes_on);
	tcase_add_test(tests, abort_keeps_what_is_in_effect);
	tcase_add_test(tests, a_failed_branch_lets_the_others_finish_and_starts_nothing_new);
	tcase_add_test(tests, max_failures_are_used_up_first);
	tcase_add_test(tests, percent_means_before_the_run_began);
	tcase_add_test(tests, absent_is_a_value_and_undo_of_it_deletes);
	tcase_add_test(tests, after_a_crash_in_a_hold_the_run_goes_on_and_doubles_nothing);
	tcase_add_test(tests, closing_waits_are_monitored_and_accept_ends_them);
	tcase_add_test(tests, the_rules_of_undo);
	tcase_add_test(tests, the_rules_of_recovery);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
