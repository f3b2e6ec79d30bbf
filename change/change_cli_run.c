/* rcm rollback: the rollback steps of a change that are for this host, each through the gate. */
#include "change/change_cli_rooms.h"
#include "change/gate/rcm_flags.h"
#include "lib/base/json.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static int run_rollback(struct cli *cli, struct error *err);

#define FLAG_OF(id, name, name_beside, value, help)   {name_beside, value, false, false, help},
#define HANDED_OF(id, name, name_beside, value, help) {"--" name, name_beside},

/* Handed on to rcm: as it names them, and as they are given here. */
static const struct {
	const char *option, *flag;
} handed[] = {RCM_GATE_FLAGS(HANDED_OF)};
#define HANDED_COUNT (sizeof(handed) / sizeof(handed[0]))

static const struct cli_verb verbs[] = {
	{NULL, "rollback", "CHANGE", 1, 1, "Run its rollback steps on this host",
		"They were approved with the change and need no new approval. Each runs as\n"
		"rcm exec CHANGE --step N --phase rollback; the first that fails ends it.",
		{{"print", NULL, false, false, "only say what would run, and where"},
			RCM_GATE_FLAGS(FLAG_OF)},
		run_rollback},
};

const struct cli_verbs change_run_verbs = {verbs, sizeof(verbs) / sizeof(verbs[0])};

/* The program beside this one. */
static const char *rcm_path(struct cli *cli)
{
	char path[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 8);

	if (length <= 0)
		return "/usr/bin/rcm";
	path[length] = 0;
	strcpy(strrchr(path, '/') + 1, "rcm");
	return arena_text(cli_arena(cli), path);
}

static int refuse_program(const char *path, int problem, struct error *err)
{
	error_set(err, ERROR_IO, "rcm cannot be started: %s", strerror(problem));
	return error_place(err, "%s", path);
}

/* The first line that it prints; NULL when it ended badly. */
static int read_identity(struct cli *cli, const char **ret, struct error *err)
{
	const char *path = rcm_path(cli);
	const char *const argv[] = {"rcm", "identity", NULL};
	posix_spawn_file_actions_t actions;
	char text[512] = "";
	size_t length = 0;
	ssize_t count;
	int fds[2], status = -1, rc;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return error_errno(err, ERROR_IO, "no pipe");
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, fds[1], 1);
	rc = posix_spawn(&pid, path, &actions, NULL, (char *const *)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(fds[1]);
	while (rc == 0 && length < sizeof(text) - 1 &&
		(count = read(fds[0], text + length, sizeof(text) - 1 - length)) > 0)
		length += (size_t)count;
	close(fds[0]);
	if (rc != 0)
		return refuse_program(path, rc, err);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	text[strcspn(text, "\n")] = 0;
	*ret = status == 0 && *text ? arena_text(cli_arena(cli), text) : NULL;
	return 0;
}

static const char *name_here(const json_t *change, const char *identity)
{
	const json_t *targets = json_object_get(json_object_get(change, "body"), "targets");
	json_t *target;
	size_t i;

	json_array_foreach (targets, i, target) {
		const char *known = json_string_value(json_object_get(target, "identity"));

		if (identity && known && !strcmp(known, identity))
			return json_string_value(json_object_get(target, "name"));
	}
	return NULL;
}

static bool is_for(const json_t *step, const char *name)
{
	const json_t *targets = json_object_get(step, "targets");
	json_t *target;
	size_t i;

	json_array_foreach (targets, i, target)
		if (name && !strcmp(json_string_value(target), name))
			return true;
	return false;
}

static int run_step(struct cli *cli, const char *change, int64_t seq, struct error *err)
{
	const char *path = rcm_path(cli);
	const char *argv[8 + 2 * HANDED_COUNT] = {"rcm", "exec", arena_text(cli_arena(cli), change),
		"--step", arena_format(cli_arena(cli), "%lld", (long long)seq), "--phase",
		"rollback"};
	size_t count = 7;
	int status = 0, rc;
	pid_t pid;

	for (size_t i = 0; i < HANDED_COUNT; i++)
		if (cli_flag(cli, handed[i].flag)) {
			argv[count++] = handed[i].option;
			argv[count++] = cli_flag(cli, handed[i].flag);
		}

	fflush(cli_out(cli));
	if ((rc = posix_spawn(&pid, path, NULL, NULL, (char *const *)argv, environ)) != 0)
		return refuse_program(path, rc, err);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	error_set(err, ERROR_CONFLICT,
		"the rollback step %lld ended with %d: what is behind it was "
		"not run",
		(long long)seq, WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	return error_remedy(err, "rcm show %s", change);
}

static void print_step(struct cli *cli, const json_t *step)
{
	cli_say(cli, "step %s on %s: %s\n", cli_member(cli, step, "seq"),
		json_text(cli_arena(cli), json_object_get(step, "targets")),
		json_text(cli_arena(cli), json_object_get(step, "argv")));
}

static int run_all(struct cli *cli, const json_t *change, const char *here, size_t *ret_count,
	struct error *err)
{
	const json_t *steps = json_object_get(json_object_get(change, "body"), "steps");
	bool only_print = cli_flag(cli, "print") != NULL;
	json_t *step;
	size_t i;
	int rc = 0;

	*ret_count = 0;
	json_array_foreach (steps, i, step) {
		if (strcmp(json_string_value(json_object_get(step, "phase")), "rollback") != 0 ||
			(!only_print && !is_for(step, here)))
			continue;
		++*ret_count;
		print_step(cli, step);
		if (!only_print && rc == 0)
			rc = run_step(cli, json_string_value(json_object_get(change, "name")),
				json_integer_value(json_object_get(step, "seq")), err);
		if (rc < 0)
			return rc;
	}
	return rc;
}

static int run_rollback(struct cli *cli, struct error *err)
{
	const char *identity = NULL, *name;
	json_t *change;
	size_t count;
	int rc = cli_get(cli, change_cli_path(cli, ""), &change, err);

	if (rc < 0)
		return rc;
	name = cli_member(cli, change, "name");
	if (!cli_flag(cli, "print") && (rc = read_identity(cli, &identity, err)) < 0)
		return rc;
	if ((rc = run_all(cli, change, name_here(change, identity), &count, err)) < 0)
		return rc;
	if (count)
		return 0;
	error_set(err, ERROR_NO_EFFECT, "%s has no rollback step for this host", name);
	return error_remedy(err, "see what it has, and where: rcm rollback %s --print", name);
}
