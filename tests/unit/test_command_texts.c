#include "change/command/command.h"

#include "check_main.h"

#include <string.h>

static void assert_problems(const char *text, bool is_command_word, const char *wanted)
{
	json_t *problems = command_text_problems(text, strlen(text), is_command_word);
	char found[200] = "";
	const json_t *item;
	size_t i;

	json_array_foreach (problems, i, item) {
		strcat(found, i ? " " : "");
		strcat(found, json_string_value(item));
	}
	ck_assert_msg(!strcmp(found, wanted), "%s: %s, not %s", text, found, wanted);
	json_decref(problems);
}

START_TEST(texts_that_deceive)
{
	assert_problems("cat /srv/\xE4\xB8\xAD", false, "");
	assert_problems("a\nb\tc", false, "");
	assert_problems("a\nb", true, "control");
	assert_problems("\x1B[2J", false, "control");
	assert_problems("a\rb", false, "control");
	assert_problems("\xC2\x9B", false, "control");
	assert_problems("\xE2\x80\xAEgpj", false, "bidi");
	assert_problems("l\xE2\x80\x8Bs\x07", false, "invisible control");
	assert_problems("\xFF", false, "encoding");
	assert_problems("l\xD1\x95", true, "mixed_script");
	assert_problems("\xD1\x81\xD0\xB0t", true, "mixed_script");
	assert_problems("ls\xC2\xA0", true, "mixed_script");
	assert_problems("\xD0\xBF\xD1\x80\xD0\xB8", false, "");
}
END_TEST

START_TEST(credentials)
{
	static const char *const secrets[] = {"--password=hunter2", "token: abcd1234",
		"postgres://a:hunter2@db/x", "Authorization: Bearer abcdefgh1234",
		"ghp_abcdefghijkl0123456789", "x=AKIAIOSFODNN7EXAMPLE", "API_KEY=\"abcdef\"",
		"kR9dGq2LxVb7Tn4PzYw8Hs3M"};
	static const char *const plain[] = {"--password=file:/run/x", "PASSWORD=$DB_PASSWORD", "ls",
		"/srv/shop/releases/20260105T120000Z", "--since=2026-01-05T08:00:00",
		"3b18e512dba79e4c8300dd08aeb37f8e728b8dad", "ssh://git@host/x",
		"web-7d9f8b6c5d-x2x4z",
		"sha256:0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0",
		"--token=", "https://x.example/a"};

	for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++)
		ck_assert_msg(command_has_secret(secrets[i], strlen(secrets[i])), "%s", secrets[i]);
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		ck_assert_msg(!command_has_secret(plain[i], strlen(plain[i])), "%s", plain[i]);
	ck_assert(!command_has_secret("--password=hunter2", 11));
}
END_TEST

START_TEST(variables_that_steer)
{
	static const char *const steering[] = {"LD_PRELOAD", "LD_AUDIT", "BASH_ENV", "ENV",
		"BASH_FUNC_ls%%", "PATH", "PAGER", "GIT_SSH_COMMAND", "PYTHONPATH", "KUBECONFIG"};
	static const char *const others[] = {
		"LANG", "HOME", "TERM", "LDAP", "MY_PATH", "PATHS", ""};

	for (size_t i = 0; i < sizeof(steering) / sizeof(steering[0]); i++)
		ck_assert_msg(command_is_steering(steering[i]), "%s", steering[i]);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		ck_assert_msg(!command_is_steering(others[i]), "%s", others[i]);
}
END_TEST

CHECK_MAIN("command texts", &texts_that_deceive, &credentials, &variables_that_steer)
