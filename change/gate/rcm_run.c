#include "change/gate/rcm_rooms.h"

#include "change/gate/identity.h"
#include "change/gate/recorder.h"
#include "change/gate/run_parent.h"
#include "change/gate/terminal.h"
#include "lib/base/text.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <unistd.h>

#define ROOT_RECORDINGS "/var/lib/rcm/recordings"
#define OWN_RECORDINGS	".local/state/rcm/recordings"
#define KEY_MAX		256

/* The question. */

/* A name is looked up where the caller would; what it gets for itself is another matter. */
static const char *own_search(void)
{
	const char *search = getenv("PATH");

	return search ? search : RCM_SEARCH;
}

const char *rcm_search(const char *const *env)
{
	const char *search = rcm_value(env, "PATH");

	return search ? search : RCM_SEARCH;
}

static enum gate_stdin stdin_kind(void)
{
	struct stat state;

	if (fstat(STDIN_FILENO, &state) < 0)
		return GATE_STDIN_NONE;
	if (S_ISCHR(state.st_mode) && state.st_rdev == makedev(1, 3))
		return GATE_STDIN_NONE;
	return GATE_STDIN_OPEN;
}

static const char *tty_of(struct arena *arena)
{
	char path[PATH_MAX];
	ssize_t length =
		isatty(STDIN_FILENO) ? readlink("/proc/self/fd/0", path, sizeof(path) - 1) : -1;

	return length > 0 && length < 200 ? arena_text_n(arena, path, (size_t)length) : "";
}

/* The login session as the kernel's audit counts it; "" where it does not. */
static const char *session_of(struct arena *arena)
{
	char text[32] = "";
	FILE *file = fopen("/proc/self/sessionid", "re");
	size_t length = file ? fread(text, 1, sizeof(text) - 1, file) : 0;

	if (file)
		fclose(file);
	text[length] = 0;
	text[strcspn(text, "\n")] = 0;
	return strcmp(text, "4294967295") ? arena_text(arena, text) : "";
}

int rcm_read_cwd(struct arena *arena, const char **ret, struct error *err)
{
	char path[PATH_MAX];

	if (!getcwd(path, sizeof(path)) || path[0] != '/')
		return error_set(
			err, ERROR_INVALID, "the working directory is gone or cannot be reached");
	*ret = arena_text(arena, path);
	return 0;
}

/* A uid as text, other than root and "none". */
static bool read_uid(const char *text, uid_t *ret)
{
	struct error err = ERROR_INIT;
	int64_t uid;

	if (!text || text_parse_int64("uid", text, 1, UINT32_MAX - 1, &uid, &err) < 0)
		return false;
	*ret = (uid_t)uid;
	return true;
}

/*
 * Root is an account of many: below sudo it says who became root, by the kernel's word of the
 * login, else by sudo's. Nobody else has a say in who it is. What sshd runs is who sshd made it.
 */
static uid_t actor_of(const char *source)
{
	char text[16] = "";
	uid_t uid = getuid();
	FILE *file;

	if (uid != 0 || strcmp(source, "terminal") != 0)
		return uid;
	file = fopen("/proc/self/loginuid", "re");
	if (file) {
		text[fread(text, 1, sizeof(text) - 1, file)] = 0;
		fclose(file);
	}
	if (!read_uid(text, &uid))
		read_uid(getenv("SUDO_UID"), &uid);
	return uid;
}

static void begin(struct job *job, struct rcm *rcm, enum gate_kind kind, const char *source)
{
	*job = (struct job){.rcm = rcm,
		.account = *rcm_account(rcm, actor_of(source)),
		.client = GATE_CLIENT_INIT(&rcm->config),
		.program = {.fd = -1, .interpreter = -1},
		.stdin_fd = -1};
	job->request = (struct gate_request){.kind = kind,
		.source = source,
		.change = rcm->change,
		.step = rcm->step,
		.actor_uid = job->account.uid,
		.actor_user = job->account.name,
		.session = session_of(&rcm->arena),
		.tty = tty_of(&rcm->arena),
		.parent_run = "",
		.is_strict = rcm->is_strict,
		.typed_key = ""};
	job->request.exec.runas = rcm_account(rcm, geteuid())->name;
}

