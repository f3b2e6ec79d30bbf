#include "executor/execution_cli.h"

#include "lib/base/text.h"

#include <string.h>
#include <unistd.h>

static int run_list(struct cli *cli, struct error *err);
static int run_show(struct cli *cli, struct error *err);
static int run_follow(struct cli *cli, struct error *err);
static int run_journal(struct cli *cli, struct error *err);
static int run_pause(struct cli *cli, struct error *err);
static int run_resume(struct cli *cli, struct error *err);
static int run_abort(struct cli *cli, struct error *err);
static int run_retry(struct cli *cli, struct error *err);
static int run_skip(struct cli *cli, struct error *err);
static int run_mark(struct cli *cli, struct error *err);
static int run_answer(struct cli *cli, struct error *err);
static int run_accept(struct cli *cli, struct error *err);
static int run_rollback(struct cli *cli, struct error *err);
static int run_force_close(struct cli *cli, struct error *err);

#define AT                                                                                         \
	{                                                                                          \
		.name = "at", .value = "PATH",                                                     \
		.help = "the step, as `show` lists it; default: the only one it can mean"          \
	}
#define REASON                                                                                     \
	{                                                                                          \
		.name = "reason", .value = "TEXT", .help = "why, for the audit"                    \
	}
#define SEEN                                                                                       \
	{                                                                                          \
		.name = "if-version", .value = "N",                                                \
		.help = "refuse when the run has moved on since version N"                         \
	}
#define WHY                                                                                        \
	{                                                                                          \
		.name = "reason", .value = "TEXT", .required = true, .help = "why, for the audit"  \
	}
#define ONE .noun = "execution", .args = "ID", .min_args = 1, .max_args = 1

static const struct cli_verb verbs[] = {
	{.noun = "execution",
		.verb = "list",
		.args = "",
		.summary = "Executions, newest first",
		.flags = {{.name = "state", .value = "STATE", .help = "a state, or open"},
			{.name = "plan", .value = "NAME", .help = "of one plan"},
			{.name = "limit", .value = "N", .help = "how many; default 50"}},
		.run = run_list},
	{ONE, .verb = "show", .summary = "One execution: steps, values, what it may be told",
		.run = run_show},
	{ONE, .verb = "follow",
		.summary = "Live: step tree, state, elapsed, values, until it ends or asks",
		.run = run_follow},
	{ONE, .verb = "journal", .summary = "Its effects, in the order of their intents",
		.run = run_journal},
	{ONE, .verb = "pause", .summary = "Pause at the next node; effects in flight finish",
		.flags = {REASON, SEEN}, .run = run_pause},
	{ONE, .verb = "resume", .summary = "Go on", .flags = {REASON, SEEN}, .run = run_resume},
	{ONE, .verb = "abort", .summary = "Stop; what is in effect stays and is listed",
		.flags = {REASON, SEEN}, .run = run_abort},
	{ONE, .verb = "retry", .summary = "Try what failed again", .flags = {AT, REASON, SEEN},
		.run = run_retry},
	{ONE, .verb = "skip", .summary = "Go on without a failed step", .flags = {AT, WHY, SEEN},
		.run = run_skip},
	{.noun = "execution",
		.verb = "mark",
		.args = "ID done|not_done",
		.min_args = 2,
		.max_args = 2,
		.summary = "Say whether a failed or doubtful step was done",
		.flags = {AT, WHY, SEEN},
		.run = run_mark},
	{.noun = "execution",
		.verb = "answer",
		.args = "ID yes|no|baseline|keep",
		.min_args = 2,
		.max_args = 2,
		.summary = "Answer a gate (yes, no), or a conflict of a rollback (baseline, keep)",
		.flags = {AT, REASON, SEEN},
		.run = run_answer},
	{ONE, .verb = "accept", .summary = "End it as it is, with exceptions",
		.flags = {REASON, SEEN}, .run = run_accept},
	{ONE, .verb = "rollback",
		.summary = "Undo what it did, newest first; of an ended run as a new execution",
		.flags = {REASON, SEEN, {.name = "no-follow", .help = "do not wait for the end"}},
		.run = run_rollback},
	{ONE, .verb = "force-close",
		.summary = "Give up; what remains in effect is ORPHANED and stays listed",
		.flags = {WHY, SEEN}, .run = run_force_close},
};
const struct cli_verbs execution_verbs = {verbs, sizeof(verbs) / sizeof(verbs[0])};

