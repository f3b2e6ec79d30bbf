#include "main/settings.h"

#include "lib/cli/roff.h"

#include <string.h>
#include <unistd.h>

static const struct config_option options[] = {
	{"data-dir", CONFIG_PATH, "/var/lib/redbutton", 0, 0,
		"directory of the database; one daemon at a time"},
	{"socket", CONFIG_PATH, "/run/redbutton/redbutton.sock", 0, 0,
		"unix socket for people on this host; off = none"},
	{"listen", CONFIG_TEXT, "127.0.0.1:7433", 0, 0,
		"host:port; other than loopback needs TLS; off = none"},
	{"tls-certificate", CONFIG_PATH, "", 0, 0, "PEM file with the certificate and its chain"},
	{"tls-key", CONFIG_PATH, "", 0, 0, "PEM file with the key, mode 0600"},
	{"hosts", CONFIG_TEXT, "", 0, 0,
		"names besides localhost that clients may use, comma-separated"},
	{"request-timeout", CONFIG_DURATION, "15s", 1000, 300000,
		"in which a request must be whole and its answer taken"},
	{"idle-timeout", CONFIG_DURATION, "10s", 1000, 300000,
		"how long a connection may be silent"},
	{"checkpoint-file", CONFIG_PATH, "", 0, 0,
		"file outside the data directory that gets a copy of each audit checkpoint"},
	{"signing-key", CONFIG_TEXT, "", 0, 0,
		"file:/path or cred:name of the Ed25519 key of checkpoints"},
	{"origin", CONFIG_TEXT, "redbutton", 0, 0, "name of this audit log in its checkpoints"},
	{"runner", CONFIG_PATH, "", 0, 0,
		"the program redbutton-runner (default: found beside the daemon)"},
	{"runner-children", CONFIG_INT, "8", 1, 32, "evaluations of plans at once"},
	{"rules", CONFIG_PATH, "", 0, 0,
		"folder of risk rules instead of those built in; `redbutton rules test FOLDER` "
		"tries one"},
	{"target-check-interval", CONFIG_DURATION, "2m", 1000, 86400000,
		"how often each target is looked at, read only, for `redbutton status`"},
	{"protected-paths", CONFIG_TEXT, "/boot,/data,/etc,/root,/usr,/var/lib,/var/spool/cron", 0,
		0, "what no change may write to without a finding, comma-separated"},
	{"tier0-units", CONFIG_TEXT, "", 0, 0,
		"systemd units that everything stands on, comma-separated"},
	{"trusted-dirs", CONFIG_TEXT, "/bin,/sbin,/usr/bin,/usr/sbin", 0, 0,
		"where trusted programs lie on the targets, comma-separated"},
	{"affected-rows", CONFIG_INT, "1000", 1, 1000000000,
		"rows that one statement of a change may touch without a finding"},
	{"table-rows", CONFIG_INT, "1000000", 1, 1000000000,
		"rows from which on altering a table is a finding"},
	{"drained-nodes", CONFIG_INT, "1", 0, 10000,
		"nodes that a change may drain without a finding"},
	{"alerts-from", CONFIG_TEXT, "", 0, 0,
		"targets of kind prometheus or alertmanager whose firing alerts changes are held "
		"against, comma-separated"},
	{"alerts-interval", CONFIG_DURATION, "15s", 1000, 600000,
		"how often they are asked; an answer is good for four times as long"},
	{"owners-suffix", CONFIG_TEXT, "-owners", 0, 0,
		"behind a service's name: the group of its owners, who approve risky changes"},
	{"oncall-group", CONFIG_TEXT, "sre-oncall", 0, 0,
		"group that is asked besides the owners when a change is critical"},
	{"fallback-group", CONFIG_TEXT, "change-owners", 0, 0,
		"group that is asked where a group of owners has nobody who may decide"},
	{"emergency-hook", CONFIG_TEXT, "", 0, 0,
		"URL that is asked for a second factor before an emergency; empty = none"},
	{"emergency-hook-token", CONFIG_TEXT, "", 0, 0,
		"file:/path or cred:name of the bearer token that it is sent"},
	{"gate-socket", CONFIG_PATH, "", 0, 0,
		"unix socket at which rcm and the sudo plugin of this host ask "
		"(/run/redbutton/gate.sock); empty = none"},
	{"gate-key", CONFIG_TEXT, "", 0, 0,
		"file:/path or cred:name of the Ed25519 key that signs the gate's answers; a file "
		"that is not there is made (default: gate.key in the data directory)"},
	{"gate-identity", CONFIG_TEXT, "", 0, 0,
		"who this host is to the gate, as its target's address (default: what rcm identity "
		"prints)"},
	{"space-reserve", CONFIG_INT, "32", 0, 4096,
		"MiB kept back for undo, abort and audit on a full disk; no new run is started "
		"when less than that is free besides; 0 = none"},
	{"log-file", CONFIG_PATH, "", 0, 0,
		"file for the log instead of standard error; SIGHUP opens it anew"},
	{"log", CONFIG_TEXT, "info", 0, 0, "level, or level,room=level,...: error warn info debug"},
};
#define OPTION_COUNT (sizeof(options) / sizeof(options[0]))

