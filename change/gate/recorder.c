#include "change/gate/recorder.h"

#include "change/gate/quote.h"
#include "change/gate/seal.h"
#include "lib/base/buf.h"
#include "lib/base/id.h"
#include "lib/base/secret.h"
#include "lib/base/time.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MASK_BYTES   4
#define SECRET_MAX   4096
#define PROMPT_BYTES 128 /* of the last line shown, where a prompt is looked for */
#define OPEN_MAX     4	 /* a character that is not whole yet */
#define WORD_MAX     4096

struct recorder {
	int fd;
	char path[PATH_MAX];
	int64_t began_ns;
	bool is_broken;
	uint64_t bytes;
	crypto_hash_sha256_state hash;
	struct buf line;
	char open_output[OPEN_MAX];
	size_t open_length;
	/* masking */
	unsigned char key[crypto_generichash_KEYBYTES];
	char shown[PROMPT_BYTES]; /* the end of the last line */
	size_t shown_length;
	struct buf secret;
	bool is_secret; /* what is typed is held back until its line ends */
	bool is_masked;
	struct buf word; /* of what is shown, held back until it ends */
};

/* File. */

static bool append(struct recorder *recorder)
{
	const char *at = buf_text(&recorder->line);
	size_t left = recorder->line.length;

	crypto_hash_sha256_update(&recorder->hash, (const unsigned char *)at, left);
	while (left && !recorder->is_broken) {
		ssize_t done = write(recorder->fd, at, left);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0) {
			recorder->is_broken = true;
			break;
		}
		at += done;
		left -= (size_t)done;
		recorder->bytes += (uint64_t)done;
	}
	return !recorder->is_broken;
}

static bool add_event(struct recorder *recorder, char kind, const char *bytes, size_t length)
{
	int64_t us = (time_mono_ns() - recorder->began_ns) / 1000;

	if (recorder->is_broken)
		return false;
	buf_clear(&recorder->line);
	buf_add_format(&recorder->line, "[%lld.%06lld, \"%c\", ", (long long)(us / 1000000),
		(long long)(us % 1000000), kind);
	quote_add(&recorder->line, bytes, length);
	buf_add_text(&recorder->line, "]\n");
	return append(recorder);
}

/* Masking. */

static void add_mask(const struct recorder *recorder, struct buf *out, const struct buf *secret)
{
	unsigned char digest[crypto_generichash_BYTES_MIN];
	char hex[2 * MASK_BYTES + 1];

	crypto_generichash(digest, sizeof(digest), (const unsigned char *)buf_text(secret),
		secret->length, recorder->key, sizeof(recorder->key));
	sodium_bin2hex(hex, sizeof(hex), digest, MASK_BYTES);
	buf_add_format(out, "<masked:%s>", hex);
}

static void forget(struct buf *secret)
{
	if (secret->bytes)
		sodium_memzero(secret->bytes, secret->capacity);
	buf_clear(secret);
}

/* The held word as it may be seen. */
static void end_word(struct recorder *recorder, struct buf *out)
{
	if (secret_is_likely(buf_text(&recorder->word), recorder->word.length, false))
		add_mask(recorder, out, &recorder->word);
	else
		buf_add(out, buf_text(&recorder->word), recorder->word.length);
	forget(&recorder->word);
}

/* Words end at blanks, quotes and everything that acts on a terminal. */
static bool is_word_end(char c)
{
	return (unsigned char)c <= ' ' || c == '"' || c == '\'' || c == 0x7F;
}

static void mask_words(struct recorder *recorder, const char *bytes, size_t length, struct buf *out)
{
	for (size_t i = 0; i < length; i++) {
		bool is_end = is_word_end(bytes[i]);

		if (is_end || recorder->word.length == WORD_MAX)
			end_word(recorder, out);
		if (is_end)
			buf_add_char(out, bytes[i]);
		else
			buf_add_char(&recorder->word, bytes[i]);
	}
}

/* Header. */

static void add_command(struct recorder *recorder, const char *command, struct buf *out)
{
	struct buf shown = BUF_INIT;

	if (recorder->is_masked) {
		mask_words(recorder, command, strlen(command), &shown);
		end_word(recorder, &shown);
	} else {
		buf_add_text(&shown, command);
	}
	buf_add_text(out, ", \"command\": ");
	quote_add(out, buf_text(&shown), shown.length);
	buf_done(&shown);
}

static void add_member(struct buf *out, const char *before, const char *name, const char *value)
{
	if (!value)
		return;
	buf_add_format(out, "%s\"%s\": ", before, name);
	quote_add(out, value, strlen(value));
}

