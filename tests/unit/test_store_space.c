/* A disk without room, and what was kept back for it. */
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wunused-variable"
#include "store_world.h"

static void write_vital(struct note *note)
{
	waiting++;
	store_write_vital(store, ask_note, told, note);
}

static bool has_reserve_file(void)
{
	char name[160];

	snprintf(name, sizeof(name), "%s.reserve", path);
	return access(name, F_OK) == 0;
}

static void reopen_with_reserve(int64_t bytes)
{
	store_close(store);
	reserve_bytes = bytes;
	open_store();
	reserve_bytes = 0;
}

START_TEST(a_full_disk_costs_the_reserve_and_then_only_what_is_vital_is_written)
{
	struct note first = {.id = "a"}, ordinary = {.id = "b"}, vital = {.id = "c"};

	reopen_with_reserve(64 * 1024);
	ck_assert(has_reserve_file());
	ck_assert_int_eq(store_space(store, NULL), STORE_SPACE_OK);
	store_fault()->write_fails = 1;
	write_note(&first);
	run_loop();
	ck_assert_int_eq(first.err.code, ERROR_NOT_DURABLE);
	ck_assert(!has_reserve_file());
	ck_assert_int_eq(store_space(store, NULL), STORE_SPACE_FULL);
	ck_assert(store_is_writable(store, NULL));
	write_note(&ordinary);
	write_vital(&vital);
	run_loop();
	ck_assert_int_eq(ordinary.err.code, ERROR_DISK_FULL);
	ck_assert_ptr_nonnull(strstr(ordinary.err.remedy, "free space"));
	ck_assert_int_eq(vital.err.code, 0);
	ck_assert_int_eq(count_rows(), 1);
}
END_TEST

START_TEST(what_the_disk_has_no_room_to_keep_back_is_said_as_low_space)
{
	struct error err = ERROR_INIT;
	struct note note = {.id = "a"};

	reopen_with_reserve((int64_t)1 << 60);
	ck_assert(!has_reserve_file());
	ck_assert_int_eq(store_space(store, NULL), STORE_SPACE_LOW);
	ck_assert_int_eq(store_check_space(store, &err), ERROR_DISK_FULL);
	write_note(&note);
	run_loop();
	ck_assert_int_eq(note.err.code, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("store_space");
	TCase *tests = tcase_create("store_space");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, a_full_disk_costs_the_reserve_and_then_only_what_is_vital_is_written);
	tcase_add_test(tests, what_the_disk_has_no_room_to_keep_back_is_said_as_low_space);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
