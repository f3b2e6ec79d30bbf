#include "lib/base/log.h"

#include "lib/base/buf.h"
#include "lib/base/text.h"
#include "lib/base/time.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROOM_MAX      32
#define ROOM_NAME_MAX 24

struct room_level {
	char room[ROOM_NAME_MAX];
	enum log_level level;
};

struct levels {
	enum log_level others;
	struct room_level rooms[ROOM_MAX];
	size_t count;
};

static const char *const level_names[] = {"error", "warn", "info", "debug"};
static const int journal_levels[] = {3, 4, 6, 7};

static struct levels current = {.others = LOG_LEVEL_INFO};

static int parse_level(const char *word, size_t length, enum log_level *ret, struct error *err)
{
	for (int i = LOG_LEVEL_ERROR; i <= LOG_LEVEL_DEBUG; i++) {
		if (strlen(level_names[i]) == length && !strncmp(word, level_names[i], length)) {
			*ret = (enum log_level)i;
			return 0;
		}
	}
	error_set(err, ERROR_INVALID, "\"%.*s\" is not a log level", (int)length, word);
	error_field(err, "log");
	return error_remedy(err, "use error, warn, info or debug, as in info,executor=debug");
}

static int parse_part(const char *part, size_t length, struct levels *levels, struct error *err)
{
	const char *equals = memchr(part, '=', length);
	size_t name_length = equals ? (size_t)(equals - part) : 0;
	struct room_level *room = &levels->rooms[levels->count];
	int rc;

	if (!equals)
		return parse_level(part, length, &levels->others, err);
	if (levels->count == ROOM_MAX || name_length == 0 || name_length >= ROOM_NAME_MAX) {
		error_set(err, ERROR_INVALID, "\"%.*s\" does not name a room of the log",
			(int)length, part);
		return error_field(err, "log");
	}
	rc = parse_level(equals + 1, length - name_length - 1, &room->level, err);
	if (rc < 0)
		return rc;
	memcpy(room->room, part, name_length);
	room->room[name_length] = 0;
	levels->count++;
	return 0;
}

int log_configure(const char *levels, struct error *err)
{
	struct levels next = {.others = LOG_LEVEL_INFO};
	const char *at = levels;

	for (;;) {
		size_t length = strcspn(at, ",");
		int rc = parse_part(at, length, &next, err);

		if (rc < 0)
			return rc;
		if (!at[length])
			break;
		at += length + 1;
	}
	current = next;
	return 0;
}

int log_to_file(const char *path, struct error *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640);
	int rc = 0;

	if (fd < 0 || dup2(fd, STDERR_FILENO) < 0) {
		error_errno(err, ERROR_IO, "the log file cannot be opened");
		error_place(err, "%s", path);
		rc = error_remedy(
			err, "log-file names a file in a directory that the daemon may write");
	}
	if (fd >= 0)
		close(fd);
	return rc;
}

bool log_is_on(const char *room, enum log_level level)
{
	for (size_t i = 0; i < current.count; i++)
		if (!strcmp(current.rooms[i].room, room))
			return level <= current.rooms[i].level;
	return level <= current.others;
}

/* systemd says in JOURNAL_STREAM which stream it reads; only that one gets the <N> prefix. */
static bool is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat st;

	return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
	       !fstat(STDERR_FILENO, &st) && st.st_dev == device && st.st_ino == inode;
}

static void add_quoted(struct buf *line, const char *value)
{
	buf_add_char(line, '"');
	for (; *value; value++) {
		size_t length = strcspn(value, "\"\\");

		text_add_visible(line, value, length);
		value += length;
		if (!*value)
			break;
		buf_add_char(line, '\\');
		buf_add_char(line, *value);
	}
	buf_add_char(line, '"');
}

static void write_line(struct buf *line)
{
	size_t done = 0;

	while (done < line->length) {
		ssize_t wrote = write(STDERR_FILENO, line->bytes + done, line->length - done);

		if (wrote <= 0)
			break; /* nobody left to tell */
		done += (size_t)wrote;
	}
}

void log_event(enum log_level level, const char *room, const char *message, ...)
{
	struct buf line = BUF_INIT;
	char now[TIME_TEXT_SIZE];
	const char *key;
	va_list args;

	if (!log_is_on(room, level))
		return;
	if (is_journal())
		buf_add_format(&line, "<%d>", journal_levels[level]);
	buf_add_format(&line, "%s %s %s ", level_names[level],
		time_format(time_now_us(), now, sizeof(now)), room);
	text_add_visible(&line, message, strlen(message));
	va_start(args, message);
	while ((key = va_arg(args, const char *))) {
		const char *value = va_arg(args, const char *);

		if (!value)
			continue;
		buf_add_format(&line, " %s=", key);
		add_quoted(&line, value);
	}
	va_end(args);
	buf_add_char(&line, '\n');
	write_line(&line);
	buf_done(&line);
}
