#include "change/sudo/plugin_request.h"

#include "change/gate/input.h"
#include "change/gate/trust.h"
#include "change/sudo/plugin_environment.h"
#include "lib/base/text.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

static int refuse(struct error *err, const char *field, const char *what)
{
	error_set(err, ERROR_INVALID, "%s %s", field, what);
	return error_field(err, "%s", field);
}

static size_t count_of(char *const *list)
{
	size_t count = 0;

	while (list[count])
		count++;
	return count;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static int resolve(struct arena *arena, const char *path, struct gate_exec *exec, struct error *err)
{
	struct error doubt = ERROR_INIT;
	char resolved[PATH_MAX];

	if (!realpath(path, resolved)) {
		error_set(err, ERROR_INVALID, "command %.200s: %s", path, strerror(errno));
		return error_field(err, "command");
	}
	exec->path = arena_text(arena, resolved);
	exec->is_trusted = trust_check(resolved, &doubt) == 0;
	return 0;
}

static int make_program(struct arena *arena, const struct plugin_command *command,
	char *const *argv, char *const *environment, struct gate_exec *exec, struct error *err)
{
	size_t count = count_of(argv);
	const char **words = arena_alloc(arena, (count + 1) * sizeof(*words));

	if (resolve(arena, command->path, exec, err) < 0)
		return err->code;
	for (size_t i = 1; i < count; i++)
		words[i] = argv[i];
	words[0] =
		arena_format(arena, "%s%s", argv[0][0] == '-' ? "-" : "", base_name(command->path));
	exec->argv = words;
	exec->env = (const char *const *)environment;
	exec->stdin_kind = input_kind();
	return 0;
}

/* EDITOR [its arguments] -- FILE ...; sudo says how many files there are. */
static int make_edit(struct arena *arena, const struct plugin_command *command, char *const *argv,
	struct gate_exec *exec, struct error *err)
{
	static const char *const nothing[] = {NULL};
	size_t count = count_of(argv), first;
	const char **words;

	if (command->edit_files < 1 || count < command->edit_files + 2)
		return refuse(err, "sudoedit_nfiles", "does not fit the arguments");
	first = count - command->edit_files;
	if (strcmp(argv[first - 1], "--") != 0)
		return refuse(err, "run_argv", "has no \"--\" before the files");
	words = arena_alloc(arena, (command->edit_files + 2) * sizeof(*words));
	words[0] = PLUGIN_EDIT_PATH;
	for (size_t i = 0; i < command->edit_files; i++) {
		const char *file = argv[first + i];

		words[i + 1] =
			file[0] == '/' ? file : arena_format(arena, "%s/%s", exec->cwd, file);
	}
	exec->path = PLUGIN_EDIT_PATH;
	exec->argv = words;
	exec->env = nothing;
	exec->stdin_kind = GATE_STDIN_OPEN;
	return 0;
}

int plugin_request_make(struct arena *arena, const struct plugin_caller *caller,
	const struct plugin_command *command, char *const *argv, char *const *environment,
	const char *parent_run, struct gate_request *ret, struct error *err)
{
	struct gate_request request = {
		.kind = GATE_DECIDE,
		.source = "sudo",
		.change = caller->change,
		.step = caller->step,
		.actor_uid = caller->uid,
		.actor_user = caller->user,
		.session = arena_format(arena, "%u", caller->session),
		.tty = caller->tty,
		.parent_run = parent_run,
		.typed_key = "",
		.exec = {.runas = command->runas},
	};
	int code;

	if (!argv || !argv[0])
		return refuse(err, "run_argv", "is missing");
	if (!environment)
		return refuse(err, "run_envp", "is missing");
	if (plugin_environment_check(environment, command->is_edit, err) < 0)
		return err->code;
	request.exec.cwd = command->runcwd ? command->runcwd
			   : command->cwd  ? command->cwd
					   : caller->cwd;
	code = command->is_edit
		       ? make_edit(arena, command, argv, &request.exec, err)
		       : make_program(arena, command, argv, environment, &request.exec, err);
	if (code < 0)
		return code;
	*ret = request;
	return 0;
}
