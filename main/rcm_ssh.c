#include "main/rcm.h"

#include "change/command/words.h"
#include "change/gate/account.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What to do where a line needs a shell. */
static const struct {
	const char *source, *remedy;
} line_remedies[] = {
	{"terminal", "file it as a script: rcm new --script FILE; then: rcm exec CHG-n --step n"},
	{"ssh", "file it as a script: rcm new --script FILE; then: ssh HOST rcm exec CHG-n --step "
		"n"},
};

static const char *line_remedy(const char *source)
{
	for (size_t i = 0; i < sizeof(line_remedies) / sizeof(line_remedies[0]); i++)
		if (!strcmp(line_remedies[i].source, source))
			return line_remedies[i].remedy;
	return "";
}

/* Where the server of sftp stands; sshd tells the name it has in sshd_config. */
static const char *const sftp_servers[] = {"/usr/lib/openssh/sftp-server",
	"/usr/libexec/openssh/sftp-server", "/usr/lib/ssh/sftp-server"};

#define SFTP_COUNT (sizeof(sftp_servers) / sizeof(sftp_servers[0]))

int rcm_split_line(struct rcm *rcm, const char *line, const char *source, const char ***ret_words)
{
	struct gate_verdict verdict;
	struct error err = ERROR_INIT;
	char **words;
	size_t count;
	int code = words_split(&rcm->arena, line, &words, &count, &err);

	if (code == 0 && !count)
		code = error_set(&err, ERROR_INVALID, "the line is empty");
	if (code < 0) {
		gate_deny(&rcm->arena, &verdict, REASON_DYNAMIC, "%s%s%s\n%s", err.message,
			err.place[0] ? ", " : "", err.place, line_remedy(source));
		return rcm_tell_verdict(rcm, &verdict);
	}
	*ret_words = (const char **)words;
	return 0;
}

int rcm_line(struct rcm *rcm, const char *line, const struct rcm_command *command)
{
	struct rcm_command split = *command;
	const char **words;

	if (rcm_split_line(rcm, line, command->source, &words) != 0)
		return RCM_REFUSED;
	split.argv = words;
	return rcm_run_command(rcm, &split);
}

/* Files over ssh are asked about as the program that moves them: "internal-sftp" is sftp-server. */
static const char *sftp_server(void)
{
	for (size_t i = 0; i < SFTP_COUNT; i++)
		if (access(sftp_servers[i], X_OK) == 0)
			return sftp_servers[i];
	return sftp_servers[0];
}

static const char *as_program(const char *line)
{
	static const char internal[] = "internal-sftp";
	size_t length = strlen(internal);

	if (strncmp(line, internal, length) != 0 || (line[length] && line[length] != ' '))
		return NULL;
	return line + length;
}

/* No command: the account's shell, as a login shell. It needs a grant for a session. */
static int run_login_shell(struct rcm *rcm, struct rcm_command *command)
{
	const char *const argv[] = {rcm_account(rcm, getuid())->shell, "-l", NULL};

	command->argv = arena_copy(&rcm->arena, argv, sizeof(argv));
	return rcm_run_command(rcm, command);
}

/* "10.0.0.7 50412" of "10.0.0.7 50412 10.0.0.1 22": who is at the other end. */
static const char *session_of(struct rcm *rcm)
{
	const char *text = getenv("SSH_CONNECTION"), *end;

	if (!text)
		return NULL;
	end = strchr(text, ' ');
	end = end ? strchr(end + 1, ' ') : NULL;
	return arena_format(&rcm->arena, "ssh %.*s", end ? (int)(end - text) : 80, text);
}

int rcm_ssh(struct rcm *rcm)
{
	struct rcm_command command = {.env = rcm_environment(rcm, rcm->env), .source = "ssh"};
	const char *line = getenv("SSH_ORIGINAL_COMMAND"), *rest;

	command.session = session_of(rcm);
	if (!line)
		return run_login_shell(rcm, &command);
	rest = as_program(line);
	if (rest)
		line = arena_format(&rcm->arena, "%s%s", sftp_server(), rest);
	return rcm_line(rcm, line, &command);
}
