#include "lib/base/secret.h"

#include "check_main.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char directory[64];

static void write_file(
	const char *name, const void *bytes, size_t length, mode_t mode, char reference[256])
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	snprintf(reference, 256, "file:%s", path);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, bytes, length), (ssize_t)length);
	ck_assert_int_eq(fchmod(fd, mode), 0);
	close(fd);
}

static void begin(void)
{
	strcpy(directory, "/tmp/test-base-secret-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
}

static void end(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -r '%s'", directory);
	ck_assert_int_eq(system(command), 0);
}

START_TEST(references_have_two_forms)
{
	static const char *const good[] = {"file:/etc/redbutton/token", "cred:prom"};
	static const char *const bad[] = {"", "token", "file:relative", "cred:", "cred:../x",
		"cred:a/b", "cred:.x", "env:TOKEN", "file:/a\nb"};
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		ck_assert_int_eq(secret_check_reference("credential", good[i], &err), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_int_eq(secret_check_reference("credential", bad[i], &err), ERROR_INVALID);
	ck_assert_int_eq(secret_check_reference("credential", NULL, &err), ERROR_INVALID);
	ck_assert_str_eq(err.field, "credential");
}
END_TEST

START_TEST(a_file_is_read_without_its_last_newline)
{
	struct secret secret = {0};
	char reference[256];

	begin();
	write_file("token", "s3cret\n\n", 8, 0600, reference);
	ck_assert_int_eq(secret_open(reference, &secret, NULL), 0);
	ck_assert_str_eq((char *)secret.bytes, "s3cret\n");
	ck_assert_uint_eq(secret.length, 7);
	secret_close(&secret);
	ck_assert_ptr_null(secret.bytes);
	secret_close(&secret);
	end();
}
END_TEST

START_TEST(a_file_that_others_can_read_is_refused)
{
	static const mode_t modes[] = {0640, 0604, 0644, 0660, 0700, 04600};
	struct secret secret = {0};
	struct error err = ERROR_INIT;
	char reference[256];

	begin();
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		write_file("token", "x", 1, modes[i], reference);
		ck_assert_msg(secret_open(reference, &secret, &err) == ERROR_INVALID, "%o",
			(unsigned)modes[i]);
	}
	ck_assert_ptr_nonnull(strstr(err.remedy, "chmod 0600 /tmp/"));
	write_file("token", "x", 1, 0400, reference);
	ck_assert_int_eq(secret_open(reference, &secret, &err), 0);
	secret_close(&secret);
	end();
}
END_TEST

START_TEST(odd_files_are_refused)
{
	struct secret secret = {0};
	struct error err = ERROR_INIT;
	char reference[256], big[64 * 1024 + 2];

	begin();
	memset(big, 'x', sizeof(big));
	write_file("empty", "\n", 1, 0600, reference);
	ck_assert_int_eq(secret_open(reference, &secret, &err), ERROR_INVALID);
	write_file("big", big, sizeof(big) - 1, 0600, reference);
	ck_assert_int_eq(secret_open(reference, &secret, &err), ERROR_INVALID);
	write_file("full", big, sizeof(big) - 2, 0600, reference);
	ck_assert_int_eq(secret_open(reference, &secret, &err), 0);
	ck_assert_uint_eq(secret.length, 64 * 1024);
	secret_close(&secret);
	ck_assert_int_eq(secret_open("file:/dev/zero", &secret, &err), ERROR_INVALID);
	ck_assert_int_eq(secret_open("file:/nonexistent", &secret, &err), ERROR_IO);
	ck_assert_ptr_null(strstr(err.message, "xxxx"));
	end();
}
END_TEST

START_TEST(systemd_credentials_are_found_in_their_directory)
{
	struct secret secret = {0};
	struct error err = ERROR_INIT;
	char reference[256];

	begin();
	unsetenv("CREDENTIALS_DIRECTORY");
	ck_assert_int_eq(secret_open("cred:token", &secret, &err), ERROR_INVALID);
	write_file("token", "abc", 3, 0440, reference);
	setenv("CREDENTIALS_DIRECTORY", directory, 1);
	ck_assert_int_eq(secret_open("cred:token", &secret, &err), 0);
	ck_assert_str_eq((char *)secret.bytes, "abc");
	secret_close(&secret);
	end();
}
END_TEST

CHECK_MAIN("base secret", &references_have_two_forms, &a_file_is_read_without_its_last_newline,
	&a_file_that_others_can_read_is_refused, &odd_files_are_refused,
	&systemd_credentials_are_found_in_their_directory)
