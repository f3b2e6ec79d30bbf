#include "executor/execution_cli.h"

#include <stdlib.h>
#include <string.h>

static int run_preview(struct cli *cli, struct error *err);
static int run_can(struct cli *cli, struct error *err);
static int run_run(struct cli *cli, struct error *err);
static int run_restore(struct cli *cli, struct error *err);

#define START_FLAGS                                                                                \
	{.name = "yes", .help = "start without asking"},                                           \
		{.name = "reason", .value = "TEXT", .help = "why, for the audit"},                 \
		{.name = "within",                                                                 \
			.value = "DURATION",                                                       \
			.help = "deadline of the run; default: the plan's `expires`"},             \
		{.name = "rollback-at-deadline",                                                   \
			.help = "roll back at the deadline instead of pausing"},                   \
	{                                                                                          \
		.name = "no-follow", .help = "print the execution and end"                         \
	}

static const struct cli_verb verbs[] = {
	{.verb = "preview",
		.args = "NAME [PARAM=VALUE ...]",
		.min_args = 1,
		.max_args = -1,
		.summary = "Show what a plan would change, now -> new; writes nothing",
		.flags = {{.name = "action",
				  .value = "apply|restore",
				  .help = "which way; default apply"},
			{.name = "ungraceful",
				.help = "checks, waits and holds are not waited for"}},
		.run = run_preview},
	{.verb = "can",
		.args = "NAME [PARAM=VALUE ...]",
		.min_args = 1,
		.max_args = -1,
		.summary = "Every reason why a run would be refused or wait, each with the next "
			   "command",
		.flags = {{.name = "action",
			.value = "apply|restore",
			.help = "which way; default apply"}},
		.run = run_can},
	{.verb = "run",
		.args = "NAME [PARAM=VALUE ...]",
		.min_args = 1,
		.max_args = -1,
		.summary = "Preview, show, start, follow",
		.flags = {{.name = "ungraceful",
				  .help = "checks, waits and holds are not waited for"},
			START_FLAGS},
		.run = run_run},
	{.verb = "restore",
		.args = "EXECUTION",
		.min_args = 1,
		.max_args = 1,
		.summary = "The planned way back from a run that has ended; without one, its "
			   "journal in reverse",
		.flags = {START_FLAGS},
		.run = run_restore},
};
const struct cli_verbs preview_verbs = {verbs, sizeof(verbs) / sizeof(verbs[0])};

static int call_with_plan(struct cli *cli, const char *path, const char *plan, const char *restores,
	json_t **ret, struct error *err)
{
	const char *action = cli_flag(cli, "action");
	json_t *body = json_object(), *params = NULL;
	int rc;

	if (!restores && cli_params(cli, 1, &params, err) < 0) {
		json_decref(body);
		return err->code;
	}
	if (plan)
		json_object_set_new(body, "plan", json_string(plan));
	if (restores)
		json_object_set_new(body, "restores", json_string(restores));
	if (action)
		json_object_set_new(body, "action", json_string(action));
	if (cli_flag(cli, "ungraceful"))
		json_object_set_new(body, "mode", json_string("ungraceful"));
	if (params)
		json_object_set(body, "params", params); /* the kit keeps its own */
	rc = cli_post(cli, path, body, ret, err);
	json_decref(body);
	return rc;
}

static const char *chain_text(struct cli *cli, const json_t *row)
{
	const json_t *values = json_object_get(row, "new"), *value;
	char *text = arena_text(cli_arena(cli), cli_member(cli, row, "now"));
	size_t i;

	if (json_array_size(values) == 0)
		return arena_format(cli_arena(cli), "%s (left alone)", text);
	json_array_foreach (values, i, value)
		text = arena_format(cli_arena(cli), "%s -> %s", text, json_string_value(value));
	return text;
}

static json_t *rows_with_change(struct cli *cli, const json_t *table)
{
	json_t *rows = json_array(), *row;
	size_t i;

	json_array_foreach (table, i, row)
		json_array_append_new(
			rows, json_pack("{s:s, s:s, s:s}", "target", cli_member(cli, row, "target"),
				      "key", cli_member(cli, row, "key"), "change",
				      chain_text(cli, row)));
	return rows;
}

