/*
 * Backups while the daemon serves: the whole database in one file, the checkpoint that covers it
 * in another, both new, 0600 and synced, and two records in the audit. Restoring one is
 * restore.h.
 */
#ifndef RB_OPERATIONS_BACKUP_H
#define RB_OPERATIONS_BACKUP_H

#include "audit/audit.h"
#include "lib/base/loop.h"
#include "lib/store/store.h"

#define BACKUP_PATH_MAX 1000
/* Beside the backup: the newest checkpoint, as C2SP writes it. */
#define BACKUP_NOTE_SUFFIX ".checkpoint"

struct backups; /* one at a time */

int backups_open(struct store *store, struct audit *audit, struct loop *loop, struct backups **ret,
	struct error *err);
/* A backup that is under way ends without its callback, and leaves no file. Before the store is
 * closed. NULL is fine. */
void backups_stop(struct backups *backups);
/* After loop_close: a copy may still be running on its pool until then. NULL is fine. */
void backups_close(struct backups *backups);

struct backup_result {
	const char *file;
	const char *note; /* file of the checkpoint; NULL when there was none yet */
	int64_t bytes;
	int64_t records; /* of the audit that the checkpoint covers */
};
/* Once, from the loop; exactly one of the two is given, borrowed. */
typedef void (*backup_done)(void *arg, const struct backup_result *result, const struct error *err);

/*
 * `path`: file_check_path, not there yet. ERROR_CONFLICT while another one runs. An error here
 * means that nothing was begun and `done` is not called.
 */
int backup_start(struct backups *backups, const char *path, const struct audit_actor *actor,
	backup_done done, void *arg, struct error *err);

#endif
