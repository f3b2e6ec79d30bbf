#include "plans/plan_cli.h"

#include "lib/base/buf.h"
#include "lib/base/json.h"
#include "lib/base/text.h"
#include "plans/plan_files.h"
#include "plans/plan_language_help.h"

#include <string.h>

static int run_lint(struct cli *cli, struct error *err);
static int run_test(struct cli *cli, struct error *err);
static int run_add(struct cli *cli, struct error *err);
static int run_list(struct cli *cli, struct error *err);
static int run_show(struct cli *cli, struct error *err);
static int run_diff(struct cli *cli, struct error *err);
static int run_submit(struct cli *cli, struct error *err);
static int run_activate(struct cli *cli, struct error *err);
static int run_suspend(struct cli *cli, struct error *err);
static int run_resume(struct cli *cli, struct error *err);
static int run_retire(struct cli *cli, struct error *err);
static int run_discard(struct cli *cli, struct error *err);
static int run_language(struct cli *cli, struct error *err);

#define LIBRARY_FLAG                                                                               \
	{                                                                                          \
		"library", "DIR", false, false,                                                    \
			"where library modules are (default: lua-scripts/library, then the "       \
			"installed one)"                                                           \
	}
#define REASON_FLAG                                                                                \
	{                                                                                          \
		"reason", "TEXT", false, false, "kept with the version"                            \
	}

static const struct cli_verb verbs[] = {
	{"plan", "lint", "FILE", 1, 1, "check a plan's file; needs no daemon", plan_language_help,
		{LIBRARY_FLAG, {"local", NULL, false, false,
				       "do not ask the daemon what the called plans are"}},
		run_lint},
	{"plan", "test", "FILE [PARAM=VALUE ...]", 1, -1,
		"build a plan's graph and show it; touches nothing, needs no daemon",
		"Targets are made up unless --inventory gives some: a JSON list of {name, kind, "
		"labels}, as printed by\n"
		"`redbutton target list --json`. Called plans are looked for beside the file.",
		{LIBRARY_FLAG, {"inventory", "FILE", false, false, "JSON list of targets"},
			{"action", "ACTION", false, false, "apply (default) or restore"}},
		run_test},
	{"plan", "add", "FILE", 1, 1, "add a plan, or a new version of it, as a draft", NULL,
		{LIBRARY_FLAG}, run_add},
	{"plan", "list", NULL, 0, 0, "all plans", NULL, {{0}}, run_list},
	{"plan", "show", "NAME[@NUMBER]", 1, 1,
		"a plan and its versions, or one version with its text", NULL, {{0}}, run_show},
	{"plan", "diff", "NAME@A NAME@B", 2, 2, "what changed between two versions", NULL, {{0}},
		run_diff},
	{"plan", "submit", "NAME[@NUMBER]", 1, 1, "ask for approval of a version (the newest)",
		NULL, {{0}}, run_submit},
	{"plan", "activate", "NAME[@NUMBER]", 1, 1,
		"make an approved version (the newest one) the active one", NULL, {{0}},
		run_activate},
	{"plan", "suspend", "NAME[@NUMBER]", 1, 1,
		"let no run of the active version start until it is resumed",
		"For an admin or the plan's authors. Runs that are under way go on, and whatever "
		"is "
		"in effect can be undone.",
		{{"reason", "TEXT", true, false, "what must be mended first"}}, run_suspend},
	{"plan", "resume", "NAME[@NUMBER]", 1, 1, "end the suspension of a version", NULL,
		{REASON_FLAG}, run_resume},
	{"plan", "retire", "NAME[@NUMBER]", 1, 1, "end the use of a version (the active one)", NULL,
		{REASON_FLAG}, run_retire},
	{"plan", "discard", "NAME@NUMBER", 1, 1, "throw a draft away", NULL, {REASON_FLAG},
		run_discard},
	{"plan", "language", NULL, 0, 0, "all that a plan may say", NULL, {{0}}, run_language},
};

const struct cli_verbs plan_verbs = {verbs, sizeof(verbs) / sizeof(verbs[0])};
const struct cli_note plan_note = {
	"plan", "What a plan may say, all on one page: redbutton plan language"};

static const char *const list_columns[] = {"NAME=name", "KIND=kind", "ACTIVE=active",
	"NEWEST=newest", "STATE=newest_state", "OWNER=owner", "SUMMARY=summary", NULL};
static const char *const plan_fields[] = {"plan=name", "kind=kind", "summary=summary",
	"owner=owner", "runbook=runbook", "active=active", NULL};
