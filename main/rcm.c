/* rcm: commands through the change gate of this host. Small and static; every verb that is not in
 * the table is one of rcm-client. */
#include "main/rcm.h"

#include "change/gate/rcm_flags.h"
#include "lib/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#define CLIENT_FALLBACK "/usr/libexec/redbutton/rcm-client"

static int run_exec(struct rcm *rcm);
static int run_check(struct rcm *rcm);
static int run_shell(struct rcm *rcm);

#define BIT(id)					      (1u << OPTION_##id)
#define BIT_OF(id, name, name_beside, value, help)    | BIT(id)
#define GATE_BITS				      (0 RCM_GATE_FLAGS(BIT_OF))
#define OPTION_OF(id, name, name_beside, value, help) [OPTION_##id] = {name, value, help},

const struct rcm_option rcm_options[RCM_OPTION_COUNT] = {
	[OPTION_STEP] = {"step", "N", "which step of the change"},
	[OPTION_PHASE] = {"phase", "WORD",
		"rollback: a step that takes the change back, the first without --step"},
	[OPTION_RECORD] = {"record", NULL,
		"record the run even where the gate does not ask for it"},
	[OPTION_LINE] = {"line", "TEXT", "the command as one typed line; quotes and \\ only"},
	[OPTION_ENV] = {"env", "NAME=VALUE",
		"a variable that the command gets; NAME alone passes ours on"},
	[OPTION_STRICT] = {"strict", NULL, "what is not proved is refused, also with a grant"},
	[OPTION_JSON] = {"json", NULL, "the whole answer on standard output"},
	RCM_GATE_FLAGS(OPTION_OF)};

static const struct rcm_verb verbs[] = {
	{"exec", "[CHG-n --step N] [-- COMMAND...]",
		"run a command, or a step as it was approved, when the gate allows it", TAKES_BOTH,
		GATE_BITS | BIT(STEP) | BIT(PHASE) | BIT(RECORD) | BIT(LINE) | BIT(ENV),
		RCM_REFUSED, run_exec},
	{"check", "[CHG-n --step N] -- COMMAND...",
		"ask what the gate would say; nothing is taken and nothing runs", TAKES_BOTH,
		GATE_BITS | BIT(STEP) | BIT(LINE) | BIT(ENV) | BIT(STRICT) | BIT(JSON), RCM_USAGE,
		run_check},
	{"shell", "CHG-n", "the session that was approved, recorded", TAKES_CHANGE,
		GATE_BITS | BIT(STEP), RCM_REFUSED, run_shell},
	{"ssh", "", "what sshd runs (ForceCommand): the command that was sent, or a session",
		TAKES_NOTHING, GATE_BITS, RCM_REFUSED, rcm_ssh},
	{"identity", "", "which host this is, as grants are bound to it", TAKES_NOTHING, 0,
		RCM_USAGE, rcm_identity},
	{"doctor", "", "whether sudo, the plugin and this host hold the gate; run it as root",
		TAKES_NOTHING, BIT(SOCKET) | BIT(CONFIG), RCM_USAGE, rcm_doctor},
	{"recording", "PATH", "header and marks of a recording", TAKES_PATH, 0, RCM_USAGE,
		rcm_recording},
};

#define VERB_COUNT (sizeof(verbs) / sizeof(verbs[0]))

__attribute__((format(printf, 2, 3))) static int complain_usage(
	const struct rcm_verb *verb, const char *format, ...)
{
	struct error err = ERROR_INIT;
	char what[512];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	error_set(&err, ERROR_USAGE, "%s: %s", verb->name, what);
	error_remedy(&err, "rcm %s %s; rcm help", verb->name, verb->arguments);
	return rcm_complain(&err, verb->usage_code);
}

/* Arguments. */

static int take_number(
	const struct rcm_verb *verb, const char *name, const char *text, int64_t max, int64_t *ret)
{
	struct error err = ERROR_INIT;

	if (text_parse_int64(name, text, 0, max, ret, &err) < 0)
		return complain_usage(verb, "--%s: %s", name, err.message);
	return 0;
}

static int take_status_fd(const struct rcm_verb *verb, const char *text, struct rcm *rcm)
{
	int64_t number;
	int code = take_number(verb, "status-fd", text, INT_MAX, &number);

	if (code)
		return code;
	if (fcntl((int)number, F_SETFD, FD_CLOEXEC) < 0)
		return complain_usage(verb, "--status-fd: descriptor %s is not open", text);
	rcm->status_fd = (int)number;
	return 0;
}

