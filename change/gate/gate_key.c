#include "change/gate/gate_key.h"

#include <sodium.h>
#include <string.h>

_Static_assert(GATE_KEY_BYTES == crypto_sign_PUBLICKEYBYTES, "the key is Ed25519's");

bool gate_key_parse(const char *text, uint8_t ret[static GATE_KEY_BYTES])
{
	uint8_t key[GATE_KEY_BYTES];
	size_t length = 0;

	if ((sodium_hex2bin(key, sizeof(key), text, strlen(text), NULL, &length, NULL) &&
		    sodium_base642bin(key, sizeof(key), text, strlen(text), NULL, &length, NULL,
			    sodium_base64_VARIANT_ORIGINAL)) ||
		length != sizeof(key))
		return false;
	memcpy(ret, key, sizeof(key));
	return true;
}
