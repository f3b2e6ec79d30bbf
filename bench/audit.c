/*
 * bench_audit MODE DATABASE ...: one figure per line, "name value".
 *   append DATABASE WRITERS SECONDS   audited transactions, WRITERS always waiting (the product):
 *                                     a run, its lock and the record of both, as a start writes
 *   raw DATABASE COUNT SECONDS        the same rows by bare SQLite, COUNT such in each transaction
 *   sync FILE SECONDS                 the disk: 4 KiB written in place and fdatasync
 *   read DATABASE                     every row of the log is read and its bytes touched
 */
#include "audit/audit.h"
#include "lib/base/id.h"
#include "lib/base/json.h"
#include "lib/base/time.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WRITERS_MAX   1000
#define SAMPLES_MAX   4000000
#define CHECKPOINT_AT 4000 /* pages, as the product does */
#define COUNT(list)   (sizeof(list) / sizeof((list)[0]))

static int64_t *samples;
static size_t sample_count;

static int64_t now_us(void)
{
	return time_mono_ns() / 1000;
}

static void add_sample(int64_t us)
{
	if (sample_count < SAMPLES_MAX)
		samples[sample_count++] = us;
}

static int compare(const void *a, const void *b)
{
	int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

	return left < right ? -1 : left > right;
}

static void print_rate(const char *name, double count, int64_t us)
{
	printf("%s.rate %.1f\n", name, count * 1e6 / (double)us);
	if (!sample_count)
		return;
	qsort(samples, sample_count, sizeof(*samples), compare);
	printf("%s.p50_us %lld\n%s.p99_us %lld\n", name, (long long)samples[sample_count / 2], name,
		(long long)samples[sample_count * 99 / 100]);
}

/* --- the product --- */

struct append {
	struct store *store;
	struct loop *loop;
	int64_t end_us, ended;
	int waiting;
	bool is_failed;
};

struct writer {
	struct append *append;
	int64_t since_us;
	char id[ID_SIZE];
};

#define RUN_TABLE                                                                                  \
	"CREATE TABLE bench_run (id TEXT PRIMARY KEY, plan TEXT NOT NULL, state TEXT NOT NULL,"    \
	" params TEXT NOT NULL, at_us INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
#define LOCK_TABLE                                                                                 \
	"CREATE TABLE bench_lock (id TEXT PRIMARY KEY, register_key TEXT NOT NULL) STRICT,"        \
	" WITHOUT ROWID;"
#define RUN_INSERT                                                                                 \
	"INSERT INTO bench_run (id, plan, state, params, at_us) VALUES (:id, 'bench/click',"       \
	" 'RUNNING', '{\"to\":40}', :at_us)"
#define LOCK_INSERT                                                                                \
	"INSERT INTO bench_lock (id, register_key) VALUES (:id, 'haproxy.weight edge-1 "           \
	"checkout/s1')"

static const struct store_migration bench_migrations[] = {
	{"rows that a record speaks of", RUN_TABLE LOCK_TABLE}};
static const struct store_schema bench_schema = {"bench", bench_migrations, 1};
static const struct store_statement insert_run = STORE_STATEMENT(RUN_INSERT);
static const struct store_statement insert_lock = STORE_STATEMENT(LOCK_INSERT);

static json_t *detail;

static int write_rows(struct store_tx *tx, const char *id, int64_t at_us, struct error *err)
{
	struct store_query *query = store_query(tx, &insert_run);

	store_bind_text(query, ":id", id);
	store_bind_int(query, ":at_us", at_us);
	if (store_run(query, err) < 0)
		return err->code;
	query = store_query(tx, &insert_lock);
	store_bind_text(query, ":id", id);
	return store_run(query, err) < 0 ? err->code : 0;
}

static int ask_append(struct store_tx *tx, void *arg, struct error *err)
{
	static const struct audit_actor actor = {.kind = AUDIT_HUMAN,
		.id = "01JD0000000000000000000ABC",
		.name = "li.wei",
		.address = "127.0.0.1:4711"};
	struct writer *writer = arg;
	struct audit_record record = {.actor = &actor,
		.action = AUDIT_EXECUTION_CREATE,
		.subject_kind = "execution",
		.subject_id = writer->id,
		.detail = detail};
	int64_t at_us = time_now_us();

	if (write_rows(tx, writer->id, at_us, err) < 0)
		return err->code;
	return audit_append(tx, &record, at_us, NULL, err);
}

