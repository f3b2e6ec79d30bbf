#include "lib/base/secret.h"

#include "lib/base/text.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECRET_MAX_BYTES ((size_t)64 * 1024)
#define FILE_PREFIX	 "file:"
#define CRED_PREFIX	 "cred:"

static int refuse_form(const char *field, struct error *err)
{
	error_set(err, ERROR_INVALID, "%s is not a reference to a credential", field);
	error_field(err, "%s", field);
	return error_remedy(err,
		"write file:/absolute/path or cred:name; the secret itself is never stored here");
}

static bool is_plain(const char *reference)
{
	size_t length = strlen(reference);

	for (size_t at = 0; at < length;) {
		int32_t c = text_next(reference, length, &at);

		if (c < 0 || text_is_deceptive(c))
			return false;
	}
	return true;
}

int secret_check_reference(const char *field, const char *reference, struct error *err)
{
	const char *name;

	if (!reference || !is_plain(reference))
		return refuse_form(field, err);
	if (text_starts_with(reference, FILE_PREFIX "/"))
		return 0;
	if (!text_starts_with(reference, CRED_PREFIX))
		return refuse_form(field, err);
	name = reference + strlen(CRED_PREFIX);
	if (!*name || *name == '.' || strchr(name, '/'))
		return refuse_form(field, err);
	return 0;
}

static int find_path(const char *reference, char *path, size_t size, struct error *err)
{
	const char *directory = getenv("CREDENTIALS_DIRECTORY");
	int length;

	if (text_starts_with(reference, FILE_PREFIX))
		length = snprintf(path, size, "%s", reference + strlen(FILE_PREFIX));
	else if (directory && *directory == '/')
		length = snprintf(path, size, "%s/%s", directory, reference + strlen(CRED_PREFIX));
	else {
		error_set(err, ERROR_INVALID, "%s: there is no systemd credentials directory",
			reference);
		return error_remedy(err, "add LoadCredential= to the unit, or use file:/path");
	}
	if (length < 0 || (size_t)length >= size)
		return error_set(err, ERROR_INVALID, "%s: the path is too long", reference);
	return 0;
}

/* systemd guards its own directory; a file elsewhere must be readable by its owner alone. */
static int check_file(int fd, const char *reference, struct error *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return error_errno(err, ERROR_IO, reference);
	if (!S_ISREG(st.st_mode))
		return error_set(err, ERROR_INVALID, "%s is not a regular file", reference);
	if (text_starts_with(reference, CRED_PREFIX))
		return 0;
	if ((st.st_mode & 07177) != 0) {
		error_set(err, ERROR_INVALID,
			"%s has mode %04o; others must not be able to read it", reference,
			(unsigned)st.st_mode & 07777);
		return error_remedy(err, "chmod 0600 %s", reference + strlen(FILE_PREFIX));
	}
	if (st.st_uid != geteuid() && st.st_uid != 0) {
		error_set(err, ERROR_INVALID, "%s belongs to user %u, neither to us nor to root",
			reference, (unsigned)st.st_uid);
		return error_remedy(err, "chown it to the user of the daemon");
	}
	return 0;
}

static int read_all(
	int fd, unsigned char *bytes, size_t *ret_length, const char *reference, struct error *err)
{
	size_t length = 0;

	while (length <= SECRET_MAX_BYTES) {
		ssize_t got = read(fd, bytes + length, SECRET_MAX_BYTES + 1 - length);

		if (got < 0)
			return error_errno(err, ERROR_IO, reference);
		if (got == 0)
			break;
		length += (size_t)got;
	}
	if (length > SECRET_MAX_BYTES)
		return error_set(err, ERROR_INVALID, "%s is larger than 64 KiB", reference);
	if (length && bytes[length - 1] == '\n')
		length--;
	if (!length)
		return error_set(err, ERROR_INVALID, "%s is empty", reference);
	*ret_length = length;
	return 0;
}

/* Reads into locked memory of the largest size, then moves to memory of the right one. */
static int read_secret(int fd, const char *reference, struct secret *ret, struct error *err)
{
	unsigned char *bytes, *exact;
	size_t length = 0;
	int rc;

	if (sodium_init() < 0)
		return error_set(err, ERROR_INTERNAL, "libsodium cannot be initialised");
	bytes = sodium_malloc(SECRET_MAX_BYTES + 1);
	if (!bytes)
		return error_set(err, ERROR_NO_MEMORY, "no locked memory for a credential");
	rc = read_all(fd, bytes, &length, reference, err);
	if (rc >= 0 && !(exact = sodium_malloc(length + 1)))
		rc = error_set(err, ERROR_NO_MEMORY, "no locked memory for a credential");
	if (rc >= 0) {
		memcpy(exact, bytes, length);
		exact[length] = 0;
		ret->bytes = exact;
		ret->length = length;
	}
	sodium_free(bytes);
	return rc;
}

int secret_open(const char *reference, struct secret *ret, struct error *err)
{
	char path[2048];
	int rc, fd;

	if ((rc = secret_check_reference("credential", reference, err)) < 0 ||
		(rc = find_path(reference, path, sizeof(path), err)) < 0)
		return rc;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return error_errno(err, ERROR_IO, reference);
	rc = check_file(fd, reference, err);
	if (rc >= 0)
		rc = read_secret(fd, reference, ret, err);
	close(fd);
	return rc;
}

void secret_close(struct secret *secret)
{
	sodium_free(secret->bytes);
	secret->bytes = NULL;
	secret->length = 0;
}
