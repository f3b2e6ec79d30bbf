/* What status decides from what it was given: the next command, who is needed, the order of planes.
 */
#include "operations/status_rooms.h"
#include "tests/unit/check_main.h"

static struct arena arena;
static struct execution row;
static struct execution_gate gates[2] = {
	{.path = "1.2", .question = "go?", .role = "approver"},
	{.path = "1.3", .question = "sure?", .role = "dba"},
};

static struct execution_look look_of(enum execution_state state, enum pause_reason reason)
{
	row = (struct execution){.id = "01RUN", .plan = "p/q", .message = ""};
	row.state = state;
	row.reason = reason;
	return (struct execution_look){.row = &row};
}

static void expect_next(const struct execution_look *look, const char *command)
{
	ck_assert_str_eq(status_next_of_run(look, &arena), command);
}

START_TEST(a_run_that_moves_is_followed)
{
	struct execution_look look = look_of(EXECUTION_RUNNING, PAUSE_NONE);

	expect_next(&look, "redbutton execution follow 01RUN");
	ck_assert(!status_run_needs_person(&look));
}
END_TEST

START_TEST(a_run_that_waits_for_approval_names_the_approval)
{
	struct execution_look look = look_of(EXECUTION_PENDING_APPROVAL, PAUSE_NONE);

	row.approval_id = "01YES";
	expect_next(&look, "redbutton approval show 01YES");
	ck_assert(status_run_needs_person(&look));
}
END_TEST

START_TEST(a_gate_is_answered_and_of_two_the_path_is_named)
{
	struct execution_look look = look_of(EXECUTION_RUNNING, PAUSE_NONE);

	look.gates = gates;
	look.gate_count = 1;
	expect_next(&look, "redbutton execution answer 01RUN yes|no");
	look.gate_count = 2;
	expect_next(&look, "redbutton execution answer 01RUN yes|no --at 1.2");
	ck_assert(status_run_needs_person(&look));
}
END_TEST

START_TEST(a_paused_run_is_resumed_only_when_a_person_paused_it)
{
	struct execution_look look = look_of(EXECUTION_PAUSED, PAUSE_OPERATOR);

	expect_next(&look, "redbutton execution resume 01RUN");
	look = look_of(EXECUTION_PAUSED, PAUSE_FAILED_STEP);
	expect_next(&look, "redbutton execution show 01RUN");
	ck_assert(status_run_needs_person(&look));
}
END_TEST

START_TEST(a_conflict_of_a_rollback_asks_which_value_stays)
{
	struct execution_look look = look_of(EXECUTION_PAUSED, PAUSE_CONFLICT);

	expect_next(&look, "redbutton execution show 01RUN");
	row.is_phase_rollback = true;
	expect_next(&look, "redbutton execution answer 01RUN baseline|keep");
}
END_TEST

START_TEST(what_is_not_reachable_stands_first)
{
	struct target_seen list[] = {
		{.name = "a", .has_check = true, .is_checked = true, .is_reachable = true},
		{.name = "b", .has_check = true, .is_checked = true},
		{.name = "c", .has_check = true},
		{.name = "0", .has_check = true, .is_checked = true, .is_reachable = true},
	};
	struct status_targets targets = {.list = list, .count = 4};

	status_sum_targets(&targets);
	ck_assert_uint_eq(targets.reachable, 2);
	ck_assert_uint_eq(targets.unreachable, 1);
	ck_assert_uint_eq(targets.not_checked, 1);
	ck_assert_str_eq(list[0].name, "b");
	ck_assert_str_eq(list[1].name, "c");
	ck_assert_str_eq(list[2].name, "0");
	ck_assert_str_eq(list[3].name, "a");
}
END_TEST

START_TEST(each_kind_of_trouble_needs_a_person)
{
	struct status_run runs[] = {{.needs_person = false}, {.needs_person = true}};
	const struct status well = {.run_count = 1, .runs = runs, .items = 7, .targets.count = 3};
	struct status status = well;

	ck_assert(!status_needs_person(&status));
	status.run_count = 2;
	ck_assert(status_needs_person(&status));
	status = well;
	status.hold_count = 1;
	ck_assert(status_needs_person(&status));
	status = well;
	status.open_approvals = 1;
	ck_assert(status_needs_person(&status));
	status = well;
	status.items_expired = 1;
	ck_assert(status_needs_person(&status));
	status = well;
	status.items_troubled = 1;
	ck_assert(status_needs_person(&status));
	status = well;
	status.targets.unreachable = 1;
	ck_assert(status_needs_person(&status));
	status = well;
	status.audit.trouble = "the copy cannot be written";
	ck_assert(status_needs_person(&status));
}
END_TEST

CHECK_MAIN("status", &a_run_that_moves_is_followed,
	&a_run_that_waits_for_approval_names_the_approval,
	&a_gate_is_answered_and_of_two_the_path_is_named,
	&a_paused_run_is_resumed_only_when_a_person_paused_it,
	&a_conflict_of_a_rollback_asks_which_value_stays, &what_is_not_reachable_stands_first,
	&each_kind_of_trouble_needs_a_person)