/* The program takes its place in the question. */
void rcm_ask_about_program(struct job *job)
{
	struct gate_exec *exec = &job->request.exec;

	exec->path = job->program.path;
	exec->is_trusted = job->program.is_trusted;
	if (job->program.is_sealed && !exec->content_count) {
		exec->contents = &job->program.content;
		exec->content_count = 1;
	}
}

static int take_command(struct job *job, const struct rcm_command *command, struct error *err)
{
	struct arena *arena = &job->rcm->arena;
	const char *path;
	int code = rcm_read_cwd(arena, &job->request.exec.cwd, err);

	if (code == 0)
		code = program_find(arena, command->argv[0], own_search(), &path, err);
	if (code == 0)
		code = program_open(arena, path, rcm_search(command->env), &job->program, err);
	if (code < 0)
		return code;
	job->argv = command->argv;
	job->request.exec.argv = command->argv;
	job->request.exec.env = command->env;
	job->request.exec.stdin_kind = stdin_kind();
	rcm_ask_about_program(job);
	return 0;
}

/* The run. */

static const char *recordings_of(struct job *job)
{
	if (job->rcm->config.recordings[0])
		return job->rcm->config.recordings;
	if (geteuid() == 0)
		return ROOT_RECORDINGS;
	return arena_format(
		&job->rcm->arena, "%s/" OWN_RECORDINGS, rcm_account(job->rcm, geteuid())->home);
}

static const char *host_of(struct arena *arena)
{
	struct error err = ERROR_INIT;
	struct utsname name;
	const char *host;

	if (identity_host(arena, "", &host, &err) == 0)
		return host;
	return uname(&name) == 0 ? arena_text(arena, name.nodename) : "";
}

static const char *shown_command(struct job *job)
{
	struct buf line = BUF_INIT;
	const char *text;

	for (size_t i = 0; job->argv[i]; i++)
		buf_add_format(&line, "%s%s", i ? " " : "", job->request.exec.argv[i]);
	text = arena_text(&job->rcm->arena, buf_text(&line));
	buf_done(&line);
	return text;
}

static int open_recording(struct job *job, struct recorder **ret, struct error *err)
{
	struct recorder_options options = {.folder = recordings_of(job),
		.change = job->verdict.change,
		.run = job->verdict.run,
		.host = host_of(&job->rcm->arena),
		.command = shown_command(job),
		.term = getenv("TERM"),
		.shell = job->account.shell,
		.is_masked = (job->verdict.must & GATE_MUST_MASK) != 0};
	int code;

	terminal_size(&options.columns, &options.rows);
	code = recorder_open(&options, ret, err);
	if (code == 0 && !recorder_mark(*ret, "%s %s %s", gate_verdict_word(job->verdict.verdict),
				 job->verdict.reason, job->verdict.decision)) {
		code = error_set(err, ERROR_IO, "the recording could not be written");
		recorder_free(*ret);
	}
	return code < 0 ? error_prefix(err, "nothing runs unrecorded") : 0;
}

static void tell_end(struct job *job, int status, const struct recorder_sum *sum)
{
	struct gate_end end = {.run = job->verdict.run,
		.status = status,
		.recording = sum->path,
		.recording_sha256 = sum->sha256,
		.recording_bytes = sum->bytes,
		.is_recording_whole = sum->is_whole};
	struct error err = ERROR_INIT;

	if (!job->verdict.run[0] || gate_tell_end(&job->client, &end, &err) == 0)
		return;
	error_prefix(&err, "the gate did not note the end of run %s", job->verdict.run);
	error_remedy(&err, "it shows as started until somebody resets it");
	rcm_complain(&err, 0);
}

