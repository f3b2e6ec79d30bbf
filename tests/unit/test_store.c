/* Transactions, and what a disk does to them. */
#include "store_world.h"

START_TEST(a_closure_sees_its_own_rows_and_earlier_ones_and_the_reader_none)
{
	struct note before = {.id = "before"}, own = {.id = "own"};

	write_note(&before);
	write_with(ask_own_rows, &own);
	ck_assert_int_eq(count_rows(), 0);
	run_loop();
	ck_assert_int_eq(own.err.code, 0);
	ck_assert_int_eq(count_rows(), 2);
}
END_TEST

START_TEST(a_refused_closure_is_undone_and_its_neighbours_stay)
{
	struct note first = {.id = "a"}, refused = {.id = "b", .answer = ERROR_FORBIDDEN},
		    last = {.id = "c"};

	write_note(&first);
	write_note(&refused);
	write_note(&last);
	run_loop();
	ck_assert_int_eq(first.err.code, 0);
	ck_assert_int_eq(refused.err.code, ERROR_FORBIDDEN);
	ck_assert_str_eq(refused.err.message, "refused");
	ck_assert_int_eq(last.err.code, 0);
	ck_assert_int_eq(count_rows(), 2);
	ck_assert(!has_row(store_reader(store), "b"));
}
END_TEST

START_TEST(many_writes_of_one_turn_are_one_commit)
{
	struct note notes[50] = {0};
	char ids[50][16];
	int before = store_fault()->syncs;

	for (int i = 0; i < 50; i++) {
		snprintf(ids[i], sizeof(ids[i]), "n%02d", i);
		notes[i].id = ids[i];
		write_note(&notes[i]);
	}
	run_loop();
	ck_assert_int_eq(count_rows(), 50);
	ck_assert_int_eq(store_fault()->syncs - before, 1);
	ck_assert(store_commit_ms(store) > 0);
}
END_TEST

static int runs;

static int ask_counted(struct store_tx *tx, void *arg, struct error *err)
{
	runs++;
	return ask_note(tx, arg, err);
}

static struct note queued[2] = {{.id = "b"}, {.id = "c"}};

/* Behind the store in the turn: the COMMIT of the first write is away. */
static bool write_while_busy(void *arg)
{
	(void)arg;
	if (queued[0].is_told || waiting != 1)
		return false;
	write_with(ask_counted, &queued[0]);
	write_with(ask_counted, &queued[1]);
	ck_assert_int_eq(runs, 0);
	return false;
}

START_TEST(a_write_while_the_writer_commits_waits_and_is_kept)
{
	struct note first = {.id = "a"};
	int before = store_fault()->syncs;

	write_note(&first);
	loop_on_turn_end(loop, LOOP_ORDER_SERVER, write_while_busy, NULL);
	run_loop();
	loop_off_turn_end(loop, write_while_busy, NULL);
	ck_assert_int_eq(runs, 2);
	ck_assert_int_eq(count_rows(), 3);
	ck_assert_int_lt(first.order, queued[0].order);
	ck_assert_int_lt(queued[0].order, queued[1].order);
	ck_assert_int_eq(store_fault()->syncs - before, 2);
}
END_TEST

static uint64_t version_at_commit, version_under_way;

static void note_version(void *arg)
{
	version_at_commit = store_data_version(arg);
}

static int ask_versioned(struct store_tx *tx, void *arg, struct error *err)
{
	store_after_commit(tx, note_version, store);
	return ask_note(tx, arg, err);
}

static bool look_while_busy(void *arg)
{
	(void)arg;
	if (waiting == 1 && !version_at_commit)
		version_under_way = store_data_version(store);
	return false;
}

START_TEST(the_version_of_the_data_moves_with_a_commit_and_is_unknown_meanwhile)
{
	struct note note = {.id = "a"};
	uint64_t before = store_data_version(store);

	ck_assert_uint_ne(before, 0);
	version_at_commit = 0;
	version_under_way = 1;
	write_with(ask_versioned, &note);
	ck_assert_uint_eq(store_data_version(store), before);
	loop_on_turn_end(loop, LOOP_ORDER_SERVER, look_while_busy, NULL);
	run_loop();
	loop_off_turn_end(loop, look_while_busy, NULL);
	ck_assert_uint_eq(version_under_way, 0);
	ck_assert_uint_gt(version_at_commit, before);
	ck_assert_uint_eq(store_data_version(store), version_at_commit);
}
END_TEST

static char trace[64];