static bool add_header(struct recorder *recorder, const struct recorder_options *options)
{
	struct buf *line = &recorder->line;

	buf_add_format(line, "{\"version\": 2, \"width\": %u, \"height\": %u, \"timestamp\": %lld",
		options->columns, options->rows, (long long)(time_now_us() / 1000000));
	if (options->command)
		add_command(recorder, options->command, line);
	if (options->term || options->shell) {
		buf_add_text(line, ", \"env\": {");
		add_member(line, "", "SHELL", options->shell);
		add_member(line, options->shell ? ", " : "", "TERM", options->term);
		buf_add_char(line, '}');
	}
	add_member(line, ", \"rcm\": {", "change", options->change);
	add_member(line, ", ", "run", options->run);
	add_member(line, ", ", "host", options->host);
	buf_add_text(line, "}}\n");
	return append(recorder);
}

static int make_folders(const char *path)
{
	char part[PATH_MAX];

	if (snprintf(part, sizeof(part), "%s", path) >= (int)sizeof(part))
		return -1;
	for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		if (mkdir(part, 0700) < 0 && errno != EEXIST)
			return -1;
		*slash = '/';
	}
	return mkdir(part, 0700) < 0 && errno != EEXIST ? -1 : 0;
}

static int open_folder(const char *path, int *ret_fd, struct error *err)
{
	struct stat state;
	int fd;

	if (make_folders(path) < 0)
		return error_errno(err, ERROR_IO, path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &state) < 0) {
		error_errno(err, ERROR_IO, path);
		if (fd >= 0)
			close(fd);
		return err->code;
	}
	if (state.st_uid != geteuid() || (state.st_mode & 077)) {
		close(fd);
		error_set(err, ERROR_FORBIDDEN,
			"the folder of recordings %s is not this account's alone", path);
		return error_remedy(
			err, "chown it to uid %u and chmod it 0700", (unsigned)geteuid());
	}
	*ret_fd = fd;
	return 0;
}

static int open_file(
	struct recorder *recorder, const struct recorder_options *options, struct error *err)
{
	char name[NAME_MAX], id[ID_SIZE];
	int folder = -1, code = open_folder(options->folder, &folder, err);

	if (code < 0)
		return code;
	id_new(id);
	snprintf(name, sizeof(name), "%.100s%s%s.cast", options->run, options->run[0] ? "-" : "",
		id);
	for (char *c = name; *c; c++)
		if (*c == '/')
			*c = '_';
	snprintf(recorder->path, sizeof(recorder->path), "%.3800s/%s", options->folder, name);
	recorder->fd = openat(folder, name,
		O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (recorder->fd < 0)
		code = error_errno(err, ERROR_IO, recorder->path);
	close(folder);
	return code;
}

int recorder_open(const struct recorder_options *options, struct recorder **ret, struct error *err)
{
	struct recorder *recorder = calloc(1, sizeof(*recorder));
	int code;

	if (!recorder)
		return error_set(err, ERROR_NO_MEMORY, "no memory for a recording");
	crypto_hash_sha256_init(&recorder->hash);
	id_random(recorder->key, sizeof(recorder->key));
	recorder->fd = -1;
	recorder->is_masked = options->is_masked;
	recorder->began_ns = time_mono_ns();
	code = open_file(recorder, options, err);
	if (code == 0 && !add_header(recorder, options))
		code = error_errno(err, ERROR_IO, recorder->path);
	if (code < 0) {
		recorder_free(recorder);
		return code;
	}
	*ret = recorder;
	return 0;
}

void recorder_free(struct recorder *recorder)
{
	if (!recorder)
		return;
	if (recorder->fd >= 0)
		close(recorder->fd);
	forget(&recorder->secret);
	forget(&recorder->word);
	buf_done(&recorder->secret);
	buf_done(&recorder->word);
	buf_done(&recorder->line);
	free(recorder);
}

/* Shown. */

/* Keeps the end of the line on which the cursor stands. */
static void remember_line(struct recorder *recorder, const char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (bytes[i] == '\n' || bytes[i] == '\r')
			recorder->shown_length = 0;
		else if (recorder->shown_length < PROMPT_BYTES)
			recorder->shown[recorder->shown_length++] = bytes[i];
		else {
			memmove(recorder->shown, recorder->shown + 1, PROMPT_BYTES - 1);
			recorder->shown[PROMPT_BYTES - 1] = bytes[i];
		}
	}
}

