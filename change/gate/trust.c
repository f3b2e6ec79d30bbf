#include "change/gate/trust.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int check_part(const char *part, struct error *err)
{
	struct stat state;

	if (lstat(part, &state) < 0)
		return error_errno(err, errno == ENOENT ? ERROR_NOT_FOUND : ERROR_IO, part);
	if (state.st_uid != 0) {
		error_set(err, ERROR_FORBIDDEN, "%s belongs to uid %u, not to root", part,
			(unsigned)state.st_uid);
		return error_place(err, "%s", part);
	}
	if (!S_ISLNK(state.st_mode) && (state.st_mode & (S_IWGRP | S_IWOTH))) {
		error_set(err, ERROR_FORBIDDEN,
			"%s can be written to by others than root (mode %o)", part,
			(unsigned)(state.st_mode & 07777));
		return error_place(err, "%s", part);
	}
	return 0;
}

/* "/", "/usr", "/usr/bin", ... as they are written. */
static int check_parts(const char *path, struct error *err)
{
	char part[PATH_MAX];
	size_t length = strlen(path);
	int code = check_part("/", err);

	if (path[0] != '/' || length >= sizeof(part))
		return error_set(err, ERROR_INVALID, "no absolute path: %s", path);
	for (size_t end = 1; code == 0 && end <= length; end++) {
		if (end < length && path[end] != '/')
			continue;
		memcpy(part, path, end);
		part[end] = 0;
		code = check_part(part, err);
	}
	return code;
}

int trust_check(const char *path, struct error *err)
{
	char real[PATH_MAX];
	int code = check_parts(path, err);

	if (code < 0)
		return code;
	if (!realpath(path, real))
		return error_errno(err, errno == ENOENT ? ERROR_NOT_FOUND : ERROR_IO, path);
	return strcmp(real, path) ? check_parts(real, err) : 0;
}