static const char *const version_columns[] = {"NUMBER=number", "STATE=state", "CLASS=class",
	"BY=created_by.name", "AT=created_at", "APPROVAL=approval", "DIGEST=digest",
	"BECAUSE=state_reason", NULL};
static const char *const version_fields[] = {"plan=plan", "version=number", "state=state",
	"because=state_reason", "class=class", "approval=approval", "missing=note", "digest=digest",
	"file=file", "summary=summary", "by=created_by.name", "at=created_at", NULL};

/* --- text --- */

static int run_language(struct cli *cli, struct error *err)
{
	const char *argv[] = {"redbuttond", "--plan-test", "--describe", "--json", NULL};

	if (cli_is_json(cli))
		return cli_exec_beside(cli, "redbuttond", argv, err);
	fputs(plan_language_help, cli_out(cli));
	return 0;
}

static int read_source(struct cli *cli, json_t **ret, struct error *err)
{
	struct plan_files files;
	json_t *body;
	int rc = plan_files_read(
		cli_arena(cli), cli_arg(cli, 0), cli_flag(cli, "library"), &files, err);

	if (rc < 0)
		return rc;
	body = json_object();
	json_set_text(body, "file", files.file);
	json_set_text(body, "script", files.script);
	json_object_set(body, "modules", files.modules);
	*ret = body;
	return 0;
}

/* The daemon's program does it alone: with our flags and arguments. */
static int exec_plan_test(struct cli *cli, bool is_lint, struct error *err)
{
	const char **argv =
		arena_alloc(cli_arena(cli), ((size_t)cli_arg_count(cli) + 12) * sizeof(*argv));
	size_t count = 0;

	argv[count++] = "redbuttond";
	argv[count++] = "--plan-test";
	if (is_lint)
		argv[count++] = "--lint";
	if (cli_is_json(cli))
		argv[count++] = "--json";
	for (size_t i = 0; i < 3; i++) {
		static const char *const names[] = {"library", "inventory", "action"};
		const char *value = i && is_lint ? NULL : cli_flag(cli, names[i]);

		if (!value)
			continue;
		argv[count++] = arena_format(cli_arena(cli), "--%s", names[i]);
		argv[count++] = value;
	}
	for (int i = 0; i < cli_arg_count(cli); i++)
		argv[count++] = cli_arg(cli, i);
	return cli_exec_beside(cli, "redbuttond", argv, err);
}

static void print_warnings(struct cli *cli, const json_t *answer)
{
	const json_t *warning;
	size_t i;

	json_array_foreach (json_object_get(answer, "warnings"), i, warning)
		cli_say(cli, "%s:%s: warning: %s\n", cli_member(cli, warning, "file"),
			cli_member(cli, warning, "line"), cli_member(cli, warning, "message"));
}

static int run_lint(struct cli *cli, struct error *err)
{
	json_t *body, *answer;
	int rc = read_source(cli, &body, err);

	if (rc < 0)
		return rc;
	if (cli_flag(cli, "local")) {
		json_decref(body);
		return exec_plan_test(cli, true, err);
	}
	rc = cli_post(cli, "/api/v1/plans/lint", body, &answer, err);
	json_decref(body);
	if (rc == ERROR_UNREACHABLE) {
		error_clear(err);
		return exec_plan_test(cli, true, err);
	}
	if (rc < 0)
		return rc;
	if (cli_is_json(cli))
		cli_print_json(cli, answer);
	print_warnings(cli, answer);
	cli_say(cli, "%s is fine\n", cli_member(cli, answer, "manifest.name"));
	return 0;
}

static int run_test(struct cli *cli, struct error *err)
{
	return exec_plan_test(cli, false, err);
}

static int run_add(struct cli *cli, struct error *err)
{
	const char *plan, *number;
	json_t *body, *answer;
	int rc = read_source(cli, &body, err);

	if (rc < 0)
		return rc;
	rc = cli_post(cli, "/api/v1/plans", body, &answer, err);
	json_decref(body);
	if (rc < 0)
		return rc;
	if (cli_is_json(cli))
		cli_print_json(cli, answer);
	plan = cli_member(cli, answer, "plan");
	number = cli_member(cli, answer, "number");
	cli_say(cli, "%s@%s is %s (%s)\n", plan, number, cli_member(cli, answer, "state"),
		cli_member(cli, answer, "digest"));
	if (strcmp(cli_member(cli, answer, "state"), "DRAFT") == 0)
		cli_say(cli, "next: redbutton plan submit %s@%s\n", plan, number);
	return 0;
}

