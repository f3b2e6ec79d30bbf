#include "lib/base/base64.h"

#include <sodium.h>
#include <string.h>

#define VARIANT sodium_base64_VARIANT_ORIGINAL

char *base64_text(struct arena *arena, const void *bytes, size_t length)
{
	size_t size = sodium_base64_encoded_len(length, VARIANT);
	char *text = arena_alloc(arena, size);

	return sodium_bin2base64(text, size, bytes, length, VARIANT);
}

bool base64_parse(struct arena *arena, const char *text, char **ret_bytes, size_t *ret_length)
{
	size_t length = strlen(text), count = 0;
	char *bytes = arena_alloc(arena, length + 1);

	if (sodium_base642bin((unsigned char *)bytes, length, text, length, NULL, &count, NULL,
		    VARIANT) < 0 ||
		strcmp(base64_text(arena, bytes, count), text) != 0)
		return false;
	bytes[count] = 0;
	*ret_bytes = bytes;
	*ret_length = count;
	return true;
}
