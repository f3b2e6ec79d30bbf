#include "lib/cli/cli_rooms.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static void add_escaped(struct buf *out, const char *text)
{
	for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
		if (isalnum(*c) || strchr("-._~", *c))
			buf_add_char(out, (char)*c);
		else
			buf_add_format(out, "%%%02X", *c);
	}
}

/* The conversions that paths need. Anything else is a mistake of the program. */
static const char *add_conversion(struct buf *out, const char *at, va_list *args)
{
	if (*at == '%') {
		buf_add_char(out, '%');
		return at + 1;
	}
	if (*at == 's') {
		add_escaped(out, va_arg(*args, const char *));
		return at + 1;
	}
	if (*at == 'd') {
		buf_add_format(out, "%d", va_arg(*args, int));
		return at + 1;
	}
	if (*at == 'u') {
		buf_add_format(out, "%u", va_arg(*args, unsigned));
		return at + 1;
	}
	if (!strncmp(at, "zu", 2)) {
		buf_add_format(out, "%zu", va_arg(*args, size_t));
		return at + 2;
	}
	if (!strncmp(at, "ld", 2)) {
		buf_add_format(out, "%ld", va_arg(*args, long));
		return at + 2;
	}
	if (!strncmp(at, "lld", 3)) {
		buf_add_format(out, "%lld", va_arg(*args, long long));
		return at + 3;
	}
	abort();
}

char *path_format(struct arena *arena, const char *format, va_list args)
{
	struct buf out = BUF_INIT;
	va_list copy;
	char *path;

	va_copy(copy, args);
	for (const char *at = format; *at;) {
		size_t plain = strcspn(at, "%");

		buf_add(&out, at, plain);
		at += plain;
		if (*at)
			at = add_conversion(&out, at + 1, &copy);
	}
	va_end(copy);
	path = arena_text(arena, buf_text(&out));
	buf_done(&out);
	return path;
}

char *cli_path(struct cli *cli, const char *format, ...)
{
	va_list args;
	char *path;

	va_start(args, format);
	path = path_format(&cli->arena, format, args);
	va_end(args);
	return path;
}