static void print_notes(struct cli *cli, const json_t *preview)
{
	const json_t *one;
	size_t i;

	json_array_foreach (json_object_get(preview, "problems"), i, one)
		cli_say(cli, "! step %s: %s", cli_member(cli, one, "path"),
			cli_member(cli, one, "problem"));
	json_array_foreach (json_object_get(preview, "in_effect"), i, one)
		cli_say(cli, "! in effect already: %s, by %s (%s, execution %s)",
			cli_member(cli, one, "register"), cli_member(cli, one, "person"),
			cli_member(cli, one, "plan"), cli_member(cli, one, "execution"));
	json_array_foreach (json_object_get(preview, "approval"), i, one)
		cli_say(cli, "a run needs approval: %s", json_string_value(one));
}

void preview_print(struct cli *cli, const json_t *preview)
{
	static const char *const COLUMNS[] = {
		"TARGET=target", "KEY=key", "NOW -> NEW=change", NULL};
	static const char *const READINGS[] = {"TARGET=target", "READING=key", "NOW=now", NULL};
	json_t *rows = rows_with_change(cli, json_object_get(preview, "table"));
	char *params =
		json_dumps(json_object_get(preview, "params"), JSON_COMPACT | JSON_SORT_KEYS);

	cli_say(cli, "%s@%s  %s  %s", cli_member(cli, preview, "plan"),
		cli_member(cli, preview, "number"), cli_member(cli, preview, "action"),
		params ? params : "");
	cli_say(cli, "class %s, graph %s", cli_member(cli, preview, "class"),
		cli_member(cli, preview, "digest"));
	cli_print_table(cli, rows, COLUMNS);
	if (json_array_size(json_object_get(preview, "readings")))
		cli_print_table(cli, json_object_get(preview, "readings"), READINGS);
	print_notes(cli, preview);
	free(params);
	json_decref(rows);
}

static int run_preview(struct cli *cli, struct error *err)
{
	json_t *preview;

	if (call_with_plan(cli, "/api/v1/previews", cli_arg(cli, 0), NULL, &preview, err) < 0)
		return err->code;
	if (cli_is_json(cli))
		cli_print_json(cli, preview);
	else
		preview_print(cli, preview);
	return 0;
}

static int run_can(struct cli *cli, struct error *err)
{
	const json_t *reasons, *one;
	json_t *answer;
	size_t i;

	if (call_with_plan(cli, "/api/v1/can", cli_arg(cli, 0), NULL, &answer, err) < 0)
		return err->code;
	if (cli_is_json(cli)) {
		cli_print_json(cli, answer);
		return 0;
	}
	reasons = json_object_get(answer, "reasons");
	if (json_array_size(reasons) == 0)
		cli_say(cli, "yes: nothing stands in the way");
	json_array_foreach (reasons, i, one) {
		cli_say(cli, "%s %s: %s",
			json_is_true(json_object_get(one, "refuses")) ? "no  " : "wait",
			cli_member(cli, one, "reason"), cli_member(cli, one, "message"));
		if (json_object_get(one, "next"))
			cli_say(cli, "       next: %s", cli_member(cli, one, "next"));
	}
	json_array_foreach (json_object_get(answer, "errors"), i, one)
		cli_say(cli, "       %s:%s: %s", cli_member(cli, one, "file"),
			cli_member(cli, one, "line"), cli_member(cli, one, "message"));
	return 0;
}

/* --- run, restore: preview, show, ask, start, follow --- */

static int start(struct cli *cli, const json_t *preview, const char *restores, json_t **ret,
	struct error *err)
{
	json_t *body = json_object();
	int rc;

