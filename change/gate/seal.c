#include "change/gate/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U /* Linux 6.3 */
#endif

#define SEALS	    (F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL)
#define PIECE_BYTES (64 * 1024)

static int make_memory(const char *name)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	return fd;
}

static ssize_t read_at(int fd, void *bytes, size_t size, uint64_t at)
{
	ssize_t got;

	do
		got = pread(fd, bytes, size, (off_t)at);
	while (got < 0 && errno == EINTR);
	return got;
}

static int write_all(int fd, const char *bytes, size_t length, struct error *err)
{
	while (length) {
		ssize_t done = write(fd, bytes, length);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return error_errno(err, ERROR_IO, "a copy in memory");
		bytes += done;
		length -= (size_t)done;
	}
	return 0;
}

static int copy_bytes(int from, int to, struct error *err)
{
	char piece[PIECE_BYTES];
	uint64_t at = 0;
	ssize_t got;

	while ((got = read_at(from, piece, sizeof(piece), at)) > 0) {
		int code;

		at += (uint64_t)got;
		if (at > SEAL_BYTES_MAX)
			return error_set(err, ERROR_TOO_LARGE,
				"larger than %llu bytes: no content of a change",
				(unsigned long long)SEAL_BYTES_MAX);
		code = write_all(to, piece, (size_t)got, err);
		if (code < 0)
			return code;
	}
	return got < 0 ? error_errno(err, ERROR_IO, "reading") : 0;
}

int seal_reopen(int fd)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, O_RDONLY | O_CLOEXEC);
}

int seal_copy(int fd, const char *name, int *ret_fd, struct error *err)
{
	int memory = make_memory(name), readable = -1, code;

	if (memory < 0)
		return error_errno(err, ERROR_IO, "a copy in memory");
	code = copy_bytes(fd, memory, err);
	if (code == 0 && fcntl(memory, F_ADD_SEALS, SEALS) < 0)
		code = error_errno(err, ERROR_IO, "sealing a copy");
	if (code == 0) {
		readable = seal_reopen(memory);
		if (readable < 0)
			code = error_errno(err, ERROR_IO, "opening a sealed copy");
	}
	close(memory);
	if (code == 0)
		*ret_fd = readable;
	return code;
}

int seal_check(int fd, struct error *err)
{
	int seals = fcntl(fd, F_GET_SEALS);

	if (seals < 0 || (seals & SEALS) != SEALS)
		return error_set(err, ERROR_FORBIDDEN, "it is not sealed: it could be changed");
	return 0;
}

int seal_hash(int fd, uint8_t ret[static SEAL_SHA256_BYTES], uint64_t *ret_size, struct error *err)
{
	crypto_hash_sha256_state state;
	unsigned char piece[PIECE_BYTES];
	uint64_t at = 0;
	ssize_t got;

	crypto_hash_sha256_init(&state);
	while ((got = read_at(fd, piece, sizeof(piece), at)) > 0) {
		crypto_hash_sha256_update(&state, piece, (unsigned long long)got);
		at += (uint64_t)got;
	}
	if (got < 0)
		return error_errno(err, ERROR_IO, "reading");
	crypto_hash_sha256_final(&state, ret);
	*ret_size = at;
	return 0;
}

char *seal_hex(const uint8_t digest[static SEAL_SHA256_BYTES], char text[static SEAL_HEX_SIZE])
{
	for (size_t i = 0; i < SEAL_SHA256_BYTES; i++)
		snprintf(text + 2 * i, 3, "%02x", digest[i]);
	return text;
}
