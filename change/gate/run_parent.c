#include "change/gate/run_parent.h"

#include "change/gate/descendants.h"
#include "change/gate/run_child.h"
#include "change/gate/run_stream.h"
#include "change/gate/run_watch.h"
#include "change/gate/terminal.h"
#include "lib/base/time.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define NS_PER_MS     INT64_C(1000000)
#define DRAIN_MS      500 /* for what a run that ended has left in pipes that others hold */
#define KILL_AGAIN_MS 50  /* a process may appear between two looks */
#define KILL_MS	      5000

enum phase { PHASE_RUNS, PHASE_ASKED, PHASE_KILLED, PHASE_DRAINS, PHASE_OVER };

/* What is handed on to the command. */
static const int forwarded[] = {SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGCONT};

#define FORWARDED_COUNT (sizeof(forwarded) / sizeof(forwarded[0]))

struct run {
	const struct run_options *options;
	struct run_result *result;
	struct run_watch watch;
	struct terminal terminal;
	struct run_stream input, output, errors;
	int output_pipe, error_pipe; /* our ends */
	int signals;
	sigset_t mask;
	struct sigaction pipe_action;
	pid_t pid;
	bool is_reaped;
	enum phase phase;
	int64_t phase_ns; /* when the phase ends */
};

/* Signals. */

static int block_signals(struct run *run, struct error *err)
{
	struct sigaction ignored = {.sa_handler = SIG_IGN};
	sigset_t ours;

	sigemptyset(&ours);
	sigaddset(&ours, SIGCHLD);
	sigaddset(&ours, SIGWINCH);
	for (size_t i = 0; i < FORWARDED_COUNT; i++)
		sigaddset(&ours, forwarded[i]);
	sigprocmask(SIG_BLOCK, &ours, &run->mask);
	sigaction(SIGPIPE, &ignored, &run->pipe_action);
	run->signals = signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK);
	return run->signals < 0 ? error_errno(err, ERROR_IO, "signals") : 0;
}

static void give_signals_back(const struct run *run)
{
	sigaction(SIGPIPE, &run->pipe_action, NULL);
	sigprocmask(SIG_SETMASK, &run->mask, NULL);
}

static void enter_phase(struct run *run, enum phase phase, int64_t for_ms)
{
	run->phase = phase;
	run->phase_ns = time_mono_ns() + for_ms * NS_PER_MS;
}

/* Orphans that came to us are reaped with it. */
static void reap(struct run *run)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == run->pid) {
			run->result->status = status;
			run->is_reaped = true;
		}
}

static void forward_signal(struct run *run, int number)
{
	if (!run->is_reaped)
		kill(-run->pid, number);
}

static void take_size(struct run *run)
{
	unsigned columns, rows;

	if (run->terminal.master >= 0 && terminal_follow_size(&run->terminal, &columns, &rows) &&
		run->options->recorder)
		recorder_window(run->options->recorder, columns, rows);
}

static void take_signals(struct run *run)
{
	struct signalfd_siginfo info;

	while (read(run->signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGCHLD)
			reap(run);
		else if (info.ssi_signo == SIGWINCH)
			take_size(run);
		else
			forward_signal(run, (int)info.ssi_signo);
	}
}

/* Start. */

static int make_pipe(int *ret_ours, int *ret_theirs, struct error *err)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_errno(err, ERROR_IO, "a pipe");
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	*ret_ours = ends[0];
	*ret_theirs = ends[1];
	return 0;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static int connect_terminal(struct run *run, struct run_child_options *child, struct error *err)
{
	int code = terminal_open(&run->terminal, err);

	if (code < 0)
		return code;
	child->terminal = run->terminal.slave;
	for (int i = 0; i < 3; i++)
		if (child->fds[i] < 0)
			child->fds[i] = run->terminal.slave;
	run_stream_init(&run->input, STDIN_FILENO, run->terminal.master);
	run_stream_init_shared(&run->output, run->terminal.master, STDOUT_FILENO);
	return 0;
}