/* --- looking --- */

static int run_list(struct cli *cli, struct error *err)
{
	static const char *const COLUMNS[] = {"ID=id", "STATE=state", "REASON=reason", "PLAN=plan",
		"ACTION=action", "BY=requested_by", "CREATED=created_at", NULL};
	const char *path = "/api/v1/executions?";
	static const char *const FLAGS[] = {"state", "plan", "limit", NULL};
	json_t *answer;

	for (const char *const *flag = FLAGS; *flag; flag++)
		if (cli_flag(cli, *flag))
			path = arena_format(cli_arena(cli), "%s%s%s", path,
				path[strlen(path) - 1] == '?' ? "" : "&",
				cli_path(cli, "%s=%s", *flag, cli_flag(cli, *flag)));
	if (path[strlen(path) - 1] == '?')
		path = "/api/v1/executions";
	if (cli_get(cli, path, &answer, err) < 0)
		return err->code;
	cli_print_table(cli, json_object_get(answer, "items"), COLUMNS);
	return 0;
}

static const char *mark_of(const char *state)
{
	static const char *const MARKS[][2] = {{"NOT_STARTED", " "}, {"RUNNING", ">"},
		{"WAITING", ">"}, {"SUCCEEDED", "+"}, {"SKIPPED", "-"}, {"MARKED_DONE", "+"},
		{"IN_DOUBT", "?"}};

	for (size_t i = 0; i < sizeof(MARKS) / sizeof(MARKS[0]); i++)
		if (text_is_equal(MARKS[i][0], state))
			return MARKS[i][1];
	return "!";
}

static void say_step(struct cli *cli, const json_t *step)
{
	int depth = (int)json_integer_value(json_object_get(step, "depth"));
	const char *message = cli_member(cli, step, "message");
	const char *stage = json_object_get(step, "positions")
				    ? arena_format(cli_arena(cli), " [%s of %s]",
					      cli_member(cli, step, "position"),
					      cli_member(cli, step, "positions"))
				    : "";
	const char *values =
		json_object_get(step, "outcome")
			? arena_format(cli_arena(cli), " (%s -> %s, %s)",
				  cli_member(cli, step, "baseline"),
				  cli_member(cli, step, "wanted"), cli_member(cli, step, "outcome"))
			: "";

	cli_say(cli, "%s %*s%-10s %s%s%s%s%s", mark_of(cli_member(cli, step, "state")), depth * 2,
		"", cli_member(cli, step, "path"), cli_member(cli, step, "text"), stage, values,
		message[0] ? ": " : "", message);
}

static void say_head(struct cli *cli, const json_t *execution)
{
	const char *reason = cli_member(cli, execution, "reason"),
		   *message = cli_member(cli, execution, "message");

	cli_say(cli, "%s  %s@%s %s  %s%s%s%s", cli_member(cli, execution, "id"),
		cli_member(cli, execution, "plan"), cli_member(cli, execution, "number"),
		cli_member(cli, execution, "action"), cli_member(cli, execution, "state"),
		reason[0] ? " (" : "", reason, reason[0] ? ")" : "");
	if (message[0])
		cli_say(cli, "  %s", message);
}

