/* What is done to a database without being its daemon: locking it, looking at it, settling it. */
#include "lib/store/store_rooms.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define PATH_SIZE 4096

static int refuse_second(int fd, const char *path, struct error *err)
{
	char owner[32] = "";
	ssize_t length = pread(fd, owner, sizeof(owner) - 1, 0);

	owner[length > 0 ? strcspn(owner, "\n") : 0] = '\0';
	error_set(err, ERROR_LOCKED, "another daemon (pid %s) uses this data directory",
		*owner ? owner : "unknown");
	error_place(err, "%s", path);
	return error_remedy(err, "stop it first, or give this one a --data-dir of its own");
}

int store_lock(const char *path, int *ret_fd, struct error *err)
{
	char lock[PATH_SIZE], owner[32];
	int fd, written, rc = 0;

	snprintf(lock, sizeof(lock), "%s.lock", path);
	fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_errno(err, ERROR_IO, lock);
	written = snprintf(owner, sizeof(owner), "%ld\n", (long)getpid());
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		rc = refuse_second(fd, lock, err);
	else if (ftruncate(fd, 0) < 0 ||
		 (pwrite(fd, owner, (size_t)written, 0) < 0 && errno != ENOSPC))
		rc = error_errno(err, ERROR_IO, lock);
	if (rc < 0)
		close(fd);
	else
		*ret_fd = fd;
	return rc;
}

int store_check_pages(sqlite3 *db, struct error *err)
{
	sqlite3_stmt *statement;
	const char *answer;
	int rc = sqlite3_prepare_v2(db, "PRAGMA quick_check(1)", -1, &statement, NULL);

	if (rc != SQLITE_OK)
		return store_error(db, rc, "quick_check", err);
	rc = sqlite3_step(statement);
	answer = rc == SQLITE_ROW ? (const char *)sqlite3_column_text(statement, 0) : "no answer";
	rc = answer && strcmp(answer, "ok") == 0
		     ? 0
		     : error_set(err, ERROR_TAMPERED, "the database is damaged: %s", answer);
	sqlite3_finalize(statement);
	if (rc < 0)
		error_remedy(err, "restore a backup; keep the damaged file for examination");
	return rc;
}

static int open_plain(const char *path, int flags, sqlite3 **ret, struct error *err)
{
	int rc = sqlite3_open_v2(
		path, ret, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);

	if (rc == SQLITE_OK) {
		sqlite3_db_config(*ret, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
		sqlite3_db_config(*ret, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
		return store_exec(
			*ret, "PRAGMA busy_timeout = 2000; PRAGMA cell_size_check = ON", err);
	}
	store_error(*ret, rc, "open", err);
	return error_place(err, "%s", path);
}

int store_look(const struct store_options *options, struct store_upgrade *ret, struct error *err)
{
	sqlite3 *db = NULL;
	int rc = open_plain(options->path, SQLITE_OPEN_READONLY, &db, err);

	if (rc >= 0)
		rc = store_check_pages(db, err);
	if (rc >= 0)
		rc = store_plan_upgrade(db, options, ret, err);
	if (rc < 0 && !*err->place)
		error_place(err, "%s", options->path);
	sqlite3_close(db);
	return rc;
}

int store_settle(const char *path, struct error *err)
{
	sqlite3 *db = NULL;
	int rc = open_plain(path, SQLITE_OPEN_READWRITE, &db, err);
	int settled;

	if (rc >= 0) {
		settled =
			sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
		if (settled != SQLITE_OK)
			rc = store_error(db, settled, "checkpoint", err);
	}
	sqlite3_close(db);
	return rc;
}
