#include "change/gate/gate_key.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

_Static_assert(GATE_KEY_BYTES == crypto_sign_PUBLICKEYBYTES, "the key is Ed25519's");
_Static_assert(GATE_SIGNATURE_BYTES == crypto_sign_BYTES, "the signature is Ed25519's");

static int refuse_file(const char *path, int code, const char *what, struct error *err)
{
	error_set(err, code, "the pinned key %s", what);
	error_field(err, "public_key");
	error_place(err, "%s", path);
	return error_remedy(err, "write the key that `redbuttond --gate` prints, 64 hex digits, as "
				 "root with mode 0644");
}

static int read_open_file(const char *path, int fd, char *text, size_t size, struct error *err)
{
	struct stat status;
	ssize_t length;

	if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode))
		return refuse_file(path, ERROR_INVALID, "is no file", err);
	if ((status.st_uid != 0 && status.st_uid != geteuid()) || (status.st_mode & 022))
		return refuse_file(
			path, ERROR_FORBIDDEN, "can be changed by others than its owner", err);
	length = read(fd, text, size - 1);
	if (length < 0)
		return refuse_file(path, ERROR_IO, strerror(errno), err);
	text[length] = 0;
	return 0;
}

int gate_key_read(const char *path, uint8_t ret[static GATE_KEY_BYTES], struct error *err)
{
	char text[2 * GATE_KEY_BYTES + 3];
	uint8_t key[GATE_KEY_BYTES];
	size_t length;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), code;

	if (fd < 0)
		return refuse_file(path, ERROR_IO, strerror(errno), err);
	code = read_open_file(path, fd, text, sizeof(text), err);
	close(fd);
	if (code < 0)
		return code;
	length = strcspn(text, "\n");
	if (length != sizeof(key) * 2 || text[length + (text[length] == '\n')] ||
		sodium_hex2bin(key, sizeof(key), text, length, NULL, &length, NULL) != 0 ||
		length != sizeof(key))
		return refuse_file(path, ERROR_INVALID, "is not 64 hex digits", err);
	memcpy(ret, key, sizeof(key));
	return 0;
}

bool gate_key_has_signed(const uint8_t key[static GATE_KEY_BYTES],
	const struct gate_verdict *verdict, const void *request, size_t request_length)
{
	uint8_t digest[crypto_hash_sha256_BYTES];
	struct buf signed_bytes = BUF_INIT;
	bool is_signed;

	if (!verdict->is_signed)
		return false;
	crypto_hash_sha256(digest, request, request_length);
	gate_attest_bytes(&signed_bytes, verdict, digest);
	is_signed = crypto_sign_verify_detached(verdict->signature,
			    (const unsigned char *)signed_bytes.bytes, signed_bytes.length,
			    key) == 0;
	buf_done(&signed_bytes);
	return is_signed;
}
