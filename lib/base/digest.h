/* SHA-256 (OpenSSL's EVP, context reused). Digests are shown as "sha256:" and 64 hex digits. */
#ifndef RB_BASE_DIGEST_H
#define RB_BASE_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DIGEST_BYTES	 32
#define DIGEST_TEXT_SIZE 72 /* "sha256:" + 64 + NUL */

struct digest {
	uint8_t bytes[DIGEST_BYTES];
};

struct digest_state; /* one running hash */
struct digest_state *digest_new(void);
void digest_free(struct digest_state *state);
void digest_add(struct digest_state *state, const void *bytes, size_t length);
/* Length first (u64 little-endian), so that fields cannot run together. */
void digest_add_field(struct digest_state *state, const void *bytes, size_t length);
void digest_end(struct digest_state *state, struct digest *ret); /* the state can be used again */

void digest_of(const void *bytes, size_t length, struct digest *ret);
/* SHA-256(domain || bytes), e.g. domain "redbutton graph 1\n". */
void digest_of_domain(const char *domain, const void *bytes, size_t length, struct digest *ret);
char *digest_text(const struct digest *digest, char text[static DIGEST_TEXT_SIZE]);
bool digest_parse(const char *text, struct digest *ret);
bool digest_is_equal(const struct digest *a, const struct digest *b);

#endif
