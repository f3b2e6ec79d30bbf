/* The spool of a host's gate: lines of canonical JSON, each flushed before it counts. */
#include "change/decision/gate_spool.h"

#include "lib/base/buf.h"
#include "lib/base/canonical.h"
#include "lib/base/digest.h"
#include "lib/base/json.h"
#include "lib/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct gate_spool {
	char path[512], taken_path[540];
	int fd;
	char chain[ID_SIZE];
	int64_t seq; /* of the last record */
	char prev[DIGEST_TEXT_SIZE];
	struct buf waiting; /* lines that were not taken yet */
	char *first;	    /* a copy of the first of them, or NULL */
	int64_t taken;	    /* number of the last that was */
};

static int fail(struct gate_spool *spool, const char *what, struct error *err)
{
	error_errno(err, ERROR_IO, what);
	return error_place(err, "%s", spool->path);
}

static void digest_line(const char *line, size_t length, char ret[static DIGEST_TEXT_SIZE])
{
	struct digest digest;

	digest_of(line, length, &digest);
	digest_text(&digest, ret);
}

static void set_first(struct gate_spool *spool)
{
	const char *end = spool->waiting.length
				  ? memchr(spool->waiting.bytes, '\n', spool->waiting.length)
				  : NULL;

	free(spool->first);
	spool->first =
		end ? strndup(spool->waiting.bytes, (size_t)(end - spool->waiting.bytes)) : NULL;
}

/* --- reading what is there --- */

static int tampered(struct gate_spool *spool, int64_t line, const char *what, struct error *err)
{
	error_set(err, ERROR_TAMPERED, "the gate's spool %s", what);
	error_place(err, "%s:%lld", spool->path, (long long)line);
	return error_remedy(err, "keep the file as evidence, and start with an empty one");
}

static int check_line(struct gate_spool *spool, const char *line, size_t length, int64_t number,
	struct error *err)
{
	json_t *record = NULL;
	const char *chain, *prev;
	int rc = canonical_parse(line, length, JSON_DEPTH_MAX, &record, NULL);

	if (rc < 0)
		return tampered(spool, number, "holds what is no record", err);
	chain = json_string_value(json_object_get(record, "chain"));
	prev = json_string_value(json_object_get(record, "prev"));
	if (!chain || !id_is_valid(chain) || !prev || strcmp(prev, spool->prev) != 0 ||
		json_integer_value(json_object_get(record, "seq")) != spool->seq + 1 ||
		(*spool->chain && strcmp(chain, spool->chain) != 0))
		rc = tampered(spool, number, "does not hold together here", err);
	if (rc >= 0) {
		memcpy(spool->chain, chain, ID_SIZE);
		spool->seq++;
		digest_line(line, length, spool->prev);
		if (spool->seq > spool->taken) {
			buf_add(&spool->waiting, line, length);
			buf_add_char(&spool->waiting, '\n');
		}
	}
	json_decref(record);
	return rc < 0 ? rc : 0;
}

/* A last line without its end was being written when the host stopped: it allowed nothing. */
static int read_lines(struct gate_spool *spool, struct buf *text, struct error *err)
{
	const char *at = buf_text(text), *end;
	int64_t number = 0;
	int rc = 0;

	while (rc >= 0 && (end = strchr(at, '\n'))) {
		rc = check_line(spool, at, (size_t)(end - at), ++number, err);
		at = end + 1;
	}
	if (rc < 0)
		return rc;
	if (*at && ftruncate(spool->fd, at - buf_text(text)) < 0)
		return fail(spool, "the gate's spool cannot be cut", err);
	return 0;
}

static int read_all(int fd, struct buf *ret)
{
	char bytes[65536];
	ssize_t got;

	while ((got = read(fd, bytes, sizeof(bytes))) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		buf_add(ret, bytes, (size_t)got);
	}
	return 0;
}

