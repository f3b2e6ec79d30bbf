#include "audit/audit_note.h"

#include "lib/base/file.h"
#include "lib/base/secret.h"
#include "lib/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BASE64	     sodium_base64_VARIANT_ORIGINAL
#define ALGORITHM    1 /* Ed25519 */
#define PRIVATE	     "PRIVATE+KEY+"
#define DASH	     "\xe2\x80\x94 "
#define UNSIGNED     "unsigned\n"
#define KEY_BYTES    33 /* algorithm, 32 bytes */
#define BLOB_BYTES   68 /* hash of the key, signature */
#define KEY_FILE_MAX 65536

struct audit_signer {
	struct audit_verifier verifier;
	unsigned char secret[crypto_sign_SECRETKEYBYTES];
};

static void hash_key(struct audit_verifier *verifier)
{
	struct digest_state *state = digest_new();
	static const unsigned char between[] = {'\n', ALGORITHM};
	struct digest digest;

	digest_add(state, verifier->name, strlen(verifier->name));
	digest_add(state, between, sizeof(between));
	digest_add(state, verifier->key, sizeof(verifier->key));
	digest_end(state, &digest);
	digest_free(state);
	memcpy(verifier->hash, digest.bytes, sizeof(verifier->hash));
}

/* --- keys as text --- */

static char *key_text(const char *prefix, const struct audit_verifier *verifier,
	const unsigned char *bytes, char *text, size_t size)
{
	unsigned char key[KEY_BYTES] = {ALGORITHM};
	char base64[64], hash[9];

	memcpy(key + 1, bytes, sizeof(key) - 1);
	sodium_bin2base64(base64, sizeof(base64), key, sizeof(key), BASE64);
	sodium_bin2hex(hash, sizeof(hash), verifier->hash, sizeof(verifier->hash));
	snprintf(text, size, "%s%s+%s+%s", prefix, verifier->name, hash, base64);
	sodium_memzero(key, sizeof(key));
	sodium_memzero(base64, sizeof(base64));
	return text;
}

char *audit_verifier_text(const struct audit_verifier *verifier, char text[static NOTE_KEY_SIZE])
{
	return key_text("", verifier, verifier->key, text, NOTE_KEY_SIZE);
}

static int refuse_key(const char *why, struct error *err)
{
	error_set(err, ERROR_INVALID, "the key of checkpoints %s", why);
	return error_remedy(err,
		"a key is one line, name+hash+base64, as the daemon writes it at its first start");
}

/* name+hash+base64, from the end: the last part may hold '+' itself. */
static int split_key(const char *text, struct audit_verifier *verifier,
	unsigned char key[static KEY_BYTES], struct error *err)
{
	const char *first = strchr(text, '+');
	const char *second = first ? strchr(first + 1, '+') : NULL;
	size_t name_length = first ? (size_t)(first - text) : 0, length;

	if (!second || second - first != 9 || !name_length || name_length >= NOTE_NAME_SIZE)
		return refuse_key("has another form", err);
	memcpy(verifier->name, text, name_length);
	verifier->name[name_length] = 0;
	if (sodium_hex2bin(
		    verifier->hash, sizeof(verifier->hash), first + 1, 8, NULL, &length, NULL) ||
		length != sizeof(verifier->hash))
		return refuse_key("has no hash", err);
	if (sodium_base642bin(
		    key, KEY_BYTES, second + 1, strlen(second + 1), NULL, &length, NULL, BASE64) ||
		length != KEY_BYTES || key[0] != ALGORITHM)
		return refuse_key("is not of Ed25519", err);
	return 0;
}

static int check_hash(struct audit_verifier *verifier, struct error *err)
{
	uint8_t claimed[4];

	memcpy(claimed, verifier->hash, sizeof(claimed));
	hash_key(verifier);
	return memcmp(claimed, verifier->hash, sizeof(claimed))
		       ? refuse_key("does not fit its name and hash", err)
		       : 0;
}

static int parse_private(const char *text, struct audit_signer *signer, struct error *err)
{
	unsigned char key[KEY_BYTES];
	int rc = split_key(text + strlen(PRIVATE), &signer->verifier, key, err);

	if (rc >= 0) {
		crypto_sign_seed_keypair(signer->verifier.key, signer->secret, key + 1);
		rc = check_hash(&signer->verifier, err);
	}
	sodium_memzero(key, sizeof(key));
	return rc;
}

int audit_verifier_parse(const char *text, struct audit_verifier *ret, struct error *err)
{
	unsigned char key[KEY_BYTES];
	int rc;

	if (text_starts_with(text, PRIVATE)) {
		struct audit_signer signer = {0};

		rc = parse_private(text, &signer, err);
		if (rc >= 0)
			*ret = signer.verifier;
		sodium_memzero(&signer, sizeof(signer));
		return rc;
	}
	rc = split_key(text, ret, key, err);
	if (rc < 0)
		return rc;
	memcpy(ret->key, key + 1, sizeof(ret->key));
	return check_hash(ret, err);
}

