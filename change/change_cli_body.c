/* The body of a change out of the flags of `rcm new` and `rcm edit`. */
#include "change/change_cli_rooms.h"
#include "change/command/words.h"
#include "change/revision.h"
#include "lib/base/json.h"
#include "lib/base/text.h"
#include "lib/base/time.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define PROGRAM_PATH "/usr/sbin:/usr/bin:/sbin:/bin"
#define SUDOEDIT     "sudoedit"

static int refuse(struct error *err, const char *field, const char *what, const char *remedy)
{
	error_set(err, ERROR_USAGE, "%s", what);
	error_field(err, "%s", field);
	return error_remedy(err, "%s", remedy);
}

/* --- small pieces --- */

static void set_list(struct cli *cli, json_t *body, const char *flag, const char *key)
{
	json_t *list;
	const char *given;

	if (!cli_flag_at(cli, flag, 0))
		return;
	list = json_array();
	for (size_t i = 0; (given = cli_flag_at(cli, flag, i)); i++)
		json_array_append_new(list, json_string(given));
	json_object_set_new(body, key, list);
}

static int set_seconds(
	struct cli *cli, json_t *object, const char *flag, const char *key, struct error *err)
{
	const char *given = cli_flag(cli, flag);
	int64_t ms;
	int rc;

	if (!given)
		return 0;
	if ((rc = time_parse_duration(flag, given, &ms, err)) < 0)
		return rc;
	json_set_int(object, key, ms / 1000);
	return 0;
}

static json_t *bytes_list(const char *const *words)
{
	json_t *list = json_array();

	for (; *words; words++)
		json_array_append_new(list, revision_bytes_json(*words));
	return list;
}

/* --- contents --- */

static int upload(
	struct cli *cli, const char *path, const char *role, json_t **ret, struct error *err)
{
	struct cli_request request = {
		.method = "POST", .path = "/api/v1/contents", .raw_type = "text/plain"};
	const char *name = strrchr(path, '/');
	json_t *answer;
	int rc = cli_read_file(
		cli, path, REVISION_CONTENT_MAX, &request.raw_body, &request.raw_length, err);

	if (rc < 0 || (rc = cli_call(cli, &request, &answer, err)) < 0)
		return rc;
	*ret = json_pack("{s:s, s:s, s:O}", "role", role, "name", name ? name + 1 : path, "sha256",
		json_object_get(answer, "sha256"));
	return 0;
}

/* Of each flag the file, in this order: a script is the first content of its step. */
static int add_contents(struct cli *cli, json_t *step, struct error *err)
{
	static const char *const roles[] = {"script", "manifest", "diff", "stdin"};
	json_t *contents = json_array(), *one = NULL;
	int rc;

	json_object_set_new(step, "contents", contents);
	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
		const char *file = cli_flag(cli, roles[i]);

		if (!file)
			continue;
		if ((rc = upload(cli, file, roles[i], &one, err)) < 0)
			return rc;
		json_array_append_new(contents, one);
		if (!strcmp(roles[i], "stdin"))
			json_object_set(step, "stdin", json_object_get(one, "sha256"));
	}
	return 0;
}

static int set_rows(struct cli *cli, json_t *step, struct error *err)
{
	const char *given = cli_flag(cli, "rows");
	int64_t rows;
	int rc;

	if (!given)
		return 0;
	rc = text_parse_int64("rows", given, 0, INT64_MAX, &rows, err);
	if (rc >= 0)
		json_set_int(step, "rows", rows);
	return rc;
}

/* --- commands --- */

/* As it lies on this host: a name is looked for where trusted programs are, never in PATH. */
static int find_program(struct cli *cli, const char *program, const char **ret, struct error *err)
{
	char *rest = arena_text(cli_arena(cli), PROGRAM_PATH), *folder;
	char real[PATH_MAX];

	if (cli_flag(cli, "path")) {
		*ret = cli_flag(cli, "path");
		return 0;
	}
	if (strchr(program, '/')) {
		*ret = realpath(program, real) ? arena_text(cli_arena(cli), real) : program;
		return 0;
	}
	while ((folder = strsep(&rest, ":")))
		if (realpath(arena_format(cli_arena(cli), "%s/%s", folder, program), real)) {
			*ret = arena_text(cli_arena(cli), real);
			return 0;
		}
	error_set(err, ERROR_USAGE, "there is no %s in %s here", program, PROGRAM_PATH);
	error_field(err, "path");
	return error_remedy(err, "say where it lies on the targets: --path /usr/bin/%s", program);
}