static void told_append(void *arg, const struct error *err);

static void begin_append(struct writer *writer)
{
	writer->since_us = now_us();
	id_new(writer->id);
	writer->append->waiting++;
	store_write(writer->append->store, ask_append, told_append, writer);
}

static void told_append(void *arg, const struct error *err)
{
	struct writer *writer = arg;
	struct append *append = writer->append;

	append->waiting--;
	append->ended++;
	append->is_failed |= err != NULL;
	add_sample(now_us() - writer->since_us);
	if (!err && now_us() < append->end_us)
		begin_append(writer);
	else if (!append->waiting)
		loop_stop(append->loop);
}

static int run_append(const char *path, int writers, double seconds)
{
	static const struct store_schema *const schemas[] = {&audit_schema, &bench_schema};
	static struct writer list[WRITERS_MAX];
	struct store_options options = {.path = path,
		.schemas = schemas,
		.schema_count = 2,
		.append_only = audit_append_only};
	struct append append = {0};
	struct error err = ERROR_INIT;
	int64_t since_us;

	detail = json_pack("{s:s,s:s,s:s,s:s,s:i}", "register",
		"haproxy.weight edge-1 checkout/zone-a", "direction", "do", "baseline", "\"100\"",
		"wanted", "\"0\"", "attempt", 1);
	if (loop_open(&append.loop, &err) < 0 ||
		store_open(&options, append.loop, &append.store, &err) < 0) {
		fprintf(stderr, "bench_audit: %s\n", err.message);
		return 1;
	}
	since_us = now_us();
	append.end_us = since_us + (int64_t)(seconds * 1e6);
	for (int i = 0; i < writers; i++) {
		list[i].append = &append;
		begin_append(&list[i]);
	}
	loop_run(append.loop);
	print_rate("append", (double)append.ended, now_us() - since_us);
	store_close(append.store);
	loop_close(append.loop);
	json_decref(detail);
	return append.is_failed;
}

/* --- bare SQLite --- */

static const char raw_schema[] =
	"PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0;"
	"CREATE TABLE audit (seq INTEGER PRIMARY KEY, at_us INTEGER NOT NULL, action TEXT NOT NULL,"
	" outcome TEXT NOT NULL, actor_id TEXT NOT NULL, subject_kind TEXT NOT NULL,"
	" subject_id TEXT NOT NULL, intent_id TEXT, bytes BLOB NOT NULL, leaf BLOB NOT NULL) "
	"STRICT;"
	"CREATE INDEX audit_by_subject ON audit (subject_id);" RUN_TABLE LOCK_TABLE;
static const char *const raw_inserts[] = {
	"INSERT INTO audit VALUES (:seq, :at_us, 'execution.create', 'ok',"
	" '01JD0000000000000000000ABC', 'execution', :id, NULL, :bytes, :leaf)",
	RUN_INSERT, LOCK_INSERT, NULL};

static void must(int rc, int wanted, sqlite3 *db)
{
	if (rc == wanted)
		return;
	fprintf(stderr, "bench_audit: %s\n", sqlite3_errmsg(db));
	exit(1);
}

static void insert_one(sqlite3 *db, sqlite3_stmt *insert, int64_t seq, const char *id)
{
	static char bytes[600], leaf[32];

	memset(bytes, 'x', sizeof(bytes));
	sqlite3_bind_int64(insert, sqlite3_bind_parameter_index(insert, ":seq"), seq);
	sqlite3_bind_int64(insert, sqlite3_bind_parameter_index(insert, ":at_us"), time_now_us());
	sqlite3_bind_text(
		insert, sqlite3_bind_parameter_index(insert, ":id"), id, -1, SQLITE_STATIC);
	sqlite3_bind_blob(insert, sqlite3_bind_parameter_index(insert, ":bytes"), bytes,
		sizeof(bytes), SQLITE_STATIC);
	sqlite3_bind_blob(insert, sqlite3_bind_parameter_index(insert, ":leaf"), leaf, sizeof(leaf),
		SQLITE_STATIC);
	must(sqlite3_step(insert), SQLITE_DONE, db);
	sqlite3_reset(insert);
}

