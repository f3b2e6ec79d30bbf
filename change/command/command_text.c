#include "change/command/command.h"

#include "lib/base/secret.h"
#include "lib/base/text.h"

#include <string.h>
#include <strings.h>

/* Variables that change what is executed, or which code a program loads: EXEC-005. */
static const char *const steering[] = {"BASH_ENV", "ENV", "SHELLOPTS", "BASHOPTS", "PS4",
	"PROMPT_COMMAND", "GCONV_PATH", "PATH", "IFS", "CDPATH", "PYTHONPATH", "PYTHONSTARTUP",
	"PYTHONHOME", "PYTHONINSPECT", "PYTHONUSERBASE", "PYTHONBREAKPOINT", "PERL5OPT", "PERL5LIB",
	"PERLLIB", "PERL5DB", "NODE_OPTIONS", "NODE_PATH", "RUBYOPT", "RUBYLIB", "LUA_INIT",
	"LUA_PATH", "LUA_CPATH", "PHPRC", "PHP_INI_SCAN_DIR", "JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS",
	"JDK_JAVA_OPTIONS", "CLASSPATH", "GIT_SSH_COMMAND", "GIT_SSH", "GIT_EXTERNAL_DIFF",
	"GIT_ASKPASS", "GIT_PAGER", "GIT_EDITOR", "GIT_SEQUENCE_EDITOR", "GIT_PROXY_COMMAND",
	"GIT_EXEC_PATH", "GIT_TEMPLATE_DIR", "GIT_DIR", "GIT_WORK_TREE", "PAGER", "MANPAGER",
	"MANOPT", "MANPATH", "SYSTEMD_PAGER", "SYSTEMD_PAGERSECURE", "SYSTEMD_LESS",
	"SYSTEMD_EDITOR", "PSQL_PAGER", "PSQL_EDITOR", "PSQLRC", "PGSYSCONFDIR", "PGSERVICEFILE",
	"MYSQL_HOME", "MYSQL_TEST_LOGIN_FILE", "EDITOR", "VISUAL", "FCEDIT", "SUDO_EDITOR",
	"SUDO_ASKPASS", "SSH_ASKPASS", "BROWSER", "LESS", "LESSOPEN", "LESSCLOSE", "LESSKEY",
	"LESSEDIT", "LESSKEYIN", "MORE", "KUBECONFIG", "KUBE_EDITOR", "KUBECTL_EXTERNAL_DIFF",
	"MAKEFLAGS", "MAKEFILES", "LOCPATH", "NLSPATH", "HOSTALIASES", "RES_OPTIONS", "TMPDIR",
	"TERMINFO", "TERMINFO_DIRS", "TERMCAP", "TAR_OPTIONS", "TAPE", "RSYNC_RSH",
	"RSYNC_CONNECT_PROG", "RSYNC_PROXY", "CVS_RSH", "SHELL", "TZDIR", "MALLOC_CONF",
	"OPENSSL_CONF", "OPENSSL_MODULES", "OPENSSL_ENGINES", "CURL_HOME", "WGETRC",
	"SSLKEYLOGFILE", "ANSIBLE_CONFIG", "DOCKER_HOST", "DOCKER_CONFIG", "DOCKER_CONTEXT",
	"CONTAINER_HOST", "HISTFILE", "FPATH", "ZDOTDIR", "GLIBC_TUNABLES", "XDG_CONFIG_HOME",
	"XDG_CONFIG_DIRS", "GREP_OPTIONS", "RIPGREP_CONFIG_PATH", "INPUTRC", "VIMINIT", "EXINIT",
	"MYVIMRC", "AWKPATH", "AWKLIBPATH", "POSIXLY_CORRECT", "SYSTEMD_UNIT_PATH", "APT_CONFIG",
	"DPKG_ROOT", "DPKG_PAGER", "BLKID_FILE", "PGOPTIONS", "PGSERVICE", "PGSSLKEY",
	"REDISCLI_RCFILE", "KUBERC", "LESSSECURE"};
static const char *const steering_prefixes[] = {"LD_", "BASH_FUNC_", "DYLD_", "GIT_CONFIG",
	"GIT_TRACE", "PIP_", "NPM_CONFIG_", "npm_config_", "HELM_", "LIBMOUNT_", "RUNC_", "PERF_",
	"CORECLR_", "ANSIBLE_"};

bool command_is_steering(const char *name)
{
	for (size_t i = 0; i < sizeof(steering) / sizeof(steering[0]); i++)
		if (!strcmp(steering[i], name))
			return true;
	for (size_t i = 0; i < sizeof(steering_prefixes) / sizeof(steering_prefixes[0]); i++)
		if (text_starts_with(name, steering_prefixes[i]))
			return true;
	return false;
}

struct range {
	int32_t first, last;
};

static const struct range bidi[] = {
	{0x61C, 0x61C}, {0x200E, 0x200F}, {0x202A, 0x202E}, {0x2066, 0x2069}};
