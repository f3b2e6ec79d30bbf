/* Whatever is done to the file behind the daemon's back is noticed, at the right record. */
#include "audit/audit_verify.h"
#include "audit_world.h"
#include "lib/base/time.h"

#include <check.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RECORDS	    60
#define MUTATIONS   1200
#define ANYWHERE    300
#define PATH_SIZE   160
#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static char outside[PATH_SIZE], key[PATH_SIZE], key_name[PATH_SIZE + 8], whole[PATH_SIZE],
	older[PATH_SIZE];
static const struct store_schema *const schemas[] = {&audit_schema};

/* --- a log with three checkpoints, closed: `whole` is its copy --- */

static struct audit_options live_options(void)
{
	return (struct audit_options){.store = audit_world.store,
		.loop = audit_world.loop,
		.origin = "redbutton.test/audit",
		.signing_key = key_name,
		.checkpoint_path = outside};
}

static int try_open(struct error *err)
{
	struct audit_options options = live_options();
	struct audit *audit = NULL;
	int rc = audit_open(&options, &audit, err);

	audit_close(audit);
	return rc;
}

/* Closing makes a checkpoint of all that is there. */
static void grow(int records)
{
	struct audit_options options = live_options();
	struct error err = ERROR_INIT;
	struct audit *audit = NULL;

	ck_assert_msg(audit_open(&options, &audit, &err) == 0, "%s", err.message);
	for (int i = 0; i < records; i++) {
		struct audit_record record = {.actor = &audit_system,
			.action = AUDIT_PLAN_STATE,
			.subject_kind = "plan",
			.subject_id = "checkout/drain-zone",
			.intent_id = i % 2 ? "I" : NULL};

		ck_assert_int_eq(audit_world_append(&record, &err), 0);
	}
	audit_close(audit);
}

static void copy_file(const char *from, const char *to)
{
	static char bytes[4 << 20];
	int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	ssize_t length = read(in, bytes, sizeof(bytes));

	ck_assert_int_gt(length, 0);
	ck_assert_int_lt(length, (ssize_t)sizeof(bytes));
	ck_assert_int_eq(write(out, bytes, (size_t)length), length);
	close(in);
	close(out);
}

/* The file as it was when 50 records were covered. */
static void keep_older(void)
{
	audit_world_close_store();
	copy_file(audit_world.path, older);
	audit_world_open_store();
}

static void set_up(void)
{
	audit_world_open();
	snprintf(outside, sizeof(outside), "%s/outside", audit_world.directory);
	snprintf(key, sizeof(key), "%s/key", audit_world.directory);
	snprintf(key_name, sizeof(key_name), "file:%s", key);
	snprintf(whole, sizeof(whole), "%s/whole", audit_world.directory);
	snprintf(older, sizeof(older), "%s/older", audit_world.directory);
	audit_world_fill(40);
	grow(0);
	grow(10);
	keep_older();
	grow(10);
	audit_world_close_store();
	copy_file(audit_world.path, whole);
}

static void put_file(const char *from)
{
	char other[PATH_SIZE + 8];

	snprintf(other, sizeof(other), "%s-wal", audit_world.path);
	unlink(other);
	snprintf(other, sizeof(other), "%s-shm", audit_world.path);
	unlink(other);
	copy_file(from, audit_world.path);
}

static void put_back(void)
{
	put_file(whole);
}

/* --- a hand in the file --- */