/* Does the line end as a question for a secret does: "Password: ", "Enter PIN for key:"? */
static bool is_asking_for_secret(const struct recorder *recorder)
{
	static const char *const words[] = {
		"password", "passphrase", "passwd", "pin ", "pin:", "secret", "token", "密码"};
	char line[PROMPT_BYTES + 1];
	size_t length = recorder->shown_length;

	for (size_t i = 0; i < length; i++)
		line[i] = (char)tolower((unsigned char)recorder->shown[i]);
	while (length && line[length - 1] == ' ')
		length--;
	if (!length || (line[length - 1] != ':' && line[length - 1] != '?' &&
			       (length < 3 || memcmp(line + length - 3, "：", 3) != 0)))
		return false;
	line[length] = 0;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strstr(line, words[i]))
			return true;
	return false;
}

bool recorder_output(struct recorder *recorder, const char *bytes, size_t length)
{
	struct buf all = BUF_INIT;
	size_t open;
	bool is_written;

	remember_line(recorder, bytes, length);
	buf_add(&all, recorder->open_output, recorder->open_length);
	if (recorder->is_masked)
		mask_words(recorder, bytes, length, &all);
	else
		buf_add(&all, bytes, length);
	buf_reserve(&all, 0);
	open = quote_open_end(all.bytes, all.length);
	memcpy(recorder->open_output, all.bytes + all.length - open, open);
	recorder->open_length = open;
	is_written = all.length == open ? !recorder->is_broken
					: add_event(recorder, 'o', all.bytes, all.length - open);
	buf_done(&all);
	return is_written;
}

/* What was held back, whatever would have followed. */
static void end_output(struct recorder *recorder)
{
	struct buf text = BUF_INIT;

	buf_add(&text, recorder->open_output, recorder->open_length);
	end_word(recorder, &text);
	recorder->open_length = 0;
	if (text.length)
		add_event(recorder, 'o', text.bytes, text.length);
	buf_done(&text);
}

/* Typed. */

static void end_secret(struct recorder *recorder, const char *after, size_t after_length)
{
	struct buf text = BUF_INIT;

	add_mask(recorder, &text, &recorder->secret);
	buf_add(&text, after, after_length);
	add_event(recorder, 'i', text.bytes, text.length);
	buf_done(&text);
	forget(&recorder->secret);
	recorder->is_secret = false;
}

/* The bytes of the line that ends a secret, or all there are. Returns how many it took. */
static size_t take_secret(struct recorder *recorder, const char *bytes, size_t length)
{
	size_t end = 0;

	while (end < length && bytes[end] != '\r' && bytes[end] != '\n')
		end++;
	if (recorder->secret.length < SECRET_MAX)
		buf_add(&recorder->secret, bytes, end);
	if (end == length)
		return length;
	recorder->shown_length = 0;
	end_secret(recorder, bytes + end, 1);
	return end + 1;
}

bool recorder_input(struct recorder *recorder, const char *bytes, size_t length, bool is_hidden)
{
	while (length && !recorder->is_broken) {
		size_t taken = length;

		if (!recorder->is_secret)
			recorder->is_secret = is_hidden || is_asking_for_secret(recorder);
		if (recorder->is_secret)
			taken = take_secret(recorder, bytes, length);
		else
			add_event(recorder, 'i', bytes, length);
		bytes += taken;
		length -= taken;
	}
	return !recorder->is_broken;
}

bool recorder_window(struct recorder *recorder, unsigned columns, unsigned rows)
{
	char text[32];
	int length = snprintf(text, sizeof(text), "%ux%u", columns, rows);

	return add_event(recorder, 'r', text, (size_t)length);
}

bool recorder_mark(struct recorder *recorder, const char *format, ...)
{
	struct buf text = BUF_INIT;
	va_list args;
	bool is_written;

	va_start(args, format);
	buf_add_vformat(&text, format, args);
	va_end(args);
	is_written = add_event(recorder, 'm', buf_text(&text), text.length);
	buf_done(&text);
	return is_written;
}

void recorder_end(struct recorder *recorder, struct recorder_sum *ret)
{
	uint8_t digest[SEAL_SHA256_BYTES];

	end_output(recorder);
	if (recorder->is_secret)
		end_secret(recorder, "", 0);
	if (recorder->fd >= 0 && fsync(recorder->fd) < 0)
		recorder->is_broken = true;
	if (recorder->fd >= 0 && close(recorder->fd) < 0)
		recorder->is_broken = true;
	recorder->fd = -1;
	crypto_hash_sha256_final(&recorder->hash, digest);
	ret->path = recorder->path;
	seal_hex(digest, ret->sha256);
	ret->bytes = recorder->bytes;
	ret->is_whole = !recorder->is_broken;
}