/* --- looking --- */

/* "checkout/drain-zone@3": the name, and the number or NULL. */
static int split_name(struct cli *cli, int position, const char **ret_plan, const char **ret_number,
	struct error *err)
{
	const char *given = cli_arg(cli, position), *at = strchr(given, '@');
	int64_t number;
	int rc;

	*ret_number = at ? at + 1 : NULL;
	*ret_plan = at ? arena_text_n(cli_arena(cli), given, (size_t)(at - given)) : given;
	rc = at ? text_parse_int64("version", at + 1, 1, INT32_MAX, &number, err) : 0;
	if (rc >= 0)
		return 0;
	err->code = ERROR_USAGE;
	return error_remedy(err, "write it as NAME@NUMBER, as in checkout/drain-zone@3");
}

static int need_number(const char *number, const char *plan, struct error *err)
{
	if (number)
		return 0;
	error_set(err, ERROR_USAGE, "which version of %s?", plan);
	return error_remedy(err, "write it as %s@NUMBER", plan);
}

static int run_list(struct cli *cli, struct error *err)
{
	json_t *answer;
	int rc = cli_get(cli, "/api/v1/plans", &answer, err);

	if (rc < 0)
		return rc;
	if (!cli_is_json(cli) && !json_array_size(json_object_get(answer, "items")))
		cli_say(cli, "no plans; next: redbutton plan add FILE\n");
	else
		cli_print_table(cli, json_object_get(answer, "items"), list_columns);
	return 0;
}

/* A text of many lines, each made visible: newlines and tabs stay. */
static void print_lines(struct cli *cli, const char *text)
{
	while (text && *text) {
		size_t length = strcspn(text, "\n\t");
		struct buf out = BUF_INIT;

		text_add_visible(&out, text, length);
		fputs(buf_text(&out), cli_out(cli));
		buf_done(&out);
		if (text[length])
			fputc(text[length], cli_out(cli));
		text += length + (text[length] != 0);
	}
}

static int show_version(struct cli *cli, const char *plan, const char *number, struct error *err)
{
	json_t *answer;
	int rc = cli_get(
		cli, cli_path(cli, "/api/v1/plans/%s/versions/%s", plan, number), &answer, err);

	if (rc < 0)
		return rc;
	cli_print_fields(cli, answer, version_fields);
	if (cli_is_json(cli))
		return 0;
	cli_say(cli, "\n");
	print_lines(cli, json_string_value(json_object_get(answer, "script")));
	return 0;
}

static int run_show(struct cli *cli, struct error *err)
{
	const char *plan, *number;
	json_t *answer;
	int rc = split_name(cli, 0, &plan, &number, err);

	if (rc < 0)
		return rc;
	if (number)
		return show_version(cli, plan, number, err);
	if ((rc = cli_get(cli, cli_path(cli, "/api/v1/plans/%s", plan), &answer, err)) < 0)
		return rc;
	cli_print_fields(cli, answer, plan_fields);
	if (cli_is_json(cli))
		return 0;
	cli_say(cli, "\n");
	cli_print_table(cli, json_object_get(answer, "versions"), version_columns);
	return 0;
}

static void print_diff(struct cli *cli, const json_t *answer)
{
	const char *script = json_string_value(json_object_get(answer, "script"));
	const char *manifest = json_string_value(json_object_get(answer, "manifest"));
	const char *name;
	json_t *text;
	bool is_same = script && !*script;

	print_lines(cli, script);
	json_object_foreach (json_object_get(answer, "modules"), name, text) {
		print_lines(cli, json_string_value(text));
		is_same = false;
	}
	if (manifest && *manifest) {
		cli_say(cli, "\nmanifest, as it is understood:\n");
		print_lines(cli, manifest);
	}
	if (is_same)
		cli_say(cli, "the same text\n");
}

static int run_diff(struct cli *cli, struct error *err)
{
	const char *plan, *other, *from, *to;
	json_t *answer;
	int rc;

	if ((rc = split_name(cli, 0, &plan, &from, err)) < 0 ||
		(rc = split_name(cli, 1, &other, &to, err)) < 0 ||
		(rc = need_number(from, plan, err)) < 0 || (rc = need_number(to, other, err)) < 0)
		return rc;
	if (strcmp(plan, other) != 0)
		return error_set(err, ERROR_USAGE,
			"%s and %s are two plans; versions of one are compared", plan, other);
	rc = cli_get(cli, cli_path(cli, "/api/v1/plans/%s/diff?from=%s&to=%s", plan, from, to),
		&answer, err);
	if (rc < 0)
		return rc;
	if (cli_is_json(cli))
		cli_print_json(cli, answer);
	else
		print_diff(cli, answer);
	return 0;
}

