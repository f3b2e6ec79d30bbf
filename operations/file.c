#include "operations/file.h"

#include "lib/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK 65536

static int fail(const char *path, struct error *err)
{
	int code = errno == EEXIST ? ERROR_CONFLICT : errno == ENOENT ? ERROR_NOT_FOUND : ERROR_IO;

	if (code != ERROR_CONFLICT)
		return error_errno(err, code, path);
	error_set(err, code, "%s exists", path);
	return error_remedy(err, "choose a name that is free: nothing is overwritten");
}

static bool has_dots(const char *path)
{
	return strstr(path, "/../") || strstr(path, "/./") || strstr(path, "//") ||
	       text_ends_with(path, "/..") || text_ends_with(path, "/.") ||
	       text_ends_with(path, "/");
}

int file_check_path(const char *field, const char *path, size_t max, struct error *err)
{
	int rc = text_check_prose(field, path, max, err);

	if (rc < 0)
		return rc;
	if (*path == '/' && !has_dots(path) && !strpbrk(path, "\n\t"))
		return 0;
	error_set(err, ERROR_INVALID, "%s is no absolute path of a file", path);
	error_field(err, "%s", field);
	return error_remedy(err, "write it from / on, without dots between its slashes");
}

static int open_new(const char *path)
{
	return open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
}

static int write_all(int fd, const char *bytes, size_t length)
{
	while (length) {
		ssize_t written = write(fd, bytes, length);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return -1;
		bytes += written;
		length -= (size_t)written;
	}
	return 0;
}

/* Ends what was begun: synced and there, or not there. */
static int end_new(int fd, const char *path, bool is_good, struct error *err)
{
	int rc = is_good && fsync(fd) == 0 ? 0 : fail(path, err);

	close(fd);
	if (rc < 0)
		unlink(path);
	return rc;
}

int file_write_new(const char *path, const void *bytes, size_t length, struct error *err)
{
	int fd = open_new(path);

	if (fd < 0)
		return fail(path, err);
	return end_new(fd, path, write_all(fd, bytes, length) == 0, err);
}

static int copy_bytes(int from, int to)
{
	char chunk[CHUNK];
	ssize_t got;

	while ((got = read(from, chunk, sizeof(chunk))) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 || write_all(to, chunk, (size_t)got) < 0)
			return -1;
	}
	return 0;
}

int file_copy_new(const char *from, const char *to, struct error *err)
{
	int source = open(from, O_RDONLY | O_CLOEXEC), fd, rc;

	if (source < 0)
		return fail(from, err);
	fd = open_new(to);
	rc = fd < 0 ? fail(to, err) : end_new(fd, to, copy_bytes(source, fd) == 0, err);
	close(source);
	return rc;
}

int file_sync_directory(const char *path, struct error *err)
{
	char directory[FILE_PATH_SIZE];
	char *slash;
	int fd, rc;

	snprintf(directory, sizeof(directory), "%s", path);
	slash = strrchr(directory, '/');
	if (slash)
		slash[slash == directory] = '\0';
	fd = open(slash ? directory : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	rc = fd < 0 || fsync(fd) < 0 ? fail(directory, err) : 0;
	if (fd >= 0)
		close(fd);
	return rc;
}

int file_put(const char *from, const char *to, struct error *err)
{
	if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) < 0)
		return fail(to, err);
	return file_sync_directory(to, err);
}
