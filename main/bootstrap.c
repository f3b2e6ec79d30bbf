#include "main/bootstrap.h"

#include "lib/base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define NAME_SIZE 4112

/* `.new` is being written; `.next` is one that a crash left: it counts if the transaction did. */
static void name_of(
	const struct bootstrap *bootstrap, const char *suffix, char name[static NAME_SIZE])
{
	snprintf(name, NAME_SIZE, "%s%s", bootstrap->path, suffix);
}

static int fail(struct error *err, const char *path)
{
	error_errno(err, ERROR_IO, "the first admin's token cannot be written");
	return error_place(err, "%s", path);
}

static int sync_directory(const struct bootstrap *bootstrap, struct error *err)
{
	char directory[NAME_SIZE];
	int fd, rc;

	name_of(bootstrap, "", directory);
	*strrchr(directory, '/') = 0;
	fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	rc = fd >= 0 ? fsync(fd) : -1;
	if (fd >= 0)
		close(fd);
	return rc < 0 ? fail(err, directory) : 0;
}

static int write_token(const struct bootstrap *bootstrap, const char *path, struct error *err)
{
	char line[TOKEN_TEXT_SIZE + 1];
	int length = snprintf(line, sizeof(line), "%s\n", bootstrap->people.token);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	bool is_written = fd >= 0 && write(fd, line, (size_t)length) == length && fsync(fd) == 0;

	explicit_bzero(line, sizeof(line));
	if (!is_written)
		fail(err, path);
	if (fd >= 0)
		close(fd);
	return is_written ? sync_directory(bootstrap, err) : err ? err->code : ERROR_IO;
}

int bootstrap_draw(
	struct bootstrap *bootstrap, const char *data_dir, int64_t now_us, struct error *err)
{
	char fresh[NAME_SIZE], left[NAME_SIZE];

	snprintf(bootstrap->path, sizeof(bootstrap->path), "%s/bootstrap-token", data_dir);
	people_bootstrap_init(&bootstrap->people, now_us);
	name_of(bootstrap, ".new", fresh);
	name_of(bootstrap, ".next", left);
	if (rename(fresh, left) < 0 && errno != ENOENT)
		return fail(err, fresh);
	return write_token(bootstrap, fresh, err);
}

int bootstrap_settle(struct bootstrap *bootstrap, struct error *err)
{
	char fresh[NAME_SIZE], left[NAME_SIZE];
	bool is_created = bootstrap->people.ret_created;

	explicit_bzero(bootstrap->people.token, sizeof(bootstrap->people.token));
	name_of(bootstrap, ".new", fresh);
	name_of(bootstrap, ".next", left);
	if (is_created && rename(fresh, bootstrap->path) < 0)
		return fail(err, bootstrap->path);
	/* Persons there and a token left behind: the crash came after the commit, so it counts. */
	if (!is_created && access(left, F_OK) == 0 && rename(left, bootstrap->path) < 0)
		return fail(err, bootstrap->path);
	unlink(fresh);
	unlink(left);
	if (is_created)
		log_warn("main",
			"first start: the first admin's token lies in a file; it lives 24 hours",
			"file", bootstrap->path);
	return sync_directory(bootstrap, err);
}