static int take_variable(const struct rcm_verb *verb, const char *text, struct rcm *rcm)
{
	struct error err = ERROR_INIT;

	if (rcm_add_variable(rcm, text, &err) < 0)
		return complain_usage(verb, "--env: %s", err.message);
	return 0;
}

static int take_option(
	const struct rcm_verb *verb, enum rcm_option_id id, const char *value, struct rcm *rcm)
{
	int64_t number = 0;
	int code = 0;

	switch (id) {
	case OPTION_STEP:
		code = take_number(verb, "step", value, UINT32_MAX, &number);
		rcm->step = (uint32_t)number;
		break;
	case OPTION_PHASE:
		rcm->phase = value;
		break;
	case OPTION_STATUS_FD:
		return take_status_fd(verb, value, rcm);
	case OPTION_RECORD:
		rcm->wants_record = true;
		break;
	case OPTION_LINE:
		rcm->line = value;
		break;
	case OPTION_ENV:
		return take_variable(verb, value, rcm);
	case OPTION_STRICT:
		rcm->is_strict = true;
		break;
	case OPTION_JSON:
		rcm->wants_json = true;
		break;
	case OPTION_SOCKET:
		rcm->socket = value;
		break;
	case OPTION_CONFIG:
		rcm->config_path = value;
		break;
	}
	return code;
}

/* "--name value", "--name=value" or "--flag" at argv[*at]. */
static int take_flag(const struct rcm_verb *verb, char **argv, int *at, struct rcm *rcm)
{
	const char *name = argv[*at] + 2, *equals = strchr(name, '=');
	size_t length = equals ? (size_t)(equals - name) : strlen(name);

	for (size_t i = 0; i < RCM_OPTION_COUNT; i++) {
		const char *value = equals ? equals + 1 : NULL;

		if (!(verb->options & 1u << i) || strlen(rcm_options[i].name) != length ||
			strncmp(rcm_options[i].name, name, length) != 0)
			continue;
		if (rcm_options[i].value && !value)
			value = argv[*at + 1] ? argv[++*at] : NULL;
		if (!rcm_options[i].value != !value)
			return complain_usage(verb, "--%s %s", rcm_options[i].name,
				rcm_options[i].value ? "needs a value" : "takes no value");
		return take_option(verb, (enum rcm_option_id)i, value, rcm);
	}
	return complain_usage(verb, "no option %s", argv[*at]);
}

static bool is_change(const char *word)
{
	return !strncmp(word, "CHG-", 4) && word[4] &&
	       strspn(word + 4, "0123456789") == strlen(word + 4);
}

static int take_operand(const struct rcm_verb *verb, char **word, struct rcm *rcm)
{
	bool takes_change = verb->operands == TAKES_CHANGE || verb->operands == TAKES_BOTH;

	if (verb->operands == TAKES_PATH && !rcm->command) {
		rcm->command = (const char **)word;
		return 0;
	}
	if (takes_change && is_change(*word) && !rcm->change[0]) {
		rcm->change = *word;
		return 0;
	}
	if (verb->operands == TAKES_BOTH)
		return complain_usage(verb, "%s is no change; a command begins after --", *word);
	return complain_usage(verb, "what is %s?", *word);
}

static int take_arguments(const struct rcm_verb *verb, char **argv, struct rcm *rcm)
{
	int code = 0;

	for (int at = 0; argv[at] && code == 0; at++) {
		if (!strcmp(argv[at], "--")) {
			if (verb->operands != TAKES_BOTH)
				return complain_usage(verb, "takes no command");
			rcm->command = (const char **)&argv[at + 1];
			if (!argv[at + 1])
				return complain_usage(verb, "there is no command after --");
			return 0;
		}
		code = !strncmp(argv[at], "--", 2) ? take_flag(verb, argv, &at, rcm)
						   : take_operand(verb, &argv[at], rcm);
	}
	return code;
}

/* Verbs. */

static int run_exec(struct rcm *rcm)
{
	struct rcm_command command = {.env = rcm_environment(rcm, rcm->env), .source = "terminal"};

	if (rcm->line)
		return rcm_line(rcm, rcm->line, &command);
	if (!rcm->command)
		return rcm_run_step(rcm, NULL);
	command.argv = rcm->command;
	return rcm_run_command(rcm, &command);
}

static int run_check(struct rcm *rcm)
{
	int code = rcm->line ? rcm_split_line(rcm, rcm->line, "terminal", &rcm->command) : 0;

	return code ? code : rcm_check(rcm);
}

