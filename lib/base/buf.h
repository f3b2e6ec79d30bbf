/* A byte buffer that grows. Always NUL-terminated behind `length`; the owner calls buf_done. */
#ifndef RB_BASE_BUF_H
#define RB_BASE_BUF_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
	char *bytes; /* NULL until the first byte; then bytes[length] == 0 */
	size_t length;
	size_t capacity;
};

#define BUF_INIT ((struct buf){0})

void buf_init(struct buf *buf);
void buf_done(struct buf *buf);
void buf_clear(struct buf *buf); /* keeps the memory */
void buf_reserve(struct buf *buf, size_t more);
void buf_add(struct buf *buf, const void *bytes, size_t length);
void buf_add_text(struct buf *buf, const char *text);
void buf_add_char(struct buf *buf, char c);
void buf_add_int(struct buf *buf, int64_t value); /* its decimal digits */
void buf_add_format(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_add_vformat(struct buf *buf, const char *format, va_list args);
/* Forgets the first `length` bytes. */
void buf_drop(struct buf *buf, size_t length);
/* "" when empty. Borrowed until the next change. */
const char *buf_text(const struct buf *buf);
/* Hands the bytes to the caller (free()); the buffer is empty again. Never NULL. */
char *buf_take(struct buf *buf, size_t *ret_length);

#endif
