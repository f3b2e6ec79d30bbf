/* The Ed25519 key that signs the gate's answers: base64 of its seed, in a file of its own. */
#include "change/decision/decision.h"
#include "lib/base/file.h"
#include "lib/base/secret.h"
#include "lib/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BASE64 sodium_base64_VARIANT_ORIGINAL

struct gate_key {
	unsigned char secret[crypto_sign_SECRETKEYBYTES];
	char public_text[64];
};

static void public_of(const unsigned char *public_key, char *text, size_t size)
{
	sodium_bin2base64(text, size, public_key, crypto_sign_PUBLICKEYBYTES, BASE64);
}

static int create(const char *path, struct error *err)
{
	unsigned char seed[crypto_sign_SEEDBYTES], secret[crypto_sign_SECRETKEYBYTES];
	unsigned char public_key[crypto_sign_PUBLICKEYBYTES];
	char text[64], public_text[64], public_path[4096];
	int rc;

	randombytes_buf(seed, sizeof(seed));
	crypto_sign_seed_keypair(public_key, secret, seed);
	sodium_bin2base64(text, sizeof(text), seed, sizeof(seed), BASE64);
	public_of(public_key, public_text, sizeof(public_text));
	rc = file_write_line(path, 0600, text, err);
	sodium_memzero(seed, sizeof(seed));
	sodium_memzero(secret, sizeof(secret));
	sodium_memzero(text, sizeof(text));
	if (rc < 0)
		return rc;
	snprintf(public_path, sizeof(public_path), "%s.pub", path);
	unlink(public_path);
	return file_write_line(public_path, 0644, public_text, err);
}

static int parse(const struct secret *text, struct gate_key *key, struct error *err)
{
	unsigned char seed[crypto_sign_SEEDBYTES], public_key[crypto_sign_PUBLICKEYBYTES];
	size_t length = 0;

	if (sodium_base642bin(seed, sizeof(seed), (const char *)text->bytes, text->length, NULL,
		    &length, NULL, BASE64) < 0 ||
		length != sizeof(seed)) {
		error_set(err, ERROR_INVALID, "the gate's key has another form");
		return error_remedy(err, "it is base64 of 32 bytes, as the daemon makes it when "
					 "the file is not there");
	}
	crypto_sign_seed_keypair(public_key, key->secret, seed);
	public_of(public_key, key->public_text, sizeof(key->public_text));
	sodium_memzero(seed, sizeof(seed));
	return 0;
}

int gate_key_open(const char *reference, struct gate_key **ret, struct error *err)
{
	struct gate_key *key;
	struct secret text = {0};
	int rc = secret_check_reference("gate-key", reference, err);

	if (rc < 0)
		return rc;
	if (text_starts_with(reference, "file:") && access(reference + 5, F_OK) < 0 &&
		errno == ENOENT && (rc = create(reference + 5, err)) < 0)
		return rc;
	if ((rc = secret_open(reference, &text, err)) < 0)
		return rc;
	key = sodium_malloc(sizeof(*key));
	if (!key)
		abort();
	rc = parse(&text, key, err);
	secret_close(&text);
	if (rc < 0)
		gate_key_close(key);
	else
		*ret = key;
	return rc;
}

void gate_key_close(struct gate_key *key)
{
	sodium_free(key);
}

const char *gate_key_public(const struct gate_key *key)
{
	return key->public_text;
}

void gate_key_sign(const struct gate_key *key, const void *bytes, size_t length,
	uint8_t ret[static GATE_SIGNATURE_BYTES])
{
	crypto_sign_detached(ret, NULL, bytes, length, key->secret);
}

bool gate_key_check(const char *public_key, const void *bytes, size_t length,
	const uint8_t signature[static GATE_SIGNATURE_BYTES])
{
	unsigned char key[crypto_sign_PUBLICKEYBYTES];
	size_t got = 0;

	if (sodium_base642bin(key, sizeof(key), public_key, strlen(public_key), NULL, &got, NULL,
		    BASE64) < 0 ||
		got != sizeof(key))
		return false;
	return crypto_sign_verify_detached(signature, bytes, length, key) == 0;
}