static int parse_lines(
	char *rest, struct audit_verifier *list, size_t max, size_t *ret_count, struct error *err)
{
	size_t count = 0;
	char *line;

	while ((line = strsep(&rest, "\n"))) {
		int rc;

		if (!*line || *line == '#')
			continue;
		if (count == max)
			return error_set(err, ERROR_INVALID, "more than %zu keys", max);
		rc = audit_verifier_parse(line, &list[count++], err);
		if (rc < 0)
			return rc;
	}
	if (!count)
		return refuse_key("is not in the file", err);
	*ret_count = count;
	return 0;
}

int audit_verifiers_read(const char *path, struct audit_verifier *list, size_t max,
	size_t *ret_count, struct error *err)
{
	FILE *file = fopen(path, "re");
	char *text;
	size_t length;
	int rc;

	if (!file)
		return error_errno(err, ERROR_NOT_FOUND, path);
	text = calloc(1, KEY_FILE_MAX + 1);
	if (!text)
		abort();
	length = fread(text, 1, KEY_FILE_MAX, file);
	rc = ferror(file) ? error_errno(err, ERROR_IO, path)
			  : parse_lines(text, list, max, ret_count, err);
	fclose(file);
	sodium_memzero(text, length);
	free(text);
	if (rc < 0 && err)
		error_place(err, "%s", path);
	return rc;
}

/* --- the private key --- */

static int create(const char *path, const char *origin, struct error *err)
{
	struct audit_verifier verifier = {0};
	unsigned char seed[crypto_sign_SEEDBYTES], secret[crypto_sign_SECRETKEYBYTES];
	char text[NOTE_KEY_SIZE + sizeof(PRIVATE)], public_path[4096];
	int rc;

	snprintf(verifier.name, sizeof(verifier.name), "%s", origin);
	randombytes_buf(seed, sizeof(seed));
	crypto_sign_seed_keypair(verifier.key, secret, seed);
	hash_key(&verifier);
	key_text(PRIVATE, &verifier, seed, text, sizeof(text));
	rc = file_write_line(path, 0600, text, err);
	sodium_memzero(seed, sizeof(seed));
	sodium_memzero(secret, sizeof(secret));
	sodium_memzero(text, sizeof(text));
	if (rc < 0)
		return rc;
	snprintf(public_path, sizeof(public_path), "%s.pub", path);
	unlink(public_path);
	return file_write_line(
		public_path, 0644, audit_verifier_text(&verifier, (char[NOTE_KEY_SIZE]){0}), err);
}

static int check_origin(const char *origin, struct error *err)
{
	if (*origin && strlen(origin) < NOTE_NAME_SIZE && !strpbrk(origin, "+ \t\n"))
		return 0;
	error_set(err, ERROR_INVALID, "the origin \"%s\" cannot name a log", origin);
	error_field(err, "origin");
	return error_remedy(err,
		"use 1 to %d bytes without blanks and '+', for example "
		"redbutton.example.org/audit",
		NOTE_NAME_SIZE - 1);
}

static int read_signer(
	struct audit_signer *signer, const char *reference, const char *origin, struct error *err)
{
	struct secret secret = {0};
	int rc = secret_open(reference, &secret, err);

	if (rc < 0)
		return rc;
	if (text_starts_with((const char *)secret.bytes, PRIVATE))
		rc = parse_private((const char *)secret.bytes, signer, err);
	else
		rc = refuse_key("is not a private one", err);
	secret_close(&secret);
	if (rc < 0 || text_is_equal(signer->verifier.name, origin))
		return rc;
	error_set(err, ERROR_INVALID, "the key of checkpoints belongs to the origin %s, not to %s",
		signer->verifier.name, origin);
	return error_remedy(err, "set `origin` to the key's, or name another key");
}

int audit_signer_open(const char *reference, const char *origin, bool may_create,
	struct audit_signer **ret, struct error *err)
{
	const char *path = text_starts_with(reference, "file:") ? reference + 5 : NULL;
	struct audit_signer *signer;
	int rc = check_origin(origin, err);

	if (rc < 0)
		return rc;
	if (sodium_init() < 0 || !(signer = sodium_malloc(sizeof(*signer))))
		return error_set(err, ERROR_INTERNAL, "there is no locked memory for the key");
	if (path && may_create && access(path, F_OK) < 0 && errno == ENOENT)
		rc = create(path, origin, err);
	if (rc >= 0)
		rc = read_signer(signer, reference, origin, err);
	if (rc < 0) {
		sodium_free(signer);
		return error_prefix(err, "signing-key");
	}
	*ret = signer;
	return 0;
}

void audit_signer_free(struct audit_signer *signer)
{
	sodium_free(signer);
}

