#include "change/gate/gate_client.h"
#include "change/gate/input.h"
#include "change/sudo/plugin.h"
#include "change/sudo/plugin_account.h"
#include "change/sudo/plugin_guard.h"
#include "change/sudo/plugin_request.h"
#include "change/sudo/plugin_verdict.h"
#include "change/sudo/plugin_watch.h"
#include "lib/base/time.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MINOR_MIN 15 /* sudo 1.9.0: the first with approval plugins */

#define NO_MEMORY -3

static const char no_memory[] = "rcm: no memory";

/* --- open --- */

struct open_work {
	struct plugin *plugin;
	const struct plugin_opening *opening;
};

static int check_version(unsigned version, struct error *err)
{
	if (SUDO_API_VERSION_GET_MAJOR(version) == SUDO_API_VERSION_MAJOR &&
		SUDO_API_VERSION_GET_MINOR(version) >= MINOR_MIN)
		return 0;
	error_set(err, ERROR_INVALID, "plugin interface %u.%u of sudo is not known",
		SUDO_API_VERSION_GET_MAJOR(version), SUDO_API_VERSION_GET_MINOR(version));
	return error_remedy(err, "sudo 1.9.12 or later");
}

static int read_opening(void *argument)
{
	struct open_work *work = argument;
	struct plugin *plugin = work->plugin;
	const struct plugin_opening *opening = work->opening;
	struct error err = ERROR_INIT;

	if (check_version(opening->version, &err) < 0 ||
		plugin_options_read(&plugin->arena, opening->options, &plugin->options, &err) < 0 ||
		plugin_caller_read(&plugin->arena, opening->user_info, opening->environment,
			&plugin->caller, &err) < 0) {
		plugin_say_error(plugin, &err);
		return -1;
	}
	return 1;
}

int plugin_check_open(
	struct plugin *plugin, const struct plugin_opening *opening, const char **errstr)
{
	struct open_work work = {plugin, opening};

	plugin_check_close(plugin);
	plugin->converse = opening->converse;
	plugin->print = opening->print;
	snprintf(plugin->said, sizeof(plugin->said), "%s", no_memory);
	if (plugin_guard(read_opening, &work, -1) != 1) {
		if (errstr)
			*errstr = plugin->said;
		arena_done(&plugin->arena);
		return -1;
	}
	plugin->is_open = true;
	return 1;
}

void plugin_check_close(struct plugin *plugin)
{
	plugin->is_open = false;
	arena_done(&plugin->arena);
}

/* --- check --- */

struct check_work {
	struct plugin *plugin;
	plugin_event_alloc event_alloc;
	char *const *command_info, *const *argv, *const *environment;
};

static void keep_run(struct plugin_run *run, const struct gate_verdict *verdict)
{
	*run = (struct plugin_run){
		.step = verdict->step,
		.must = verdict->must,
		.lease_s = verdict->lease_s,
		.kill_at_us = verdict->kill_at_us,
	};
	snprintf(run->run, sizeof(run->run), "%s", verdict->run);
	snprintf(run->change, sizeof(run->change), "%s", verdict->change);
}

static void keep_session(struct plugin_session *session, const struct gate_config *gate,
	const struct gate_verdict *verdict)
{
	*session = (struct plugin_session){.is_allowed = true, .gate = *gate};
	snprintf(session->socket, sizeof(session->socket), "%s", gate->socket);
	session->gate.socket = session->socket;
	keep_run(&session->first, verdict);
}

/* A command inside the first may have a grant of its own: it is watched beside the first, and ends
 * with it, for sudo does not say when it ends. */
static int watch_inner(struct check_work *work, const struct gate_verdict *verdict)
{
	struct plugin *plugin = work->plugin;
	struct error err = ERROR_INIT;
	struct plugin_run run;

	if (!*verdict->run || strcmp(verdict->run, plugin->session.first.run) == 0)
		return 1;
	keep_run(&run, verdict);
	if (plugin_watch_add(plugin, &run, work->event_alloc, &err) == 0)
		return 1;
	plugin_say_refusal(plugin, GATE_DENY, gate_reason_word(REASON_SESSION_STATE), run.change,
		run.step, err.message);
	plugin_watch_end(&plugin->session.gate,
		&(struct gate_end){.run = run.run,
			.status = PLUGIN_NOT_EXECUTED,
			.recording = "",
			.recording_sha256 = ""},
		&err);
	return 0;
}

static int decide(struct check_work *work, struct gate_request *request, bool is_edit,
	struct gate_verdict *ret_verdict)
{
	struct plugin *plugin = work->plugin;
	struct gate_client client = GATE_CLIENT_INIT(&plugin->options.gate);
	struct plugin_question question = {
		.request = request,
		.is_edit = is_edit,
		.is_inside = plugin->session.is_allowed,
		.is_io_loaded = work->event_alloc != NULL,
		.is_recording = plugin->recorder != NULL,
		.is_watched = plugin->watch != NULL,
	};
	const char *reason, *message;

