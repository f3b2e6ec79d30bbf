#include "change/gate/recorder.h"

#include "check_main.h"
#include "lib/base/buf.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/rb-recorder-XXXXXX";

static struct recorder *open_one(bool is_masked)
{
	struct recorder_options options = {.change = "CHG-7",
		.run = "R/1",
		.host = "host:x",
		.command = "psql -W",
		.is_masked = is_masked};
	struct recorder *recorder;
	struct error err = ERROR_INIT;
	char path[64];

	ck_assert_ptr_nonnull(mkdtemp(strcpy(folder, "/tmp/rb-recorder-XXXXXX")));
	snprintf(path, sizeof(path), "%s/a/b", folder);
	options.folder = path;
	ck_assert_msg(recorder_open(&options, &recorder, &err) == 0, "%s", err.message);
	return recorder;
}

/* Ends it, checks what END would say, removes the file. */
static void end_one(struct recorder *recorder, struct buf *ret)
{
	unsigned char digest[crypto_hash_sha256_BYTES];
	char hex[2 * sizeof(digest) + 1], bytes[65536], path[64];
	struct recorder_sum sum;
	struct stat state;
	FILE *file;

	recorder_end(recorder, &sum);
	file = fopen(sum.path, "r");
	ck_assert_ptr_nonnull(file);
	buf_add(ret, bytes, fread(bytes, 1, sizeof(bytes), file));
	fclose(file);
	ck_assert(stat(sum.path, &state) == 0 && (state.st_mode & 0777) == 0600);
	crypto_hash_sha256(digest, (const unsigned char *)ret->bytes, ret->length);
	sodium_bin2hex(hex, sizeof(hex), digest, sizeof(digest));
	ck_assert_str_eq(hex, sum.sha256);
	ck_assert_uint_eq(sum.bytes, ret->length);
	ck_assert(sum.is_whole);
	unlink(sum.path);
	recorder_free(recorder);
	snprintf(path, sizeof(path), "%s/a/b", folder);
	rmdir(path);
	snprintf(path, sizeof(path), "%s/a", folder);
	rmdir(path);
	rmdir(folder);
}

static size_t count_of(const struct buf *text, const char *what)
{
	size_t count = 0;

	for (const char *at = text->bytes; (at = strstr(at, what)); at++)
		count++;
	return count;
}

static void type(struct recorder *recorder, const char *text, bool is_hidden)
{
	ck_assert(recorder_input(recorder, text, strlen(text), is_hidden));
}

static void show(struct recorder *recorder, const char *text)
{
	ck_assert(recorder_output(recorder, text, strlen(text)));
}

START_TEST(a_secret_is_held_back_to_the_end_of_its_line)
{
	struct recorder *recorder = open_one(false);
	struct buf text = BUF_INIT;

	show(recorder, "\r\nPassword: ");
	type(recorder, "hun", false);
	type(recorder, "ter2\rls\r", false);
	show(recorder, "$ ");
	type(recorder, "plain\r", false);
	type(recorder, "hunter2\rhunter2\r", true);
	type(recorder, "unfinished", true);
	end_one(recorder, &text);
	ck_assert_uint_eq(count_of(&text, "hun"), 0);
	ck_assert_uint_eq(count_of(&text, "unfinished"), 0);
	ck_assert_uint_eq(count_of(&text, "<masked:"), 4);
	ck_assert_uint_eq(count_of(&text, "\"plain\\r\""), 1);
	ck_assert_uint_eq(count_of(&text, "\"ls\\r\""), 1);
	buf_done(&text);
}
END_TEST

START_TEST(what_asks_for_a_secret_is_known_by_its_end)
{
	static const struct {
		const char *prompt;
		bool is_secret;
	} rows[] = {{"[sudo] password for bob: ", true}, {"Enter passphrase for key 'x':", true},
		{"密码：", true}, {"API token? ", true}, {"password changed\r\n$ ", false},
		{"passwords are bad. name", false}, {"Name: ", false}, {"", false}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct recorder *recorder = open_one(false);
		struct buf text = BUF_INIT;

		show(recorder, rows[i].prompt);
		type(recorder, "typed\r", false);
		end_one(recorder, &text);
		ck_assert_msg(count_of(&text, "typed") == !rows[i].is_secret, "%s", rows[i].prompt);
		buf_done(&text);
	}
}
END_TEST

START_TEST(likely_credentials_are_masked_whole_however_they_come)
{
	static const char secret[] = "AKIAABCDEFGHIJKLMNOP";
	struct recorder *recorder = open_one(true);
	struct buf text = BUF_INIT;

	for (size_t i = 0; secret[i]; i++)
		ck_assert(recorder_output(recorder, secret + i, 1));
	show(recorder, "\r\nkey=\"");
	show(recorder, secret);
	end_one(recorder, &text);
	ck_assert_uint_eq(count_of(&text, secret), 0);
	ck_assert_uint_eq(count_of(&text, "<masked:"), 2);
	buf_done(&text);
}
END_TEST

START_TEST(the_header_names_change_run_and_host)
{
	struct recorder *recorder = open_one(false);
	struct buf text = BUF_INIT;

	ck_assert(recorder_window(recorder, 80, 24));
	ck_assert(recorder_mark(recorder, "end %d", 3));
	end_one(recorder, &text);
	ck_assert_uint_eq(
		count_of(&text,
			"\"rcm\": {\"change\": \"CHG-7\", \"run\": \"R/1\", \"host\": \"host:x\"}"),
		1);
	ck_assert_uint_eq(count_of(&text, "\"r\", \"80x24\"]\n"), 1);
	ck_assert_uint_eq(count_of(&text, "\"m\", \"end 3\"]\n"), 1);
	buf_done(&text);
}
END_TEST

CHECK_MAIN("gate recorder", &a_secret_is_held_back_to_the_end_of_its_line,
	&what_asks_for_a_secret_is_known_by_its_end,
	&likely_credentials_are_masked_whole_however_they_come,
	&the_header_names_change_run_and_host)
