#include "change/sudo/doctor_rooms.h"
#include "lib/base/buf.h"
#include "lib/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define OUTPUT_MAX ((size_t)256 * 1024)
#define MECHANISM  "intercept and log_subcmds options: "
#define KERNEL	   "/proc/sys/kernel/seccomp/actions_avail"

static bool start(char *const *argv, int output, pid_t *ret)
{
	static char *const environment[] = {
		(char *)"PATH=/usr/sbin:/usr/bin:/sbin:/bin", (char *)"LC_ALL=C", NULL};
	posix_spawn_file_actions_t actions;
	bool is_started;

	if (posix_spawn_file_actions_init(&actions) != 0)
		return false;
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	is_started = posix_spawn(ret, argv[0], &actions, NULL, argv, environment) == 0;
	posix_spawn_file_actions_destroy(&actions);
	return is_started;
}

static void read_all(int fd, struct buf *out)
{
	char bytes[4096];
	ssize_t got;

	while (out->length < OUTPUT_MAX &&
		((got = read(fd, bytes, sizeof(bytes))) > 0 || (got < 0 && errno == EINTR)))
		if (got > 0)
			buf_add(out, bytes, (size_t)got);
}

/* What it prints, "" when it cannot be run or fails. */
static const char *output_of(struct arena *arena, const char *program, const char *a, const char *b)
{
	char *const argv[] = {(char *)program, (char *)a, (char *)b, NULL};
	struct buf out = BUF_INIT;
	const char *text = "";
	int ends[2], status = -1;
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return text;
	if (start(argv, ends[1], &child)) {
		close(ends[1]);
		ends[1] = -1;
		read_all(ends[0], &out);
		while (waitpid(child, &status, 0) < 0 && errno == EINTR)
			;
	}
	if (ends[1] >= 0)
		close(ends[1]);
	close(ends[0]);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0 && out.length)
		text = arena_text(arena, out.bytes);
	buf_done(&out);
	return text;
}

void doctor_sudo_ask(struct doctor *doctor)
{
	const char *sudo = doctor->paths->sudo;

	doctor->version_text = output_of(&doctor->arena, sudo, "-V", NULL);
	doctor->list_text = output_of(&doctor->arena, sudo, "-n", "-l");
	if (sscanf(doctor->version_text, "Sudo version %u.%u.%u", &doctor->version[0],
		    &doctor->version[1], &doctor->version[2]) < 2)
		memset(doctor->version, 0, sizeof(doctor->version));
}

static bool is_at_least(const struct doctor *doctor, unsigned a, unsigned b, unsigned c)
{
	const unsigned *has = doctor->version;

	if (has[0] != a)
		return has[0] > a;
	if (has[1] != b)
		return has[1] > b;
	return has[2] >= c;
}

static int first_line(const char *text)
{
	return (int)strcspn(text, "\n");
}

void doctor_look_sudo(struct doctor *doctor, struct doctor_finding *ret)
{
	const char *text = doctor->version_text;

	if (!*text)
		doctor_ill(ret, DOCTOR_BROKEN, "install the package sudo", "%s -V says nothing",
			doctor->paths->sudo);
	else if (!doctor->version[0])
		doctor_ill(ret, DOCTOR_BROKEN,
			"install Todd Miller's sudo (sudo.ws) and make it the one that is called: "
			"update-alternatives --config sudo",
			"\"%.*s\" takes no plugins", first_line(text), text);
	else if (!is_at_least(doctor, 1, 9, 12))
		doctor_ill(ret, DOCTOR_BROKEN, "upgrade to sudo 1.9.12 or later",
			"\"%.*s\" cannot check again what an intercepted command became",
			first_line(text), text);
	else
		doctor_well(ret, "%.*s", first_line(text), text);
}

static bool has_kernel_trace(void)
{
	FILE *file = fopen(KERNEL, "re");
	char line[256] = "";
	bool is_there = file && fgets(line, sizeof(line), file) && strstr(line, "trace");

	if (file)
		fclose(file);
	return is_there;
}

void doctor_look_trace(struct doctor *doctor, struct doctor_finding *ret)
{
	const char *at = strstr(doctor->version_text, MECHANISM);

	at = at ? at + strlen(MECHANISM) : "";
	if (!has_kernel_trace())
		doctor_ill(ret, DOCTOR_BROKEN, "a kernel with CONFIG_SECCOMP_FILTER",
			"the kernel has no seccomp trace (%s)", KERNEL);
	else if (!text_starts_with(at, "trace"))
		doctor_ill(ret, DOCTOR_BROKEN, "in sudoers: Defaults intercept_type=trace",
			"sudo intercepts by \"%.*s\": a static program, or one without LD_PRELOAD, "
			"is not seen",
			first_line(at), at);
	else
		doctor_well(ret, "sudo intercepts by trace");
}

/* Is the word among the Defaults of `sudo -l`, which stand before the first empty line? */
static bool has_default(const char *text, const char *word)
{
	const char *end = strstr(text, "\n\n");
	size_t length = strlen(word);

	for (const char *at = strstr(text, word); at && (!end || at < end);
		at = strstr(at + 1, word))
		if (at > text && (at[-1] == ' ' || at[-1] == ',') &&
			(at[length] == ',' || at[length] == '\n' || at[length] == 0))
			return true;
	return false;
}

/* Of the Defaults for single commands: that what rcm starts is not asked here. */
static bool is_rcm_left_out(const char *text)
{
	static const char begin[] = "Defaults!";

	for (const char *at = strstr(text, begin); at; at = strstr(at + 1, begin)) {
		size_t length = strcspn(at, "\n");
		const char *program = memmem(at, length, "/rcm ", strlen("/rcm "));

		if (program && memmem(program, length - (size_t)(program - at), " !intercept",
				       strlen(" !intercept")))
			return true;
	}
	return false;
}

void doctor_look_intercept(struct doctor *doctor, struct doctor_finding *ret)
{
	if (!*doctor->list_text)
		doctor_ill(ret, DOCTOR_BROKEN,
			"visudo -c; root needs a rule without a password for this check",
			"sudo -n -l says nothing: the Defaults cannot be seen");
	else if (has_default(doctor->list_text, "!intercept_verify"))
		doctor_ill(ret, DOCTOR_BROKEN, "take !intercept_verify out of sudoers",
			"what a command becomes after the check is not checked again");
	else if (!has_default(doctor->list_text, "intercept"))
		doctor_ill(ret, DOCTOR_WEAK, "in sudoers: Defaults intercept",
			"what an allowed command starts is not asked (Defaults for single accounts "
			"are not seen here)");
	else if (!is_rcm_left_out(doctor->list_text))
		doctor_ill(ret, DOCTOR_WEAK, "in sudoers: Defaults!/usr/bin/rcm !intercept",
			"what an approved script starts below sudo rcm exec is asked without its "
			"run, and refused");
	else
		doctor_well(ret, "each command inside an allowed one is asked");
}

void doctor_look_execveat(struct doctor *doctor, struct doctor_finding *ret)
{
	if (is_at_least(doctor, 1, 9, 18))
		doctor_well(ret, "sudo sees execveat(2)");
	else
		doctor_ill(ret, DOCTOR_WEAK,
			"sudo 1.9.18 or later; until then approve no shell where that matters "
			"(EXEC-009)",
			"sudo before 1.9.18 does not see execveat(2): a helper can start programs "
			"by it");
}
