#include "change/gate/trust.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static bool is_closed(const char *path, mode_t type)
{
	struct stat status;

	return lstat(path, &status) == 0 && (status.st_mode & S_IFMT) == type &&
	       status.st_uid == 0 && !(status.st_mode & S_IWOTH) &&
	       (!(status.st_mode & S_IWGRP) || status.st_gid == 0);
}

static bool say_open(const char *path, char *why, size_t why_size)
{
	if (why && why_size)
		snprintf(why, why_size, "%s", path);
	return false;
}

bool trust_is_root_only(const char *path, char *why, size_t why_size)
{
	char above[PATH_MAX];
	char *slash;

	if (path[0] != '/' || strlen(path) >= sizeof(above) || !is_closed(path, S_IFREG))
		return say_open(path, why, why_size);
	strcpy(above, path);
	while ((slash = strrchr(above, '/')) != above) {
		*slash = 0;
		if (!is_closed(above, S_IFDIR))
			return say_open(above, why, why_size);
	}
	return is_closed("/", S_IFDIR) || say_open("/", why, why_size);
}
