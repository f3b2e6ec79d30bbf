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
	tcase_add_test(tests,
		after_commit_calls_come_in_order_before_every_reply_and_not_for_a_refused_closure);
	tcase_add_test(tests, a_write_made_by_a_later_hook_of_the_turn_does_not_sleep);
	tcase_add_test(tests, a_write_from_inside_a_closure_runs_after_it);
	tcase_add_test(tests, closing_commits_what_was_asked);
	tcase_add_test(tests,
		a_commit_that_fails_answers_not_durable_to_the_whole_group_and_then_it_works_again);
	tcase_add_test(tests, a_commit_that_failed_does_not_come_back_after_a_crash);
	tcase_add_test(tests,
		when_the_probe_fails_too_the_outcome_is_unknown_and_the_store_is_held_until_it_works);
	tcase_add_test(tests, a_full_disk_at_commit_keeps_nothing_and_then_it_works_again);
	tcase_add_test(tests,
		a_full_disk_in_the_middle_of_a_closure_loses_all_of_the_group_and_nothing_slips_through);
	tcase_add_test(tests, the_log_starts_anew_under_steady_writes);
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
