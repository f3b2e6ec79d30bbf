#include "lib/store/store_rooms.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct backup {
	char *from, *to;
	store_told told;
	void *arg;
	struct error err;
};

static int reserve(const char *path, struct error *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0 && errno == EEXIST) {
		error_set(err, ERROR_CONFLICT, "%s exists", path);
		return error_remedy(err, "choose a free name: a backup overwrites nothing");
	}
	if (fd < 0)
		return error_errno(err, ERROR_IO, path);
	close(fd);
	return 0;
}

/* In one step: a copy in several would start again whenever the daemon writes. */
static int copy(sqlite3 *from, sqlite3 *to, struct error *err)
{
	sqlite3_backup *copying = sqlite3_backup_init(to, "main", from, "main");
	int rc = SQLITE_ERROR;

	if (copying) {
		sqlite3_backup_step(copying, -1);
		rc = sqlite3_backup_finish(copying);
	}
	return rc == SQLITE_OK ? 0 : store_error(to, rc, "backup", err);
}

static int sync_file(const char *path, struct error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int rc = fd < 0 || fsync(fd) < 0 ? error_errno(err, ERROR_IO, path) : 0;

	if (fd >= 0)
		close(fd);
	return rc;
}

int store_copy(sqlite3 *from, const char *path, struct error *err)
{
	sqlite3 *to = NULL;
	int rc = reserve(path, err);

	if (rc < 0)
		return rc;
	rc = sqlite3_open_v2(path, &to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
	rc = rc == SQLITE_OK ? copy(from, to, err) : store_error(to, rc, "backup", err);
	sqlite3_close(to);
	if (rc >= 0)
		rc = sync_file(path, err);
	if (rc < 0)
		unlink(path);
	return rc;
}

static void copy_database(void *arg)
{
	struct backup *backup = arg;
	sqlite3 *from = NULL;
	int rc = sqlite3_open_v2(
		backup->from, &from, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);

	if (rc == SQLITE_OK)
		store_copy(from, backup->to, &backup->err);
	else
		store_error(from, rc, "backup", &backup->err);
	sqlite3_close(from);
}

static void end_backup(void *arg)
{
	struct backup *backup = arg;

	if (backup->told)
		backup->told(backup->arg, backup->err.code ? &backup->err : NULL);
	free(backup->from);
	free(backup->to);
	free(backup);
}

void store_backup(struct store *store, const char *path, store_told told, void *arg)
{
	struct backup *backup = calloc(1, sizeof(*backup));

	if (!backup || !(backup->from = strdup(store->path)) || !(backup->to = strdup(path)))
		abort();
	backup->told = told;
	backup->arg = arg;
	loop_work(store->loop, copy_database, end_backup, backup);
}
