#include "change/gate/quote.h"

#include "lib/base/text.h"

static const char *short_escape(int32_t c)
{
	switch (c) {
	case '"':
		return "\\\"";
	case '\\':
		return "\\\\";
	case '\n':
		return "\\n";
	case '\r':
		return "\\r";
	case '\t':
		return "\\t";
	default:
		return NULL;
	}
}

void quote_add(struct buf *out, const char *bytes, size_t length)
{
	buf_add_char(out, '"');
	for (size_t at = 0; at < length;) {
		size_t start = at;
		int32_t c = text_next(bytes, length, &at);
		const char *escape = short_escape(c);

		if (c < 0)
			buf_add_text(out, "\xEF\xBF\xBD");
		else if (escape)
			buf_add_text(out, escape);
		else if (c < 0x20 || c == 0x7F || c == 0x2028 || c == 0x2029)
			buf_add_format(out, "\\u%04x", (unsigned)c);
		else
			buf_add(out, bytes + start, at - start);
	}
	buf_add_char(out, '"');
}

size_t quote_open_end(const char *bytes, size_t length)
{
	for (size_t back = 1; back <= 3 && back <= length; back++) {
		unsigned char c = (unsigned char)bytes[length - back];
		size_t need = c >= 0xF0 && c < 0xF8   ? 4
			      : c >= 0xE0 && c < 0xF0 ? 3
			      : c >= 0xC2 && c < 0xE0 ? 2
						      : 1;

		if ((c & 0xC0) != 0x80)
			return need > back ? back : 0;
	}
	return 0;
}
