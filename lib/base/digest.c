#include "lib/base/digest.h"

#include "lib/base/memory.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX "sha256:"

struct digest_state {
	EVP_MD_CTX *context;
};

/* One running hash per thread, so that digest_of allocates nothing. */
static pthread_key_t own_key;
static pthread_once_t own_once = PTHREAD_ONCE_INIT;

static void begin(struct digest_state *state, const EVP_MD *md)
{
	if (!EVP_DigestInit_ex(state->context, md, NULL))
		memory_end();
}

struct digest_state *digest_new(void)
{
	struct digest_state *state = calloc(1, sizeof(*state));

	if (!state || !(state->context = EVP_MD_CTX_new()))
		memory_end();
	begin(state, EVP_sha256());
	return state;
}

void digest_free(struct digest_state *state)
{
	if (!state)
		return;
	EVP_MD_CTX_free(state->context);
	free(state);
}

void digest_add(struct digest_state *state, const void *bytes, size_t length)
{
	if (!EVP_DigestUpdate(state->context, bytes, length))
		memory_end();
}

void digest_add_field(struct digest_state *state, const void *bytes, size_t length)
{
	unsigned char size[8];

	for (int i = 0; i < 8; i++)
		size[i] = (unsigned char)((uint64_t)length >> (8 * i));
	digest_add(state, size, sizeof(size));
	digest_add(state, bytes, length);
}

void digest_end(struct digest_state *state, struct digest *ret)
{
	if (!EVP_DigestFinal_ex(state->context, ret->bytes, NULL))
		memory_end();
	begin(state, NULL);
}

static void free_own(void *state)
{
	digest_free(state);
}

static void make_own_key(void)
{
	if (pthread_key_create(&own_key, free_own))
		abort();
}

static struct digest_state *own_state(void)
{
	struct digest_state *state;

	pthread_once(&own_once, make_own_key);
	state = pthread_getspecific(own_key);
	if (!state) {
		state = digest_new();
		if (pthread_setspecific(own_key, state))
			memory_end();
	}
	return state;
}

void digest_of(const void *bytes, size_t length, struct digest *ret)
{
	digest_of_domain("", bytes, length, ret);
}

void digest_of_domain(const char *domain, const void *bytes, size_t length, struct digest *ret)
{
	struct digest_state *state = own_state();

	digest_add(state, domain, strlen(domain));
	digest_add(state, bytes, length);
	digest_end(state, ret);
}

char *digest_text(const struct digest *digest, char text[static DIGEST_TEXT_SIZE])
{
	static const char hex[] = "0123456789abcdef";
	char *at = text + strlen(PREFIX);

	memcpy(text, PREFIX, strlen(PREFIX));
	for (int i = 0; i < DIGEST_BYTES; i++) {
		*at++ = hex[digest->bytes[i] >> 4];
		*at++ = hex[digest->bytes[i] & 15];
	}
	*at = 0;
	return text;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool digest_parse(const char *text, struct digest *ret)
{
	struct digest digest;

	if (!text || strncmp(text, PREFIX, strlen(PREFIX)) ||
		strnlen(text, DIGEST_TEXT_SIZE) != DIGEST_TEXT_SIZE - 1)
		return false;
	text += strlen(PREFIX);
	for (int i = 0; i < DIGEST_BYTES; i++) {
		int high = hex_value(text[2 * i]), low = hex_value(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		digest.bytes[i] = (uint8_t)(high << 4 | low);
	}
	*ret = digest;
	return true;
}

bool digest_is_equal(const struct digest *a, const struct digest *b)
{
	return !memcmp(a->bytes, b->bytes, DIGEST_BYTES);
}
