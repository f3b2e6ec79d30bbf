/* Lines as wide as the terminal, broken where a reader expects it. */
#include "lib/base/text.h"
#include "lib/cli/cli_rooms.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define WIDTH_MIN 40 /* on less nothing is gained */

/* Wide punctuation that stands with what is before it. */
static const int32_t closing[] = {
	0x3001, 0x3002, 0x300B, 0x300D, 0x3011, 0xFF01, 0xFF09, 0xFF0C, 0xFF1A, 0xFF1B, 0xFF1F};

int fold_width(FILE *out)
{
	struct winsize size = {0};
	int fd = fileno(out);

	if (fd < 0 || !isatty(fd) || ioctl(fd, TIOCGWINSZ, &size) < 0 || size.ws_col < WIDTH_MIN)
		return 0;
	return size.ws_col;
}

static bool is_closing(int32_t c)
{
	for (size_t i = 0; i < sizeof(closing) / sizeof(closing[0]); i++)
		if (closing[i] == c)
			return true;
	return false;
}

static int columns_of(const char *text, size_t length)
{
	struct buf one = BUF_INIT;
	int columns;

	buf_add(&one, text, length);
	columns = text_columns(buf_text(&one));
	buf_done(&one);
	return columns;
}

/* Where the piece at text[at] ends: a word, or one wide character with what closes it (they stand
 * without spaces, so a line may end behind each). */
static size_t end_of_piece(const char *text, size_t length, size_t at)
{
	bool is_wide_piece = false;

	for (size_t next = at, start = at; next < length && text[next] != ' '; at = next) {
		int32_t c = text_next(text, length, &next);
		bool is_this_wide = columns_of(text + at, next - at) == 2;

		if (at > start && !is_closing(c) && (is_wide_piece || is_this_wide))
			return at;
		is_wide_piece = is_wide_piece || is_this_wide;
	}
	return at;
}

void fold_add(struct buf *out, const char *text, int column, int indent, int width)
{
	size_t length = strlen(text);
	int begin = column > indent ? column : indent;

	for (size_t at = 0; at < length;) {
		size_t blank = strspn(text + at, " ");
		size_t start = at + blank, end = end_of_piece(text, length, start);
		int columns = columns_of(text + start, end - start);

		if (column + (int)blank + columns > width && column > begin) {
			buf_add_format(out, "\n%*s", indent, "");
			column = begin = indent;
		} else {
			buf_add_format(out, "%*s", (int)blank, "");
			column += (int)blank;
		}
		buf_add(out, text + start, end - start);
		column += columns;
		at = end;
	}
}
