/* Opening, statements and backup. */
#include "store_world.h"

/* --- opening --- */

START_TEST(a_second_opening_is_refused_naming_the_process)
{
	struct store *first = store;
	struct error err = ERROR_INIT;
	char pid[32];

	ck_assert_int_eq(open_with(schemas, false, &err), ERROR_LOCKED);
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	ck_assert_ptr_nonnull(strstr(err.message, pid));
	ck_assert_str_ne(err.remedy, "");
	store = first;
}
END_TEST

START_TEST(the_file_is_for_its_owner_only)
{
	struct stat info;

	ck_assert_int_eq(stat(path, &info), 0);
	ck_assert_int_eq(info.st_mode & 0777, 0600);
}
END_TEST

START_TEST(a_migration_runs_once_and_a_newer_schema_is_refused_with_both_versions)
{
	struct error err = ERROR_INIT;
	struct note note = {.id = "a"};

	write_note(&note);
	run_loop();
	store_close(store);
	open_store();
	ck_assert_int_eq(count_rows(), 1);
	store_close(store);
	store = NULL;
	ck_assert_int_eq(open_with(older_schemas, false, &err), ERROR_INVALID);
	ck_assert_ptr_nonnull(strstr(err.message, "schema 2"));
	ck_assert_ptr_nonnull(strstr(err.message, "knows 1"));
	ck_assert_int_eq(open_with(older_schemas, true, &err), ERROR_INVALID);
	open_store();
}
END_TEST

START_TEST(a_database_of_an_older_release_is_brought_up)
{
	struct error err = ERROR_INIT;

	store_close(store);
	unlink(path);
	ck_assert_int_eq(open_with(older_schemas, false, &err), 0);
	store_close(store);
	store = NULL;
	ck_assert_int_eq(open_with(schemas, true, &err), ERROR_INVALID);
	ck_assert_ptr_nonnull(strstr(err.remedy, "start the daemon"));
	open_store();
}
END_TEST

START_TEST(a_read_only_store_reads_beside_the_writer)
{
	struct store *writer = store;
	struct error err = ERROR_INIT;
	struct note note = {.id = "a"};

	write_note(&note);
	run_loop();
	ck_assert_int_eq(open_with(schemas, true, &err), 0);
	ck_assert_int_eq(count_rows(), 1);
	ck_assert(!store_is_writable(store, NULL));
	store_close(store);
	store = writer;
}
END_TEST

START_TEST(a_damaged_file_is_refused)
{
	struct error err = ERROR_INIT;
	int fd;

	store_close(store);
	store = NULL;
	fd = open(path, O_WRONLY);
	ck_assert_int_eq(pwrite(fd, "rubbish rubbish rubbish", 23, 4096 + 8), 23);
	close(fd);
	ck_assert_int_lt(open_with(schemas, false, &err), 0);
	ck_assert_int_eq(unlink(path), 0);
	open_store();
}
END_TEST

/* --- statements --- */

struct attempt {
	struct note note;
	const char *sql;
	struct store_statement statement;
};

static int ask_sql(struct store_tx *tx, void *arg, struct error *err)
{
	struct attempt *attempt = arg;

	return store_run(store_query(tx, &attempt->statement), err);
}

static int run_sql(const char *sql, char *ret_message)
{
	/* Statements are known by their address: each keeps its own for the life of the store. */
	static struct attempt attempts[32];
	static int used;
	struct attempt *attempt = &attempts[used++];

	ck_assert_int_lt(used, 32);
	memset(attempt, 0, sizeof(*attempt));
	attempt->statement.sql = sql;
	write_with(ask_sql, &attempt->note);
	run_loop();
	if (ret_message)
		strcpy(ret_message, attempt->note.err.message);
	return attempt->note.err.code;
}

START_TEST(an_append_only_table_takes_inserts_and_nothing_else)
{
	ck_assert_int_eq(run_sql("INSERT INTO ledger (seq, word) VALUES (1, 'one')", NULL), 0);
	ck_assert_int_eq(run_sql("UPDATE ledger SET word = 'two'", NULL), ERROR_FORBIDDEN);
	ck_assert_int_eq(run_sql("DELETE FROM ledger", NULL), ERROR_FORBIDDEN);
	ck_assert_int_eq(run_sql("DELETE FROM LEDGER WHERE seq = 1", NULL), ERROR_FORBIDDEN);
	ck_assert_int_eq(run_sql("INSERT OR REPLACE INTO ledger (seq, word) VALUES (1, 'x')", NULL),
		ERROR_FORBIDDEN);
	ck_assert_int_eq(
		run_sql("INSERT INTO ledger (seq, word) VALUES (1, 'x') ON CONFLICT (seq) DO "
			"UPDATE SET word = 'x'",
			NULL),
		ERROR_FORBIDDEN);
	ck_assert_int_eq(run_sql("DROP TABLE ledger", NULL), ERROR_FORBIDDEN);
	ck_assert_int_eq(run_sql("ALTER TABLE ledger RENAME TO gone", NULL), ERROR_FORBIDDEN);
	ck_assert_int_eq(run_sql("PRAGMA writable_schema = ON", NULL), ERROR_FORBIDDEN);
	ck_assert_int_eq(run_sql("ATTACH '/tmp/x' AS x", NULL), ERROR_FORBIDDEN);
	ck_assert_int_eq(run_sql("CREATE TRIGGER t AFTER INSERT ON note BEGIN DELETE FROM ledger; "
				 "END",
				 NULL),
		ERROR_FORBIDDEN);
	ck_assert_int_eq(run_sql("UPDATE note SET body = 'fine'", NULL), 0);
}
END_TEST