static int connect_pipes(struct run *run, struct run_child_options *child, struct error *err)
{
	int code = make_pipe(&run->output_pipe, &child->fds[1], err);

	if (code == 0)
		code = make_pipe(&run->error_pipe, &child->fds[2], err);
	if (code < 0)
		return code;
	run_stream_init_shared(&run->output, run->output_pipe, STDOUT_FILENO);
	run_stream_init_shared(&run->errors, run->error_pipe, STDERR_FILENO);
	return 0;
}

/* A terminal where there is one; pipes where the recorder must see what is shown; else nothing
 * stands between. */
static int start(struct run *run, struct error *err)
{
	struct run_child_options child = {.program = run->options->program,
		.argv = run->options->argv,
		.env = run->options->env,
		.fds = {run->options->stdin_fd, -1, -1},
		.terminal = -1,
		.mask = &run->mask,
		.pipe_action = &run->pipe_action};
	bool has_terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
	int code = 0;

	if (has_terminal)
		code = connect_terminal(run, &child, err);
	else if (run->options->recorder)
		code = connect_pipes(run, &child, err);
	if (code == 0)
		code = run_child_start(&child, &run->pid, &run->result->failed_errno, err);
	if (has_terminal)
		close_fd(&run->terminal.slave);
	else if (run->options->recorder) {
		close_fd(&child.fds[1]);
		close_fd(&child.fds[2]);
	}
	if (code == 0 && has_terminal && !run->result->failed_errno)
		terminal_make_raw(&run->terminal);
	return code;
}

/* Bytes. */

static void record(struct run *run, struct run_stream *stream, size_t length)
{
	struct recorder *recorder = run->options->recorder;
	bool is_written = true;

	if (recorder && stream == &run->input)
		is_written = recorder_input(
			recorder, stream->bytes, length, terminal_is_hidden(&run->terminal));
	else if (recorder)
		is_written = recorder_output(recorder, stream->bytes, length);
	if (!is_written)
		run_stop(run->result, "render_incomplete",
			"the recording could not be written: nothing runs unrecorded");
}

/* True when something moved. */
static bool move_bytes(struct run *run, struct run_stream *stream)
{
	size_t length = run_stream_read(stream);

	if (length)
		record(run, stream, length);
	run_stream_write(stream);
	return length > 0;
}

/* Our end of a pipe is closed when nobody takes what comes: the command hears of it by SIGPIPE. */
static void close_ended(struct run *run)
{
	if (run->output.from < 0)
		close_fd(&run->output_pipe);
	if (run->errors.from < 0)
		close_fd(&run->error_pipe);
}

/* The end. */

static void kill_all(struct run *run)
{
	int64_t now_ns = time_mono_ns();

	reap(run);
	run->result->left_count = descendants_signal(SIGKILL);
	if (!run->result->left_count && run->is_reaped)
		enter_phase(run, PHASE_DRAINS, DRAIN_MS);
	else if (now_ns >= run->phase_ns)
		run->phase = PHASE_OVER;
}

static void advance_once(struct run *run)
{
	int64_t now_ns = time_mono_ns();

	switch (run->phase) {
	case PHASE_RUNS:
		if (run->is_reaped) {
			enter_phase(run, PHASE_DRAINS, DRAIN_MS);
		} else if (run->result->is_stopped) {
			descendants_signal(SIGTERM);
			descendants_signal(SIGCONT);
			enter_phase(run, PHASE_ASKED, RUN_GRACE_MS);
		}
		break;
	case PHASE_ASKED:
		if (now_ns >= run->phase_ns || (run->is_reaped && !descendants_count()))
			enter_phase(run, PHASE_KILLED, KILL_MS);
		break;
	case PHASE_KILLED:
		kill_all(run);
		break;
	case PHASE_DRAINS:
		if (now_ns >= run->phase_ns || (run->output.from < 0 && run->errors.from < 0 &&
						       run->output.start == run->output.end &&
						       run->errors.start == run->errors.end))
			run->phase = PHASE_OVER;
		break;
	case PHASE_OVER:
		break;
	}
}