	gate_ask(&client, &plugin->arena, request, ret_verdict);
	gate_client_close(&client);
	question.now_us = time_now_us();
	if (plugin_verdict_is_allow(&question, ret_verdict, &reason, &message))
		return 1;
	plugin_say_refusal(plugin, ret_verdict->verdict == GATE_REVIEW ? GATE_REVIEW : GATE_DENY,
		reason, ret_verdict->change, ret_verdict->step, message);
	return 0;
}

/* The verdict says whether a second key, typed now, would do. Only a person at a terminal is asked,
 * and only where sudo.conf says so. */
static bool may_type_key(const struct plugin *plugin, const struct gate_request *request,
	const struct gate_verdict *verdict)
{
	return plugin->options.is_interactive && plugin->converse && *plugin->caller.tty &&
	       !*request->parent_run && (verdict->must & GATE_WANTS_KEY);
}

/* NULL when nothing was typed. The caller wipes and frees it. */
static char *type_key(struct plugin *plugin)
{
	const struct sudo_conv_message prompt = {
		.msg_type = SUDO_CONV_PROMPT_ECHO_OFF, .msg = "rcm: second key: "};
	struct sudo_conv_reply reply = {0};

	if (plugin->converse(1, &prompt, &reply, NULL) != 0 || !reply.reply || !*reply.reply) {
		free(reply.reply);
		return NULL;
	}
	return reply.reply;
}

static int decide_with_key(struct check_work *work, struct gate_request *request, bool is_edit,
	struct gate_verdict *ret_verdict)
{
	char *key = type_key(work->plugin);
	int answer;

	if (!key)
		return 0;
	request->typed_key = key;
	request->request_id = NULL; /* another question: it is drawn anew */
	answer = decide(work, request, is_edit, ret_verdict);
	explicit_bzero(key, strlen(key));
	free(key);
	request->typed_key = "";
	return answer;
}

/* The command inherits the standard input of this process, which asks nobody by it any more. */
static int take_null_input(struct error *err)
{
	int fd = input_open_null();

	if (fd < 0 || dup2(fd, STDIN_FILENO) < 0)
		return error_errno(err, ERROR_IO, "/dev/null");
	close(fd);
	return 0;
}

/* A second command in one sudo is one that the first started, and sudo says so by runcwd. */
static int check_place(
	const struct plugin *plugin, const struct plugin_command *command, struct error *err)
{
	if (!plugin->is_open)
		return error_set(err, ERROR_INVALID, "check before open");
	if (plugin->watch && plugin_watch_is_stopping(plugin->watch))
		return error_set(err, ERROR_INVALID, "the command around this one is being ended");
	if (plugin->session.is_allowed != (command->runcwd != NULL)) {
		error_set(err, ERROR_INVALID, "runcwd %s",
			command->runcwd ? "comes before an allowed command"
					: "is missing for a command inside an allowed one");
		return error_field(err, "runcwd");
	}
	return 0;
}

static int prepare(struct check_work *work, struct plugin_command *command,
	struct gate_request *request, struct error *err)
{
	struct plugin *plugin = work->plugin;

	if (plugin_command_read(&plugin->arena, work->command_info, command, err) < 0 ||
		check_place(plugin, command, err) < 0 ||
		plugin_account_check(work->command_info, command->runas, err) < 0)
		return err->code;
	return plugin_request_make(&plugin->arena, &plugin->caller, command, work->argv,
		work->environment, plugin->session.first.run, request, err);
}

static int check(void *argument)
{
	struct check_work *work = argument;
	struct plugin *plugin = work->plugin;
	struct plugin_command command;
	struct gate_request request;
	struct gate_verdict verdict = {0};
	struct error err = ERROR_INIT;
	int answer;

	if (prepare(work, &command, &request, &err) == ERROR_FORBIDDEN) {
		plugin_say_refusal(plugin, GATE_DENY, "rule:EXEC-005", plugin->caller.change,
			plugin->caller.step, err.message);
		return 0;
	}
	answer = err.code < 0 ? -1 : decide(work, &request, command.is_edit, &verdict);
	if (answer == 0 && may_type_key(plugin, &request, &verdict))
		answer = decide_with_key(work, &request, command.is_edit, &verdict);
	if (answer < 0)
		plugin_say_error(plugin, &err);
	if (answer != 1)
		return answer;
	if (plugin->session.is_allowed)
		return watch_inner(work, &verdict);
	if ((verdict.must & GATE_MUST_NULL_INPUT) && take_null_input(&err) < 0) {
		plugin_say_error(plugin, &err);
		return -1;
	}
	keep_session(&plugin->session, &plugin->options.gate, &verdict);
	return 1;
}

int plugin_check(struct plugin *plugin, plugin_event_alloc event_alloc, char *const *command_info,
	char *const *argv, char *const *environment, const char **errstr)
{
	struct check_work work = {plugin, event_alloc, command_info, argv, environment};
	int answer;

	snprintf(plugin->said, sizeof(plugin->said), "%s", no_memory);
	answer = plugin_guard(check, &work, NO_MEMORY);
	if (answer == 1)
		return 1;
	if (answer == NO_MEMORY && plugin->print)
		plugin->print(SUDO_CONV_ERROR_MSG, "%s\n", no_memory);
	if (errstr)
		*errstr = plugin->said;
	return answer == 0 ? 0 : -1;
}
