#include "operations/restore.h"

#include "lib/base/arena.h"
#include "lib/base/text.h"
#include "lib/base/time.h"
#include "operations/backup.h"
#include "operations/file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MARK_SUFFIX ".restored"

/* SQLite's own files beside a database. */
static const char *const sidecars[] = {"-wal", "-shm"};

struct restore {
	const struct restore_options *options;
	struct restore_result *ret;
	struct arena arena;
	const char *copy, *note;
	int lock;
};

static const char *beside(struct restore *restore, const char *path, const char *suffix)
{
	return arena_format(&restore->arena, "%s%s", path, suffix);
}

static bool is_there(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

/* --- looking at the copy --- */

static void find_note(struct restore *restore)
{
	const char *usual = beside(restore, restore->options->file, BACKUP_NOTE_SUFFIX);

	restore->note = restore->options->note;
	if (!restore->note && is_there(usual))
		restore->note = usual;
	restore->ret->has_note = restore->note != NULL;
}

/* Other rooms may be older: the next start brings them up. */
static int verify_audit(struct restore *restore, struct error *err)
{
	static const struct store_schema *const only[] = {&audit_schema};
	struct audit_verify_options options = {
		.database = restore->copy,
		.checkpoint_path = restore->note,
		.key_path = restore->options->signing_key,
		.may_lack_key = true,
		.schemas = only,
		.schema_count = 1,
	};

	if (!restore->ret->older.count) {
		options.crosschecks = restore->options->crosschecks;
		options.crosscheck_count = restore->options->crosscheck_count;
	}
	return audit_verify(&options, &restore->ret->audit, err);
}

static int look(struct restore *restore, struct error *err)
{
	struct store_options options = {
		.path = restore->copy,
		.schemas = restore->options->schemas,
		.schema_count = restore->options->schema_count,
	};
	int rc = store_look(&options, &restore->ret->older, err);

	if (rc >= 0)
		rc = verify_audit(restore, err);
	if (rc < 0) {
		error_prefix(err, "this backup is not restored, and nothing was changed");
		error_place(err, "%s", restore->options->file);
	}
	return rc;
}

static void remove_copy(struct restore *restore)
{
	unlink(restore->copy);
	for (size_t i = 0; i < sizeof(sidecars) / sizeof(sidecars[0]); i++)
		unlink(beside(restore, restore->copy, sidecars[i]));
}

/* --- exchanging --- */

static int fail(const char *path, struct error *err)
{
	error_errno(err, ERROR_IO, "the database cannot be exchanged");
	return error_place(err, "%s", path);
}

/* A second name for what is there; "" when there is nothing. */
static int keep(struct restore *restore, const char *suffix, struct error *err)
{
	const char *from = beside(restore, restore->options->database, suffix);

	if (link(from, beside(restore, restore->ret->kept, suffix)) == 0 || errno == ENOENT)
		return 0;
	return fail(from, err);
}

static int keep_replaced(struct restore *restore, struct error *err)
{
	const char *database = restore->options->database;
	time_t seconds = (time_t)(restore->options->at_us / 1000000);
	char stamp[32];
	struct tm utc;
	int rc;

	if (!is_there(database))
		return 0;
	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", gmtime_r(&seconds, &utc));
	snprintf(restore->ret->kept, sizeof(restore->ret->kept), "%s.replaced-%s", database, stamp);
	/* Whole in one file, when it can be: its log belongs to it. A damaged one is kept as is. */
	store_settle(database, NULL);
	rc = keep(restore, "", err);
	for (size_t i = 0; rc >= 0 && i < sizeof(sidecars) / sizeof(sidecars[0]); i++)
		rc = keep(restore, sidecars[i], err);
	return rc < 0 ? rc : file_sync_directory(database, err);
}

/* A log of the old database beside the new one would be played into it. */
static int remove_sidecars(struct restore *restore, struct error *err)
{
	for (size_t i = 0; i < sizeof(sidecars) / sizeof(sidecars[0]); i++) {
		const char *path = beside(restore, restore->options->database, sidecars[i]);

		if (unlink(path) < 0 && errno != ENOENT)
			return fail(path, err);
	}
	return file_sync_directory(restore->options->database, err);
}

static int mark(struct restore *restore, struct error *err)
{
	const char *path = beside(restore, restore->options->database, MARK_SUFFIX);
	const char *text = arena_format(&restore->arena, "%s\n", restore->options->file);
	int rc;

	if (is_there(path))
		return 0;
	rc = file_write_new(path, text, strlen(text), err);
	return rc < 0 ? rc : file_sync_directory(path, err);
}

static int exchange(struct restore *restore, struct error *err)
{
	const char *database = restore->options->database;
	int rc = keep_replaced(restore, err);

	if (rc >= 0)
		rc = mark(restore, err);
	if (rc >= 0)
		rc = remove_sidecars(restore, err);
	if (rc >= 0 && rename(restore->copy, database) < 0)
		rc = fail(database, err);
	return rc < 0 ? rc : file_sync_directory(database, err);
}

/* --- the door --- */

static int run(struct restore *restore, struct error *err)
{
	int rc;

	restore->copy = beside(restore, restore->options->database, ".restoring");
	find_note(restore);
	remove_copy(restore); /* of a try before that was cut short */
	rc = file_copy_new(restore->options->file, restore->copy, err);
	if (rc >= 0)
		rc = look(restore, err);
	if (rc >= 0)
		rc = store_settle(restore->copy, err);
	if (rc >= 0)
		rc = exchange(restore, err);
	remove_copy(restore);
	return rc;
}

int restore_database(
	const struct restore_options *options, struct restore_result *ret, struct error *err)
{
	struct restore restore = {.options = options, .ret = ret};
	int rc = store_lock(options->database, &restore.lock, err);

	if (rc < 0)
		return rc;
	*ret = (struct restore_result){0};
	rc = run(&restore, err);
	close(restore.lock);
	arena_done(&restore.arena);
	return rc;
}

static bool mark_of(const char *database, char path[static FILE_PATH_SIZE])
{
	return snprintf(path, FILE_PATH_SIZE, "%s" MARK_SUFFIX, database) < FILE_PATH_SIZE;
}

bool restore_is_marked(const char *database)
{
	char path[FILE_PATH_SIZE];

	return mark_of(database, path) && is_there(path);
}

int restore_unmark(const char *database, struct error *err)
{
	char path[FILE_PATH_SIZE];

	if (!mark_of(database, path) || (unlink(path) < 0 && errno != ENOENT))
		return fail(path, err);
	return file_sync_directory(path, err);
}