static void advance(struct run *run)
{
	enum phase before;

	do {
		before = run->phase;
		advance_once(run);
	} while (run->phase != before);
}

static int wait_ms(const struct run *run)
{
	int64_t next_ns = run->phase == PHASE_RUNS ? run_watch_next(&run->watch) : run->phase_ns;
	int64_t left_ms = (next_ns - time_mono_ns() + NS_PER_MS - 1) / NS_PER_MS;

	if (run->phase == PHASE_KILLED || run->phase == PHASE_ASKED)
		left_ms = KILL_AGAIN_MS;
	if (next_ns == INT64_MAX)
		return -1;
	return left_ms < 0 ? 0 : left_ms > 3600000 ? 3600000 : (int)left_ms;
}

enum { POLL_SIGNALS, POLL_GATE, POLL_INPUT, POLL_OUTPUT, POLL_ERRORS, POLL_COUNT };

static void fill_polls(const struct run *run, struct pollfd polls[static POLL_COUNT])
{
	for (int i = 0; i < POLL_COUNT; i++)
		polls[i] = (struct pollfd){.fd = -1, .events = POLLIN};
	polls[POLL_SIGNALS].fd = run->signals;
	polls[POLL_GATE].fd = run_watch_fd(&run->watch);
	if (!run_stream_wants(&run->input, &polls[POLL_INPUT]) || run->phase == PHASE_DRAINS)
		polls[POLL_INPUT].fd = -1;
	if (!run_stream_wants(&run->output, &polls[POLL_OUTPUT]))
		polls[POLL_OUTPUT].fd = -1;
	if (!run_stream_wants(&run->errors, &polls[POLL_ERRORS]))
		polls[POLL_ERRORS].fd = -1;
}

static void turn(struct run *run)
{
	struct pollfd polls[POLL_COUNT];

	fill_polls(run, polls);
	if (poll(polls, POLL_COUNT, wait_ms(run)) < 0 && errno != EINTR)
		run_stop(run->result, "gate_unavailable", "poll: %s", strerror(errno));
	take_signals(run);
	if (polls[POLL_GATE].fd >= 0 && polls[POLL_GATE].revents)
		run_watch_hear(&run->watch, run->result);
	run_watch_tick(&run->watch, run->result);
	if (polls[POLL_INPUT].fd >= 0 && polls[POLL_INPUT].revents)
		move_bytes(run, &run->input);
	if (polls[POLL_OUTPUT].fd >= 0 && polls[POLL_OUTPUT].revents)
		move_bytes(run, &run->output);
	if (polls[POLL_ERRORS].fd >= 0 && polls[POLL_ERRORS].revents)
		move_bytes(run, &run->errors);
	close_ended(run);
	reap(run);
	advance(run);
}

static void finish(struct run *run)
{
	run_stream_done(&run->input);
	run_stream_done(&run->output);
	run_stream_done(&run->errors);
	close_fd(&run->output_pipe);
	close_fd(&run->error_pipe);
	terminal_close(&run->terminal);
	close_fd(&run->signals);
	give_signals_back(run);
}

int run_as_parent(const struct run_options *options, struct run_result *ret, struct error *err)
{
	struct run run = {.options = options,
		.result = ret,
		.terminal = TERMINAL_INIT,
		.output_pipe = -1,
		.error_pipe = -1,
		.signals = -1};
	int code;

	*ret = (struct run_result){.status = 0};
	run_stream_init(&run.input, -1, -1);
	run_stream_init(&run.output, -1, -1);
	run_stream_init(&run.errors, -1, -1);
	run_watch_init(&run.watch, options);
	code = block_signals(&run, err);
	if (code == 0 && descendants_adopt() < 0)
		code = error_errno(err, ERROR_IO, "keeping hold of what the command leaves behind");
	if (code == 0)
		code = start(&run, err);
	if (code == 0 && !ret->failed_errno)
		while (run.phase != PHASE_OVER)
			turn(&run);
	finish(&run);
	return code;
}

int run_exit_code(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
