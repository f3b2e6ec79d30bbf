/* How runs stop and how they are undone: deadlines, stacked items, writes without certain end. */
#include "check_main.h"
#include "engine_neighbours.h"
#include "engine_world.h"

#include <string.h>

#define SET(reg, value) "{\"kind\":\"set\",\"register\":" #reg ",\"value\":" #value "}"
#define HOLD		"{\"kind\":\"hold\",\"hold_ms\":60000}"

START_TEST(an_item_on_which_two_writes_failed_is_undone_from_where_it_stands)
{
	const char *id;

	world_open();
	id = world_start("[" SET(0, 7) ",{\"kind\":\"gate\",\"question\":\"on?\",\"role\":\"sre\","
				       "\"within_ms\":60000}," SET(0, 8) "]",
		NULL);
	while (neighbours_audit_count("effect.outcome") < 1)
		world_turn(1);
	world_fault("a", FAULT_IGNORE);
	world_turn(20);
	ck_assert_int_eq(world_command(id, EXECUTION_VERB_ANSWER, "yes"), 0);
	world_until(id, EXECUTION_PAUSED, 2000);
	ck_assert_int_eq(world_command(id, EXECUTION_VERB_RETRY, NULL), 0);
	world_until(id, EXECUTION_PAUSED, 2000);
	ck_assert_str_eq(world_get("a"), "7");
	world_fault("a", FAULT_NONE);
	ck_assert_int_eq(world_command(id, EXECUTION_VERB_ROLLBACK, NULL), 0);
	world_until(id, EXECUTION_ROLLED_BACK, 2000);
	ck_assert_str_eq(world_get("a"), "100");
	ck_assert_uint_eq(world_items(id), 0);
	world_close();
}
END_TEST

START_TEST(what_lies_below_is_undone_without_a_write_and_the_top_goes_back_to_the_first)
{
	char older[ID_SIZE], newer[ID_SIZE];
	size_t writes;

	world_open();
	strcpy(older, world_start("[" SET(0, 7) "]", NULL));
	world_until(older, EXECUTION_SUCCEEDED, 2000);
	strcpy(newer, world_start("[" SET(0, 8) "]", NULL));
	world_until(newer, EXECUTION_SUCCEEDED, 2000);
	writes = world_writes;
	world_until(world_undo(older), EXECUTION_ROLLED_BACK, 2000);
	ck_assert_uint_eq(world_writes, writes);
	ck_assert_str_eq(world_get("a"), "8");
	ck_assert_uint_eq(world_items(older), 0);
	world_until(world_undo(newer), EXECUTION_ROLLED_BACK, 2000);
	ck_assert_str_eq(world_get("a"), "100");
	world_close();
}
END_TEST

START_TEST(a_deadline_pauses_says_what_to_do_and_aborted_from_there_it_is_timed_out)
{
	char message[512];
	const char *id;

	world_open();
	neighbours_manifest = "{\"expires_ms\":150}";
	id = world_start("[" SET(0, 7) "," HOLD "]", NULL);
	world_until(id, EXECUTION_PAUSED, 3000);
	ck_assert_int_eq(world_reason(id), PAUSE_DEADLINE);
	world_message(id, message, sizeof(message));
	ck_assert_ptr_nonnull(strstr(message, "deadline"));
	ck_assert_ptr_nonnull(strstr(message, "redbutton execution resume"));
	ck_assert_ptr_nonnull(strstr(message, id));
	ck_assert_int_eq(world_command(id, EXECUTION_VERB_ABORT, NULL), 0);
	world_until(id, EXECUTION_TIMED_OUT, 2000);
	ck_assert_uint_eq(world_items(id), 1);
	world_close();
}
END_TEST

START_TEST(a_rollback_that_stops_names_the_register_and_its_three_values)
{
	char message[512];
	const char *id;

	world_open();
	id = world_start("[" SET(0, 7) "," HOLD "]", NULL);
	while (neighbours_audit_count("effect.outcome") < 1)
		world_turn(1);
	world_set("a", "55");
	ck_assert_int_eq(world_command(id, EXECUTION_VERB_ROLLBACK, NULL), 0);
	world_until(id, EXECUTION_PAUSED, 2000);
	world_message(id, message, sizeof(message));
	ck_assert_ptr_nonnull(strstr(message, "one sim.value a: baseline 100, ours 7, now 55"));
	ck_assert_ptr_nonnull(strstr(message, "keep|baseline"));
	world_close();
}
END_TEST

START_TEST(after_four_crashes_it_asks_and_counts_anew_once_a_person_looked)
{
	const char *id;

	world_open();
	id = world_start("[" SET(0, 7) "," HOLD "]", NULL);
	while (neighbours_audit_count("effect.outcome") < 1)
		world_turn(1);
	for (int i = 0; i < 3; i++) {
		world_restart();
		ck_assert_int_eq(world_state(id), EXECUTION_RUNNING);
	}
	world_restart();
	ck_assert_int_eq(world_state(id), EXECUTION_PAUSED);
	ck_assert_int_eq(world_reason(id), PAUSE_IN_DOUBT);
	ck_assert_int_eq(world_command(id, EXECUTION_VERB_RESUME, NULL), 0);
	world_restart();
	ck_assert_int_eq(world_state(id), EXECUTION_RUNNING);
	world_close();
}
END_TEST

CHECK_MAIN("engine_end", &an_item_on_which_two_writes_failed_is_undone_from_where_it_stands,
	&what_lies_below_is_undone_without_a_write_and_the_top_goes_back_to_the_first,
	&a_deadline_pauses_says_what_to_do_and_aborted_from_there_it_is_timed_out,
	&a_rollback_that_stops_names_the_register_and_its_three_values,
	&after_four_crashes_it_asks_and_counts_anew_once_a_person_looked)