static void read_taken(struct gate_spool *spool)
{
	FILE *file = fopen(spool->taken_path, "re");
	long long taken = 0;

	if (file && fscanf(file, "%lld", &taken) == 1)
		spool->taken = taken;
	if (file)
		fclose(file);
}

int gate_spool_open(const char *path, struct gate_spool **ret, struct error *err)
{
	struct gate_spool *spool = calloc(1, sizeof(*spool));
	struct buf text = BUF_INIT;
	int rc;

	if (!spool)
		abort();
	snprintf(spool->path, sizeof(spool->path), "%s", path);
	snprintf(spool->taken_path, sizeof(spool->taken_path), "%s.taken", path);
	spool->fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (spool->fd < 0 || read_all(spool->fd, &text) < 0)
		rc = fail(spool, "the gate's spool cannot be opened", err);
	else {
		read_taken(spool);
		rc = read_lines(spool, &text, err);
	}
	buf_done(&text);
	if (rc < 0) {
		gate_spool_close(spool);
		return rc;
	}
	if (!*spool->chain)
		id_new(spool->chain);
	set_first(spool);
	*ret = spool;
	return 0;
}

void gate_spool_close(struct gate_spool *spool)
{
	if (!spool)
		return;
	if (spool->fd >= 0)
		close(spool->fd);
	buf_done(&spool->waiting);
	free(spool->first);
	free(spool);
}

/* --- writing --- */

static int write_line(struct gate_spool *spool, const struct buf *line, struct error *err)
{
	off_t before = lseek(spool->fd, 0, SEEK_END);
	ssize_t wrote = write(spool->fd, line->bytes, line->length);

	if (wrote == (ssize_t)line->length && fsync(spool->fd) == 0)
		return 0;
	fail(spool, "the gate's spool cannot be written", err);
	/* Half a line would break the chain of what follows. */
	if (before < 0 || ftruncate(spool->fd, before) < 0)
		return err->code;
	return err->code;
}

int gate_spool_add(
	struct gate_spool *spool, const char *kind, const json_t *what, struct error *err)
{
	json_t *record = json_deep_copy(what);
	struct buf line = BUF_INIT;
	int rc;

	json_set_text(record, "chain", spool->chain);
	json_set_int(record, "seq", spool->seq + 1);
	json_set_text(record, "prev", spool->prev);
	json_set_text(record, "kind", kind);
	rc = canonical_add(&line, record, err);
	if (rc >= 0 && line.length > SPOOL_RECORD_MAX)
		rc = error_set(err, ERROR_TOO_LARGE, "the record is too long");
	if (rc >= 0) {
		buf_add_char(&line, '\n');
		rc = write_line(spool, &line, err);
	}
	if (rc >= 0) {
		spool->seq++;
		digest_line(line.bytes, line.length - 1, spool->prev);
		buf_add(&spool->waiting, line.bytes, line.length);
		if (!spool->first)
			set_first(spool);
	}
	json_decref(record);
	buf_done(&line);
	return rc < 0 ? rc : 0;
}

const char *gate_spool_first(const struct gate_spool *spool)
{
	return spool->first;
}

int gate_spool_taken(struct gate_spool *spool, struct error *err)
{
	char text[32], temporary[560];
	int length = snprintf(text, sizeof(text), "%lld\n", (long long)spool->taken + 1);
	int fd;

	snprintf(temporary, sizeof(temporary), "%s.new", spool->taken_path);
	fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return fail(spool, "what was taken cannot be noted", err);
	if (write(fd, text, (size_t)length) != length || fsync(fd) < 0) {
		close(fd);
		return fail(spool, "what was taken cannot be noted", err);
	}
	close(fd);
	if (rename(temporary, spool->taken_path) < 0)
		return fail(spool, "what was taken cannot be noted", err);
	spool->taken++;
	buf_drop(&spool->waiting, strlen(spool->first) + 1);
	set_first(spool);
	return 0;
}