/* Scripts with letters that look like Latin ones: Greek, Cyrillic, Armenian, Cherokee, Lisu,
 * Coptic, phonetic, letter-like, full-width, mathematical. */
static const struct range lookalikes[] = {{0x250, 0x2AF}, {0x370, 0x3FF}, {0x400, 0x52F},
	{0x531, 0x58F}, {0x13A0, 0x13FF}, {0x1C80, 0x1C8F}, {0x1D00, 0x1DBF}, {0x1F00, 0x1FFF},
	{0x2070, 0x209F}, {0x2100, 0x218F}, {0x2C60, 0x2C7F}, {0x2C80, 0x2CFF}, {0x2DE0, 0x2DFF},
	{0xA4D0, 0xA4FF}, {0xA640, 0xA69F}, {0xA720, 0xA7FF}, {0xAB30, 0xABBF}, {0xFF01, 0xFF5E},
	{0x10280, 0x1031F}, {0x1D400, 0x1D7FF}, {0x1F100, 0x1F18F}};
/* Characters that look like those that paths and options are made of, and spaces of other widths.
 */
static const struct range signs[] = {{0xA0, 0xA0}, {0x1680, 0x1680}, {0x2000, 0x200A},
	{0x2010, 0x2015}, {0x202F, 0x202F}, {0x2044, 0x2044}, {0x205F, 0x205F}, {0x2212, 0x2215},
	{0x29F8, 0x29F9}, {0x3000, 0x3000}, {0xFE58, 0xFE58}, {0xFE63, 0xFE63}};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static bool is_in(const struct range *ranges, size_t count, int32_t c)
{
	for (size_t i = 0; i < count; i++)
		if (c >= ranges[i].first && c <= ranges[i].last)
			return true;
	return false;
}

static const char *find_problem(int32_t c, bool is_command_word)
{
	if (c < 0)
		return "encoding";
	if ((c < 0x20 && (is_command_word || (c != '\n' && c != '\t'))) || (c >= 0x7F && c <= 0x9F))
		return "control";
	if (is_in(bidi, COUNT(bidi), c))
		return "bidi";
	if (c >= 0x20 && text_is_deceptive(c))
		return "invisible";
	if (is_command_word &&
		(is_in(lookalikes, COUNT(lookalikes), c) || is_in(signs, COUNT(signs), c)))
		return "mixed_script";
	return NULL;
}

json_t *command_text_problems(const char *bytes, size_t length, bool is_command_word)
{
	json_t *problems = json_array();

	for (size_t at = 0; at < length;) {
		int32_t c = text_next(bytes, length, &at);
		const char *problem = find_problem(c, is_command_word);
		const json_t *known;
		size_t i;

		json_array_foreach (problems, i, known)
			if (problem && !strcmp(json_string_value(known), problem))
				problem = NULL;
		if (problem)
			json_array_append_new(problems, json_string(problem));
	}
	return problems;
}

static const char *const secret_keys[] = {"password", "passwd", "passphrase", "secret", "token",
	"apikey", "api_key", "api-key", "access_key", "access-key", "private_key", "private-key",
	"pwd"};
/* What stands in place of a secret: a reference, a variable, a blank to fill. */
static const char *const references[] = {"file:", "cred:", "$", "/", "<", "%", "{",
	"env:", "vault:", "*", "xxx", "\"$", "'$", "secret:"};

#define SECRET_MIN 4

static bool is_value(const char *at, const char *end)
{
	size_t length = 0;

	while (at < end && (*at == ' ' || *at == '"' || *at == '\''))
		at++;
	for (size_t i = 0; i < COUNT(references); i++)
		if ((size_t)(end - at) >= strlen(references[i]) &&
			!strncasecmp(at, references[i], strlen(references[i])))
			return false;
	while (at + length < end && !strchr(" \t\n\"';&,)", at[length]))
		length++;
	return length >= SECRET_MIN;
}

/* "password=...", "--token=...", "apikey: ...", and "Bearer ...". */
static bool has_named_secret(const char *bytes, size_t length)
{
	const char *end = bytes + length;

	for (const char *at = bytes; at < end; at++) {
		size_t left = (size_t)(end - at);

		for (size_t i = 0; i < COUNT(secret_keys); i++) {
			size_t size = strlen(secret_keys[i]);

			if (left > size && !strncasecmp(at, secret_keys[i], size) &&
				(at[size] == '=' || at[size] == ':') &&
				is_value(at + size + 1, end))
				return true;
		}
		if (left > 7 && (!strncasecmp(at, "bearer ", 7) || !strncasecmp(at, "basic ", 6)) &&
			at > bytes && strchr(": ", at[-1]) &&
			is_value(at + (at[2] == 'a' ? 7 : 6), end) && left > 14)
			return true;
	}
	return false;
}

bool command_has_secret(const char *bytes, size_t length)
{
	return secret_is_likely(bytes, length, false) || has_named_secret(bytes, length);
}