static void mark(void *arg)
{
	strcat(trace, arg);
}

struct marked {
	struct note note;
	const char *first, *second, *end;
};

static int ask_marked(struct store_tx *tx, void *arg, struct error *err)
{
	struct marked *marked = arg;

	store_after_commit(tx, mark, arena_text(store_tx_arena(tx), marked->first));
	store_after_commit(tx, mark, arena_text(store_tx_arena(tx), marked->second));
	return ask_note(tx, &marked->note, err);
}

static void told_marked(void *arg, const struct error *err)
{
	struct marked *marked = arg;

	strcat(trace, marked->end);
	told(&marked->note, err);
}

START_TEST(after_commit_calls_come_in_order_before_every_reply_and_not_for_a_refused_closure)
{
	struct marked one = {{.id = "a"}, "a", "b", "1"},
		      two = {{.id = "b", .answer = ERROR_CONFLICT}, "x", "y", "2"},
		      three = {{.id = "c"}, "c", "d", "3"};

	trace[0] = 0;
	waiting = 3;
	store_write(store, ask_marked, told_marked, &one);
	store_write(store, ask_marked, told_marked, &two);
	store_write(store, ask_marked, told_marked, &three);
	ck_assert_str_eq(trace, "");
	run_loop();
	ck_assert_str_eq(trace, "abcd123");
}
END_TEST

static void begin_beside(void *arg)
{
	(void)arg;
	strcat(trace, "(");
}

static void lose_beside(void *arg)
{
	(void)arg;
	strcat(trace, ")");
}

static int ask_beside(struct store_tx *tx, void *arg, struct error *err)
{
	store_beside_commit(tx, begin_beside, lose_beside, NULL);
	return ask_marked(tx, arg, err);
}

START_TEST(what_goes_on_beside_a_commit_begins_before_its_end_and_is_undone_when_it_fails)
{
	struct marked good = {{.id = "a"}, "a", "b", "1"},
		      refused = {{.id = "b", .answer = ERROR_CONFLICT}, "x", "y", "2"},
		      failed = {{.id = "c"}, "c", "d", "3"};

	trace[0] = 0;
	waiting = 2;
	store_write(store, ask_beside, told_marked, &good);
	store_write(store, ask_beside, told_marked, &refused);
	run_loop();
	ck_assert_str_eq(trace, "(ab)12");
	trace[0] = 0;
	waiting = 1;
	store_fault()->sync_fails = 1;
	store_write(store, ask_beside, told_marked, &failed);
	run_loop();
	ck_assert_str_eq(trace, "()3");
}
END_TEST

static bool write_in_a_later_hook(void *arg)
{
	struct note *note = arg;

	if (!note->is_told && waiting == 0)
		write_note(note);
	return false;
}

START_TEST(a_write_made_by_a_later_hook_of_the_turn_does_not_sleep)
{
	struct note note = {.id = "a"};

	loop_on_turn_end(loop, LOOP_ORDER_SERVER, write_in_a_later_hook, &note);
	loop_run(loop);
	loop_off_turn_end(loop, write_in_a_later_hook, &note);
	ck_assert(note.is_told);
	ck_assert_int_eq(count_rows(), 1);
}
END_TEST

static int ask_nested(struct store_tx *tx, void *arg, struct error *err)
{
	static struct note inner = {.id = "inner"};

	(void)tx;
	(void)err;
	(void)arg;
	write_note(&inner);
	return 0;
}

START_TEST(a_write_from_inside_a_closure_runs_after_it)
{
	struct note outer = {.id = "outer"};

	write_with(ask_nested, &outer);
	run_loop();
	ck_assert(has_row(store_reader(store), "inner"));
}
END_TEST

START_TEST(closing_commits_what_was_asked)
{
	struct note note = {.id = "a"};

	write_note(&note);
	store_close(store);
	ck_assert(note.is_told);
	ck_assert_int_eq(note.err.code, 0);
	waiting = 0;
	open_store();
	ck_assert_int_eq(count_rows(), 1);
}
END_TEST

/* --- the disk says no --- */

static int writable_calls;
static bool last_writable;

static void note_writable(void *arg, bool writable)
{
	(void)arg;
	writable_calls++;
	last_writable = writable;
}

