/* A store of its own for each test, with a loop to turn and faults to inject; for test_store.c and
 * test_store_space.c. */
#ifndef RB_TESTS_STORE_WORLD_H
#define RB_TESTS_STORE_WORLD_H

#include "lib/base/text.h"
#include "lib/store/store.h"
#include "store_fault.h"

#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct store_migration first_migrations[] = {
	{"notes", "CREATE TABLE note (id TEXT PRIMARY KEY, body TEXT, amount INTEGER NOT NULL "
		  "DEFAULT 0 CHECK (amount < 100)) STRICT;"
		  "CREATE TABLE ledger (seq INTEGER PRIMARY KEY, word TEXT NOT NULL) STRICT;"},
	{"blobs", "CREATE TABLE piece (id TEXT PRIMARY KEY, bytes BLOB) STRICT"},
};
static const struct store_schema room = {"room", first_migrations, 2};
static const struct store_schema older_room = {"room", first_migrations, 1};
static const struct store_schema *const schemas[] = {&room};
static const struct store_schema *const older_schemas[] = {&older_room};
static const char *const append_only[] = {"ledger", NULL};

__attribute__((unused)) static const struct store_statement insert =
	STORE_STATEMENT("INSERT INTO note (id, body, amount) VALUES (:id, :body, :amount)");
__attribute__((unused)) static const struct store_statement get =
	STORE_STATEMENT("SELECT id, body, amount FROM note WHERE id = :id");
__attribute__((unused)) static const struct store_statement all =
	STORE_STATEMENT("SELECT id FROM note ORDER BY id");
__attribute__((unused)) static const struct store_statement count =
	STORE_STATEMENT("SELECT count(*) AS n FROM note");
__attribute__((unused)) static const struct store_statement change =
	STORE_STATEMENT("UPDATE note SET amount = :amount WHERE id = :id");
__attribute__((unused)) static const struct store_statement ledger_add =
	STORE_STATEMENT("INSERT INTO ledger (seq, word) VALUES (:seq, :word)");

static char directory[64], path[128];
static struct loop *loop;
static struct store *store;
static int64_t reserve_bytes, log_bytes; /* of the next store that is opened */

__attribute__((unused)) static int open_with(
	const struct store_schema *const *list, bool read_only, struct error *err)
{
	struct store_options options = {.path = path,
		.schemas = list,
		.schema_count = 1,
		.append_only = append_only,
		.read_only = read_only,
		.probe_every_ms = 50,
		.reserve_bytes = reserve_bytes,
		.log_bytes = log_bytes};

	return store_open(&options, loop, &store, err);
}

__attribute__((unused)) static void open_store(void)
{
	struct error err = ERROR_INIT;

	ck_assert_msg(open_with(schemas, false, &err) == 0, "%s", err.message);
}

__attribute__((unused)) static void set_up(void)
{
	struct error err = ERROR_INIT;

	store_fault_register();
	memset(store_fault(), 0, sizeof(*store_fault()));
	snprintf(directory, sizeof(directory), "/tmp/test-store-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/db", directory);
	ck_assert_int_eq(loop_open(&loop, &err), 0);
	open_store();
}

__attribute__((unused)) static void remove_all(void)
{
	DIR *dir = opendir(directory);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		char name[400];

		snprintf(name, sizeof(name), "%s/%s", directory, entry->d_name);
		unlink(name);
	}
	closedir(dir);
	rmdir(directory);
}

__attribute__((unused)) static void tear_down(void)
{
	store_close(store);
	store = NULL;
	loop_close(loop);
	remove_all();
}

/* --- a write as a value: what it does and what it was told --- */

struct note {
	const char *id, *body;
	int64_t amount;
	int answer; /* what the closure answers */
	bool is_told;
	struct error err;
	int order;
};

static int order;
static int waiting;

__attribute__((unused)) static void told(void *arg, const struct error *err)
{
	struct note *note = arg;

	note->is_told = true;
	note->order = ++order;
	if (err)
		note->err = *err;
	if (--waiting == 0)
		loop_stop(loop);
}

__attribute__((unused)) static int put(
	struct store_tx *tx, const char *id, const char *body, int64_t amount, struct error *err)
{
	struct store_query *query = store_query(tx, &insert);

	store_bind_text(query, ":id", id);
	store_bind_text(query, ":body", body);
	store_bind_int(query, ":amount", amount);
	return store_run(query, err);
}

__attribute__((unused)) static int ask_note(struct store_tx *tx, void *arg, struct error *err)
{
	struct note *note = arg;
	int rc = put(tx, note->id, note->body, note->amount, err);

	if (rc < 0)
		return rc;
	return note->answer ? error_set(err, note->answer, "refused") : 0;
}

__attribute__((unused)) static void write_with(store_ask ask, struct note *note)
{
	note->is_told = false;
	error_clear(&note->err);
	waiting++;
	store_write(store, ask, told, note);
	ck_assert(!note->is_told);
}

__attribute__((unused)) static void write_note(struct note *note)
{
	write_with(ask_note, note);
}

__attribute__((unused)) static void run_loop(void)
{
	if (waiting)
		loop_run(loop);
	ck_assert_int_eq(waiting, 0);
}

__attribute__((unused)) static int64_t count_rows(void)
{
	struct store_query *query = store_query(store_reader(store), &count);
	int64_t rows;

	ck_assert_int_ge(store_one(query, "count", NULL), 0);
	rows = store_int(query, "n");
	store_finish(query);
	return rows;
}

__attribute__((unused)) static bool has_row(struct store_tx *tx, const char *id)
{
	struct store_query *query = store_query(tx, &get);
	bool found;

	store_bind_text(query, "id", id);
	found = store_next(query, NULL) == 1;
	store_finish(query);
	return found;
}

/* --- transactions --- */

__attribute__((unused)) static int ask_own_rows(struct store_tx *tx, void *arg, struct error *err)
{
	struct note *note = arg;

	if (ask_note(tx, note, err) < 0)
		return err->code;
	ck_assert(has_row(tx, note->id));
	ck_assert(has_row(tx, "before"));
	ck_assert(!has_row(store_reader(store), note->id));
	ck_assert(!has_row(store_reader(store), "before"));
	return 0;
}

#endif
