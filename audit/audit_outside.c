#include "audit/audit_note.h"
#include "audit/audit_rooms.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int audit_outside_read(
	struct arena *arena, const char *path, char **ret, size_t *ret_length, struct error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *text = arena_alloc(arena, NOTE_MAX + 2);
	ssize_t length;

	*ret = NULL;
	if (fd < 0)
		return errno == ENOENT ? 0 : error_errno(err, ERROR_IO, path);
	length = read(fd, text, NOTE_MAX + 1);
	close(fd);
	if (length < 0)
		return error_errno(err, ERROR_IO, path);
	*ret = text;
	*ret_length = (size_t)length;
	return 0;
}

static int write_all(int fd, const char *path, const char *text, size_t length, struct error *err)
{
	while (length) {
		ssize_t written = write(fd, text, length);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return error_errno(err, ERROR_IO, path);
		text += written;
		length -= (size_t)written;
	}
	return fsync(fd) < 0 ? error_errno(err, ERROR_IO, path) : 0;
}

static int sync_directory(const char *path, struct error *err)
{
	const char *slash = strrchr(path, '/');
	char directory[4096];
	int fd, rc = 0;

	snprintf(directory, sizeof(directory), "%.*s", slash ? (int)(slash - path + 1) : 1,
		slash ? path : ".");
	fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) < 0)
		rc = error_errno(err, ERROR_IO, directory);
	if (fd >= 0)
		close(fd);
	return rc;
}

int audit_outside_write(const char *path, const char *text, size_t length, struct error *err)
{
	char beside[4096];
	int fd, rc;

	snprintf(beside, sizeof(beside), "%s.new", path);
	fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return error_errno(err, ERROR_IO, beside);
	rc = write_all(fd, beside, text, length, err);
	close(fd);
	if (rc >= 0 && rename(beside, path) < 0)
		rc = error_errno(err, ERROR_IO, path);
	return rc < 0 ? rc : sync_directory(path, err);
}
