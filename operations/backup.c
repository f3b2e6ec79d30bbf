/*
 * Record (intent) -> checkpoint that covers it -> copy on the pool, beside its place -> the note
 * and the copy put in place -> record (ok or failed). So a backup tells of itself, and its note
 * is never newer than it.
 */
#include "operations/backup.h"

#include "lib/base/json.h"
#include "lib/base/log.h"
#include "lib/base/time.h"
#include "operations/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOOK_MS	      20
#define CHECKPOINT_MS 3000 /* without one in this time the newest there is must do */

struct backup {
	struct backups *backups;
	struct audit_actor actor;
	char path[FILE_PATH_SIZE], part[FILE_PATH_SIZE], note_path[FILE_PATH_SIZE];
	char *note;
	int64_t at_us, seq, covered, until_ms, bytes;
	bool is_waiting; /* for the checkpoint: nothing else of it is under way */
	backup_done done;
	void *arg;
	struct error err;
};

struct backups {
	struct store *store;
	struct audit *audit;
	struct loop *loop;
	struct loop_timer *timer;
	struct backup *running;
	bool is_stopped;
};

/* --- the end --- */

static void end(struct backup *backup)
{
	struct backups *backups = backup->backups;
	struct backup_result result = {
		.file = backup->path,
		.note = backup->note ? backup->note_path : NULL,
		.bytes = backup->bytes,
		.records = backup->covered,
	};

	backups->running = NULL;
	backup->done(backup->arg, backup->err.code ? NULL : &result,
		backup->err.code ? &backup->err : NULL);
	free(backup->note);
	free(backup);
}

static int append(struct backup *backup, struct store_tx *tx, enum audit_outcome outcome,
	int64_t *ret_seq, struct error *err)
{
	json_t *detail = json_object();
	struct audit_record record = {
		.actor = &backup->actor,
		.action = AUDIT_BACKUP_CREATE,
		.outcome = outcome,
		.subject_kind = "backup",
		.subject_id = backup->path,
		.detail = detail,
	};
	int rc;

	if (outcome == AUDIT_OK) {
		json_set_int(detail, "bytes", backup->bytes);
		json_set_int(detail, "checkpoint_records", backup->covered);
	}
	json_set_text(detail, "error", backup->err.code ? backup->err.message : NULL);
	rc = audit_append(tx, &record, backup->at_us, ret_seq, err);
	json_decref(detail);
	return rc;
}

static int ask_end(struct store_tx *tx, void *arg, struct error *err)
{
	struct backup *backup = arg;

	return append(backup, tx, backup->err.code ? AUDIT_FAILED : AUDIT_OK, NULL, err);
}

/* What lies there is a whole backup, but one that the audit does not know is none. */
static void told_end(void *arg, const struct error *err)
{
	struct backup *backup = arg;

	if (err && !backup->err.code) {
		backup->err = *err;
		unlink(backup->path);
		unlink(backup->note_path);
	}
	if (backup->err.code)
		log_warn("operations", "a backup failed", "file", backup->path, "error",
			backup->err.message);
	else
		log_info("operations", "backup made", "file", backup->path);
	end(backup);
}

static void record_end(struct backup *backup)
{
	backup->at_us = time_now_us();
	store_write(backup->backups->store, ask_end, told_end, backup);
}

/* --- the copy --- */

static int put_note(struct backup *backup)
{
	return backup->note ? file_write_new(backup->note_path, backup->note, strlen(backup->note),
				      &backup->err)
			    : 0;
}

static void put_in_place(void *arg)
{
	struct backup *backup = arg;
	struct stat st;

	if (put_note(backup) < 0) {
		unlink(backup->part);
		return;
	}
	if (stat(backup->part, &st) == 0)
		backup->bytes = st.st_size;
	if (file_put(backup->part, backup->path, &backup->err) >= 0)
		return;
	unlink(backup->part);
	if (backup->note)
		unlink(backup->note_path);
}

/* The daemon stops: nobody records it any more, so it is none. */
static void give_up(struct backup *backup, bool is_in_place)
{
	unlink(is_in_place ? backup->path : backup->part);
	if (is_in_place)
		unlink(backup->note_path);
	error_set(&backup->err, ERROR_UNREACHABLE, "the daemon stops before the backup was made");
	end(backup);
}

static void is_in_place(void *arg)
{
	struct backup *backup = arg;

	if (backup->backups->is_stopped)
		give_up(backup, !backup->err.code);
	else
		record_end(backup);
}

