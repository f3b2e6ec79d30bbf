#include "lib/base/file.h"

#include "lib/base/buf.h"
#include "lib/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int check_whole(
	const struct buf *text, const char *path, size_t max_bytes, struct error *err)
{
	if (text->length > max_bytes) {
		error_set(err, ERROR_TOO_LARGE, "%s is larger than %zu bytes", path, max_bytes);
		return error_place(err, "%s", path);
	}
	if (!memchr(buf_text(text), 0, text->length) && text_is_utf8(buf_text(text), text->length))
		return 0;
	error_set(err, ERROR_INVALID, "%s is no UTF-8 text", path);
	return error_place(err, "%s", path);
}

int file_read_text(struct arena *arena, const char *path, size_t max_bytes, const char **ret,
	struct error *err)
{
	FILE *file = fopen(path, "rbe");
	struct buf text = BUF_INIT;
	char piece[8192];
	size_t got;
	int rc;

	if (!file) {
		error_set(err, errno == ENOENT ? ERROR_NOT_FOUND : ERROR_IO, "%s: %s", path,
			strerror(errno));
		return error_place(err, "%s", path);
	}
	while (text.length <= max_bytes && (got = fread(piece, 1, sizeof(piece), file)) > 0)
		buf_add(&text, piece, got);
	rc = ferror(file) ? error_errno(err, ERROR_IO, path)
			  : check_whole(&text, path, max_bytes, err);
	fclose(file);
	if (rc >= 0)
		*ret = arena_text_n(arena, buf_text(&text), text.length);
	buf_done(&text);
	return rc;
}

int file_write_line(const char *path, mode_t mode, const char *text, struct error *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	int rc = 0;

	if (fd < 0)
		return error_errno(err, ERROR_IO, path);
	if (dprintf(fd, "%s\n", text) < 0 || fsync(fd) < 0)
		rc = error_errno(err, ERROR_IO, path);
	close(fd);
	if (rc < 0)
		unlink(path);
	return rc;
}