void audit_signer_verifier(const struct audit_signer *signer, struct audit_verifier *ret)
{
	*ret = signer->verifier;
}

/* --- notes --- */

static void add_signature(struct buf *out, size_t from, const struct audit_signer *signer)
{
	const struct audit_verifier *verifier = &signer->verifier;
	unsigned char blob[BLOB_BYTES];
	char base64[96];

	memcpy(blob, verifier->hash, sizeof(verifier->hash));
	crypto_sign_detached(blob + sizeof(verifier->hash), NULL,
		(const unsigned char *)out->bytes + from, out->length - from, signer->secret);
	sodium_bin2base64(base64, sizeof(base64), blob, sizeof(blob), BASE64);
	buf_add_format(out, "\n" DASH "%s %s\n", verifier->name, base64);
}

void audit_note_write(struct buf *out, const char *origin, int64_t size, const struct digest *root,
	const struct audit_signer *signer)
{
	char base64[64];
	size_t from = out->length;

	sodium_bin2base64(base64, sizeof(base64), root->bytes, DIGEST_BYTES, BASE64);
	buf_add_format(out, "%s\n%lld\n%s\n", origin, (long long)size, base64);
	if (signer)
		add_signature(out, from, signer);
	else
		buf_add_text(out, UNSIGNED "\n");
}

static int refuse_note(const char *why, struct error *err)
{
	return error_set(err, ERROR_TAMPERED, "the checkpoint %s", why);
}

static bool take_line(const char **at, const char *end, struct buf *line)
{
	const char *newline = memchr(*at, '\n', (size_t)(end - *at));

	if (!newline)
		return false;
	buf_clear(line);
	buf_add(line, *at, (size_t)(newline - *at));
	*at = newline + 1;
	return true;
}

static int parse_body(struct audit_note *ret, struct buf *line, const char **at, const char *end,
	struct error *err)
{
	size_t length;

	if (!take_line(at, end, line) || !line->length || line->length >= NOTE_NAME_SIZE)
		return refuse_note("has no origin", err);
	snprintf(ret->origin, sizeof(ret->origin), "%s", buf_text(line));
	if (!take_line(at, end, line) ||
		text_parse_int64("size", buf_text(line), 0, INT64_MAX, &ret->size, NULL) < 0 ||
		(line->length > 1 && line->bytes[0] == '0'))
		return refuse_note("has no size", err);
	if (!take_line(at, end, line) ||
		sodium_base642bin(ret->root.bytes, DIGEST_BYTES, buf_text(line), line->length, NULL,
			&length, NULL, BASE64) ||
		length != DIGEST_BYTES)
		return refuse_note("has no root", err);
	return 0;
}

int audit_note_parse(const char *text, size_t length, struct audit_note *ret, struct error *err)
{
	const char *at = text, *end = text + length, *blank;
	struct buf line = BUF_INIT;
	int rc;

	*ret = (struct audit_note){.text = text, .length = length};
	if (length > NOTE_MAX || memchr(text, 0, length))
		return refuse_note("is too long or no text", err);
	rc = parse_body(ret, &line, &at, end, err);
	buf_done(&line);
	if (rc < 0)
		return rc;
	blank = memmem(at - 1, (size_t)(end - at) + 1, "\n\n", 2);
	if (!blank)
		return refuse_note("has no end", err);
	ret->text_length = (size_t)(blank + 1 - text);
	return 0;
}

static bool is_signed_by(const struct audit_note *note, const char *line, size_t length,
	const struct audit_verifier *verifier)
{
	size_t name = strlen(verifier->name), dash = strlen(DASH), got;
	unsigned char blob[BLOB_BYTES];

	if (length < dash + name + 1 || memcmp(line, DASH, dash) ||
		memcmp(line + dash, verifier->name, name) || line[dash + name] != ' ')
		return false;
	line += dash + name + 1;
	length -= dash + name + 1;
	return !sodium_base642bin(blob, sizeof(blob), line, length, NULL, &got, NULL, BASE64) &&
	       got == sizeof(blob) && !memcmp(blob, verifier->hash, sizeof(verifier->hash)) &&
	       !crypto_sign_verify_detached(blob + sizeof(verifier->hash),
		       (const unsigned char *)note->text, note->text_length, verifier->key);
}

int audit_note_check(const struct audit_note *note, const struct audit_verifier *list, size_t count,
	struct error *err)
{
	const char *at = note->text + note->text_length + 1, *end = note->text + note->length;

	if (at >= end)
		return refuse_note("is not signed", err);
	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));

		if (!newline)
			return refuse_note("ends in the middle of a line", err);
		for (size_t i = 0; i < count; i++)
			if (is_signed_by(note, at, (size_t)(newline - at), &list[i]))
				return 0;
		at = newline + 1;
	}
	return refuse_note("has no good signature of the key", err);
}