static void told_copy(void *arg, const struct error *err)
{
	struct backup *backup = arg;

	if (backup->backups->is_stopped) {
		give_up(backup, false);
		return;
	}
	if (err) {
		backup->err = *err;
		if (!*err->remedy)
			error_remedy(&backup->err, "name a file in a folder that the daemon may "
						   "write, with room for it");
		record_end(backup);
		return;
	}
	loop_work(backup->backups->loop, put_in_place, is_in_place, backup);
}

/* --- the checkpoint --- */

static int take_note(struct backup *backup)
{
	struct arena arena = ARENA_INIT;
	const char *note = NULL;
	int rc = audit_newest_note(store_reader(backup->backups->store), &arena, &note,
		&backup->covered, &backup->err);

	if (rc >= 0 && note)
		backup->note = strdup(note);
	arena_done(&arena);
	return rc;
}

static void copy_when_covered(void *arg)
{
	struct backups *backups = arg;
	struct backup *backup = backups->running;
	struct audit_status status;

	audit_get_status(backups->audit, &status);
	if (status.checkpoint_size < backup->seq && time_mono_ms() < backup->until_ms &&
		!status.trouble)
		return;
	loop_timer_stop(backups->timer);
	backup->is_waiting = false;
	if (take_note(backup) < 0)
		record_end(backup);
	else
		store_backup(backups->store, backup->part, told_copy, backup);
}

static int ask_begin(struct store_tx *tx, void *arg, struct error *err)
{
	struct backup *backup = arg;

	return append(backup, tx, AUDIT_INTENT, &backup->seq, err);
}

static void told_begin(void *arg, const struct error *err)
{
	struct backup *backup = arg;
	struct backups *backups = backup->backups;

	if (err) {
		backup->err = *err;
		end(backup);
		return;
	}
	if (backups->is_stopped) {
		give_up(backup, false);
		return;
	}
	audit_checkpoint_soon(backups->audit);
	backup->is_waiting = true;
	backup->until_ms = time_mono_ms() + CHECKPOINT_MS;
	loop_timer_start(backups->timer, LOOK_MS, LOOK_MS);
}

/* --- the door --- */

int backups_open(struct store *store, struct audit *audit, struct loop *loop, struct backups **ret,
	struct error *err)
{
	struct backups *backups = calloc(1, sizeof(*backups));

	(void)err;
	if (!backups)
		abort();
	*backups = (struct backups){.store = store, .audit = audit, .loop = loop};
	backups->timer = loop_timer_new(loop, copy_when_covered, backups);
	*ret = backups;
	return 0;
}

void backups_stop(struct backups *backups)
{
	if (!backups)
		return;
	backups->is_stopped = true;
	loop_timer_free(backups->timer);
	backups->timer = NULL;
	if (backups->running && backups->running->is_waiting)
		give_up(backups->running, false);
}

void backups_close(struct backups *backups)
{
	free(backups);
}

static int check_free(const char *path, struct error *err)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return 0;
	error_set(err, ERROR_CONFLICT, "%s exists", path);
	return error_remedy(err, "choose a name that is free: a backup overwrites nothing");
}

int backup_start(struct backups *backups, const char *path, const struct audit_actor *actor,
	backup_done done, void *arg, struct error *err)
{
	struct backup *backup;
	int rc = file_check_path("file", path, BACKUP_PATH_MAX, err);

	if (rc < 0)
		return rc;
	if (backups->running) {
		error_set(
			err, ERROR_CONFLICT, "a backup to %s is under way", backups->running->path);
		return error_remedy(err, "wait for its end");
	}
	backup = calloc(1, sizeof(*backup));
	if (!backup)
		abort();
	backup->backups = backups;
	backup->actor = *actor;
	backup->at_us = time_now_us();
	backup->done = done;
	backup->arg = arg;
	snprintf(backup->path, sizeof(backup->path), "%s", path);
	snprintf(backup->part, sizeof(backup->part), "%s.part", path);
	snprintf(backup->note_path, sizeof(backup->note_path), "%s" BACKUP_NOTE_SUFFIX, path);
	if ((rc = check_free(backup->path, err)) < 0 || (rc = check_free(backup->part, err)) < 0 ||
		(rc = check_free(backup->note_path, err)) < 0) {
		free(backup);
		return rc;
	}
	backups->running = backup;
	store_write(backups->store, ask_begin, told_begin, backup);
	return 0;
}
