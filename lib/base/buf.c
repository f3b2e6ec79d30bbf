#include "lib/base/buf.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buf_init(struct buf *buf)
{
	*buf = BUF_INIT;
}

void buf_done(struct buf *buf)
{
	free(buf->bytes);
	*buf = BUF_INIT;
}

void buf_clear(struct buf *buf)
{
	buf->length = 0;
	if (buf->bytes)
		buf->bytes[0] = 0;
}

void buf_reserve(struct buf *buf, size_t more)
{
	size_t need, capacity;

	if (more > SIZE_MAX / 4 || buf->length > SIZE_MAX / 4)
		abort();
	need = buf->length + more + 1;
	if (need <= buf->capacity)
		return;
	capacity = buf->capacity ? buf->capacity : 64;
	while (capacity < need)
		capacity *= 2;
	buf->bytes = realloc(buf->bytes, capacity);
	if (!buf->bytes)
		abort();
	buf->capacity = capacity;
	buf->bytes[buf->length] = 0;
}

void buf_add(struct buf *buf, const void *bytes, size_t length)
{
	buf_reserve(buf, length);
	if (length)
		memcpy(buf->bytes + buf->length, bytes, length);
	buf->length += length;
	buf->bytes[buf->length] = 0;
}

void buf_add_text(struct buf *buf, const char *text)
{
	buf_add(buf, text, strlen(text));
}

void buf_add_char(struct buf *buf, char c)
{
	buf_add(buf, &c, 1);
}

void buf_add_int(struct buf *buf, int64_t value)
{
	char digits[24];
	size_t at = sizeof(digits);
	uint64_t left = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

	do {
		digits[--at] = (char)('0' + left % 10);
		left /= 10;
	} while (left);
	if (value < 0)
		digits[--at] = '-';
	buf_add(buf, digits + at, sizeof(digits) - at);
}

void buf_add_format(struct buf *buf, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	buf_add_vformat(buf, format, args);
	va_end(args);
}

void buf_add_vformat(struct buf *buf, const char *format, va_list args)
{
	size_t room = buf->capacity - buf->length;
	va_list again;
	int length;

	/* What is there mostly suffices: formatting is the dearer part. */
	va_copy(again, args);
	length = vsnprintf(
		buf->bytes ? buf->bytes + buf->length : NULL, buf->bytes ? room : 0, format, again);
	va_end(again);
	if (length < 0)
		abort();
	if (!buf->bytes || (size_t)length >= room) {
		buf_reserve(buf, (size_t)length);
		vsnprintf(buf->bytes + buf->length, (size_t)length + 1, format, args);
	}
	buf->length += (size_t)length;
}

void buf_drop(struct buf *buf, size_t length)
{
	if (length >= buf->length) {
		buf_clear(buf);
		return;
	}
	memmove(buf->bytes, buf->bytes + length, buf->length - length + 1);
	buf->length -= length;
}

const char *buf_text(const struct buf *buf)
{
	return buf->bytes ? buf->bytes : "";
}

char *buf_take(struct buf *buf, size_t *ret_length)
{
	char *bytes;

	buf_reserve(buf, 0);
	bytes = buf->bytes;
	if (ret_length)
		*ret_length = buf->length;
	*buf = BUF_INIT;
	return bytes;
}
