/* An older database is copied, then brought up with its record in one transaction; a newer one is
 * refused. */
#include "check_main.h"
#include "lib/store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char kept[] = "kept";
static const struct store_migration note_migrations[] = {
	{"notes", "CREATE TABLE note (id TEXT PRIMARY KEY) STRICT;"
		  "CREATE TABLE told (word TEXT NOT NULL) STRICT"},
	{"their bodies", "ALTER TABLE note ADD COLUMN body TEXT NOT NULL DEFAULT 'none'"},
};
static const struct store_migration other_migrations[] = {
	{"others", "CREATE TABLE other (id TEXT PRIMARY KEY) STRICT"},
};
static const struct store_schema old_note = {"note", note_migrations, 1};
static const struct store_schema new_note = {"note", note_migrations, 2};
static const struct store_schema other = {"other", other_migrations, 1};
static const struct store_schema *const old_rooms[] = {&old_note};
static const struct store_schema *const new_rooms[] = {&new_note, &other};

static const struct store_statement insert_note =
	STORE_STATEMENT("INSERT INTO note (id) VALUES (:id)");
static const struct store_statement insert_told =
	STORE_STATEMENT("INSERT INTO told (word) VALUES (:word)");
static const struct store_statement one_note =
	STORE_STATEMENT("SELECT body FROM note WHERE id = 'kept'");
static const struct store_statement count_told =
	STORE_STATEMENT("SELECT count(*) AS n FROM told WHERE word = 'note 1 2'");

static char directory[64], path[128], copy[128];
static struct loop *loop;
static struct store *store;
static bool must_fail;

static void set_up(void)
{
	struct error err = ERROR_INIT;

	snprintf(directory, sizeof(directory), "/tmp/test-upgrade-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/db", directory);
	snprintf(copy, sizeof(copy), "%s/copy", directory);
	ck_assert_int_eq(loop_open(&loop, &err), 0);
	must_fail = false;
}

static void tear_down(void)
{
	char command[128];

	loop_close(loop);
	snprintf(command, sizeof(command), "rm -r '%s'", directory);
	ck_assert_int_eq(system(command), 0);
}

static int tell(
	struct store_tx *tx, void *arg, const struct store_upgrade *upgrade, struct error *err)
{
	struct store_query *query = store_query(tx, &insert_told);
	char word[64];

	ck_assert_ptr_eq(arg, directory);
	ck_assert_uint_eq(upgrade->count, 2);
	ck_assert_str_eq(upgrade->copy, copy);
	snprintf(word, sizeof(word), "%s %lld %lld", upgrade->rooms[0].room,
		(long long)upgrade->rooms[0].from, (long long)upgrade->rooms[0].to);
	store_bind_text(query, "word", word);
	ck_assert_int_eq(store_run(query, err), 1);
	return must_fail ? error_set(err, ERROR_IO, "the record cannot be made") : 0;
}

static int open_with(const struct store_schema *const *rooms, size_t count, struct error *err)
{
	struct store_options options = {.path = path,
		.schemas = rooms,
		.schema_count = count,
		.copy_before_upgrade = copy,
		.upgraded = tell,
		.upgraded_arg = directory};

	return store_open(&options, loop, &store, err);
}

static int ask_note(struct store_tx *tx, void *arg, struct error *err)
{
	struct store_query *query = store_query(tx, &insert_note);

	store_bind_text(query, "id", arg);
	return store_run(query, err);
}

static void make_old(void)
{
	struct error err = ERROR_INIT;

	ck_assert_int_eq(open_with(old_rooms, 1, &err), 0);
	store_write(store, ask_note, NULL, kept);
	store_close(store);
	ck_assert_int_ne(access(copy, F_OK), 0);
}

START_TEST(an_older_database_is_copied_and_brought_up_with_its_record)
{
	struct error err = ERROR_INIT;
	struct store_query *query;
	struct stat st;

	set_up();
	make_old();
	ck_assert_msg(open_with(new_rooms, 2, &err) == 0, "%s", err.message);
	query = store_query(store_reader(store), &one_note);
	ck_assert_int_eq(store_one(query, "note", &err), 0);
	ck_assert_str_eq(store_text(query, "body"), "none");
	store_finish(query);
	query = store_query(store_reader(store), &count_told);
	ck_assert_int_eq(store_one(query, "told", &err), 0);
	ck_assert_int_eq(store_int(query, "n"), 1);
	store_finish(query);
	store_close(store);
	ck_assert_int_eq(stat(copy, &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0600);
	ck_assert_int_eq(rename(copy, path), 0);
	ck_assert_msg(open_with(old_rooms, 1, &err) == 0, "the copy is as it was: %s", err.message);
	store_close(store);
	tear_down();
}
END_TEST

START_TEST(an_upgrade_that_cannot_be_recorded_is_none)
{
	struct error err = ERROR_INIT;

	set_up();
	make_old();
	must_fail = true;
	ck_assert_int_eq(open_with(new_rooms, 2, &err), ERROR_IO);
	ck_assert_msg(open_with(old_rooms, 1, &err) == 0, "%s", err.message);
	store_close(store);
	tear_down();
}
END_TEST

START_TEST(without_room_for_the_copy_nothing_is_upgraded)
{
	struct error err = ERROR_INIT;
	FILE *taken;

	set_up();
	make_old();
	taken = fopen(copy, "w");
	ck_assert_ptr_nonnull(taken);
	fclose(taken);
	ck_assert_int_eq(open_with(new_rooms, 2, &err), ERROR_CONFLICT);
	ck_assert_ptr_nonnull(strstr(err.message, "before it is upgraded"));
	ck_assert_msg(open_with(old_rooms, 1, &err) == 0, "%s", err.message);
	store_close(store);
	tear_down();
}
END_TEST

START_TEST(a_room_that_nobody_here_knows_is_of_a_newer_release)
{
	struct store_options options = {.path = path, .schemas = old_rooms, .schema_count = 1};
	struct store_upgrade upgrade;
	struct error err = ERROR_INIT;

	set_up();
	ck_assert_int_eq(open_with(new_rooms, 2, &err), 0);
	store_close(store);
	ck_assert_int_eq(open_with(&new_rooms[0], 1, &err), ERROR_INVALID);
	ck_assert_ptr_nonnull(strstr(err.message, "other has schema 1"));
	ck_assert_ptr_nonnull(strstr(err.remedy, "newer release"));
	ck_assert_int_eq(store_look(&options, &upgrade, &err), ERROR_INVALID);
	tear_down();
}
END_TEST

START_TEST(a_look_changes_nothing_and_says_what_is_older)
{
	struct store_options options = {.path = path, .schemas = new_rooms, .schema_count = 2};
	struct store_upgrade upgrade;
	struct error err = ERROR_INIT;

	set_up();
	make_old();
	ck_assert_msg(store_look(&options, &upgrade, &err) == 0, "%s", err.message);
	ck_assert_uint_eq(upgrade.count, 2);
	ck_assert_int_eq(upgrade.rooms[0].from, 1);
	ck_assert_int_eq(upgrade.rooms[0].to, 2);
	ck_assert_int_eq(upgrade.rooms[1].from, 0);
	ck_assert_int_eq(open_with(old_rooms, 1, &err), 0);
	store_close(store);
	tear_down();
}
END_TEST

CHECK_MAIN("store upgrade", &an_older_database_is_copied_and_brought_up_with_its_record,
	&an_upgrade_that_cannot_be_recorded_is_none, &without_room_for_the_copy_nothing_is_upgraded,
	&a_room_that_nobody_here_knows_is_of_a_newer_release,
	&a_look_changes_nothing_and_says_what_is_older)