static int set_command(struct cli *cli, json_t *step, const char *const *words, struct error *err)
{
	const char *path;
	int rc = find_program(cli, words[0], &path, err);

	if (rc < 0)
		return rc;
	json_object_set_new(step, "argv", bytes_list(words));
	json_object_set_new(step, "path", revision_bytes_json(path));
	return 0;
}

static const char *const *typed_words(struct cli *cli, const char *first)
{
	int count = cli_arg_count(cli), at = 0;
	const char **words = arena_alloc(cli_arena(cli), ((size_t)count + 2) * sizeof(*words));

	if (first)
		words[at++] = first;
	for (int i = 0; i < count; i++)
		words[at++] = cli_arg(cli, i);
	return words;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* sudo edits a copy as its caller and puts it back: no program of its own is approved. */
static int set_edit(struct cli *cli, json_t *step)
{
	json_set_text(step, "kind", "edit");
	json_set_text(step, "path", SUDOEDIT);
	json_object_set_new(step, "argv", bytes_list(typed_words(cli, NULL)));
	return 0;
}

/* A command behind --, a script with its arguments, an edit of files, or a session. */
static int set_work(struct cli *cli, json_t *step, struct error *err)
{
	static const char *const shell[] = {"/bin/bash", "-l", NULL};
	const char *script = cli_flag(cli, "script");

	if (cli_flag(cli, "shell")) {
		json_set_text(step, "kind", "shell");
		return set_command(
			cli, step, cli_arg_count(cli) ? typed_words(cli, NULL) : shell, err);
	}
	if (script) {
		json_set_text(step, "kind", "script");
		json_object_set_new(step, "argv", bytes_list(typed_words(cli, base_name(script))));
		return 0;
	}
	if (!cli_arg_count(cli))
		return refuse(err, "command", "what is to run?",
			"rcm new ... -- systemctl restart shop; or --script FILE");
	if (!strcmp(cli_arg(cli, 0), SUDOEDIT))
		return set_edit(cli, step);
	return set_command(cli, step, typed_words(cli, NULL), err);
}

static int make_step(struct cli *cli, json_t **ret, struct error *err)
{
	json_t *step = json_object(), *env = json_array();
	const char *given;
	int rc;

	for (size_t i = 0; (given = cli_flag_at(cli, "env", i)); i++)
		json_array_append_new(env, revision_bytes_json(given));
	json_object_set_new(step, "env", env);
	json_set_text(step, "runas", cli_flag(cli, "runas"));
	json_set_text(step, "cwd", cli_flag(cli, "cwd"));
	json_set_text(step, "irreversible_reason", cli_flag(cli, "irreversible"));
	if ((rc = set_seconds(cli, step, "timeout", "timeout_s", err)) < 0 ||
		(rc = set_seconds(cli, step, "between", "observe_s", err)) < 0 ||
		(rc = set_rows(cli, step, err)) < 0 || (rc = set_work(cli, step, err)) < 0 ||
		(rc = add_contents(cli, step, err)) < 0) {
		json_decref(step);
		return rc;
	}
	*ret = step;
	return 0;
}

/* --- batches --- */

static json_t *names_between(const char *const *names, size_t from, size_t until)
{
	json_t *list = json_array();

	for (size_t i = from; i < until; i++)
		json_array_append_new(list, json_string(names[i]));
	return list;
}

static const char *phase_of(size_t batch, size_t count)
{
	if (batch + 1 == count)
		return "full";
	return batch == 0 ? "canary" : "batch";
}

static int add_batches(struct cli *cli, json_t *steps, const json_t *step, const char *const *names,
	size_t count, struct error *err)
{
	const char *text = cli_flag(cli, "batches");
	size_t *ends, batches, from = 0;
	int rc = change_cli_batches(
		cli_arena(cli), text ? text : "100%", count, &ends, &batches, err);

	for (size_t i = 0; rc >= 0 && i < batches; i++) {
		json_t *one = json_deep_copy(step);

		json_set_text(one, "phase", phase_of(i, batches));
		json_object_set_new(one, "targets", names_between(names, from, ends[i]));
		json_array_append_new(steps, one);
		from = ends[i];
	}
	return rc;
}

/* --- what new and edit share --- */

static bool is_rollback(const json_t *step)
{
	const char *phase = json_string_value(json_object_get(step, "phase"));

	return phase && !strcmp(phase, "rollback");
}

/* Where the change is made is where it is taken back. */
static json_t *targets_of(const json_t *steps)
{
	json_t *seen = json_object(), *list = json_array(), *step, *name;
	size_t i, j;

	json_array_foreach (steps, i, step) {
		json_array_foreach (json_object_get(step, "targets"), j, name) {
			if (json_object_get(seen, json_string_value(name)))
				continue;
			json_object_set_new(seen, json_string_value(name), json_true());
			json_array_append(list, name);
		}
	}
	json_decref(seen);
	return list;
}

/* The step that runs an attached script of this name; NULL. */
static const json_t *find_script(const json_t *steps, const char *name)
{
	json_t *step;
	size_t i;

	json_array_foreach (steps, i, step) {
		const char *kind = json_string_value(json_object_get(step, "kind"));
		const char *word =
			json_string_value(json_array_get(json_object_get(step, "argv"), 0));

		if (kind && !strcmp(kind, "script") && word && !strcmp(word, name))
			return step;
	}
	return NULL;
}

/* A line that begins with the name of an attached script runs that very script. */
static int set_line(
	struct cli *cli, const json_t *steps, json_t *step, const char *line, struct error *err)
{
	json_t *contents = json_array(), *content;
	const json_t *script;
	char **words;
	size_t count, i;
	int rc = words_split(cli_arena(cli), line, &words, &count, err);

	if (rc < 0 || !count) {
		json_decref(contents);
		return rc < 0 ? error_prefix(err, "--rollback")
			      : refuse(err, "rollback", "there is no command in it",
					"a command line");
	}
	script = find_script(steps, words[0]);
	json_array_foreach (json_object_get(script, "contents"), i, content) {
		const char *role = json_string_value(json_object_get(content, "role"));

		if (role && !strcmp(role, "script"))
			json_array_append(contents, content);
	}
	json_object_set_new(step, "contents", contents);
	if (!script)
		return set_command(cli, step, (const char *const *)words, err);
	json_set_text(step, "kind", "script");
	json_object_set_new(step, "argv", bytes_list((const char *const *)words));
	return 0;
}

/* The rollback steps are exchanged as a whole. */
static int set_rollbacks(struct cli *cli, json_t *body, struct error *err)
{
	json_t *steps = json_object_get(body, "steps"), *first;
	const char *line;
	int rc = 0;

	if (!cli_flag_at(cli, "rollback", 0))
		return 0;
	for (size_t i = json_array_size(steps); i-- > 0;)
		if (is_rollback(json_array_get(steps, i)))
			json_array_remove(steps, i);
	if (!(first = json_array_get(steps, 0)))
		return refuse(err, "rollback", "there is no step to take back", "see rcm show");
	for (size_t i = 0; rc >= 0 && (line = cli_flag_at(cli, "rollback", i)); i++) {
		json_t *step = json_pack("{s:s, s:o, s:O*, s:O*}", "phase", "rollback", "targets",
			targets_of(steps), "runas", json_object_get(first, "runas"), "cwd",
			json_object_get(first, "cwd"));

		rc = set_line(cli, steps, step, line, err);
		json_array_append_new(steps, step);
	}
	return rc;
}

static int set_metrics(struct cli *cli, json_t *body, struct error *err)
{
	json_t *list, *metric = NULL;
	const char *given;
	int rc;

	if (!cli_flag_at(cli, "verify", 0))
		return 0;
	json_object_set_new(body, "verification", list = json_array());
	for (size_t i = 0; (given = cli_flag_at(cli, "verify", i)); i++) {
		if ((rc = change_cli_metric(given, &metric, err)) < 0)
			return rc;
		json_array_append_new(list, metric);
	}
	return 0;
}

/* Calendars with one reason: both or neither; what was asked for before stays when none is named.
 */
static int set_exception(struct cli *cli, json_t *body, struct error *err)
{
	const char *reason = cli_flag(cli, "exception-reason");
	json_t *exception;

	if (!cli_flag_at(cli, "exception", 0) && !reason)
		return 0;
	if (!cli_flag_at(cli, "exception", 0) || !reason)
		return refuse(err, reason ? "exception" : "exception-reason",
			"an exception is one of a calendar and has a reason",
			"--exception sales --exception-reason 'the shop is down without it'");
	exception = json_object();
	set_list(cli, exception, "exception", "calendars");
	json_set_text(exception, "reason", reason);
	json_object_set_new(body, "freeze_exception", exception);
	return 0;
}

int change_cli_lay_over(struct cli *cli, json_t *body, struct error *err)
{
	int rc;

	json_set_text(body, "start", cli_flag(cli, "start"));
	json_set_text(body, "end", cli_flag(cli, "end"));
	json_set_text(body, "zone", cli_flag(cli, "zone"));
	json_set_text(body, "incident", cli_flag(cli, "incident"));
	set_list(cli, body, "service", "services");
	set_list(cli, body, "executor", "executors");
	set_list(cli, body, "coordinated", "coordinated_with");
	set_list(cli, body, "object", "objects");
	if ((rc = set_seconds(cli, body, "observe", "observe_s", err)) < 0 ||
		(rc = set_rollbacks(cli, body, err)) < 0 ||
		(rc = set_exception(cli, body, err)) < 0)
		return rc;
	return set_metrics(cli, body, err);
}

int change_cli_body(struct cli *cli, json_t **ret, struct error *err)
{
	const char *environment = cli_flag(cli, "environment");
	json_t *body = json_object(), *steps = json_array(), *step = NULL;
	const char **names;
	size_t count;
	int rc = -1;

	json_object_set_new(body, "steps", steps);
	if (!environment || !cli_flag(cli, "start") || !cli_flag(cli, "end"))
		rc = refuse(err, "environment", "--environment, --start and --end are missing",
			"--environment production --start '2026-12-01 09:30' --end '2026-12-01 "
			"10:30' --zone Asia/Shanghai; or all of it with --from FILE");
	else if ((rc = change_cli_targets(cli, environment, &names, &count, err)) >= 0 &&
		 (rc = make_step(cli, &step, err)) >= 0 &&
		 (rc = add_batches(cli, steps, step, names, count, err)) >= 0)
		rc = change_cli_lay_over(cli, body, err);
	json_set_text(body, "environment", environment);
	json_decref(step);
	if (rc < 0)
		json_decref(body);
	else
		*ret = body;
	return rc;
}

int change_cli_template_body(struct cli *cli, json_t **ret, struct error *err)
{
	json_t *body = json_object(), *params = NULL;
	int rc = cli_params(cli, 0, &params, err);

	if (rc >= 0) {
		json_object_set_new(body, "template",
			json_pack(
				"{s:s, s:O}", "name", cli_flag(cli, "template"), "params", params));
		json_set_text(body, "environment", cli_flag(cli, "environment"));
		rc = change_cli_lay_over(cli, body, err);
	}
	if (rc < 0)
		json_decref(body);
	else
		*ret = body;
	return rc;
}

int change_cli_read_body(struct cli *cli, const char *path, json_t **ret_body,
	const char **ret_title, struct error *err)
{
	json_t *whole = NULL, *body;
	const char *bytes;
	size_t length;
	int rc = cli_read_file(cli, path, (size_t)1024 * 1024, &bytes, &length, err);

	if (rc < 0 || (rc = json_parse(bytes, length, JSON_DEPTH_MAX, &whole, err)) < 0)
		return rc < 0 ? error_place(err, "%s", path) : rc;
	body = json_object_get(whole, "body");
	if (!*ret_title)
		*ret_title = arena_text(
			cli_arena(cli), json_string_value(json_object_get(whole, "title")));
	*ret_body = json_incref(body ? body : whole);
	json_decref(whole);
	return 0;
}
