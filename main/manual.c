#include "main/manual.h"

#include "lib/cli/roff.h"
#include "main/gate.h"
#include "main/settings.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct entry {
	const char *name, *text;
};

static const struct entry daemon_files[] = {
	{SETTINGS_FILE, "Settings; see redbuttond.conf(5)."},
	{"/etc/redbutton/credentials", "Credentials of targets, one file each, known to the "
				       "daemon as cred:target_NAME (LoadCredential of its unit)."},
	{GATE_FILE, "Settings of --gate, on a production host."},
	{"/etc/credstore/redbutton.gate-token", "The token of a production host, as "
						"cred:gate-token."},
	{"/etc/credstore/redbutton.signing-key", "The key of checkpoints as cred:signing-key."},
	{"/var/lib/redbutton", "The database, and bootstrap-token: the first admin's token, which "
			       "lives 24 hours."},
	{"/var/lib/redbutton-checkpoints", "Checkpoints of the audit outside the database."},
	{"/run/redbutton/redbutton.sock", "The socket for people on this host."},
	{"/run/redbutton/gate.sock", "The socket at which rcm and sudo of this host ask."},
};

static const struct entry signals[] = {
	{"SIGTERM, SIGINT", "End in order: running requests are answered, what was asked is "
			    "committed. Runs go on "
			    "after the next start. A second signal ends at once."},
};

static void add_entries(struct buf *out, const struct entry *entries, size_t count)
{
	for (size_t i = 0; i < count; i++)
		roff_item(out, entries[i].name, NULL, entries[i].text);
}

void manual_add_daemon(struct buf *out, const struct mode *modes, size_t count)
{
	static const char *const pages[] = {
		"redbuttond.conf 5", "redbutton 1", "redbutton-runner 8", "systemd.socket 5"};

	roff_begin(out, "redbuttond", 8, "executes prepared mitigations durably");
	roff_heading(out, "SYNOPSIS");
	buf_add_text(out, ".B redbuttond\n.RI [ FLAGS ]\n");
	roff_heading(out, "DESCRIPTION");
	roff_paragraph(out,
		"The daemon of redbutton: API, store, engine and adapters in one process, on one "
		"SQLite file. Every effect is on disk before it is sent; ended in whatever way, it "
		"takes its runs over at the next start.\n\n"
		"Started by systemd it takes its sockets over by name (FileDescriptorName=local, "
		"control, gate), tells when it is ready, and answers the watchdog. "
		"The "
		"first start writes the token of the first admin into bootstrap-token.\n");
	roff_heading(out, "OTHER MODES");
	for (size_t i = 0; i < count && modes[i].help; i++)
		roff_item(out, modes[i].flag, modes[i].args, modes[i].help);
	roff_heading(out, "FLAGS");
	settings_add_manual_flags(out);
	roff_heading(out, "FLAGS OF --gate");
	roff_paragraph(out, "They are also lines of " GATE_FILE ", as name = value.\n");
	gate_add_manual(out);
	roff_heading(out, "SIGNALS");
	add_entries(out, signals, COUNT(signals));
	roff_heading(out, "FILES");
	add_entries(out, daemon_files, COUNT(daemon_files));
	roff_see_also(out, pages, COUNT(pages));
}

void manual_add_settings(struct buf *out)
{
	static const char *const pages[] = {
		"redbuttond 8", "redbutton 1", "systemd.exec 5", "systemd-creds 1"};

	roff_begin(out, "redbuttond.conf", 5, "settings of redbuttond");
	roff_heading(out, "SYNOPSIS");
	roff_paragraph(out, SETTINGS_FILE);
	roff_heading(out, "DESCRIPTION");
	roff_paragraph(out,
		"One setting a line, as name = value. What follows # at the beginning of a line is "
		"a "
		"comment. An unknown name or a wrong value ends the start, naming the line.\n\n"
		"The environment outranks the file (RB_DATA_DIR for data-dir), and flags of "
		"redbuttond(8) outrank both. Sockets that systemd hands over outrank socket, "
		"listen and gate-socket.\n\n"
		"redbuttond --print-config prints every setting as it would hold.\n");
	roff_heading(out, "SETTINGS");
	settings_add_manual(out);
	roff_heading(out, "CREDENTIALS");
	roff_paragraph(out,
		"Secrets are named, never written here: file:/path is a file of mode 0600 that "
		"belongs to the daemon's user or to root; cred:NAME is a credential of the unit "
		"(LoadCredential=).\n");
	roff_heading(out, "EXAMPLES");
	roff_paragraph(out, "The API for others, with TLS:\n");
	roff_lines(out, "\n  listen = 0.0.0.0:7433\n  tls-certificate = /etc/redbutton/tls.pem\n"
			"  tls-key = /etc/redbutton/tls.key\n  hosts = redbutton.example.org\n");
	roff_see_also(out, pages, COUNT(pages));
}
