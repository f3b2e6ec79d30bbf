/* Bytes as execve takes them, in JSON: a text where that shows them truly, else base64. */
#include "change/revision_rooms.h"
#include "lib/base/base64.h"
#include "lib/base/text.h"

#include <string.h>

#define BYTES_MAX ((size_t)128 * 1024)

static bool is_plain(const char *bytes)
{
	size_t length = strlen(bytes), at = 0;

	while (at < length) {
		int32_t point = text_next(bytes, length, &at);

		if (point < 0 || text_is_deceptive(point))
			return false;
	}
	return true;
}

json_t *revision_bytes_json(const char *bytes)
{
	struct arena arena = ARENA_INIT;
	json_t *value = is_plain(bytes) ? json_string(bytes)
					: json_pack("{s:s}", "b64",
						  base64_text(&arena, bytes, strlen(bytes)));

	arena_done(&arena);
	return value;
}

static int parse_b64(struct arena *arena, const char *field, const json_t *value, const char **ret,
	struct error *err)
{
	const char *text = json_string_value(json_object_get(value, "b64"));
	size_t length = 0;
	char *bytes = NULL;

	if (!text || json_object_size(value) != 1 || strlen(text) > BYTES_MAX * 2 ||
		!base64_parse(arena, text, &bytes, &length) || memchr(bytes, 0, length) ||
		is_plain(bytes))
		return revision_refuse(err, field, "this is not the one spelling of these bytes",
			"{\"b64\": base64 with padding} for what is no plain text, without NUL");
	*ret = bytes;
	return 0;
}

/* Deceptive characters come as base64 only, so that the same bytes have one spelling. */
int revision_bytes_parse(struct arena *arena, const char *field, const json_t *value,
	const char **ret, struct error *err)
{
	const char *text = json_string_value(value);

	if (json_is_object(value))
		return parse_b64(arena, field, value, ret, err);
	if (!text)
		return revision_refuse(err, field, "neither a text nor {\"b64\": ...}",
			"bytes that are no plain text go as base64");
	if (strlen(text) > BYTES_MAX)
		return revision_refuse(err, field, "it is longer than 128 KiB", "use a content");
	if (!is_plain(text))
		return revision_refuse(err, field, "it holds characters that deceive a reader",
			"if they are meant, send the bytes as {\"b64\": ...}");
	*ret = arena_text(arena, text);
	return 0;
}
