#include "change/gate/recorder.h"
#include "change/sudo/plugin.h"
#include "change/sudo/plugin_guard.h"
#include "change/sudo/plugin_record.h"
#include "change/sudo/plugin_watch.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* --- open --- */

struct open_work {
	struct plugin *plugin;
	const struct plugin_io_opening *opening;
};

static int open_record(struct plugin *plugin, char *const *argv, unsigned lines, unsigned columns,
	struct error *err)
{
	if (!(plugin->session.first.must & GATE_MUST_RECORD))
		return 0;
	return plugin_record_open(plugin, plugin->io_options.gate.recordings, argv, lines, columns,
		&plugin->recorder, err);
}

/* A run is watched where it was granted: both Plugin lines name the same gate. */
static int check_gate(
	const struct gate_config *own, const struct gate_config *asked, struct error *err)
{
	if (strcmp(own->socket, asked->socket) == 0 && own->server_uid == asked->server_uid &&
		own->has_key == asked->has_key &&
		memcmp(own->key, asked->key, sizeof(own->key)) == 0)
		return 0;
	error_set(err, ERROR_INVALID, "rcm_io and rcm_approval name different gates");
	error_place(err, "/etc/sudo.conf");
	return error_remedy(err, "give both Plugin lines the same options");
}

/* The recording first: a command that cannot be recorded is not watched, and does not run. */
static int open_duties(
	struct plugin *plugin, const struct plugin_io_opening *opening, struct error *err)
{
	static char *const no_environment[] = {NULL};
	struct plugin_caller caller;

	if (plugin_options_read(&plugin->io_arena, opening->options, &plugin->io_options, err) <
			0 ||
		plugin_caller_read(
			&plugin->io_arena, opening->user_info, no_environment, &caller, err) < 0)
		return err->code;
	if (!plugin->session.is_allowed) {
		error_set(err, ERROR_INVALID, "rcm_io without an allow of rcm_approval");
		return error_remedy(err, "add the line \"Plugin rcm_approval rcm_approval.so\" to "
					 "/etc/sudo.conf");
	}
	if (check_gate(&plugin->io_options.gate, &plugin->session.gate, err) < 0)
		return err->code;
	if (!*plugin->session.first.run)
		return 0;
	if (open_record(plugin, opening->argv, caller.lines, caller.columns, err) < 0)
		return err->code;
	return plugin_watch_add(plugin, &plugin->session.first, opening->event_alloc, err);
}

static int open_guarded(void *argument)
{
	struct open_work *work = argument;
	struct error err = ERROR_INIT;

	if (open_duties(work->plugin, work->opening, &err) == 0)
		return 1;
	plugin_say_error(work->plugin, &err);
	return -1;
}

/* --- the end --- */

struct close_work {
	struct plugin *plugin;
	int status;
};

static void tell_end(struct plugin *plugin, const struct gate_end *end)
{
	struct error err = ERROR_INIT;

	if (plugin_watch_end(&plugin->session.gate, end, &err) == 0)
		return;
	error_prefix(&err, "the end of run %s could not be told", end->run);
	plugin_say_error(plugin, &err);
}

/* Those inside end with the first; only the first has the recording. */
static int end_runs(void *argument)
{
	struct close_work *work = argument;
	struct plugin *plugin = work->plugin;
	struct gate_end end = {.run = plugin->session.first.run,
		.status = work->status,
		.recording = "",
		.recording_sha256 = ""};

	for (const struct plugin_watch *inner = plugin_watch_next(plugin->watch); inner;
		inner = plugin_watch_next(inner))
		tell_end(plugin, &(struct gate_end){.run = plugin_watch_run(inner),
					 .status = work->status,
					 .recording = "",
					 .recording_sha256 = ""});
	if (plugin->recorder) {
		struct recorder *recorder = plugin->recorder;

		plugin->recorder = NULL;
		plugin_record_end(recorder, work->status, &plugin->io_arena, &end);
	}
	tell_end(plugin, &end);
	return 0;
}

static void forget(struct plugin *plugin)
{
	plugin_watch_free(plugin->watch);
	plugin->watch = NULL;
	plugin->recorder = NULL;
	arena_done(&plugin->io_arena);
}

int plugin_io_open(
	struct plugin *plugin, const struct plugin_io_opening *opening, const char **errstr)
{
	struct open_work work = {plugin, opening};

	plugin->converse = opening->converse;
	plugin->print = opening->print;
	plugin->owner = getpid();
	snprintf(plugin->said, sizeof(plugin->said), "rcm: no memory");
	if (plugin_guard(open_guarded, &work, -1) == 1)
		return 1;
	if (errstr)
		*errstr = plugin->said;
	/* The grant was taken: the gate must know that the command did not run. */
	if (*plugin->session.first.run)
		plugin_guard(end_runs, &(struct close_work){plugin, PLUGIN_NOT_EXECUTED}, -1);
	forget(plugin);
	return -1;
}

void plugin_io_close(struct plugin *plugin, int status, int failed)
{
	struct close_work work = {plugin, failed ? PLUGIN_NOT_EXECUTED : status};

	if (plugin->watch)
		plugin_guard(end_runs, &work, -1);
	forget(plugin);
}

void plugin_io_exit(struct plugin *plugin)
{
	if (plugin->watch && plugin->owner == getpid())
		plugin_io_close(plugin, SIGKILL, 0);
}

/* --- while it runs --- */

struct log_work {
	struct plugin *plugin;
	char kind; /* 'o', 'i', or 'r' for a new size */
	const char *bytes;
	size_t length;
	unsigned lines, columns;
};

/* The echo of the command's terminal is not to be seen from here: what is typed at a prompt for a
 * secret is told by the prompt alone. */
static bool record(struct recorder *recorder, const struct log_work *work)
{
	switch (work->kind) {
	case 'i':
		return recorder_input(recorder, work->bytes, work->length, false);
	case 'r':
		return recorder_window(recorder, work->columns, work->lines);
	default:
		return recorder_output(recorder, work->bytes, work->length);
	}
}

static int log_guarded(void *argument)
{
	const struct log_work *work = argument;

	return record(work->plugin->recorder, work);
}

static int log_event(struct plugin *plugin, struct log_work *work, const char **errstr)
{
	if (!plugin->watch)
		return 1;
	if (!plugin_watch_is_stopping(plugin->watch) &&
		(!plugin->recorder || plugin_guard(log_guarded, work, 0) == 1))
		return 1;
	plugin_watch_stop(plugin->watch, gate_reason_word(REASON_SESSION_STATE),
		"its recording could not be written");
	if (errstr)
		*errstr = plugin->said;
	return 0;
}

int plugin_io_log(
	struct plugin *plugin, char kind, const char *bytes, size_t length, const char **errstr)
{
	struct log_work work = {.plugin = plugin, .kind = kind, .bytes = bytes, .length = length};

	return log_event(plugin, &work, errstr);
}

int plugin_io_resize(struct plugin *plugin, unsigned lines, unsigned columns, const char **errstr)
{
	struct log_work work = {.plugin = plugin, .kind = 'r', .lines = lines, .columns = columns};

	return log_event(plugin, &work, errstr);
}