START_TEST(a_commit_that_fails_answers_not_durable_to_the_whole_group_and_then_it_works_again)
{
	struct note first = {.id = "a"}, refused = {.id = "b", .answer = ERROR_CONFLICT},
		    again = {.id = "a"};

	writable_calls = 0;
	store_on_writable(store, note_writable, NULL);
	store_fault()->sync_fails = 1;
	write_note(&first);
	write_note(&refused);
	run_loop();
	ck_assert_int_eq(first.err.code, ERROR_NOT_DURABLE);
	ck_assert_int_eq(refused.err.code, ERROR_NOT_DURABLE);
	ck_assert_int_eq(count_rows(), 0);
	ck_assert(store_is_writable(store, NULL));
	ck_assert_int_eq(writable_calls, 0);
	write_note(&again);
	run_loop();
	ck_assert_int_eq(again.err.code, 0);
	ck_assert_int_eq(count_rows(), 1);
}
END_TEST

/* In a child that dies without closing: only the log tells what comes back. */
static void fail_a_commit_and_die(void)
{
	struct note note = {.id = "ghost"};

	store_fault()->sync_fails = 1;
	write_note(&note);
	run_loop();
	_exit(note.err.code == ERROR_NOT_DURABLE ? 0 : 1);
}

START_TEST(a_commit_that_failed_does_not_come_back_after_a_crash)
{
	struct error err = ERROR_INIT;
	pid_t child;
	int status;

	store_close(store);
	loop_close(loop);
	child = fork();
	if (child == 0) {
		if (loop_open(&loop, &err) < 0)
			_exit(2);
		open_store();
		fail_a_commit_and_die();
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(loop_open(&loop, &err), 0);
	open_store();
	ck_assert_int_eq(count_rows(), 0);
}
END_TEST

#define FULL_LOG (1024 * 1024)

static off_t log_size(void)
{
	char name[160];
	struct stat file;

	snprintf(name, sizeof(name), "%s-wal", path);
	return stat(name, &file) == 0 ? file.st_size : -1;
}

static void commit_and_die(const char *id)
{
	struct error err = ERROR_INIT;
	struct note note = {.id = id};

	if (loop_open(&loop, &err) < 0)
		_exit(2);
	open_store();
	write_note(&note);
	run_loop();
	_exit(note.err.code || log_size() != FULL_LOG);
}

START_TEST(a_log_of_full_length_keeps_its_length_and_what_was_committed_before_a_crash)
{
	struct error err = ERROR_INIT;
	struct note last = {.id = "last"};
	int status;

	store_close(store);
	loop_close(loop);
	log_bytes = FULL_LOG;
	for (int i = 0; i < 2; i++) {
		pid_t child = fork();

		if (child == 0)
			commit_and_die(i ? "second" : "first");
		ck_assert_int_eq(waitpid(child, &status, 0), child);
		ck_assert_int_eq(status, 0);
	}
	ck_assert_int_eq(loop_open(&loop, &err), 0);
	open_store();
	log_bytes = 0;
	ck_assert_int_eq(count_rows(), 2);
	write_note(&last);
	run_loop();
	ck_assert_int_eq(last.err.code, 0);
	ck_assert_int_eq(count_rows(), 3);
	ck_assert_int_eq(log_size(), FULL_LOG);
}
END_TEST

START_TEST(when_the_probe_fails_too_the_outcome_is_unknown_and_the_store_is_held_until_it_works)
{
	struct note first = {.id = "a"}, held = {.id = "b"}, later = {.id = "c"};
	const char *why = NULL;

	writable_calls = 0;
	store_on_writable(store, note_writable, NULL);
	store_fault()->sync_fails = 2;
	write_note(&first);
	run_loop();
	ck_assert_int_eq(first.err.code, ERROR_OUTCOME_UNKNOWN);
	ck_assert(!store_is_writable(store, &why));
	ck_assert_str_ne(why, "");
	ck_assert_int_eq(writable_calls, 1);
	ck_assert(!last_writable);
	write_note(&held);
	run_loop();
	ck_assert_int_eq(held.err.code, ERROR_NOT_DURABLE);
	while (!last_writable) {
		loop_soon(loop, (void (*)(void *))loop_stop, loop);
		loop_run(loop);
		usleep(20000);
	}
	ck_assert(store_is_writable(store, NULL));
	write_note(&later);
	run_loop();
	ck_assert_int_eq(later.err.code, 0);
	ck_assert_int_eq(count_rows(), 1);
}
END_TEST

START_TEST(a_full_disk_at_commit_keeps_nothing_and_then_it_works_again)
{
	struct note first = {.id = "a"}, second = {.id = "b"};

	store_fault()->write_fails = 1;
	write_note(&first);
	run_loop();
	ck_assert_int_eq(first.err.code, ERROR_NOT_DURABLE);
	write_note(&second);
	run_loop();
	ck_assert_int_eq(second.err.code, 0);
	ck_assert_int_eq(count_rows(), 1);
}
END_TEST

/* More than the cache holds, so that it spills in the middle; goes on when the disk is full. */
static int ask_spill(struct store_tx *tx, void *arg, struct error *err)
{
	struct note *note = arg;
	static char body[60000];
	int failures = 0;

	memset(body, 'x', sizeof(body) - 1);
	for (int i = 0; i < 700; i++) {
		char id[16];

		if (i == 300)
			store_fault()->write_fails = 100000;
		if (failures == 3) /* the disk is free again: nothing of it may slip through */
			store_fault()->write_fails = 0;
		snprintf(id, sizeof(id), "s%03d", i);
		if (put(tx, id, body, 0, NULL) < 0)
			failures++;
	}
	note->amount = failures;
	(void)err;
	return 0;
}

START_TEST(a_full_disk_in_the_middle_of_a_closure_loses_all_of_the_group_and_nothing_slips_through)
{
	struct note before = {.id = "before"}, spill = {.id = "s"}, later = {.id = "later"};

	write_note(&before);
	write_with(ask_spill, &spill);
	run_loop();
	ck_assert_int_gt(spill.amount, 3);
	ck_assert_int_eq(before.err.code, ERROR_NOT_DURABLE);
	ck_assert_int_eq(spill.err.code, ERROR_NOT_DURABLE);
	ck_assert_int_eq(count_rows(), 0);
	write_note(&later);
	run_loop();
	ck_assert_int_eq(later.err.code, 0);
	ck_assert_int_eq(count_rows(), 1);
}
END_TEST

START_TEST(the_log_starts_anew_under_steady_writes)
{
	static char body[60000];
	char log_path[160];
	struct stat info;

	memset(body, 'x', sizeof(body) - 1);
	for (int i = 0; i < 200; i++) {
		struct note notes[10] = {0};
		char ids[10][32];

		for (int k = 0; k < 10; k++) {
			snprintf(ids[k], sizeof(ids[k]), "w%04d-%02d", i, k);
			notes[k] = (struct note){.id = ids[k], .body = body};
			write_note(&notes[k]);
		}
		run_loop();
	}
	snprintf(log_path, sizeof(log_path), "%s-wal", path);
	ck_assert_int_eq(stat(log_path, &info), 0);
	ck_assert_int_lt(info.st_size, 100 * 1024 * 1024);
	ck_assert_int_eq(count_rows(), 2000);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("store");
	TCase *tests = tcase_create("store");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, a_closure_sees_its_own_rows_and_earlier_ones_and_the_reader_none);
	tcase_add_test(tests, a_refused_closure_is_undone_and_its_neighbours_stay);
	tcase_add_test(tests, many_writes_of_one_turn_are_one_commit);
	tcase_add_test(tests, a_write_while_the_writer_commits_waits_and_is_kept);
	tcase_add_test(tests, the_version_of_the_data_moves_with_a_commit_and_is_unknown_meanwhile);
	tcase_add_test(tests,
		after_commit_calls_come_in_order_before_every_reply_and_not_for_a_refused_closure);
	tcase_add_test(tests,
		what_goes_on_beside_a_commit_begins_before_its_end_and_is_undone_when_it_fails);
	tcase_add_test(tests, a_write_made_by_a_later_hook_of_the_turn_does_not_sleep);
	tcase_add_test(tests, a_write_from_inside_a_closure_runs_after_it);
	tcase_add_test(tests, closing_commits_what_was_asked);
	tcase_add_test(tests,
		a_commit_that_fails_answers_not_durable_to_the_whole_group_and_then_it_works_again);
	tcase_add_test(tests, a_commit_that_failed_does_not_come_back_after_a_crash);
	tcase_add_test(
		tests, a_log_of_full_length_keeps_its_length_and_what_was_committed_before_a_crash);
	tcase_add_test(tests,
		when_the_probe_fails_too_the_outcome_is_unknown_and_the_store_is_held_until_it_works);
	tcase_add_test(tests, a_full_disk_at_commit_keeps_nothing_and_then_it_works_again);
	tcase_add_test(tests,
		a_full_disk_in_the_middle_of_a_closure_loses_all_of_the_group_and_nothing_slips_through);
	tcase_add_test(tests, the_log_starts_anew_under_steady_writes);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
