/*
 * Reads the bytes of a record where they lie: verification meets a million of them. Whatever
 * audit_record_write would not have written is refused.
 */
#include "audit/audit_rooms.h"

#include <string.h>

#define DEPTH_MAX 130 /* lib/base/canonical writes 128 */

struct cursor {
	const char *at, *end;
};

static bool skip_literal(struct cursor *cursor, const char *literal, size_t length)
{
	if ((size_t)(cursor->end - cursor->at) < length || memcmp(cursor->at, literal, length))
		return false;
	cursor->at += length;
	return true;
}
#define LITERAL(cursor, text) skip_literal(cursor, text, sizeof(text) - 1)

static bool is_escapable(char c)
{
	return c == '"' || c == '\\' || c == 'n' || c == 't';
}

#define EACH(byte)	  (UINT64_C(0x0101010101010101) * (byte))
#define HIGH_BITS	  EACH(0x80)
#define ZEROS(word)	  (((word)-EACH(1)) & ~(word))
#define BELOW_SPACE(word) (((word)-EACH(0x20)) & ~(word))

/* Eight bytes at a time, as long as none of them is the end of a text, an escape or a control
 * character. May stop early: the caller looks at each byte from there on. */
static const char *skip_plain(const char *at, const char *end)
{
	uint64_t word;

	for (; end - at >= (ptrdiff_t)sizeof(word); at += sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		if ((ZEROS(word ^ EACH('"')) | ZEROS(word ^ EACH('\\')) | ZEROS(word ^ EACH(0x7F)) |
			    BELOW_SPACE(word)) &
			HIGH_BITS)
			break;
	}
	return at;
}

static bool read_text(struct cursor *cursor, struct audit_slice *ret)
{
	const char *at = cursor->at;

	if (at == cursor->end || *at++ != '"')
		return false;
	ret->at = at;
	for (at = skip_plain(at, cursor->end); at < cursor->end; at++) {
		unsigned char c = (unsigned char)*at;

		if (c == '"') {
			ret->length = (size_t)(at - ret->at);
			cursor->at = at + 1;
			return true;
		}
		if (c < 0x20 || c == 0x7F)
			break;
		if (c == '\\' && (++at == cursor->end || !is_escapable(*at)))
			break;
	}
	cursor->at = at;
	return false;
}

static bool read_text_or_null(struct cursor *cursor, struct audit_slice *ret)
{
	*ret = (struct audit_slice){0};
	return LITERAL(cursor, "null") || read_text(cursor, ret);
}

static bool read_int(struct cursor *cursor, int64_t *ret)
{
	const char *at = cursor->at, *first;
	bool is_negative = at < cursor->end && *at == '-';
	int64_t value = 0;

	at += is_negative;
	for (first = at; at < cursor->end && *at >= '0' && *at <= '9'; at++)
		if (__builtin_mul_overflow(value, 10, &value) ||
			__builtin_sub_overflow(value, *at - '0', &value))
			return false;
	if (at == first || (*first == '0' && (at - first > 1 || is_negative)))
		return false;
	if (!is_negative && value == INT64_MIN)
		return false;
	*ret = is_negative ? value : -value;
	cursor->at = at;
	return true;
}

static bool skip_value(struct cursor *cursor, int depth);

static bool skip_members(struct cursor *cursor, char close, int depth)
{
	struct audit_slice key;

	cursor->at++;
	if (cursor->at < cursor->end && *cursor->at == close) {
		cursor->at++;
		return true;
	}
	for (;;) {
		if (close == '}' && (!read_text(cursor, &key) || !LITERAL(cursor, ":")))
			return false;
		if (!skip_value(cursor, depth + 1) || cursor->at == cursor->end)
			return false;
		if (*cursor->at == close) {
			cursor->at++;
			return true;
		}
		if (!LITERAL(cursor, ","))
			return false;
	}
}

static bool skip_value(struct cursor *cursor, int depth)
{
	struct audit_slice text;
	int64_t number;

	if (cursor->at == cursor->end || depth > DEPTH_MAX)
		return false;
	switch (*cursor->at) {
	case '{':
		return skip_members(cursor, '}', depth);
	case '[':
		return skip_members(cursor, ']', depth);
	case '"':
		return read_text(cursor, &text);
	case 't':
		return LITERAL(cursor, "true");
	case 'f':
		return LITERAL(cursor, "false");
	case 'n':
		return LITERAL(cursor, "null");
	default:
		return read_int(cursor, &number);
	}
}

static bool read_value(struct cursor *cursor, char open, struct audit_slice *ret)
{
	ret->at = cursor->at;
	if (cursor->at == cursor->end || *cursor->at != open || !skip_value(cursor, 1))
		return false;
	ret->length = (size_t)(cursor->at - ret->at);
	return true;
}