static int result_code(struct job *job, const struct run_result *result)
{
	int code = run_exit_code(result->status);

	if (result->failed_errno) {
		fprintf(stderr, "rcm: %s: %s\n", job->program.shown,
			strerror(result->failed_errno));
		return result->failed_errno == ENOENT ? RCM_NOT_FOUND : RCM_CANNOT;
	}
	if (!result->is_stopped)
		return code;
	rcm_tell(
		"stopped", result->reason, job->verdict.change, job->verdict.step, result->message);
	if (result->left_count)
		fprintf(stderr, "rcm: %zu of its processes could not be ended\n",
			result->left_count);
	return code ? code : RCM_REFUSED;
}

static int run_and_record(struct job *job, struct recorder *recorder)
{
	struct run_options options = {.program = &job->program,
		.argv = job->argv,
		.env = job->request.exec.env,
		.stdin_fd = job->stdin_fd,
		.client = job->verdict.run[0] ? &job->client : NULL,
		.run = job->verdict.run,
		.lease_s = job->verdict.lease_s,
		.kill_at_us = job->verdict.kill_at_us,
		.timeout_s = job->timeout_s,
		.recorder = recorder};
	struct recorder_sum sum = {.path = ""};
	struct run_result result;
	struct error err = ERROR_INIT;
	int code = run_as_parent(&options, &result, &err);

	if (code < 0 || result.failed_errno)
		result.status = RCM_CANNOT << 8;
	if (recorder && result.is_stopped)
		recorder_mark(recorder, "stopped %s %s", result.reason, result.message);
	if (recorder) {
		recorder_mark(recorder, "end %d", run_exit_code(result.status));
		recorder_end(recorder, &sum);
	}
	tell_end(job, result.status, &sum);
	if (code < 0)
		return rcm_complain(&err, RCM_CANNOT);
	return result_code(job, &result);
}

static int run_below(struct job *job)
{
	bool is_recorded = job->rcm->wants_record || (job->verdict.must & GATE_MUST_RECORD);
	struct recorder *recorder = NULL;
	struct error err = ERROR_INIT;
	int exit_code;

	if (is_recorded && open_recording(job, &recorder, &err) < 0) {
		tell_end(job, RCM_REFUSED << 8, &(struct recorder_sum){.path = ""});
		return rcm_complain(&err, RCM_REFUSED);
	}
	exit_code = run_and_record(job, recorder);
	recorder_free(recorder);
	return exit_code;
}

static int run_in_place(struct job *job)
{
	int number;

	if (job->stdin_fd >= 0)
		dup2(job->stdin_fd, STDIN_FILENO);
	program_execute(&job->program, job->argv, job->request.exec.env);
	number = errno;
	fprintf(stderr, "rcm: %s: %s\n", job->program.shown, strerror(number));
	return number == ENOENT ? RCM_NOT_FOUND : RCM_CANNOT;
}

static int obey(struct job *job)
{
	struct error err = ERROR_INIT;
	enum gate_reason reason = REASON_GATE_UNAVAILABLE;

	rcm_tell_verdict(job->rcm, &job->verdict);
	if (job->verdict.verdict != GATE_ALLOW)
		return RCM_REFUSED;
	if (!gate_verdict_is_live(&job->verdict)) {
		error_set(&err, ERROR_STALE, "the gate's allow was over before it could be used");
		return rcm_refuse(job, REASON_GATE_UNAVAILABLE, &err);
	}
	gate_reason_parse(job->verdict.reason, &reason);
	if (reason == REASON_OK_READONLY && !job->verdict.must && !job->verdict.kill_at_us &&
		!job->rcm->wants_record && !job->timeout_s)
		return run_in_place(job);
	return run_below(job);
}

/* Once more with a second key, where one would do and somebody is there to type it. */
static void decide(struct job *job)
{
	char key[KEY_MAX];
	const char *question;

	gate_ask(&job->client, &job->rcm->arena, &job->request, &job->verdict);
	if (job->verdict.verdict == GATE_ALLOW || !(job->verdict.must & GATE_WANTS_KEY))
		return;
	question = arena_format(&job->rcm->arena,
		"rcm: %s\nrcm: second key (empty: give up): ", job->verdict.message);
	if (terminal_ask_hidden(question, key, sizeof(key))) {
		job->request.typed_key = key;
		job->request.request_id = NULL; /* another question */
		gate_ask(&job->client, &job->rcm->arena, &job->request, &job->verdict);
		job->request.typed_key = "";
	}
	explicit_bzero(key, sizeof(key));
}

