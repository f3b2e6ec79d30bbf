#include "change/sudo/doctor.h"

#include "change/gate/gate_client.h"
#include "change/gate/identity.h"
#include "change/gate/trust.h"
#include "change/sudo/doctor_rooms.h"
#include "lib/base/text.h"
#include "lib/base/time.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

#define NS_PER_MS	1000000
#define RECORDING_SPACE ((uint64_t)256 << 20)
#define FIRST_SANE_US	INT64_C(1735689600000000) /* 2025-01-01 */

static void look_root(struct doctor *doctor, struct doctor_finding *ret);
static void look_socket(struct doctor *doctor, struct doctor_finding *ret);
static void look_gate(struct doctor *doctor, struct doctor_finding *ret);
static void look_clock(struct doctor *doctor, struct doctor_finding *ret);
static void look_recordings(struct doctor *doctor, struct doctor_finding *ret);
static void look_identity(struct doctor *doctor, struct doctor_finding *ret);

static const struct {
	const char *name;
	void (*look)(struct doctor *doctor, struct doctor_finding *ret);
} checks[] = {
	{"account", look_root},
	{"sudo", doctor_look_sudo},
	{"sudo.conf", doctor_look_conf},
	{"plugin lines", doctor_look_lines},
	{"plugin file", doctor_look_plugin},
	{"plugin options", doctor_look_options},
	{"trace", doctor_look_trace},
	{"intercept", doctor_look_intercept},
	{"execveat", doctor_look_execveat},
	{"socket", look_socket},
	{"gate", look_gate},
	{"clock", look_clock},
	{"recordings", look_recordings},
	{"identity", look_identity},
};

void doctor_well(struct doctor_finding *finding, const char *format, ...)
{
	va_list args;

	*finding = (struct doctor_finding){.word = DOCTOR_WELL};
	va_start(args, format);
	vsnprintf(finding->text, sizeof(finding->text), format, args);
	va_end(args);
}

void doctor_ill(struct doctor_finding *finding, enum doctor_word word, const char *remedy,
	const char *format, ...)
{
	va_list args;

	*finding = (struct doctor_finding){.word = word};
	va_start(args, format);
	vsnprintf(finding->text, sizeof(finding->text), format, args);
	va_end(args);
	snprintf(finding->remedy, sizeof(finding->remedy), "%s", remedy);
}

/* --- checks of the gate and the host --- */

static void look_root(struct doctor *doctor, struct doctor_finding *ret)
{
	(void)doctor;
	if (geteuid() == 0)
		doctor_well(ret, "root sees everything");
	else
		doctor_ill(ret, DOCTOR_BROKEN, "run it as root",
			"what follows is what uid %u can see", (unsigned)geteuid());
}

static void look_socket(struct doctor *doctor, struct doctor_finding *ret)
{
	const struct gate_config *gate = &doctor->options.gate;
	struct gate_client client = GATE_CLIENT_INIT(gate);
	struct error err = ERROR_INIT;
	char *folder = arena_text(&doctor->arena, gate->socket), *slash = strrchr(folder, '/');

	if (slash && slash != folder)
		*slash = 0;
	if (trust_check(folder, &err) < 0)
		doctor_ill(ret, DOCTOR_BROKEN,
			err.code == ERROR_NOT_FOUND ? "start redbuttond, or redbuttond --gate URL"
						    : "its folders must be root's alone",
			"%s: %s", gate->socket, err.message);
	else if (gate_client_connect(
			 &client, time_mono_ns() + (int64_t)GATE_DEADLINE_MS * NS_PER_MS, &err) < 0)
		doctor_ill(ret, DOCTOR_BROKEN,
			err.code == ERROR_FORBIDDEN ? "find out who took the gate's place; "
						      "server_uid= names another account"
						    : "start redbuttond, or redbuttond --gate URL",
			"%s", err.message);
	else
		doctor_well(ret, "uid %u listens at %s", (unsigned)gate->server_uid, gate->socket);
	gate_client_close(&client);
}

/* A question that takes nothing. */
static void ask(struct doctor *doctor, struct gate_verdict *ret)
{
	static const char *const argv[] = {"true", NULL}, *const nothing[] = {NULL};
	struct gate_client client = GATE_CLIENT_INIT(&doctor->options.gate);
	struct gate_request request = {.kind = GATE_CHECK,
		.source = "terminal",
		.change = "",
		.actor_uid = geteuid(),
		.actor_user = "root",
		.session = "",
		.tty = "",
		.parent_run = "",
		.typed_key = "",
		.exec = {.path = "/usr/bin/true",
			.argv = argv,
			.env = nothing,
			.cwd = "/",
			.runas = "root",
			.stdin_kind = GATE_STDIN_NONE,
			.is_trusted = true}};

	gate_ask(&client, &doctor->arena, &request, ret);
	gate_client_close(&client);
}

