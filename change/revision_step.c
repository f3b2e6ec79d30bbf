/* Steps of a revision: what is run, as whom, where, with which contents. */
#include "change/revision_rooms.h"
#include "lib/base/json.h"
#include "lib/base/text.h"

#include <stdlib.h>
#include <string.h>

#define ARGV_MAX     4096
#define ENV_MAX	     256
#define CONTENTS_MAX 32
#define RUNS_MAX     100
#define SECONDS_MAX  86400
#define ROWS_MAX     INT64_C(1000000000000)

#define SUDOEDIT "sudoedit"

static const char *const step_keys[] = {"seq", "phase", "kind", "path", "argv", "runas", "cwd",
	"targets", "env", "stdin", "contents", "max_runs", "timeout_s", "observe_s",
	"irreversible_reason", "rows", NULL};
static const char *const phases[] = {
#define X(name, word) word,
	STEP_PHASES(X)
#undef X
		NULL};
static const char *const kinds[] = {
#define X(name, word) word,
	STEP_KINDS(X)
#undef X
		NULL};
static const char *const roles[] = {"script", "sql", "manifest", "diff", "stdin", "file", NULL};

static bool is_sha256(const char *text)
{
	return strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64;
}

/* --- environment --- */

/* Names that a shell could not hold would be read by nobody as meant. */
static int check_env(const char *const *env, struct error *err)
{
	for (size_t i = 0; env[i]; i++) {
		const char *equals = strchr(env[i], '=');
		size_t length = equals ? (size_t)(equals - env[i]) : 0;

		if (!length ||
			strspn(env[i], "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				       "0123456789_") < length ||
			strchr("0123456789", env[i][0]))
			return revision_refuse(
				err, "env", "this is no variable", "write NAME=value");
		if (i && strcmp(env[i - 1], env[i]) >= 0)
			return revision_refuse(err, "env", "the variables are not sorted by bytes",
				"sort them, each once");
		if (i && !strncmp(env[i - 1], env[i], length + 1))
			return revision_refuse(
				err, "env", "a variable stands there twice", "name it once");
	}
	return 0;
}

/* --- contents --- */

static int read_content(struct arena *arena, const json_t *value, void *item, struct error *err)
{
	static const char *const keys[] = {"role", "name", "sha256", "size", "mode", NULL};
	struct revision_content *ret = item;
	size_t role;
	int rc;

	if ((rc = json_check_keys(value, keys, err)) < 0 ||
		(rc = json_get_text(value, "role", true, &ret->role, err)) < 0 ||
		(rc = revision_word("role", ret->role, roles, &role, err)) < 0 ||
		(rc = json_get_text(value, "name", true, &ret->name, err)) < 0 ||
		(rc = text_check_name("name", ret->name, err)) < 0 ||
		(rc = json_get_text(value, "sha256", true, &ret->sha256, err)) < 0 ||
		(rc = json_get_int(value, "size", true, 0, (int64_t)REVISION_CONTENT_MAX,
			 &ret->size, err)) < 0 ||
		(rc = json_get_int(value, "mode", true, 0, 0777, &ret->mode, err)) < 0)
		return rc;
	if (!is_sha256(ret->sha256))
		return revision_refuse(err, "sha256", "this is no SHA-256", "64 hex digits");
	ret->role = roles[role];
	ret->name = arena_text(arena, ret->name);
	ret->sha256 = arena_text(arena, ret->sha256);
	return 0;
}

static const struct revision_list content_list = {
	.field = "contents",
	.max = CONTENTS_MAX,
	.remedy = "split the step",
	.item_size = sizeof(struct revision_content),
	.read = read_content,
};

static int read_contents(
	struct arena *arena, const json_t *value, struct revision_step *step, struct error *err)
{
	void *contents = NULL;
	int rc = revision_list(arena, value, &content_list, &contents, &step->content_count, err);

	step->contents = contents;
	return rc;
}

/* --- what belongs together --- */

static int check_stdin(const struct revision_step *step, struct error *err)
{
	if (!step->stdin_content)
		return 0;
	if (!is_sha256(step->stdin_content))
		return revision_refuse(err, "stdin", "this is no SHA-256", "64 hex digits");
	for (size_t i = 0; i < step->content_count; i++)
		if (!strcmp(step->contents[i].role, "stdin") &&
			!strcmp(step->contents[i].sha256, step->stdin_content))
			return 0;
	return revision_refuse(err, "stdin", "it is none of the step's contents",
		"list it under contents with the role stdin");
}

/* As sudo's plugin asks about it: the word, then the files. */
static int check_edit(const struct revision_step *step, struct error *err)
{
	if (strcmp(step->path, SUDOEDIT) != 0 || strcmp(step->argv[0], SUDOEDIT) != 0)
		return revision_refuse(err, "argv", "an edit is made by sudoedit",
			"path and first argument are the word sudoedit, then come the files");
	if (!step->argv[1])
		return revision_refuse(
			err, "argv", "there is no file to edit", "name it: sudoedit /etc/hosts");
	for (size_t i = 1; step->argv[i]; i++)
		if (step->argv[i][0] != '/')
			return revision_refuse(err, "argv", "a file has no absolute path",
				"name it as it lies on the targets: sudoedit /etc/hosts");
	return 0;
}

/* A script's program is its content; everybody else names a program by an absolute path. */
static int check_program(const struct revision_step *step, struct error *err)
{
	bool is_script = step->kind == STEP_SCRIPT;
	bool runs_elsewhere = step->kind == STEP_API || step->kind == STEP_RELEASE;

	if (runs_elsewhere)
		return 0;
	if (!step->argv[0])
		return revision_refuse(err, "argv", "there is no command", "name the program");
	if (step->kind == STEP_EDIT)
		return check_edit(step, err);
	if (is_script && (!step->content_count || strcmp(step->contents[0].role, "script") != 0))
		return revision_refuse(err, "contents", "a script is the first content of its step",
			"upload it, and give it the role script");
	if (is_script && *step->path)
		return revision_refuse(
			err, "path", "a script runs from its content", "leave the path empty");
	if (!is_script && step->path[0] != '/')
		return revision_refuse(err, "path", "the program has no absolute path",
			"give the path that it has on the targets: /usr/bin/systemctl");
	if (!is_script && (strstr(step->path, "//") || strstr(step->path, "/./") ||
				  strstr(step->path, "/../")))
		return revision_refuse(
			err, "path", "the path is not the real one", "as realpath(1) prints it");
	if (step->kind == STEP_SQL &&
		(!step->content_count || strcmp(step->contents[0].role, "sql") != 0))
		return revision_refuse(err, "contents", "the SQL is the first content of its step",
			"upload it, and give it the role sql");
	return 0;
}

static int check_step(const struct revision *revision, const struct revision_step *step,
	int64_t seq, struct error *err)
{
	int rc;

	if (step->seq != seq)
		return revision_refuse(err, "seq", "steps are numbered from 1 on",
			"in the order in which they run");
	for (size_t i = 0; step->targets[i]; i++)
		if (!revision_target_of(revision, step->targets[i]))
			return revision_refuse(err, "targets",
				"a target of the step is none of the change",
				"list it under targets");
	if (!step->targets[0])
		return revision_refuse(
			err, "targets", "the step has no target", "name where it runs");
	if ((rc = check_env(step->env, err)) < 0 || (rc = check_stdin(step, err)) < 0 ||
		(rc = check_program(step, err)) < 0)
		return rc;
	if (*step->cwd && step->cwd[0] != '/')
		return revision_refuse(err, "cwd", "the directory is not absolute",
			"/srv/shop, or leave it empty");
	if (step->irreversible_reason)
		return text_check_prose(
			"irreversible_reason", step->irreversible_reason, 1000, err);
	return 0;
}

static int read_numbers(const json_t *value, struct revision_step *step, struct error *err)
{
	int rc;

	step->rows = -1;
	if ((rc = json_get_int(value, "rows", false, 0, ROWS_MAX, &step->rows, err)) < 0 ||
		(rc = json_get_int(value, "seq", true, 1, REVISION_STEPS_MAX, &step->seq, err)) <
			0 ||
		(rc = json_get_int(value, "max_runs", true, 1, RUNS_MAX, &step->max_runs, err)) <
			0 ||
		(rc = json_get_int(
			 value, "timeout_s", true, 0, SECONDS_MAX, &step->timeout_s, err)) < 0)
		return rc;
	return json_get_int(value, "observe_s", true, 0, SECONDS_MAX, &step->observe_s, err);
}

static int read_step(struct arena *arena, const json_t *value, void *item, struct error *err)
{
	struct revision_step *step = item;
	const char *phase, *kind;
	size_t phase_at, kind_at;
	int rc;

	if ((rc = json_check_keys(value, step_keys, err)) < 0 ||
		(rc = read_numbers(value, step, err)) < 0 ||
		(rc = json_get_text(value, "phase", true, &phase, err)) < 0 ||
		(rc = revision_word("phase", phase, phases, &phase_at, err)) < 0 ||
		(rc = json_get_text(value, "kind", true, &kind, err)) < 0 ||
		(rc = revision_word("kind", kind, kinds, &kind_at, err)) < 0 ||
		(rc = revision_bytes_parse(
			 arena, "path", json_object_get(value, "path"), &step->path, err)) < 0 ||
		(rc = revision_bytes_parse(
			 arena, "cwd", json_object_get(value, "cwd"), &step->cwd, err)) < 0 ||
		(rc = json_get_text(value, "runas", true, &step->runas, err)) < 0 ||
		(rc = text_check_name("runas", step->runas, err)) < 0 ||
		(rc = revision_texts(arena, value, "argv", ARGV_MAX, revision_bytes_parse,
			 &step->argv, err)) < 0 ||
		(rc = revision_texts(arena, value, "env", ENV_MAX, revision_bytes_parse, &step->env,
			 err)) < 0 ||
		(rc = revision_names(
			 arena, value, "targets", REVISION_TARGETS_MAX, &step->targets, err)) < 0 ||
		(rc = revision_is_null_text(value, "stdin", &step->stdin_content, err)) < 0 ||
		(rc = revision_is_null_text(
			 value, "irreversible_reason", &step->irreversible_reason, err)) < 0)
		return rc;
	step->phase = (enum step_phase)phase_at;
	step->kind = (enum step_kind)kind_at;
	step->runas = arena_text(arena, step->runas);
	step->stdin_content = arena_text(arena, step->stdin_content);
	step->irreversible_reason = arena_text(arena, step->irreversible_reason);
	return read_contents(arena, value, step, err);
}

static const struct revision_list step_list = {
	.field = "steps",
	.min = 1,
	.max = REVISION_STEPS_MAX,
	.remedy = "split it, or use a script",
	.item_size = sizeof(struct revision_step),
	.read = read_step,
};

int revision_read_steps(
	struct arena *arena, const json_t *body, struct revision *revision, struct error *err)
{
	void *steps = NULL;
	int rc = revision_list(arena, body, &step_list, &steps, &revision->step_count, err);

	if (rc < 0)
		return rc;
	revision->steps = steps;
	for (size_t i = 0; i < revision->step_count; i++)
		if (check_step(revision, &revision->steps[i], (int64_t)i + 1, err) < 0)
			return error_place(err, "steps[%zu]", i);
	return 0;
}