/* Read before the others, because it says where they are. */
static const struct config_option file_options[] = {
	{"config", CONFIG_PATH, SETTINGS_FILE, 0, 0, "file with settings, name = value a line"},
};

static int read_file(int *argc, char **argv, struct config *settings, struct error *err)
{
	struct config *where = config_new(file_options, 1);
	int rc = config_read_environment(where, "RB_", err);
	const char *path;

	if (rc >= 0)
		rc = config_read_flags(where, argc, argv, err);
	path = config_text(where, "config");
	/* Only the default may be missing. */
	if (rc >= 0 && (strcmp(path, SETTINGS_FILE) || access(path, F_OK) == 0))
		rc = config_read_file(settings, path, err);
	config_free(where);
	return rc;
}

int settings_read(int *argc, char **argv, struct config **ret, struct error *err)
{
	struct config *settings = config_new(options, OPTION_COUNT);
	int rc = read_file(argc, argv, settings, err);

	if (rc >= 0)
		rc = config_read_above_file(settings, "RB_", argc, argv, err);
	if (rc < 0)
		config_free(settings);
	else
		*ret = settings;
	return rc;
}

void settings_add_help(struct buf *out)
{
	config_add_help(file_options, 1, out);
	config_add_help(options, OPTION_COUNT, out);
}

void settings_add_manual_option(
	const struct config_option *option, const char *dashes, struct buf *out)
{
	struct buf tag = BUF_INIT, text = BUF_INIT;
	char limits[CONFIG_LIMITS_SIZE];

	buf_add_format(&tag, "%s%s", dashes, option->name);
	buf_add_format(&text, "%s.", option->help);
	if (*option->fallback)
		buf_add_format(&text, " Default: %s.", option->fallback);
	if (*config_limits(option, limits))
		buf_add_format(&text, " From %s.", limits);
	roff_item(out, buf_text(&tag), config_type_name(option->type), buf_text(&text));
	buf_done(&tag);
	buf_done(&text);
}

void settings_add_manual(struct buf *out)
{
	for (size_t i = 0; i < OPTION_COUNT; i++)
		settings_add_manual_option(&options[i], "", out);
}

void settings_add_manual_flags(struct buf *out)
{
	settings_add_manual_option(&file_options[0], "--", out);
	for (size_t i = 0; i < OPTION_COUNT; i++)
		settings_add_manual_option(&options[i], "--", out);
}

static void add_value(
	const struct config *settings, const struct config_option *option, struct buf *out)
{
	buf_add_format(out, "# %s\n%s = %s\n", option->help, option->name,
		config_text(settings, option->name));
}

void settings_add_values(const struct config *settings, struct buf *out)
{
	for (size_t i = 0; i < OPTION_COUNT; i++)
		add_value(settings, &options[i], out);
}

const char *settings_text(const struct config *settings, const char *name)
{
	const char *text = config_text(settings, name);

	return *text && strcmp(text, SETTINGS_OFF) ? text : NULL;
}

const char *const *settings_list(
	const struct config *settings, const char *name, struct arena *arena)
{
	char *rest = arena_text(arena, config_text(settings, name)), *word;
	const char **list = arena_alloc(arena, (strlen(rest) + 2) * sizeof(*list));
	size_t count = 0;

	while ((word = strsep(&rest, ", ")))
		if (*word)
			list[count++] = word;
	return list;
}
