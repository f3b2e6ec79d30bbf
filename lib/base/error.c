#include "lib/base/error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct error_row {
	const char *word;
	int http;
	int exit_code;
};

static const struct error_row error_rows[] = {{"ok", 200, 0},
#define X(name, word, http, exit_code) {word, http, exit_code},
	ERROR_TABLE(X)
#undef X
};

#define ERROR_ROWS ((int)(sizeof(error_rows) / sizeof(error_rows[0])))

static const struct error_row *find_row(int code)
{
	if (code > 0 || code <= -ERROR_ROWS)
		code = ERROR_INTERNAL;
	return &error_rows[-code];
}

/* A cut in the middle of a character would make the whole text invalid UTF-8. */
static void drop_broken_end(char *text, size_t length)
{
	size_t start = length, need;
	unsigned char lead;

	while (start > 0 && length - start < 4 && ((unsigned char)text[start - 1] & 0xC0) == 0x80)
		start--;
	if (start == 0)
		return;
	lead = (unsigned char)text[start - 1];
	need = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
	if (length - (start - 1) < need)
		text[start - 1] = 0;
}

__attribute__((format(printf, 3, 0))) static void format_into(
	char *text, size_t size, const char *format, va_list args)
{
	int length = vsnprintf(text, size, format, args);

	if (length < 0)
		text[0] = 0;
	else if ((size_t)length >= size)
		drop_broken_end(text, size - 1);
}

int error_set(struct error *err, int code, const char *format, ...)
{
	va_list args;

	if (!err)
		return code;
	error_clear(err);
	err->code = code;
	va_start(args, format);
	format_into(err->message, sizeof(err->message), format, args);
	va_end(args);
	return code;
}

/* clang-format off */
#define DEFINE_ADD(name)                                                       \
	int error_##name(struct error *err, const char *format, ...)           \
	{                                                                      \
		va_list args;                                                  \
                                                                               \
		if (!err)                                                      \
			return ERROR_INTERNAL;                                 \
		va_start(args, format);                                        \
		format_into(err->name, sizeof(err->name), format, args);       \
		va_end(args);                                                  \
		return err->code;                                              \
	}
/* clang-format on */

DEFINE_ADD(field)
DEFINE_ADD(place)
DEFINE_ADD(remedy)

int error_prefix(struct error *err, const char *format, ...)
{
	char before[sizeof(err->message)];
	size_t length, room;
	va_list args;

	if (!err)
		return ERROR_INTERNAL;
	va_start(args, format);
	format_into(before, sizeof(before) - 2, format, args);
	va_end(args);
	strcat(before, ": ");
	length = strlen(before);
	room = sizeof(err->message) - length;
	if (strlen(err->message) >= room) {
		err->message[room - 1] = 0;
		drop_broken_end(err->message, room - 1);
	}
	memmove(err->message + length, err->message, strlen(err->message) + 1);
	memcpy(err->message, before, length);
	return err->code;
}

int error_errno(struct error *err, int code, const char *what)
{
	char reason[128];
	int number = errno;

	return error_set(err, code, "%s: %s", what, strerror_r(number, reason, sizeof(reason)));
}

void error_clear(struct error *err)
{
	if (!err)
		return;
	err->code = 0;
	err->message[0] = 0;
	err->field[0] = 0;
	err->place[0] = 0;
	err->remedy[0] = 0;
}

const char *error_word(int code)
{
	return find_row(code)->word;
}

int error_http(int code)
{
	return find_row(code)->http;
}

int error_exit(int code)
{
	return find_row(code)->exit_code;
}

int error_from_word(const char *word)
{
	for (int i = 1; word && i < ERROR_ROWS; i++)
		if (!strcmp(word, error_rows[i].word))
			return -i;
	return ERROR_INTERNAL;
}