START_TEST(double_quoted_text_is_no_text)
{
	ck_assert_int_eq(run_sql("SELECT \"no such column\"", NULL), ERROR_INTERNAL);
}
END_TEST

START_TEST(a_broken_unique_or_check_is_a_conflict)
{
	struct note first = {.id = "a"}, twin = {.id = "a"}, high = {.id = "b", .amount = 100};

	write_note(&first);
	write_note(&twin);
	write_note(&high);
	run_loop();
	ck_assert_int_eq(first.err.code, 0);
	ck_assert_int_eq(twin.err.code, ERROR_CONFLICT);
	ck_assert_int_eq(high.err.code, ERROR_CONFLICT);
	ck_assert_int_eq(count_rows(), 1);
}
END_TEST

static int ask_forgotten(struct store_tx *tx, void *arg, struct error *err)
{
	struct store_query *query = store_query(tx, &insert);

	(void)arg;
	store_bind_text(query, ":id", "a");
	return store_run(query, err);
}

static int ask_misnamed(struct store_tx *tx, void *arg, struct error *err)
{
	struct store_query *query = store_query(tx, &get);

	(void)arg;
	store_bind_text(query, ":id", "a");
	store_bind_text(query, ":name", "a");
	return store_run(query, err);
}

START_TEST(a_parameter_that_is_not_bound_or_does_not_exist_is_named)
{
	struct note forgotten = {0}, misnamed = {0};

	write_with(ask_forgotten, &forgotten);
	write_with(ask_misnamed, &misnamed);
	run_loop();
	ck_assert_int_eq(forgotten.err.code, ERROR_INTERNAL);
	ck_assert_ptr_nonnull(strstr(forgotten.err.message, ":body"));
	ck_assert_int_eq(misnamed.err.code, ERROR_INTERNAL);
	ck_assert_ptr_nonnull(strstr(misnamed.err.message, ":name"));
}
END_TEST

static int ask_changes(struct store_tx *tx, void *arg, struct error *err)
{
	struct store_query *query;

	(void)arg;
	ck_assert_int_eq(put(tx, "a", NULL, 1, err), 1);
	query = store_query(tx, &change);
	store_bind_int(query, "amount", 2);
	store_bind_text(query, "id", "a");
	ck_assert_int_eq(store_run(query, err), 1);
	query = store_query(tx, &change);
	store_bind_int(query, "amount", 2);
	store_bind_text(query, "id", "nobody");
	ck_assert_int_eq(store_run(query, err), 0);
	ck_assert_int_eq(put(tx, "b", NULL, 1, err), 1);
	ck_assert_int_eq(store_run(store_query(tx, &all), err), 0);
	return 0;
}

START_TEST(store_run_counts_the_rows_that_changed)
{
	struct note note = {0};

	write_with(ask_changes, &note);
	run_loop();
	ck_assert_int_eq(note.err.code, 0);
}
END_TEST

START_TEST(a_statement_may_be_in_use_twice)
{
	struct note a = {.id = "a"}, b = {.id = "b"};
	struct store_tx *reader = store_reader(store);
	struct store_query *outer, *inner;
	int pairs = 0;

	write_note(&a);
	write_note(&b);
	run_loop();
	outer = store_query(reader, &all);
	while (store_next(outer, NULL) == 1) {
		inner = store_query(reader, &all);
		while (store_next(inner, NULL) == 1)
			pairs++;
		store_finish(inner);
	}
	store_finish(outer);
	ck_assert_int_eq(pairs, 4);
}
END_TEST

static void *read_text(struct store_query *row, struct arena *arena)
{
	return store_text_copy(row, "id", arena);
}