static void say_commands(struct cli *cli, const json_t *execution)
{
	const json_t *word;
	char *list = NULL;
	size_t i;

	json_array_foreach (json_object_get(execution, "commands"), i, word)
		list = arena_format(cli_arena(cli), "%s%s%s", list ? list : "", list ? ", " : "",
			json_string_value(word));
	if (list)
		cli_say(cli, "it may be told: %s", list);
	if (json_integer_value(json_object_get(execution, "in_effect")))
		cli_say(cli, "in effect: %s (redbutton effects)",
			cli_member(cli, execution, "in_effect"));
}

static void say_execution(struct cli *cli, const json_t *execution)
{
	const json_t *step;
	size_t i;

	say_head(cli, execution);
	json_array_foreach (json_object_get(execution, "steps"), i, step)
		say_step(cli, step);
	json_array_foreach (json_object_get(execution, "undo"), i, step)
		cli_say(cli, "%s undo %s: %s -> %s, %s%s%s", mark_of("SUCCEEDED"),
			cli_member(cli, step, "register"), cli_member(cli, step, "baseline"),
			cli_member(cli, step, "wanted"), cli_member(cli, step, "state"),
			cli_member(cli, step, "message")[0] ? ": " : "",
			cli_member(cli, step, "message"));
	say_commands(cli, execution);
}

static int get(struct cli *cli, const char *id, json_t **ret, struct error *err)
{
	return cli_get(cli, cli_path(cli, "/api/v1/executions/%s", id), ret, err);
}

static int run_show(struct cli *cli, struct error *err)
{
	json_t *execution;

	if (get(cli, cli_arg(cli, 0), &execution, err) < 0)
		return err->code;
	if (cli_is_json(cli))
		cli_print_json(cli, execution);
	else
		say_execution(cli, execution);
	return 0;
}

static int run_journal(struct cli *cli, struct error *err)
{
	static const char *const COLUMNS[] = {"SEQ=seq", "DIRECTION=direction", "PATH=path",
		"REGISTER=register", "BASELINE=baseline", "WANTED=wanted", "STATE=state",
		"MESSAGE=message", NULL};
	json_t *answer;

	if (cli_get(cli, cli_path(cli, "/api/v1/executions/%s/journal", cli_arg(cli, 0)), &answer,
		    err) < 0)
		return err->code;
	cli_print_table(cli, json_object_get(answer, "items"), COLUMNS);
	return 0;
}

/* --- follow --- */

#define LOOK_EVERY_US 500000

static bool is_over(struct cli *cli, const json_t *execution)
{
	const char *state = cli_member(cli, execution, "state");

	return json_is_true(json_object_get(execution, "terminal")) ||
	       text_is_equal(state, "PAUSED");
}

/* Lines for a pipe: each step once, when its state changes. */
static void say_changes(struct cli *cli, const json_t *execution, json_t *seen)
{
	const char *state = cli_member(cli, execution, "state");
	const json_t *step;
	size_t i;

	json_array_foreach (json_object_get(execution, "steps"), i, step) {
		const char *path = cli_member(cli, step, "path");
		const char *now = arena_format(cli_arena(cli), "%s %s",
			cli_member(cli, step, "state"), cli_member(cli, step, "position"));

		if (text_is_equal(cli_member(cli, step, "state"), "NOT_STARTED") ||
			text_is_equal(json_string_value(json_object_get(seen, path)), now))
			continue;
		json_object_set_new(seen, path, json_string(now));
		say_step(cli, step);
	}
	if (text_is_equal(json_string_value(json_object_get(seen, "-")), state))
		return;
	json_object_set_new(seen, "-", json_string(state));
	say_head(cli, execution);
}

static void draw(struct cli *cli, const json_t *execution)
{
	fputs("\033[H\033[2J", cli_out(cli));
	say_execution(cli, execution);
	fflush(cli_out(cli));
}

static int end_code(struct cli *cli, const json_t *execution, struct error *err)
{
	const char *state = cli_member(cli, execution, "state");

	if (text_is_equal(state, "SUCCEEDED") || text_is_equal(state, "ROLLED_BACK"))
		return 0;
	error_set(err, ERROR_CONFLICT, "execution %s is %s: %s", cli_member(cli, execution, "id"),
		state, cli_member(cli, execution, "message"));
	return error_remedy(err, "redbutton execution show %s", cli_member(cli, execution, "id"));
}

