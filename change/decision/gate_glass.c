#include "change/decision/gate_glass.h"

#include "lib/base/id.h"
#include "lib/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define GROUPS	   5
#define GROUP_SIZE 5
#define HASH_BYTES 32
#define HASH_TEXT  (HASH_BYTES * 2 + 1)

/* Without those that are read for one another. */
static const char letters[] = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

static void hash_code(const char *code, char ret[static HASH_TEXT])
{
	static const unsigned char domain[] = "redbutton sealed code 1";
	unsigned char hash[HASH_BYTES];

	crypto_generichash(hash, sizeof(hash), (const unsigned char *)code, strlen(code), domain,
		sizeof(domain) - 1);
	sodium_bin2hex(ret, HASH_TEXT, hash, sizeof(hash));
}

/* Capital letters, no spaces and dashes: as people type it from paper. */
static void normalise(const char *code, char ret[static GLASS_CODE_SIZE])
{
	size_t length = 0;

	for (; *code && length < GLASS_CODE_SIZE - 1; code++)
		if (*code != '-' && *code != ' ')
			ret[length++] =
				(char)(*code >= 'a' && *code <= 'z' ? *code - 'a' + 'A' : *code);
	ret[length] = 0;
}

static void draw(char ret[static GLASS_CODE_SIZE])
{
	unsigned char bytes[GROUPS * GROUP_SIZE];
	size_t length = 0;

	id_random(bytes, sizeof(bytes));
	for (size_t i = 0; i < sizeof(bytes); i++) {
		if (i && i % GROUP_SIZE == 0)
			ret[length++] = '-';
		ret[length++] = letters[bytes[i] % (sizeof(letters) - 1)];
	}
	ret[length] = 0;
	sodium_memzero(bytes, sizeof(bytes));
}

static int sync_folder(const char *path)
{
	char copy[4096];
	int fd, rc;

	snprintf(copy, sizeof(copy), "%s", path);
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	rc = fsync(fd);
	close(fd);
	return rc;
}

/* Made by root it belongs to whom the folder belongs: the account of the gate, which must read it.
 */
static int give_to_folder(const char *path, int fd)
{
	char copy[4096];
	struct stat folder;

	if (geteuid() != 0)
		return 0;
	snprintf(copy, sizeof(copy), "%s", path);
	if (stat(dirname(copy), &folder) < 0)
		return -1;
	return fchown(fd, folder.st_uid, folder.st_gid);
}

static int write_hash(const char *path, const char *hash, struct error *err)
{
	char temporary[4096];
	int fd;

	snprintf(temporary, sizeof(temporary), "%s.new", path);
	unlink(temporary);
	fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return error_errno(err, ERROR_IO, temporary);
	if (give_to_folder(path, fd) < 0 || dprintf(fd, "%s\n", hash) < 0 || fsync(fd) < 0) {
		error_errno(err, ERROR_IO, temporary);
		close(fd);
		return err->code;
	}
	close(fd);
	if (rename(temporary, path) < 0 || sync_folder(path) < 0)
		return error_errno(err, ERROR_IO, path);
	return 0;
}

int gate_glass_new(const char *path, char ret_code[static GLASS_CODE_SIZE], struct error *err)
{
	char plain[GLASS_CODE_SIZE], hash[HASH_TEXT];

	if (sodium_init() < 0)
		return error_set(err, ERROR_INTERNAL, "libsodium cannot be used");
	draw(ret_code);
	normalise(ret_code, plain);
	hash_code(plain, hash);
	sodium_memzero(plain, sizeof(plain));
	return write_hash(path, hash, err);
}

/* Only a file that this account alone can read and change says anything. */
static bool read_hash(const char *path, char ret[static HASH_TEXT])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat info;
	ssize_t got;

	if (fd < 0)
		return false;
	got = read(fd, ret, HASH_TEXT - 1);
	if (fstat(fd, &info) < 0 || !S_ISREG(info.st_mode) || info.st_uid != geteuid() ||
		(info.st_mode & 077))
		got = -1;
	close(fd);
	ret[HASH_TEXT - 1] = 0;
	return got == HASH_TEXT - 1;
}

bool gate_glass_use(const char *path, const char *code)
{
	char plain[GLASS_CODE_SIZE], hash[HASH_TEXT], stored[HASH_TEXT];

	if (!path || !code || !*code || sodium_init() < 0 || !read_hash(path, stored))
		return false;
	normalise(code, plain);
	hash_code(plain, hash);
	sodium_memzero(plain, sizeof(plain));
	if (!text_is_equal_secret(hash, stored, HASH_TEXT - 1))
		return false;
	return unlink(path) == 0 && sync_folder(path) == 0;
}
