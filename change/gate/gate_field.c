#include "change/gate/gate_field.h"
#include "lib/base/text.h"

#include <stdarg.h>
#include <string.h>

#define LENGTH_BYTES 4
#define SHA256_HEX   64

struct reader {
	struct arena *arena;
	const uint8_t *at, *end;
};

static bool is_hex(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (!((text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f')))
			return false;
	return true;
}

/* Numbers, big-endian. */

static void add_number(struct buf *out, uint64_t value, unsigned width)
{
	while (width--)
		buf_add_char(out, (char)(value >> 8 * width & 0xFF));
}

static uint64_t number_of(const uint8_t *bytes, size_t width)
{
	uint64_t value = 0;

	for (size_t i = 0; i < width; i++)
		value = value << 8 | bytes[i];
	return value;
}

static size_t width_of(enum gate_field_type type)
{
	switch (type) {
	case GATE_FIELD_ENUM:
	case GATE_FIELD_BOOL:
		return 1;
	case GATE_FIELD_UINT32:
	case GATE_FIELD_INT32:
		return 4;
	default:
		return 8;
	}
}

static uint64_t load_number(enum gate_field_type type, const void *from)
{
	switch (type) {
	case GATE_FIELD_ENUM:
		return *(const unsigned *)from;
	case GATE_FIELD_BOOL:
		return *(const bool *)from;
	case GATE_FIELD_UINT32:
		return *(const uint32_t *)from;
	case GATE_FIELD_INT32:
		return (uint32_t) * (const int32_t *)from;
	case GATE_FIELD_INT64:
		return (uint64_t) * (const int64_t *)from;
	default:
		return *(const uint64_t *)from;
	}
}

static void store_number(enum gate_field_type type, uint64_t value, void *to)
{
	switch (type) {
	case GATE_FIELD_ENUM:
		*(unsigned *)to = (unsigned)value;
		break;
	case GATE_FIELD_BOOL:
		*(bool *)to = value != 0;
		break;
	case GATE_FIELD_UINT32:
		*(uint32_t *)to = (uint32_t)value;
		break;
	case GATE_FIELD_INT32:
		*(int32_t *)to = (int32_t)(uint32_t)value;
		break;
	case GATE_FIELD_INT64:
		*(int64_t *)to = (int64_t)value;
		break;
	default:
		*(uint64_t *)to = value;
	}
}

/* Writing. */

static int too_large(
	const struct gate_field *field, size_t max, const char *what, struct error *err)
{
	error_set(err, ERROR_TOO_LARGE, "%s: at most %zu %s", field->name, max, what);
	error_field(err, "%s", field->name);
	return error_remedy(err, "put what is long into a file: a script or a content of a step");
}

static size_t begin_length(struct buf *out)
{
	add_number(out, 0, LENGTH_BYTES);
	return out->length;
}

static void end_length(struct buf *out, size_t start)
{
	size_t length = out->length - start;

	for (size_t i = 0; i < LENGTH_BYTES; i++)
		out->bytes[start - 1 - i] = (char)(length >> 8 * i & 0xFF);
}

static void add_element(struct buf *out, const void *bytes, size_t length)
{
	add_number(out, length, LENGTH_BYTES);
	buf_add(out, bytes, length);
}

static int no_utf8(const struct gate_field *field, struct error *err)
{
	error_set(err, ERROR_INVALID, "%s is no UTF-8: it could not be shown to anybody",
		field->name);
	error_field(err, "%s", field->name);
	return error_remedy(err, "use another name, or another folder");
}

static int write_text(
	struct buf *out, const struct gate_field *field, const char *text, struct error *err)
{
	size_t length = text ? strlen(text) : 0;

	if (field->max && length > field->max)
		return too_large(field, field->max, "bytes", err);
	if (field->type == GATE_FIELD_UTF8 && text && !text_is_utf8(text, length))
		return no_utf8(field, err);
	buf_add(out, text ? text : "", length);
	return 0;
}

static int write_list(
	struct buf *out, const struct gate_field *field, const char *const *list, struct error *err)
{
	for (size_t i = 0; list && list[i]; i++) {
		if (i == GATE_LIST_MAX)
			return too_large(field, GATE_LIST_MAX, "elements", err);
		add_element(out, list[i], strlen(list[i]));
		if (out->length > 2 * GATE_MESSAGE_MAX)
			return too_large(field, GATE_MESSAGE_MAX, "bytes", err);
	}
	return 0;
}

static int write_contents(struct buf *out, const struct gate_field *field,
	const struct gate_exec *exec, struct error *err)
{
	if (exec->content_count > GATE_LIST_MAX)
		return too_large(field, GATE_LIST_MAX, "elements", err);
	for (size_t i = 0; i < exec->content_count; i++) {
		const struct gate_content *content = &exec->contents[i];

		if (strlen(content->role) > GATE_MESSAGE_MAX)
			return too_large(field, GATE_MESSAGE_MAX, "bytes", err);
		add_element(out, content->role, strlen(content->role));
		add_element(out, content->sha256, strlen(content->sha256));
		add_number(out, 8, LENGTH_BYTES);
		add_number(out, content->size, 8);
	}
	return 0;
}

static int write_one(
	struct buf *out, const struct gate_field *field, const void *object, struct error *err)
{
	const void *at = (const char *)object + field->offset;

	switch (field->type) {
	case GATE_FIELD_TEXT:
	case GATE_FIELD_UTF8:
	case GATE_FIELD_WORD:
	case GATE_FIELD_REASON:
	case GATE_FIELD_SHA256:
		return write_text(out, field, *(const char *const *)at, err);
	case GATE_FIELD_NONCE:
		buf_add(out, at, strnlen(at, GATE_NONCE_SIZE - 1));
		return 0;
	case GATE_FIELD_LIST:
		return write_list(out, field, *(const char *const *const *)at, err);
	case GATE_FIELD_CONTENTS:
		return write_contents(out, field, object, err);
	case GATE_FIELD_SIGNATURE:
		buf_add(out, at, GATE_SIGNATURE_BYTES);
		return 0;
	case GATE_FIELD_GROUP:
		return gate_field_write(out, field->fields, at, err);
	default:
		add_number(out, load_number(field->type, at), (unsigned)width_of(field->type));
		return 0;
	}
}

int gate_field_write(
	struct buf *out, const struct gate_field *fields, const void *object, struct error *err)
{
	for (const struct gate_field *field = fields; field->type != GATE_FIELD_END; field++) {
		size_t start = begin_length(out);
		int code = write_one(out, field, object, err);

		if (code < 0)
			return code;
		end_length(out, start);
	}
	return 0;
}

/* Reading. */

__attribute__((format(printf, 3, 4))) static int refuse(
	const struct gate_field *field, struct error *err, const char *format, ...)
{
	struct buf why = BUF_INIT;
	va_list args;

	va_start(args, format);
	buf_add_vformat(&why, format, args);
	va_end(args);
	error_set(err, ERROR_INVALID, "%s: %s", field->name, buf_text(&why));
	buf_done(&why);
	return error_field(err, "%s", field->name);
}

/* The next piece with its length before it. */
static bool take_piece(struct reader *reader, struct reader *ret)
{
	size_t left = (size_t)(reader->end - reader->at), length;

	if (left < LENGTH_BYTES)
		return false;
	length = number_of(reader->at, LENGTH_BYTES);
	if (length > left - LENGTH_BYTES)
		return false;
	ret->arena = reader->arena;
	ret->at = reader->at + LENGTH_BYTES;
	ret->end = ret->at + length;
	reader->at = ret->end;
	return true;
}

static size_t length_of(const struct reader *piece)
{
	return (size_t)(piece->end - piece->at);
}

/* The piece as a text in the arena; NULL with a NUL inside. */
static const char *text_of(const struct reader *piece)
{
	if (memchr(piece->at, 0, length_of(piece)))
		return NULL;
	return arena_text_n(piece->arena, (const char *)piece->at, length_of(piece));
}

static bool is_printable(const char *text)
{
	for (; *text; text++)
		if (*text < 0x20 || *text > 0x7E)
			return false;
	return true;
}

static int read_text(const struct gate_field *field, const struct reader *piece, const char **ret,
	struct error *err)
{
	enum gate_reason reason;
	const char *text;

	if (field->max && length_of(piece) > field->max)
		return refuse(field, err, "longer than %zu bytes", field->max);
	text = text_of(piece);
	if (!text)
		return refuse(field, err, "has a NUL inside");
	if (field->type == GATE_FIELD_UTF8 && !text_is_utf8(text, length_of(piece)))
		return no_utf8(field, err);
	if (field->type == GATE_FIELD_WORD && !is_printable(text))
		return refuse(field, err, "only printable ASCII can stand here");
	if (field->type == GATE_FIELD_REASON && !gate_reason_parse(text, &reason))
		return refuse(field, err, "is no reason that is known");
	if (field->type == GATE_FIELD_SHA256 &&
		(length_of(piece) != SHA256_HEX || !is_hex(text, SHA256_HEX)))
		return refuse(field, err, "64 hex digits must stand here");
	*ret = text;
	return 0;
}

static int read_list(const struct gate_field *field, struct reader *piece, const char *const **ret,
	struct error *err)
{
	struct reader element, count_over = *piece;
	const char **list;
	size_t count = 0;

	while (count_over.at < count_over.end && count <= GATE_LIST_MAX) {
		if (!take_piece(&count_over, &element))
			return refuse(field, err, "element %zu is cut off", count);
		count++;
	}
	if (count > GATE_LIST_MAX)
		return refuse(field, err, "more than %d elements", GATE_LIST_MAX);
	list = arena_alloc(piece->arena, (count + 1) * sizeof(*list));
	for (size_t i = 0; i < count; i++) {
		take_piece(piece, &element);
		list[i] = text_of(&element);
		if (!list[i])
			return refuse(field, err, "element %zu has a NUL inside", i);
	}
	*ret = list;
	return 0;
}

static int read_content(const struct gate_field *field, struct reader *piece, size_t number,
	struct gate_content *ret, struct error *err)
{
	struct reader role, sha256, size;

	if (!take_piece(piece, &role) || !take_piece(piece, &sha256) || !take_piece(piece, &size) ||
		length_of(&size) != 8)
		return refuse(field, err, "content %zu is cut off", number);
	ret->role = text_of(&role);
	ret->sha256 = text_of(&sha256);
	ret->size = number_of(size.at, 8);
	if (!ret->role || !ret->role[0] || !is_printable(ret->role))
		return refuse(field, err, "content %zu has no role", number);
	if (!ret->sha256 || length_of(&sha256) != SHA256_HEX || !is_hex(ret->sha256, SHA256_HEX))
		return refuse(field, err, "content %zu has no SHA-256", number);
	return 0;
}

static int read_contents(const struct gate_field *field, struct reader *piece,
	struct gate_exec *ret, struct error *err)
{
	struct gate_content *contents = NULL;
	size_t count = 0, capacity = 0;

	while (piece->at < piece->end) {
		int code;

		if (count == GATE_LIST_MAX)
			return refuse(field, err, "more than %d contents", GATE_LIST_MAX);
		contents = arena_grow(piece->arena, contents, count, &capacity, sizeof(*contents));
		code = read_content(field, piece, count, &contents[count], err);
		if (code < 0)
			return code;
		count++;
	}
	ret->contents = contents;
	ret->content_count = count;
	return 0;
}

static int read_number(
	const struct gate_field *field, const struct reader *piece, void *ret, struct error *err)
{
	size_t width = width_of(field->type);
	uint64_t value;

	if (length_of(piece) != width)
		return refuse(field, err, "%zu bytes must stand here", width);
	value = number_of(piece->at, width);
	if (((field->type == GATE_FIELD_ENUM || field->max) && value > field->max) ||
		(field->type == GATE_FIELD_BOOL && value > 1))
		return refuse(field, err, "%llu is out of range", (unsigned long long)value);
	store_number(field->type, value, ret);
	return 0;
}

static int read_bytes(const struct gate_field *field, const struct reader *piece, size_t length,
	void *ret, struct error *err)
{
	if (length_of(piece) != length)
		return refuse(field, err, "%zu bytes must stand here", length);
	if (field->type == GATE_FIELD_NONCE && !is_hex((const char *)piece->at, length))
		return refuse(field, err, "hex digits must stand here");
	memcpy(ret, piece->at, length);
	return 0;
}

static int read_one(
	const struct gate_field *field, struct reader *piece, void *object, struct error *err)
{
	char *at = (char *)object + field->offset;

	switch (field->type) {
	case GATE_FIELD_TEXT:
	case GATE_FIELD_UTF8:
	case GATE_FIELD_WORD:
	case GATE_FIELD_REASON:
	case GATE_FIELD_SHA256:
		return read_text(field, piece, (const char **)at, err);
	case GATE_FIELD_NONCE:
		return read_bytes(field, piece, GATE_NONCE_SIZE - 1, at, err);
	case GATE_FIELD_SIGNATURE:
		return read_bytes(field, piece, GATE_SIGNATURE_BYTES, at, err);
	case GATE_FIELD_LIST:
		return read_list(field, piece, (const char *const **)at, err);
	case GATE_FIELD_CONTENTS:
		return read_contents(field, piece, object, err);
	case GATE_FIELD_GROUP:
		return gate_field_read(
			piece->arena, field->fields, piece->at, length_of(piece), at, err);
	default:
		return read_number(field, piece, at, err);
	}
}

int gate_field_read(struct arena *arena, const struct gate_field *fields, const uint8_t *bytes,
	size_t length, void *ret, struct error *err)
{
	struct reader reader = {arena, bytes, bytes + length}, piece;

	for (const struct gate_field *field = fields; field->type != GATE_FIELD_END; field++) {
		int code;

		if (!take_piece(&reader, &piece))
			return refuse(field, err, "is missing or cut off");
		code = read_one(field, &piece, ret, err);
		if (code < 0)
			return code;
	}
	if (reader.at != reader.end) {
		error_set(err, ERROR_INVALID, "%zu bytes are left over", length_of(&reader));
		return error_field(err, "message");
	}
	return 0;
}