int execution_follow(struct cli *cli, const char *id, struct error *err)
{
	json_t *seen = json_object(), *execution;
	bool is_live = cli_is_terminal(cli) && !cli_is_json(cli);
	int rc;

	while ((rc = get(cli, id, &execution, err)) == 0) {
		if (is_live)
			draw(cli, execution);
		else if (!cli_is_json(cli))
			say_changes(cli, execution, seen);
		fflush(cli_out(cli));
		if (is_over(cli, execution))
			break;
		usleep(LOOK_EVERY_US);
	}
	json_decref(seen);
	if (rc < 0)
		return rc;
	if (cli_is_json(cli))
		cli_print_json(cli, execution);
	else if (!is_live)
		say_commands(cli, execution);
	return end_code(cli, execution, err);
}

static int run_follow(struct cli *cli, struct error *err)
{
	return execution_follow(cli, cli_arg(cli, 0), err);
}

/* --- commands --- */

static int command(struct cli *cli, const char *verb, const char *value, struct error *err)
{
	const char *seen = cli_flag(cli, "if-version");
	struct cli_request request = {
		.method = "POST",
		.path = cli_path(cli, "/api/v1/executions/%s/%s", cli_arg(cli, 0), verb),
		.if_match = seen ? arena_format(cli_arena(cli), "v%s", seen) : NULL,
	};
	json_t *body = json_object(), *answer;
	int rc;

	if (cli_flag(cli, "at"))
		json_object_set_new(body, "path", json_string(cli_flag(cli, "at")));
	if (cli_flag(cli, "reason"))
		json_object_set_new(body, "reason", json_string(cli_flag(cli, "reason")));
	if (value)
		json_object_set_new(body, "value", json_string(value));
	request.body = body;
	rc = cli_call(cli, &request, &answer, err);
	json_decref(body);
	if (rc < 0)
		return rc;
	if (cli_is_json(cli))
		cli_print_json(cli, answer);
	else
		cli_say(cli, "%s: %s", cli_member(cli, answer, "result"),
			cli_member(cli, answer, "message"));
	return 0;
}

#define COMMAND(name, word)                                                                        \
	static int run_##name(struct cli *cli, struct error *err)                                  \
	{                                                                                          \
		return command(cli, word, cli_arg(cli, 1), err);                                   \
	}
COMMAND(pause, "pause")
COMMAND(resume, "resume")
COMMAND(abort, "abort")
COMMAND(retry, "retry")
COMMAND(skip, "skip")
COMMAND(mark, "mark")
COMMAND(answer, "answer")
COMMAND(accept, "accept")
COMMAND(force_close, "force-close")

/* An open run is told to roll back; one that has ended is undone by a new execution. */
static int run_rollback(struct cli *cli, struct error *err)
{
	const char *id = cli_arg(cli, 0);
	json_t *execution, *body, *undo;
	int rc;

	if (get(cli, id, &execution, err) < 0)
		return err->code;
	if (json_is_true(json_object_get(execution, "terminal"))) {
		body = json_object();
		if (cli_flag(cli, "reason"))
			json_object_set_new(body, "reason", json_string(cli_flag(cli, "reason")));
		rc = cli_post(
			cli, cli_path(cli, "/api/v1/executions/%s/undo", id), body, &undo, err);
		json_decref(body);
		if (rc < 0)
			return rc;
		id = cli_member(cli, undo, "id");
		cli_say(cli, "execution %s undoes %s", id, cli_arg(cli, 0));
	} else if (command(cli, "rollback", NULL, err) < 0) {
		return err->code;
	}
	return cli_flag(cli, "no-follow") ? 0 : execution_follow(cli, id, err);
}