/* Why there is nothing to ask about. */
static int refuse_program(struct job *job, const struct error *err)
{
	switch (err->code) {
	case ERROR_NOT_APPROVED:
		return rcm_refuse(job, REASON_MUTABLE_REF, err);
	case ERROR_TAMPERED:
	case ERROR_STALE:
		return rcm_refuse(job, REASON_CONTENT_MISMATCH, err);
	case ERROR_TOO_LARGE:
		return rcm_refuse(job, REASON_CONTENT_UNBOUND, err);
	case ERROR_CONFLICT: /* another account than the step's */
		return rcm_refuse(job, REASON_FINGERPRINT_MISMATCH, err);
	case ERROR_NOT_FOUND:
		return rcm_complain(err, RCM_NOT_FOUND);
	default:
		return rcm_complain(err, RCM_CANNOT);
	}
}

static int end_job(struct job *job, int exit_code)
{
	gate_client_close(&job->client);
	program_close(&job->program);
	return exit_code;
}

int rcm_run_command(struct rcm *rcm, const struct rcm_command *command)
{
	struct error err = ERROR_INIT;
	struct job job;

	begin(&job, rcm, GATE_DECIDE, command->source);
	if (command->session)
		job.request.session = command->session;
	if (take_command(&job, command, &err) < 0)
		return end_job(&job, refuse_program(&job, &err));
	decide(&job);
	return end_job(&job, obey(&job));
}

int rcm_run_step(struct rcm *rcm, const char *kind)
{
	struct gate_fetch fetch = {rcm->change, rcm->step, rcm->phase ? rcm->phase : ""};
	int fds[GATE_FDS_MAX];
	struct error err = ERROR_INIT;
	struct gate_step step;
	struct job job;
	size_t count;

	begin(&job, rcm, GATE_DECIDE, "terminal");
	if (gate_fetch(&job.client, &rcm->arena, &fetch, &step, fds, &count, &err) < 0)
		return end_job(&job, rcm_refuse(&job, REASON_GATE_UNAVAILABLE, &err));
	if ((kind && strcmp(step.kind, kind) != 0) || (!kind && !strcmp(step.kind, "edit"))) {
		error_set(&err, ERROR_INVALID, "step %u is of the kind %s", (unsigned)step.step,
			step.kind);
		error_remedy(&err, "%s",
			kind ? "rcm shell is for steps of the kind shell; rcm exec runs the others"
			     : "a file is edited by sudoedit");
		return end_job(&job, rcm_refuse(&job, REASON_FINGERPRINT_MISMATCH, &err));
	}
	if (rcm_take_step(&job, &step, fds, &err) < 0)
		return end_job(&job, refuse_program(&job, &err));
	decide(&job);
	return end_job(&job, obey(&job));
}

int rcm_check(struct rcm *rcm)
{
	struct rcm_command command = {
		.argv = rcm->command, .env = rcm_environment(rcm, rcm->env), .source = "terminal"};
	struct error err = ERROR_INIT;
	struct job job;
	int exit_code;

	begin(&job, rcm, GATE_CHECK, command.source);
	if (take_command(&job, &command, &err) < 0) {
		gate_deny(&rcm->arena, &job.verdict,
			err.code == ERROR_NOT_APPROVED ? REASON_MUTABLE_REF : REASON_OPAQUE,
			"%s%s%s", err.message, err.remedy[0] ? "\n" : "", err.remedy);
	} else {
		gate_ask(&job.client, &rcm->arena, &job.request, &job.verdict);
	}
	exit_code = rcm_tell_verdict(rcm, &job.verdict);
	if (rcm->wants_json)
		rcm_write_detail(STDOUT_FILENO, job.verdict.detail);
	else if (job.verdict.verdict == GATE_ALLOW)
		rcm_tell("allow", job.verdict.reason, job.verdict.change, job.verdict.step,
			job.verdict.message);
	return end_job(&job, exit_code);
}
