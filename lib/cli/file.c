#include "lib/cli/cli_rooms.h"

#include <stdio.h>
#include <string.h>

int cli_read_file(struct cli *cli, const char *path, size_t max_bytes, const char **ret,
	size_t *ret_length, struct error *err)
{
	FILE *file = fopen(path, "re");
	struct buf text = BUF_INIT;
	char block[16384];
	size_t count;
	bool failed;

	if (!file) {
		error_errno(err, ERROR_USAGE, "the file cannot be opened");
		return error_place(err, "%s", path);
	}
	while (text.length <= max_bytes && (count = fread(block, 1, sizeof(block), file)) > 0)
		buf_add(&text, block, count);
	failed = ferror(file);
	fclose(file);
	if (failed || text.length > max_bytes) {
		error_set(err, ERROR_USAGE,
			failed ? "the file cannot be read" : "the file is larger than %zu bytes",
			max_bytes);
		buf_done(&text);
		return error_place(err, "%s", path);
	}
	*ret = arena_text_n(&cli->arena, buf_text(&text), text.length);
	if (ret_length)
		*ret_length = text.length;
	buf_done(&text);
	return 0;
}

int cli_read_text(
	struct cli *cli, const char *path, size_t max_bytes, const char **ret, struct error *err)
{
	size_t length;
	int rc = cli_read_file(cli, path, max_bytes, ret, &length, err);

	if (rc < 0 || !memchr(*ret, 0, length))
		return rc;
	error_set(err, ERROR_USAGE, "the file is no text: it holds a NUL byte");
	return error_place(err, "%s", path);
}