static bool read_actor(struct cursor *cursor, struct audit_scan *ret)
{
	return LITERAL(cursor, ",\"actor\":{\"address\":") &&
	       read_text(cursor, &ret->actor_address) && LITERAL(cursor, ",\"id\":") &&
	       read_text(cursor, &ret->actor_id) && LITERAL(cursor, ",\"kind\":") &&
	       read_text(cursor, &ret->actor_kind) && LITERAL(cursor, ",\"name\":") &&
	       read_text(cursor, &ret->actor_name) && LITERAL(cursor, ",\"session\":") &&
	       read_text(cursor, &ret->actor_session) && LITERAL(cursor, "}");
}

static bool read_middle(struct cursor *cursor, struct audit_scan *ret)
{
	return LITERAL(cursor, ",\"approvals\":") && read_value(cursor, '[', &ret->approvals) &&
	       LITERAL(cursor, ",\"at_us\":") && read_int(cursor, &ret->at_us) &&
	       LITERAL(cursor, ",\"detail\":") && read_value(cursor, '{', &ret->detail) &&
	       LITERAL(cursor, ",\"intent_id\":") && read_text_or_null(cursor, &ret->intent_id) &&
	       LITERAL(cursor, ",\"mono\":{\"boot\":") && read_text(cursor, &ret->boot) &&
	       LITERAL(cursor, ",\"ns\":") && read_int(cursor, &ret->mono_ns) &&
	       LITERAL(cursor, "},\"outcome\":") && read_text(cursor, &ret->outcome) &&
	       LITERAL(cursor, ",\"seq\":") && read_int(cursor, &ret->seq);
}

static bool read_subject(struct cursor *cursor, struct audit_scan *ret)
{
	return LITERAL(cursor, ",\"subject\":{\"digest\":") &&
	       read_text_or_null(cursor, &ret->subject_digest) && LITERAL(cursor, ",\"id\":") &&
	       read_text(cursor, &ret->subject_id) && LITERAL(cursor, ",\"kind\":") &&
	       read_text(cursor, &ret->subject_kind) && LITERAL(cursor, "}");
}

bool audit_record_scan(const char *bytes, size_t length, struct audit_scan *ret, size_t *ret_at)
{
	struct cursor cursor = {bytes, bytes + length};
	bool is_good = LITERAL(&cursor, "{\"action\":") && read_text(&cursor, &ret->action) &&
		       read_actor(&cursor, ret) && read_middle(&cursor, ret) &&
		       read_subject(&cursor, ret) && LITERAL(&cursor, ",\"v\":1}") &&
		       cursor.at == cursor.end;

	if (!is_good && ret_at)
		*ret_at = (size_t)(cursor.at - bytes);
	return is_good;
}

/* --- slices --- */

static char unescape(const struct audit_slice *slice, size_t *at)
{
	char c = slice->at[(*at)++];

	if (c != '\\')
		return c;
	c = slice->at[(*at)++];
	return c == 'n' ? '\n' : c == 't' ? '\t' : c;
}

bool audit_slice_is(const struct audit_slice *slice, const char *text, size_t length)
{
	size_t at = 0, i = 0;

	if (!slice->at || !text)
		return !slice->at && !text;
	if (!memchr(slice->at, '\\', slice->length))
		return slice->length == length && !memcmp(slice->at, text, length);
	while (at < slice->length && i < length)
		if (unescape(slice, &at) != text[i++])
			return false;
	return at == slice->length && i == length;
}

bool audit_slice_is_word(const struct audit_slice *slice, const char *word)
{
	return audit_slice_is(slice, word, strlen(word));
}

char *audit_slice_text(const struct audit_slice *slice, struct arena *arena)
{
	char *text;
	size_t at = 0, i = 0;

	if (!slice->at)
		return NULL;
	text = arena_alloc(arena, slice->length + 1);
	while (at < slice->length)
		text[i++] = unescape(slice, &at);
	return text;
}

static bool read_member(struct cursor *cursor, struct audit_slice *key, struct audit_slice *value,
	bool *ret_is_text)
{
	if (!read_text(cursor, key) || !LITERAL(cursor, ":") || cursor->at == cursor->end)
		return false;
	*ret_is_text = *cursor->at == '"';
	if (*ret_is_text)
		return read_text(cursor, value);
	value->at = cursor->at;
	if (!skip_value(cursor, 2))
		return false;
	value->length = (size_t)(cursor->at - value->at);
	return true;
}

void audit_slice_find(const struct audit_slice *object, const struct audit_slice *names,
	size_t count, struct audit_slice *ret, bool *ret_is_text)
{
	struct cursor cursor = {object->at + 1, object->at + object->length};
	struct audit_slice key, value;
	bool is_text;

	memset(ret, 0, count * sizeof(*ret));
	while (read_member(&cursor, &key, &value, &is_text)) {
		for (size_t i = 0; i < count; i++) {
			if (key.length != names[i].length ||
				memcmp(key.at, names[i].at, key.length) != 0)
				continue;
			ret[i] = value;
			ret_is_text[i] = is_text;
		}
		if (!LITERAL(&cursor, ","))
			return;
	}
}

bool audit_slice_member(const struct audit_slice *object, const char *name, struct audit_slice *ret)
{
	const struct audit_slice wanted = {name, strlen(name)};
	bool is_text = false;

	audit_slice_find(object, &wanted, 1, ret, &is_text);
	return ret->at && is_text;
}
