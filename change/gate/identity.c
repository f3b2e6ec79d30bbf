#include "change/gate/identity.h"

#include "change/gate/seal.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define MACHINE_ID_HEX 32
#define KEY_BYTES_MAX  8192
#define KEY_TEXT_SIZE                                                                              \
	sodium_base64_ENCODED_LEN(SEAL_SHA256_BYTES, sodium_base64_VARIANT_ORIGINAL_NO_PADDING)

static const char *const key_files[] = {"/etc/ssh/ssh_host_ed25519_key.pub",
	"/etc/ssh/ssh_host_ecdsa_key.pub", "/etc/ssh/ssh_host_rsa_key.pub"};

#define KEY_FILE_COUNT (sizeof(key_files) / sizeof(key_files[0]))

/* The first line of a file without its end; false when there is none. */
static bool read_line(const char *path, char *line, size_t size)
{
	FILE *file = fopen(path, "re");
	bool is_read = file && fgets(line, (int)size, file);

	if (file)
		fclose(file);
	if (is_read)
		line[strcspn(line, "\r\n")] = 0;
	return is_read && line[0];
}

static int read_machine_id(struct arena *arena, const char *root,
	char id[static MACHINE_ID_HEX + 2], struct error *err)
{
	const char *path = arena_format(arena, "%s/etc/machine-id", root);

	if (!read_line(path, id, MACHINE_ID_HEX + 2)) {
		error_set(err, ERROR_NOT_FOUND, "this host has no %s", path);
		return error_remedy(
			err, "systemd-machine-id-setup makes one; it must stay the same");
	}
	if (strlen(id) != MACHINE_ID_HEX || strspn(id, "0123456789abcdef") != MACHINE_ID_HEX ||
		strspn(id, "0") == MACHINE_ID_HEX) {
		error_set(err, ERROR_INVALID, "%s holds no 32 hex digits", path);
		return error_remedy(err, "systemd-machine-id-setup makes one");
	}
	return 0;
}

/* "ssh-ed25519 AAAA... comment": SHA-256 over the middle, decoded, as ssh-keygen -l writes it. */
static int hash_key(
	const char *path, char *line, char text_of_hash[static KEY_TEXT_SIZE], struct error *err)
{
	unsigned char key[KEY_BYTES_MAX], digest[SEAL_SHA256_BYTES];
	char *rest = line, *kind = strsep(&rest, " "), *text = strsep(&rest, " ");
	size_t length;

	if (!text ||
		sodium_base642bin(key, sizeof(key), text, strlen(text), NULL, &length, NULL,
			sodium_base64_VARIANT_ORIGINAL) != 0 ||
		length < strlen(kind) + 4 || memcmp(key + 4, kind, strlen(kind)) != 0)
		return error_set(err, ERROR_INVALID, "%s holds no public key of ssh", path);
	crypto_hash_sha256(digest, key, length);
	sodium_bin2base64(text_of_hash, KEY_TEXT_SIZE, digest, sizeof(digest),
		sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
	return 0;
}

static int read_host_key(
	struct arena *arena, const char *root, char hash[static KEY_TEXT_SIZE], struct error *err)
{
	char line[KEY_BYTES_MAX];

	for (size_t i = 0; i < KEY_FILE_COUNT; i++) {
		const char *path = arena_format(arena, "%s%s", root, key_files[i]);

		if (read_line(path, line, sizeof(line)))
			return hash_key(path, line, hash, err);
	}
	error_set(err, ERROR_NOT_FOUND, "this host has no ssh host key (%s%s and others)", root,
		key_files[0]);
	return error_remedy(err,
		"ssh-keygen -A makes them, also without sshd; then register the new "
		"identity as the address of the target");
}

int identity_host(struct arena *arena, const char *root, const char **ret, struct error *err)
{
	char id[MACHINE_ID_HEX + 2], hash[KEY_TEXT_SIZE];
	int code = read_machine_id(arena, root, id, err);

	if (code == 0)
		code = read_host_key(arena, root, hash, err);
	if (code == 0)
		*ret = arena_format(arena, "host:%s/SHA256:%s", id, hash);
	return code;
}