/* What it does need not outlive a power cut. */
static sqlite3 *open_file(void)
{
	sqlite3 *db;

	ck_assert_int_eq(sqlite3_open(audit_world.path, &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(db, "PRAGMA synchronous = OFF", NULL, NULL, NULL), SQLITE_OK);
	return db;
}

static void sql(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void sql(const char *format, ...)
{
	static const char drop[] = "DROP TRIGGER IF EXISTS audit_no_update;"
				   "DROP TRIGGER IF EXISTS audit_no_delete;"
				   "DROP TRIGGER IF EXISTS audit_checkpoint_no_update;"
				   "DROP TRIGGER IF EXISTS audit_checkpoint_no_delete;"
				   "PRAGMA ignore_check_constraints = ON;";
	char text[2048], *message = NULL;
	sqlite3 *db;
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	db = open_file();
	ck_assert_int_eq(sqlite3_exec(db, drop, NULL, NULL, NULL), SQLITE_OK);
	ck_assert_msg(
		sqlite3_exec(db, text, NULL, NULL, &message) == SQLITE_OK, "%s: %s", text, message);
	ck_assert_int_gt(sqlite3_total_changes(db), 0);
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}

static int verify(struct audit_verify_result *result, struct error *err)
{
	struct audit_verify_options options = {.database = audit_world.path,
		.checkpoint_path = outside,
		.key_path = key,
		.schemas = schemas,
		.schema_count = 1};

	return audit_verify(&options, result, err);
}

static void expect_bad(int64_t seq, const char *what)
{
	struct audit_verify_result result;
	struct error err = ERROR_INIT;
	int rc = verify(&result, &err);

	ck_assert_msg(rc == ERROR_TAMPERED, "%s: answered %d %s", what, rc, err.message);
	ck_assert_msg(result.bad_seq == seq, "%s: named record %lld, not %lld: %s", what,
		(long long)result.bad_seq, (long long)seq, err.message);
}

START_TEST(an_untouched_log_verifies_with_all_its_checkpoints)
{
	struct audit_verify_result result;
	struct error err = ERROR_INIT;

	ck_assert_msg(verify(&result, &err) == 0, "%s", err.message);
	ck_assert_int_eq(result.records, RECORDS);
	ck_assert_int_eq(result.checkpoints, 3);
	ck_assert_int_eq(result.signatures, 3);
	ck_assert_int_eq(result.checkpoint_size, RECORDS);
	ck_assert_int_eq(result.outside_size, RECORDS);
	ck_assert_int_eq(result.bad_seq, 0);
}
END_TEST

/* --- one byte, in any column of any row --- */

static const char *const text_columns[] = {
	"action", "outcome", "actor_id", "subject_kind", "subject_id"};
static const char *const blob_columns[] = {"bytes", "leaf"};

static void flip_blob(
	const char *table, const char *column, const char *where, unsigned at, unsigned mask)
{
	sqlite3 *db;
	sqlite3_stmt *get, *set;
	char text[256];
	unsigned char *bytes;
	int length;

	db = open_file();
	sqlite3_exec(db,
		"DROP TRIGGER audit_no_update; DROP TRIGGER audit_checkpoint_no_update;"
		"PRAGMA ignore_check_constraints = ON",
		NULL, NULL, NULL);
	snprintf(text, sizeof(text), "SELECT %s FROM %s WHERE %s", column, table, where);
	ck_assert_int_eq(sqlite3_prepare_v2(db, text, -1, &get, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_step(get), SQLITE_ROW);
	length = sqlite3_column_bytes(get, 0);
	ck_assert_int_gt(length, 0);
	bytes = malloc((size_t)length);
	memcpy(bytes, sqlite3_column_blob(get, 0), (size_t)length);
	bytes[at % (unsigned)length] ^= (unsigned char)mask;
	snprintf(text, sizeof(text), "UPDATE %s SET %s = ?1 WHERE %s", table, column, where);
	ck_assert_int_eq(sqlite3_prepare_v2(db, text, -1, &set, NULL), SQLITE_OK);
	if (sqlite3_column_type(get, 0) == SQLITE_TEXT)
		sqlite3_bind_text(set, 1, (char *)bytes, length, SQLITE_STATIC);
	else
		sqlite3_bind_blob(set, 1, bytes, length, SQLITE_STATIC);
	sqlite3_finalize(get);
	ck_assert_int_eq(sqlite3_step(set), SQLITE_DONE);
	ck_assert_int_eq(sqlite3_changes(db), 1);
	sqlite3_finalize(set);
	free(bytes);
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}

static void flip_row(int64_t seq, const char *column)
{
	char where[48];

	snprintf(where, sizeof(where), "seq = %lld", (long long)seq);
	flip_blob("audit", column, where, (unsigned)rand(), 1u << (rand() % 8));
}

static int64_t any_seq(void)
{
	return 1 + rand() % RECORDS;
}

static int64_t mutate(int kind, char *what, size_t size)
{
	int64_t seq = any_seq(), other;

	snprintf(what, size, "kind %d at %lld", kind, (long long)seq);
	switch (kind) {
	case 0:
		flip_row(seq, blob_columns[rand() % (int)COUNT(blob_columns)]);
		return seq;
	case 1:
		flip_row(seq, text_columns[rand() % (int)COUNT(text_columns)]);
		return seq;
	case 2:
		sql("UPDATE audit SET at_us = at_us + %d WHERE seq = %lld", 1 + rand() % 1000,
			(long long)seq);
		return seq;
	case 3:
		sql("UPDATE audit SET intent_id = coalesce(intent_id, '') || 'x' WHERE seq = %lld",
			(long long)seq);
		return seq;
	case 4:
		sql("DELETE FROM audit WHERE seq = %lld", (long long)seq);
		return seq;
	case 5: /* cut the tail */
		sql("DELETE FROM audit WHERE seq >= %lld", (long long)seq);
		return seq;
	case 6: /* two change places */
		other = seq == 1 ? 2 : seq - 1;
		sql("UPDATE audit SET seq = 1000 WHERE seq = %lld;"
		    "UPDATE audit SET seq = %lld WHERE seq = %lld;"
		    "UPDATE audit SET seq = %lld WHERE seq = 1000",
			(long long)seq, (long long)seq, (long long)other, (long long)other);
		return seq < other ? seq : other;
	case 7: /* one is pushed in between */
		sql("UPDATE audit SET seq = seq + 1000 WHERE seq >= %lld;"
		    "UPDATE audit SET seq = seq - 999 WHERE seq >= 1000;"
		    "INSERT INTO audit SELECT %lld, at_us, action, outcome, actor_id, subject_kind,"
		    " subject_id, intent_id, bytes, leaf FROM audit WHERE seq = %lld",
			(long long)seq, (long long)seq, (long long)(seq == 1 ? RECORDS + 1 : 1));
		return seq;
	case 8: /* a text goes on behind a NUL */
		sql("UPDATE audit SET subject_id = CAST(CAST(subject_id AS BLOB) || x'0078' AS "
		    "TEXT) WHERE seq = %lld",
			(long long)seq);
		return seq;
	case 9:
		put_file(older);
		return 51;
	case 10: /* some in the middle, and those behind them move up */
		other = seq + 1 + rand() % 5;
		sql("DELETE FROM audit WHERE seq BETWEEN %lld AND %lld;"
		    "UPDATE audit SET seq = seq - %lld WHERE seq > %lld",
			(long long)seq, (long long)other - 1, (long long)(other - seq),
			(long long)other - 1);
		return seq;
	default: /* one more at the end, or before the first */
		sql("INSERT INTO audit SELECT %d, at_us, action, outcome, actor_id, subject_kind,"
		    " subject_id, intent_id, bytes, leaf FROM audit WHERE seq = %lld",
			kind % 2 ? RECORDS + 1 : 0, (long long)seq);
		return kind % 2 ? RECORDS + 1 : 0;
	}
}

START_TEST(each_of_a_thousand_changes_is_noticed_at_its_record)
{
	srand(20261124);
	for (int i = 0; i < MUTATIONS; i++) {
		char what[64];
		int64_t seq = mutate(i % 13, what, sizeof(what));

		expect_bad(seq, what);
		put_back();
	}
	printf("%d changes of rows, each found at its record\n", MUTATIONS);
}
END_TEST

/* --- one byte, anywhere in the file --- */

static void flip_byte(long at, unsigned mask)
{
	int fd = open(audit_world.path, O_RDWR);
	unsigned char byte;

	ck_assert_int_eq(pread(fd, &byte, 1, at), 1);
	byte ^= (unsigned char)mask;
	ck_assert_int_eq(pwrite(fd, &byte, 1, at), 1);
	close(fd);
}

/* All that is stored in the tables of the log, as one digest. */
static bool read_tables(struct digest *ret)
{
	static const char *const queries[] = {"SELECT * FROM audit ORDER BY seq",
		"SELECT size, note, hashes FROM audit_checkpoint ORDER BY size",
		"SELECT * FROM audit_edge"};
	struct digest_state *state = digest_new();
	bool is_read = true;
	sqlite3 *db;

	ck_assert_int_eq(
		sqlite3_open_v2(audit_world.path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	for (size_t i = 0; is_read && i < COUNT(queries); i++) {
		sqlite3_stmt *stmt = NULL;
		int rc = sqlite3_prepare_v2(db, queries[i], -1, &stmt, NULL);

		while (rc == SQLITE_OK && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
			for (int j = 0; j < sqlite3_column_count(stmt); j++)
				digest_add_field(state, sqlite3_column_blob(stmt, j),
					(size_t)sqlite3_column_bytes(stmt, j));
			rc = SQLITE_OK;
		}
		is_read = rc == SQLITE_DONE;
		sqlite3_finalize(stmt);
	}
	sqlite3_close(db);
	digest_end(state, ret);
	digest_free(state);
	return is_read;
}

START_TEST(a_byte_changed_anywhere_in_the_file_is_noticed_or_is_in_no_record)
{
	struct digest before, now;
	struct stat stat_of;
	int found = 0;

	srand(20261125);
	ck_assert_int_eq(stat(whole, &stat_of), 0);
	ck_assert(read_tables(&before));
	for (int i = 0; i < ANYWHERE; i++) {
		struct audit_verify_result result;
		struct error err = ERROR_INIT;
		long at = rand() % (long)stat_of.st_size;

		put_back();
		flip_byte(at, 1u << (rand() % 8));
		if (verify(&result, &err) < 0)
			found++;
		else
			ck_assert_msg(read_tables(&now) && digest_is_equal(&before, &now),
				"byte %ld was changed and nothing was said", at);
	}
	ck_assert_int_gt(found, ANYWHERE / 4);
	printf("%d of %d bytes of the file: found; the others are in no record\n", found, ANYWHERE);
}
END_TEST

START_TEST(every_byte_of_one_record_counts)
{
	sqlite3 *db;
	sqlite3_stmt *stmt;
	int length;

	db = open_file();
	ck_assert_int_eq(sqlite3_prepare_v2(db, "SELECT length(bytes) FROM audit WHERE seq = 3", -1,
				 &stmt, NULL),
		SQLITE_OK);
	ck_assert_int_eq(sqlite3_step(stmt), SQLITE_ROW);
	length = sqlite3_column_int(stmt, 0);
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	for (int i = 0; i < length; i++) {
		flip_blob("audit", "bytes", "seq = 3", (unsigned)i, 1);
		expect_bad(3, "a byte");
		put_back();
	}
	printf("%d bytes of one record, each found\n", length);
}
END_TEST

/* --- a clever hand: everything but the signature fits --- */

static void rehash_row(int64_t seq)
{
	sqlite3 *db;
	sqlite3_stmt *get, *set;
	struct digest leaf;
	char *prefixed;
	int length;

	db = open_file();
	ck_assert_int_eq(
		sqlite3_prepare_v2(db, "SELECT bytes FROM audit WHERE seq = ?1", -1, &get, NULL),
		SQLITE_OK);
	sqlite3_bind_int64(get, 1, seq);
	ck_assert_int_eq(sqlite3_step(get), SQLITE_ROW);
	length = sqlite3_column_bytes(get, 0);
	prefixed = calloc(1, (size_t)length + 1);
	memcpy(prefixed + 1, sqlite3_column_blob(get, 0), (size_t)length);
	digest_of(prefixed, (size_t)length + 1, &leaf);
	free(prefixed);
	sqlite3_finalize(get);
	ck_assert_int_eq(
		sqlite3_prepare_v2(db, "UPDATE audit SET leaf = ?2 WHERE seq = ?1", -1, &set, NULL),
		SQLITE_OK);
	sqlite3_bind_int64(set, 1, seq);
	sqlite3_bind_blob(set, 2, leaf.bytes, DIGEST_BYTES, SQLITE_STATIC);
	ck_assert_int_eq(sqlite3_step(set), SQLITE_DONE);
	sqlite3_finalize(set);
	sqlite3_close(db);
}

START_TEST(a_record_rewritten_coherently_is_noticed_behind_the_last_good_checkpoint)
{
	sql("UPDATE audit SET bytes = CAST(replace(CAST(bytes AS TEXT), '\"name\":\"system\"', "
	    "'\"name\":\"nobody\"') AS BLOB) WHERE seq = 45");
	rehash_row(45);
	/* 40 records are covered by the first checkpoint; the second, of 50, has another root. */
	expect_bad(41, "a coherent record");
}
END_TEST

START_TEST(a_checkpoint_changed_or_signed_by_another_key_is_noticed)
{
	flip_blob("audit_checkpoint", "note", "size = 50", 90, 4);
	expect_bad(50, "a signature");
	put_back();
	flip_blob("audit_checkpoint", "hashes", "size = 50", 3, 4);
	expect_bad(50, "hashes");
	put_back();
	sql("UPDATE audit_checkpoint SET size = 49 WHERE size = 50");
	expect_bad(49, "a checkpoint elsewhere");
	put_back();
	sql("UPDATE audit_checkpoint SET note = (SELECT note FROM audit_checkpoint WHERE size = 40)"
	    " WHERE size = 50");
	expect_bad(50, "the note of another");
}
END_TEST

START_TEST(the_edge_changed_is_noticed)
{
	flip_blob("audit_edge", "hashes", "id = 1", 5, 1);
	expect_bad(RECORDS, "a hash of the edge");
	put_back();
	sql("UPDATE audit_edge SET size = size + 1");
	expect_bad(RECORDS, "a size that does not fit");
	put_back();
	sql("DELETE FROM audit_edge");
	expect_bad(RECORDS, "no edge");
}
END_TEST

/* --- the copy outside --- */

static void cut_cleanly_to_50(void)
{
	sql("DELETE FROM audit WHERE seq > 50;"
	    "UPDATE audit_edge SET size = 50, hashes ="
	    " (SELECT hashes FROM audit_checkpoint WHERE size = 50);"
	    "DELETE FROM audit_checkpoint WHERE size > 50");
}

START_TEST(a_tail_cut_without_a_trace_is_noticed_by_the_checkpoint_outside)
{
	cut_cleanly_to_50();
	expect_bad(51, "a clean cut");
}
END_TEST

START_TEST(without_the_checkpoint_outside_a_clean_cut_verifies_and_says_that_it_was_not_compared)
{
	struct audit_verify_options options = {.database = audit_world.path,
		.key_path = key,
		.schemas = schemas,
		.schema_count = 1};
	struct audit_verify_result result;
	struct error err = ERROR_INIT;

	cut_cleanly_to_50();
	ck_assert_msg(audit_verify(&options, &result, &err) == 0, "%s", err.message);
	ck_assert_int_eq(result.outside_size, -1);
}
END_TEST

START_TEST(the_daemon_refuses_an_older_file_and_names_the_way_on)
{
	struct error err = ERROR_INIT;

	cut_cleanly_to_50();
	audit_world_open_store();
	ck_assert_int_eq(try_open(&err), ERROR_TAMPERED);
	ck_assert_ptr_nonnull(strstr(err.message, "50"));
	ck_assert_ptr_nonnull(strstr(err.message, "60"));
	ck_assert_ptr_nonnull(strstr(err.remedy, "accept-restore --reason"));
}
END_TEST

START_TEST(the_daemon_refuses_a_file_that_was_put_back_and_written_to)
{
	struct error err = ERROR_INIT;

	cut_cleanly_to_50();
	audit_world_open_store();
	audit_world_fill(30);
	ck_assert_int_eq(try_open(&err), ERROR_TAMPERED);
}
END_TEST

START_TEST(the_daemon_refuses_to_start_when_the_copy_outside_is_gone_or_not_its_own)
{
	struct error err = ERROR_INIT;
	int fd;

	audit_world_open_store();
	ck_assert_msg(try_open(&err) == 0, "%s", err.message);
	ck_assert_int_eq(unlink(outside), 0);
	ck_assert_int_eq(try_open(&err), ERROR_TAMPERED);
	fd = open(outside, O_WRONLY | O_CREAT, 0600);
	ck_assert_int_eq(write(fd, "rubbish\n", 8), 8);
	close(fd);
	ck_assert_int_eq(try_open(&err), ERROR_TAMPERED);
}
END_TEST

START_TEST(a_copy_outside_that_is_older_is_what_a_crash_leaves_and_is_fine)
{
	char kept[PATH_SIZE + 8];
	struct error err = ERROR_INIT;

	snprintf(kept, sizeof(kept), "%s.kept", outside);
	audit_world_open_store();
	copy_file(outside, kept);
	grow(7);
	copy_file(kept, outside);
	ck_assert_msg(try_open(&err) == 0, "%s", err.message);
}
END_TEST

START_TEST(a_changed_record_behind_the_newest_checkpoint_is_noticed_at_the_start)
{
	struct error err = ERROR_INIT;

	audit_world_open_store();
	audit_world_fill(5);
	audit_world_close_store();
	flip_blob("audit", "bytes", "seq = 63", 30, 1);
	audit_world_open_store();
	ck_assert_int_eq(try_open(&err), ERROR_TAMPERED);
}
END_TEST

START_TEST(a_lost_key_is_not_made_anew)
{
	struct error err = ERROR_INIT;

	unlink(key);
	audit_world_open_store();
	ck_assert_int_lt(try_open(&err), 0);
	ck_assert_int_ne(access(key, F_OK), 0);
}
END_TEST

/* --- the way on --- */

static const struct audit_actor first = {.kind = AUDIT_HUMAN, .id = "P1", .name = "li.wei"};
static const struct audit_actor second = {.kind = AUDIT_HUMAN, .id = "P2", .name = "ana"};

static int accept_restore(const struct audit_actor *with, struct error *err)
{
	struct audit_options options = live_options();
	struct audit_restore restore = {.first = &first,
		.second = with,
		.reason = "disk of host 7 died; the backup of 03:00 was put back",
		.at_us = time_now_us()};

	return audit_accept_restore(&options, &restore, err);
}

START_TEST(a_known_restore_is_accepted_by_two_persons_and_is_the_first_record)
{
	struct audit_verify_result result;
	struct error err = ERROR_INIT;
	char kept[PATH_SIZE + 32];

	cut_cleanly_to_50();
	audit_world_open_store();
	ck_assert_int_eq(accept_restore(&first, &err), ERROR_FORBIDDEN);
	ck_assert_msg(accept_restore(&second, &err) == 0, "%s", err.message);
	snprintf(kept, sizeof(kept), "%s.before-restore-51", outside);
	ck_assert_int_eq(access(kept, F_OK), 0);
	ck_assert_msg(try_open(&err) == 0, "%s", err.message);
	audit_world_close_store();
	ck_assert_msg(verify(&result, &err) == 0, "%s", err.message);
	ck_assert_int_eq(result.records, 51);
	ck_assert_int_eq(result.outside_size, 51);
}
END_TEST

START_TEST(there_is_nothing_to_accept_while_the_copy_outside_fits)
{
	struct error err = ERROR_INIT;

	audit_world_open_store();
	ck_assert_int_eq(accept_restore(&second, &err), ERROR_NO_EFFECT);
}
END_TEST

START_TEST(a_damaged_database_is_not_accepted)
{
	struct error err = ERROR_INIT;

	cut_cleanly_to_50();
	flip_blob("audit_edge", "hashes", "id = 1", 5, 1);
	audit_world_open_store();
	ck_assert_int_eq(accept_restore(&second, &err), ERROR_TAMPERED);
}
END_TEST

/* --- intents and cross checks --- */

static void append(enum audit_action action, const char *intent, const char *subject,
	const char *word, enum audit_outcome outcome)
{
	json_t *detail = word ? json_pack("{s:s}", "outcome", word) : NULL;
	struct audit_record record = {.actor = &audit_system,
		.action = action,
		.outcome = outcome,
		.subject_kind = "effect",
		.subject_id = subject,
		.intent_id = intent,
		.detail = detail};
	struct error err = ERROR_INIT;

	ck_assert_int_eq(audit_world_append(&record, &err), 0);
	json_decref(detail);
}

static const char *verify_more(struct error *err)
{
	struct audit_verify_options options = {
		.database = audit_world.path, .schemas = schemas, .schema_count = 1};
	struct audit_verify_result result;

	error_clear(err);
	audit_verify(&options, &result, err);
	return err->message;
}

START_TEST(an_outcome_needs_its_intent_once_and_of_its_own_subject)
{
	struct error err = ERROR_INIT;

	audit_world_open_store();
	append(AUDIT_EFFECT_OUTCOME, "X0", "RUN/1", "NOOP", AUDIT_OK);
	append(AUDIT_EFFECT_INTENT, "X1", "RUN/1", NULL, AUDIT_INTENT);
	append(AUDIT_EFFECT_OUTCOME, "X1", "RUN/1", "IN_DOUBT", AUDIT_UNKNOWN);
	append(AUDIT_EFFECT_OUTCOME, "X1", "RUN/1", "CONFIRMED", AUDIT_OK);
	ck_assert_str_eq(verify_more(&err), "");
	append(AUDIT_EFFECT_OUTCOME, "X1", "RUN/1", "CONFIRMED", AUDIT_OK);
	ck_assert_ptr_nonnull(strstr(verify_more(&err), "record 65: its intent had an outcome"));
}
END_TEST

START_TEST(an_outcome_of_nothing_is_noticed)
{
	struct error err = ERROR_INIT;

	audit_world_open_store();
	append(AUDIT_EFFECT_OUTCOME, "X9", "RUN/1", "CONFIRMED", AUDIT_OK);
	ck_assert_ptr_nonnull(strstr(verify_more(&err), "record 61: it is the outcome"));
}
END_TEST

START_TEST(a_running_daemon_is_verified_beside_it)
{
	struct audit_verify_result result;
	struct error err = ERROR_INIT;

	audit_world_open_store();
	for (int i = 0; i < 25; i++)
		append(AUDIT_EFFECT_OUTCOME, "X", "RUN/1", "NOOP", AUDIT_OK);
	ck_assert_msg(verify(&result, &err) == 0, "%s", err.message);
	ck_assert_int_eq(result.records, RECORDS + 25);
	ck_assert_int_eq(result.checkpoint_size, RECORDS);
}
END_TEST

static const TTest *const *const tests[] = {
	&an_untouched_log_verifies_with_all_its_checkpoints,
	&each_of_a_thousand_changes_is_noticed_at_its_record,
	&a_byte_changed_anywhere_in_the_file_is_noticed_or_is_in_no_record,
	&every_byte_of_one_record_counts,
	&a_record_rewritten_coherently_is_noticed_behind_the_last_good_checkpoint,
	&a_checkpoint_changed_or_signed_by_another_key_is_noticed,
	&the_edge_changed_is_noticed,
	&a_tail_cut_without_a_trace_is_noticed_by_the_checkpoint_outside,
	&without_the_checkpoint_outside_a_clean_cut_verifies_and_says_that_it_was_not_compared,
	&the_daemon_refuses_an_older_file_and_names_the_way_on,
	&the_daemon_refuses_a_file_that_was_put_back_and_written_to,
	&the_daemon_refuses_to_start_when_the_copy_outside_is_gone_or_not_its_own,
	&a_copy_outside_that_is_older_is_what_a_crash_leaves_and_is_fine,
	&a_changed_record_behind_the_newest_checkpoint_is_noticed_at_the_start,
	&a_lost_key_is_not_made_anew,
	&a_known_restore_is_accepted_by_two_persons_and_is_the_first_record,
	&there_is_nothing_to_accept_while_the_copy_outside_fits,
	&a_damaged_database_is_not_accepted,
	&an_outcome_needs_its_intent_once_and_of_its_own_subject,
	&an_outcome_of_nothing_is_noticed,
	&a_running_daemon_is_verified_beside_it,
};

int main(void)
{
	Suite *suite = suite_create("audit_tamper");
	TCase *tcase = tcase_create("audit_tamper");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tcase);
	tcase_add_checked_fixture(tcase, set_up, audit_world_close);
	tcase_set_timeout(tcase, 60);
	for (size_t i = 0; i < COUNT(tests); i++)
		tcase_add_test(tcase, *tests[i]);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