/* --- changing --- */

/* The newest version in one of the states (in their order), else the newest. */
static const char *choose_number(struct cli *cli, const json_t *plan, const char *const *states)
{
	const json_t *versions = json_object_get(plan, "versions"), *version;
	size_t i;

	for (; *states; states++) {
		json_array_foreach (versions, i, version)
			if (strcmp(cli_member(cli, version, "state"), *states) == 0)
				return cli_member(cli, version, "number");
	}
	return cli_member(cli, json_array_get(versions, 0), "number");
}

static int find_number(struct cli *cli, const char *plan, const char *const *states,
	const char **ret, struct error *err)
{
	json_t *answer;
	int rc;

	if (*ret)
		return 0;
	rc = cli_get(cli, cli_path(cli, "/api/v1/plans/%s", plan), &answer, err);
	if (rc >= 0)
		*ret = choose_number(cli, answer, states);
	return rc;
}

static int send_change(struct cli *cli, const char *verb, const char *plan, const char *number,
	json_t **ret, struct error *err)
{
	struct cli_request request = {.method = "POST"};
	json_t *body = json_object(), *seen;
	int rc = cli_get(
		cli, cli_path(cli, "/api/v1/plans/%s/versions/%s", plan, number), &seen, err);

	if (rc >= 0) {
		json_set_text(body, "reason", cli_flag(cli, "reason"));
		request.if_match = arena_text(cli_arena(cli), cli_etag(cli));
		request.body = body;
		request.path = cli_path(cli, "/api/v1/plans/%s/versions/%s/%s", plan, number, verb);
		rc = cli_call(cli, &request, ret, err);
	}
	json_decref(body);
	return rc;
}

static int change(struct cli *cli, const char *verb, const char *const *states, struct error *err)
{
	const char *plan, *number;
	json_t *answer;
	int rc;

	if ((rc = split_name(cli, 0, &plan, &number, err)) < 0 ||
		(rc = find_number(cli, plan, states, &number, err)) < 0 ||
		(rc = send_change(cli, verb, plan, number, &answer, err)) < 0)
		return rc;
	if (cli_is_json(cli))
		cli_print_json(cli, answer);
	cli_say(cli, "%s@%s is %s\n", plan, number, cli_member(cli, answer, "state"));
	if (strcmp(cli_member(cli, answer, "state"), "IN_REVIEW") != 0)
		return 0;
	cli_say(cli, "class %s; approval %s\n", cli_member(cli, answer, "class"),
		cli_member(cli, answer, "approval"));
	cli_say(cli, "%s\n", cli_member(cli, answer, "note"));
	cli_say(cli, "next, by somebody else: redbutton approval approve %s\n",
		cli_member(cli, answer, "approval"));
	return 0;
}

static int run_submit(struct cli *cli, struct error *err)
{
	static const char *const newest[] = {NULL};

	return change(cli, "submit", newest, err);
}

static int run_activate(struct cli *cli, struct error *err)
{
	static const char *const states[] = {"APPROVED", "IN_REVIEW", NULL};

	return change(cli, "activate", states, err);
}

static int run_suspend(struct cli *cli, struct error *err)
{
	static const char *const states[] = {"ACTIVE", NULL};
	int rc = change(cli, "suspend", states, err);

	if (rc == 0)
		cli_say(cli, "what is under way goes on: redbutton execution list --state open\n");
	return rc;
}

static int run_resume(struct cli *cli, struct error *err)
{
	static const char *const states[] = {"SUSPENDED", NULL};

	return change(cli, "resume", states, err);
}

static int run_retire(struct cli *cli, struct error *err)
{
	static const char *const states[] = {"ACTIVE", NULL};

	return change(cli, "retire", states, err);
}

static int run_discard(struct cli *cli, struct error *err)
{
	static const char *const none[] = {NULL};
	const char *plan, *number;
	int rc;

	if ((rc = split_name(cli, 0, &plan, &number, err)) < 0 ||
		(rc = need_number(number, plan, err)) < 0)
		return rc;
	return change(cli, "discard", none, err);
}