static void look_gate(struct doctor *doctor, struct doctor_finding *ret)
{
	struct gate_verdict verdict;
	enum gate_reason reason;

	ask(doctor, &verdict);
	if (!gate_reason_parse(verdict.reason, &reason))
		reason = REASON_GATE_UNAVAILABLE;
	switch (reason) {
	case REASON_GATE_UNAVAILABLE:
	case REASON_IDEMPOTENCY_CONFLICT:
		doctor_ill(ret, DOCTOR_BROKEN,
			"its log says more: journalctl -u redbuttond; until then every command is "
			"refused",
			"%s", verdict.message);
		break;
	case REASON_BAD_SIGNATURE:
		doctor_ill(ret, DOCTOR_BROKEN,
			"pin the key of the daemon that decides (public_key= in sudo.conf, "
			"gate-key "
			"in rcm.conf)",
			"%s", verdict.message);
		break;
	case REASON_CLOCK_SKEW:
		doctor_ill(ret, DOCTOR_BROKEN, "set both clocks by NTP", "%s", verdict.message);
		break;
	case REASON_POLICY_STALE:
		doctor_ill(ret, DOCTOR_WEAK, "let this host reach the control plane", "%s",
			verdict.message);
		break;
	default:
		doctor_well(ret, "it answers (%s %s)", gate_verdict_word(verdict.verdict),
			verdict.reason);
	}
}

static void look_clock(struct doctor *doctor, struct doctor_finding *ret)
{
	struct timex state = {0};

	(void)doctor;
	if (time_now_us() < FIRST_SANE_US)
		doctor_ill(ret, DOCTOR_BROKEN, "set it, and keep it by NTP",
			"the clock stands before 2025");
	else if (adjtimex(&state) == TIME_ERROR)
		doctor_ill(ret, DOCTOR_WEAK, "run systemd-timesyncd, chrony or ntpd",
			"the kernel says that the clock is not kept by anything");
	else
		doctor_well(ret, "it is kept");
}

static void look_recordings(struct doctor *doctor, struct doctor_finding *ret)
{
	const char *folder = doctor->options.gate.recordings;
	struct error err = ERROR_INIT;
	struct statvfs space;
	struct stat state;

	if (trust_check(folder, &err) == ERROR_NOT_FOUND)
		doctor_well(ret, "%s is made with the first recording", folder);
	else if (err.code < 0)
		doctor_ill(ret, DOCTOR_BROKEN, "chown root:root, in folders of root", "%s",
			err.message);
	else if (stat(folder, &state) < 0 || !S_ISDIR(state.st_mode) ||
		 (state.st_mode & 07777) != 0700)
		doctor_ill(ret, DOCTOR_BROKEN, "chmod 0700; until then no recorded command runs",
			"%s is no folder of mode 0700", folder);
	else if (statvfs(folder, &space) == 0 &&
		 (uint64_t)space.f_bavail * space.f_frsize < RECORDING_SPACE)
		doctor_ill(ret, DOCTOR_WEAK, "make room; a command ends when it cannot be recorded",
			"%s has less than %u MiB left", folder, (unsigned)(RECORDING_SPACE >> 20));
	else
		doctor_well(ret, "%s is root's alone", folder);
}

static void look_identity(struct doctor *doctor, struct doctor_finding *ret)
{
	struct error err = ERROR_INIT;
	const char *identity;

	if (identity_host(&doctor->arena, doctor->paths->identity_root, &identity, &err) < 0)
		doctor_ill(ret, DOCTOR_BROKEN,
			*err.remedy ? err.remedy : "ssh-keygen -A makes the keys of sshd",
			"%s; no grant can be bound to this host", err.message);
	else
		doctor_well(ret, "%s", identity);
}

/* --- report --- */

static void print(FILE *out, const char *name, const struct doctor_finding *finding)
{
	static const char *const words[] = {"ok", "weak", "BROKEN"};
	struct buf line = BUF_INIT;

	buf_add_format(&line, "%-6s  %-14s  ", words[finding->word], name);
	text_add_visible(&line, finding->text, strlen(finding->text));
	if (finding->word != DOCTOR_WELL) {
		buf_add_format(&line, "\n%24s  remedy: ", "");
		text_add_visible(&line, finding->remedy, strlen(finding->remedy));
	}
	fprintf(out, "%s\n", buf_text(&line));
	buf_done(&line);
}

static void prepare(struct doctor *doctor, const struct doctor_paths *paths)
{
	struct error err = ERROR_INIT;

	*doctor = (struct doctor){.paths = paths, .options = {.gate = *paths->gate}};
	if (!doctor->options.gate.recordings || !*doctor->options.gate.recordings)
		doctor->options.gate.recordings = PLUGIN_RECORD_DIR;
	doctor_conf_read(doctor, &err); /* doctor_look_conf says what is wrong with it */
	doctor_sudo_ask(doctor);
}

int doctor_run(const struct doctor_paths *paths, FILE *out)
{
	enum doctor_word worst = DOCTOR_WELL;
	struct doctor doctor;

	prepare(&doctor, paths);
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		struct doctor_finding finding;

		checks[i].look(&doctor, &finding);
		print(out, checks[i].name, &finding);
		if (finding.word > worst)
			worst = finding.word;
	}
	arena_done(&doctor.arena);
	return (int)worst;
}