START_TEST(a_list_has_each_row_and_is_left_alone_when_it_fails)
{
	static const struct store_statement broken =
		STORE_STATEMENT("SELECT id, abs(amount) FROM note ORDER BY id");
	struct note notes[] = {{.id = "a"}, {.id = "b"}, {.id = "c", .amount = INT64_MIN}};
	struct store_tx *reader = store_reader(store);
	struct arena arena = ARENA_INIT;
	struct error err = ERROR_INIT;
	const char *before[] = {"before"}, **list = before, **kept;
	size_t length = 1;

	ck_assert_int_eq(
		store_list(store_query(reader, &all), &arena, read_text, &list, &length, NULL), 0);
	ck_assert_ptr_null(list);
	ck_assert_uint_eq(length, 0);
	for (int i = 0; i < 3; i++)
		write_note(&notes[i]);
	run_loop();
	ck_assert_int_eq(
		store_list(store_query(reader, &all), &arena, read_text, &list, &length, NULL), 0);
	ck_assert_uint_eq(length, 3);
	for (int i = 0; i < 3; i++)
		ck_assert_str_eq(list[i], notes[i].id);
	kept = list;
	ck_assert_int_lt(
		store_list(store_query(reader, &broken), &arena, read_text, &list, &length, &err),
		0);
	ck_assert_ptr_eq(list, kept);
	ck_assert_uint_eq(length, 3);
	arena_done(&arena);
}
END_TEST

START_TEST(a_missing_row_is_named)
{
	struct error err = ERROR_INIT;
	struct store_query *query = store_query(store_reader(store), &get);

	store_bind_text(query, ":id", "nobody");
	ck_assert_int_eq(store_one(query, "note", &err), ERROR_NOT_FOUND);
	ck_assert_str_eq(err.message, "no such note");
}
END_TEST

START_TEST(text_comes_back_byte_for_byte_and_null_stays_null)
{
	static const char text[] =
		"\xe6\x8a\xbd\xe5\xb9\xb2 \xf0\x9f\x94\xb4 \xc3\xa9 '; DROP \"x\"\n";
	struct note note = {.id = "a", .body = text}, empty = {.id = "b", .body = ""},
		    none = {.id = "c"};
	struct arena arena = ARENA_INIT;
	struct store_query *query;
	char fixed[64];

	write_note(&note);
	write_note(&empty);
	write_note(&none);
	run_loop();
	query = store_query(store_reader(store), &get);
	store_bind_text(query, ":id", "a");
	ck_assert_int_ge(store_one(query, "note", NULL), 0);
	ck_assert_str_eq(store_text(query, "body"), text);
	ck_assert_str_eq(store_text_copy(query, "body", &arena), text);
	store_text_into(query, "body", fixed, sizeof(fixed));
	ck_assert_str_eq(fixed, text);
	store_finish(query);
	query = store_query(store_reader(store), &get);
	store_bind_text(query, ":id", "b");
	ck_assert_int_ge(store_one(query, "note", NULL), 0);
	ck_assert_str_eq(store_text(query, "body"), "");
	ck_assert(!store_is_null(query, "body"));
	store_finish(query);
	query = store_query(store_reader(store), &get);
	store_bind_text(query, ":id", "c");
	ck_assert_int_ge(store_one(query, "note", NULL), 0);
	ck_assert_ptr_null(store_text(query, "body"));
	ck_assert(store_is_null(query, "body"));
	store_text_into(query, "body", fixed, sizeof(fixed));
	ck_assert_str_eq(fixed, "");
	store_finish(query);
	arena_done(&arena);
}
END_TEST

static const struct store_statement piece_add =
	STORE_STATEMENT("INSERT INTO piece (id, bytes) VALUES (:id, :bytes)");
static const struct store_statement piece_get =
	STORE_STATEMENT("SELECT bytes FROM piece WHERE id = 'p'");
static const struct store_statement note_bytes =
	STORE_STATEMENT("INSERT INTO note (id, body) VALUES ('z', :bytes)");
static const char bytes_with_nul[] = {'a', 0, 'b', (char)0xff};

static int ask_piece(struct store_tx *tx, void *arg, struct error *err)
{
	struct store_query *query = store_query(tx, &piece_add);

	(void)arg;
	store_bind_text(query, ":id", "p");
	store_bind_bytes(query, ":bytes", bytes_with_nul, sizeof(bytes_with_nul));
	return store_run(query, err);
}

static int ask_bytes_as_text(struct store_tx *tx, void *arg, struct error *err)
{
	struct store_query *query = store_query(tx, &note_bytes);

	(void)arg;
	store_bind_bytes(query, ":bytes", bytes_with_nul, sizeof(bytes_with_nul));
	return store_run(query, err);
}