	json_object_set_new(body, "preview", json_string(cli_member(cli, preview, "id")));
	json_object_set_new(body, "digest", json_string(cli_member(cli, preview, "digest")));
	if (restores)
		json_object_set_new(body, "restores", json_string(restores));
	if (cli_flag(cli, "reason"))
		json_object_set_new(body, "reason", json_string(cli_flag(cli, "reason")));
	if (cli_flag(cli, "within"))
		json_object_set_new(body, "within", json_string(cli_flag(cli, "within")));
	if (cli_flag(cli, "rollback-at-deadline"))
		json_object_set_new(body, "at_deadline", json_string("rollback"));
	rc = cli_post(cli, "/api/v1/executions", body, ret, err);
	json_decref(body);
	return rc;
}

static void say_started(struct cli *cli, const json_t *execution)
{
	const char *id = cli_member(cli, execution, "id");
	const char *state = cli_member(cli, execution, "state");

	cli_say(cli, "execution %s is %s", id, state);
	if (strcmp(state, "PENDING_APPROVAL") == 0)
		cli_say(cli,
			"it starts by itself once somebody else approves: redbutton approval "
			"approve %s",
			cli_member(cli, execution, "approval"));
	if (strcmp(state, "QUEUED") == 0)
		cli_say(cli, "it waits for locks that another run holds: redbutton execution list "
			     "--state open");
}

static int follow_or_print(struct cli *cli, const json_t *execution, struct error *err)
{
	const char *id = cli_member(cli, execution, "id");

	if (cli_is_json(cli)) {
		cli_print_json(cli, execution);
		return 0;
	}
	say_started(cli, execution);
	if (cli_flag(cli, "no-follow") ||
		strcmp(cli_member(cli, execution, "state"), "PENDING_APPROVAL") == 0)
		return 0;
	return execution_follow(cli, id, err);
}

static int start_shown(
	struct cli *cli, const json_t *preview, const char *restores, struct error *err)
{
	json_t *execution;

	if (!cli_is_json(cli))
		preview_print(cli, preview);
	if (!cli_flag(cli, "yes") && cli_confirm(cli, "Start it?", err) < 0)
		return err->code;
	if (start(cli, preview, restores, &execution, err) < 0)
		return err->code;
	return follow_or_print(cli, execution, err);
}

static int run_run(struct cli *cli, struct error *err)
{
	json_t *preview;

	if (call_with_plan(cli, "/api/v1/previews", cli_arg(cli, 0), NULL, &preview, err) < 0)
		return err->code;
	return start_shown(cli, preview, NULL, err);
}

/* A plan without a way back of its own is undone by its journal. */
static int undo(struct cli *cli, const char *id, struct error *err)
{
	json_t *body = json_object(), *execution;
	int rc;

	if (cli_flag(cli, "reason"))
		json_object_set_new(body, "reason", json_string(cli_flag(cli, "reason")));
	rc = cli_post(cli, cli_path(cli, "/api/v1/executions/%s/undo", id), body, &execution, err);
	json_decref(body);
	return rc < 0 ? rc : follow_or_print(cli, execution, err);
}

static int has_restore(struct cli *cli, const char *id, bool *ret, struct error *err)
{
	json_t *execution, *version;
	const json_t *actions, *action;
	size_t i;

	*ret = false;
	if (cli_get(cli, cli_path(cli, "/api/v1/executions/%s", id), &execution, err) < 0 ||
		cli_get(cli,
			cli_path(cli, "/api/v1/plans/%s/versions/%s",
				cli_member(cli, execution, "plan"),
				cli_member(cli, execution, "number")),
			&version, err) < 0)
		return err->code;
	actions = json_object_get(json_object_get(version, "manifest"), "actions");
	json_array_foreach (actions, i, action)
		*ret |= strcmp(json_string_value(action), "restore") == 0;
	return 0;
}

static int run_restore(struct cli *cli, struct error *err)
{
	const char *id = cli_arg(cli, 0);
	bool is_planned;
	json_t *preview;

	if (has_restore(cli, id, &is_planned, err) < 0)
		return err->code;
	if (!is_planned)
		return undo(cli, id, err);
	if (call_with_plan(cli, "/api/v1/previews", NULL, id, &preview, err) < 0)
		return err->code;
	return start_shown(cli, preview, id, err);
}