/* A change for a session is mostly that one step. */
static int run_shell(struct rcm *rcm)
{
	if (!rcm->step)
		rcm->step = 1;
	return rcm_run_step(rcm, "shell");
}

/* What each verb needs that the table cannot say. */
static int check_arguments(const struct rcm_verb *verb, const struct rcm *rcm)
{
	bool has_command = rcm->command || rcm->line;

	if (rcm->command && rcm->line)
		return complain_usage(verb, "--line and a command after -- are two commands");
	if (verb->run == run_exec && !has_command && !rcm->change[0])
		return complain_usage(verb, "there is no command");
	if (verb->run == run_exec && !has_command && !rcm->step && !rcm->phase)
		return complain_usage(verb, "which step of %s? --step N", rcm->change);
	if (verb->run == run_exec && has_command && rcm->phase)
		return complain_usage(verb, "--phase is for a step of a change");
	if (rcm->step && !rcm->change[0])
		return complain_usage(verb, "--step needs its change, CHG-n");
	if (verb->run == run_check && !has_command)
		return complain_usage(verb, "there is no command after --");
	if (verb->run == run_shell && !rcm->change[0])
		return complain_usage(verb, "which change?");
	if (verb->run == rcm_recording && !rcm->command)
		return complain_usage(verb, "which file?");
	return 0;
}

static int read_config(const struct rcm_verb *verb, struct rcm *rcm)
{
	struct error err = ERROR_INIT;

	if (!(verb->options & BIT(CONFIG)))
		return 0;
	if (gate_config_read(&rcm->arena, rcm->config_path ? rcm->config_path : GATE_CONFIG_PATH,
		    &rcm->config, &err) < 0)
		return rcm_complain(
			&err, verb->usage_code == RCM_REFUSED ? RCM_REFUSED : RCM_BAD_CONFIG);
	if (rcm->socket)
		rcm->config.socket = rcm->socket;
	return 0;
}

static int run_verb(const struct rcm_verb *verb, char **argv)
{
	struct rcm rcm = {.status_fd = -1, .change = ""};
	int code = take_arguments(verb, argv, &rcm);

	if (code == 0)
		code = check_arguments(verb, &rcm);
	if (code == 0)
		code = read_config(verb, &rcm);
	if (code == 0)
		code = verb->run(&rcm);
	arena_done(&rcm.arena);
	return code;
}

void rcm_exec_client(char **argv)
{
	char self[PATH_MAX], path[PATH_MAX + sizeof("rcm-client")];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (length > 0) {
		self[length] = 0;
		*strrchr(self, '/') = 0;
		snprintf(path, sizeof(path), "%s/rcm-client", self);
		execv(path, argv);
	}
	execv(CLIENT_FALLBACK, argv);
}

static int run_client(char **argv)
{
	struct error err = ERROR_INIT;

	rcm_exec_client(argv);
	error_set(&err, ERROR_USAGE, "no verb %s here, and rcm-client is not installed (%s)",
		argv[1], CLIENT_FALLBACK);
	error_remedy(&err,
		"rcm help lists the verbs of this program; a command is run by rcm exec -- %s",
		argv[1]);
	return rcm_complain(&err, RCM_USAGE);
}

/* Descriptors 0 to 2 stand open, so that no file of ours takes the place of one. */
static int hold_standard_fds(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	return fd < 0 ? -1 : close(fd);
}

/* Of a noun or a verb that is not ours rcm-client tells. */
static bool is_help(int argc, char **argv)
{
	if (argc < 2 || !strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
		return true;
	return !strcmp(argv[1], "help") && (argc == 2 || rcm_find_verb(verbs, VERB_COUNT, argv[2]));
}

int main(int argc, char **argv)
{
	const struct rcm_verb *verb;

	if (hold_standard_fds() < 0 || getauxval(AT_SECURE)) {
		fputs("rcm: it may not be setuid, and needs /dev/null\n", stderr);
		return RCM_INTERNAL;
	}
	if (is_help(argc, argv)) {
		int code = rcm_help(verbs, VERB_COUNT);

		return argc < 2 ? RCM_USAGE : code;
	}
	if (!strcmp(argv[1], "--complete"))
		return rcm_complete(verbs, VERB_COUNT, argv);
	if (!strcmp(argv[1], "--version")) {
		puts("rcm " RB_VERSION);
		return 0;
	}
	verb = rcm_find_verb(verbs, VERB_COUNT, argv[1]);
	return verb ? run_verb(verb, argv + 2) : run_client(argv);
}