START_TEST(bytes_with_a_nul_come_back_whole_and_are_refused_as_text)
{
	struct note piece = {0}, text = {0};
	struct store_query *query;
	size_t length;

	write_with(ask_piece, &piece);
	write_with(ask_bytes_as_text, &text);
	run_loop();
	ck_assert_int_eq(piece.err.code, 0);
	ck_assert_int_eq(text.err.code, ERROR_INTERNAL);
	query = store_query(store_reader(store), &piece_get);
	ck_assert_int_ge(store_one(query, "piece", NULL), 0);
	ck_assert_mem_eq(store_bytes(query, "bytes", &length), bytes_with_nul, 4);
	ck_assert_uint_eq(length, 4);
	store_finish(query);
}
END_TEST

static int ask_ledger(struct store_tx *tx, void *arg, struct error *err)
{
	struct store_query *query = store_query(tx, &ledger_add);

	(void)arg;
	store_bind_int(query, ":seq", 1);
	store_bind_text(query, ":word", NULL);
	return store_run(query, err);
}

START_TEST(a_null_where_none_may_be_is_our_own_fault)
{
	struct note note = {0};

	write_with(ask_ledger, &note);
	run_loop();
	ck_assert_int_eq(note.err.code, ERROR_INTERNAL);
}
END_TEST

#ifdef RB_DEBUG
static void leave_in_use(void *arg)
{
	struct store_query *query = store_query(store_reader(store), &all);

	(void)arg;
	store_next(query, NULL);
}

START_TEST(a_query_left_in_use_ends_a_debug_build)
{
	struct note note = {.id = "a"};

	write_note(&note);
	run_loop();
	loop_soon(loop, leave_in_use, NULL);
	loop_run(loop);
}
END_TEST

static struct store_tx *kept;

static int ask_keep(struct store_tx *tx, void *arg, struct error *err)
{
	(void)arg;
	(void)err;
	kept = tx;
	return 0;
}

START_TEST(touching_the_writer_outside_a_closure_ends_a_debug_build)
{
	struct note note = {0};

	write_with(ask_keep, &note);
	store_query(kept, &all);
}
END_TEST
#endif

/* --- backup --- */

START_TEST(a_backup_is_a_whole_database_and_overwrites_nothing)
{
	struct note note = {.id = "a"}, first = {0}, again = {0};
	struct store *original = store;
	struct error err = ERROR_INIT;

	write_note(&note);
	run_loop();
	snprintf(path, sizeof(path), "%s/copy", directory);
	waiting = 1;
	store_backup(store, path, told, &first);
	run_loop();
	ck_assert_msg(first.err.code == 0, "%s", first.err.message);
	waiting = 1;
	store_backup(store, path, told, &again);
	run_loop();
	ck_assert_int_eq(again.err.code, ERROR_CONFLICT);
	ck_assert_int_eq(open_with(schemas, true, &err), 0);
	ck_assert_int_eq(count_rows(), 1);
	store_close(store);
	store = original;
	snprintf(path, sizeof(path), "%s/db", directory);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("store_rows");
	TCase *tests = tcase_create("store_rows");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, a_second_opening_is_refused_naming_the_process);
	tcase_add_test(tests, the_file_is_for_its_owner_only);
	tcase_add_test(
		tests, a_migration_runs_once_and_a_newer_schema_is_refused_with_both_versions);
	tcase_add_test(tests, a_database_of_an_older_release_is_brought_up);
	tcase_add_test(tests, a_read_only_store_reads_beside_the_writer);
	tcase_add_test(tests, a_damaged_file_is_refused);
	tcase_add_test(tests, an_append_only_table_takes_inserts_and_nothing_else);
	tcase_add_test(tests, double_quoted_text_is_no_text);
	tcase_add_test(tests, a_broken_unique_or_check_is_a_conflict);
	tcase_add_test(tests, a_parameter_that_is_not_bound_or_does_not_exist_is_named);
	tcase_add_test(tests, store_run_counts_the_rows_that_changed);
	tcase_add_test(tests, a_statement_may_be_in_use_twice);
	tcase_add_test(tests, a_list_has_each_row_and_is_left_alone_when_it_fails);
	tcase_add_test(tests, a_missing_row_is_named);
	tcase_add_test(tests, text_comes_back_byte_for_byte_and_null_stays_null);
	tcase_add_test(tests, bytes_with_a_nul_come_back_whole_and_are_refused_as_text);
	tcase_add_test(tests, a_null_where_none_may_be_is_our_own_fault);
	tcase_add_test(tests, a_backup_is_a_whole_database_and_overwrites_nothing);
#ifdef RB_DEBUG
	tcase_add_test_raise_signal(tests, a_query_left_in_use_ends_a_debug_build, SIGABRT);
	tcase_add_test_raise_signal(
		tests, touching_the_writer_outside_a_closure_ends_a_debug_build, SIGABRT);
#endif
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