static void insert_rows(sqlite3 *db, sqlite3_stmt *const *inserts, int64_t first, int count)
{
	char id[ID_SIZE];

	must(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK, db);
	for (int i = 0; i < count; i++) {
		id_new(id);
		for (int j = 0; raw_inserts[j]; j++)
			insert_one(db, inserts[j], first + i, id);
	}
	must(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), SQLITE_OK, db);
}

static int count_pages(void *arg, sqlite3 *db, const char *name, int pages)
{
	(void)db;
	(void)name;
	*(int *)arg = pages;
	return SQLITE_OK;
}

static int run_raw(const char *path, int count, double seconds)
{
	sqlite3 *db;
	sqlite3_stmt *inserts[COUNT(raw_inserts)] = {NULL};
	int64_t since_us, at_us, seq = 1;
	int pages = 0;

	must(sqlite3_open(path, &db), SQLITE_OK, db);
	must(sqlite3_exec(db, raw_schema, NULL, NULL, NULL), SQLITE_OK, db);
	for (int i = 0; raw_inserts[i]; i++)
		must(sqlite3_prepare_v2(db, raw_inserts[i], -1, &inserts[i], NULL), SQLITE_OK, db);
	sqlite3_wal_hook(db, count_pages, &pages);
	since_us = at_us = now_us();
	while (at_us < since_us + (int64_t)(seconds * 1e6)) {
		int64_t before_us = at_us;

		insert_rows(db, inserts, seq, count);
		seq += count;
		if (pages > CHECKPOINT_AT)
			sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_RESTART, NULL, NULL);
		at_us = now_us();
		add_sample(at_us - before_us);
	}
	print_rate("raw", (double)(seq - 1), at_us - since_us);
	for (int i = 0; raw_inserts[i]; i++)
		sqlite3_finalize(inserts[i]);
	sqlite3_close(db);
	return 0;
}

/* --- the disk --- */

static int run_sync(const char *path, double seconds)
{
	static char page[4096];
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int64_t since_us, at_us, count = 0;

	if (fd < 0 || posix_fallocate(fd, 0, 64 * sizeof(page)) != 0)
		return 1;
	since_us = at_us = now_us();
	while (at_us < since_us + (int64_t)(seconds * 1e6)) {
		int64_t before_us = at_us;

		if (pwrite(fd, page, sizeof(page), count % 64 * (off_t)sizeof(page)) < 0 ||
			fdatasync(fd) < 0)
			return 1;
		count++;
		at_us = now_us();
		add_sample(at_us - before_us);
	}
	print_rate("sync", (double)count, at_us - since_us);
	close(fd);
	return 0;
}

/* --- reading --- */

static int run_read(const char *path)
{
	int64_t since_us = now_us(), rows = 0;
	unsigned sum = 0;
	sqlite3 *db;
	sqlite3_stmt *read;

	must(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK, db);
	must(sqlite3_prepare_v2(db, "SELECT * FROM audit ORDER BY seq", -1, &read, NULL), SQLITE_OK,
		db);
	for (; sqlite3_step(read) == SQLITE_ROW; rows++) {
		const unsigned char *bytes = sqlite3_column_blob(read, 8);
		int length = sqlite3_column_bytes(read, 8);

		for (int i = 0; i < length; i += 64)
			sum += bytes[i];
	}
	sqlite3_finalize(read);
	sqlite3_close(db);
	print_rate("read", (double)rows, now_us() - since_us);
	printf("read.seconds %.3f\nread.sum %u\n", (double)(now_us() - since_us) / 1e6, sum);
	return 0;
}

int main(int argc, char **argv)
{
	const char *mode = argc > 2 ? argv[1] : "";

	samples = malloc(SAMPLES_MAX * sizeof(*samples));
	if (!samples)
		return 1;
	if (!strcmp(mode, "append") && argc == 5 && atoi(argv[3]) <= WRITERS_MAX)
		return run_append(argv[2], atoi(argv[3]), atof(argv[4]));
	if (!strcmp(mode, "raw") && argc == 5)
		return run_raw(argv[2], atoi(argv[3]), atof(argv[4]));
	if (!strcmp(mode, "sync") && argc == 4)
		return run_sync(argv[2], atof(argv[3]));
	if (!strcmp(mode, "read"))
		return run_read(argv[2]);
	fputs("bench_audit append|raw|sync|read FILE ...\n", stderr);
	return 2;
}
