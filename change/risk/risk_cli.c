#include "change/risk/risk_cli.h"

#include "change/risk/risk_files.h"
#include "lib/base/json.h"

#include <sys/stat.h>

static int run_list(struct cli *cli, struct error *err);
static int run_show(struct cli *cli, struct error *err);
static int run_test(struct cli *cli, struct error *err);

static const struct cli_verb verbs[] = {
	{"rules", "list", "", 0, 0, "List the risk rules that are loaded", NULL, {{0}}, run_list},
	{"rules", "show", "RULE", 1, 1,
		"Show a risk rule: what it looks at, and what to do instead", NULL, {{0}},
		run_show},
	{"rules", "test", "[FILE|FOLDER]", 0, 1, "Run the own tests of risk rules, in the jail",
		"Without a file: of the rules that the daemon has loaded. A file is tested with "
		"the "
		"modules beside it, a folder as a whole set.",
		{{0}}, run_test},
};

const struct cli_verbs risk_verbs = {verbs, sizeof(verbs) / sizeof(verbs[0])};

static const char *const columns[] = {"RULE=id", "SEVERITY=severity", "TIER=tier",
	"WAIVED BY=waivable", "OWNER=owner", "FINDS=title", "FAULT=fault", NULL};
static const char *const fields[] = {"rule=id", "finds=title", "severity=severity", "tier=tier",
	"a fault of it=on_error", "waived by=waivable", "owner=owner", "looks at=looks_at",
	"why=why", "instead=suggestion", "doc=doc", "fault=fault", NULL};
static const char *const test_columns[] = {
	"RULE=id", "TESTS=tests", "SEVERITY=severity", "OWNER=owner", "SAYS=example", NULL};

static int run_list(struct cli *cli, struct error *err)
{
	json_t *answer;
	int rc = cli_get(cli, "/api/v1/rules", &answer, err);

	if (rc < 0)
		return rc;
	if (cli_is_json(cli)) {
		cli_print_json(cli, answer);
		return 0;
	}
	cli_print_table(cli, json_object_get(answer, "items"), columns);
	cli_say(cli, "\nrevision %s\n", cli_member(cli, answer, "revision"));
	return 0;
}

static int run_show(struct cli *cli, struct error *err)
{
	json_t *answer;
	int rc = cli_get(cli, cli_path(cli, "/api/v1/rules/%s", cli_arg(cli, 0)), &answer, err);

	if (rc == 0)
		cli_print_fields(cli, answer, fields);
	return rc;
}

/* --- testing --- */

static int read_rules(struct cli *cli, const char *path, json_t *body, struct error *err)
{
	struct risk_files files;
	struct stat about;
	int rc;

	if (stat(path, &about) == 0 && S_ISDIR(about.st_mode))
		rc = risk_files_read(cli_arena(cli), path, &files, err);
	else
		rc = risk_files_read_one(cli_arena(cli), path, &files, err);
	if (rc < 0)
		return rc;
	json_object_set(body, "rules", files.rules);
	json_object_set(body, "modules", files.modules);
	return 0;
}

static int print_errors(struct cli *cli, const json_t *errors, struct error *err)
{
	const json_t *row;
	size_t i;

	json_array_foreach (errors, i, row)
		cli_say(cli, "%s:%lld: %s\n", cli_member(cli, row, "file"),
			(long long)json_integer_value(json_object_get(row, "line")),
			cli_member(cli, row, "message"));
	return error_set(err, ERROR_PLAN, "%zu faults in the rules", json_array_size(errors));
}

static int print_result(struct cli *cli, const json_t *answer, struct error *err)
{
	const json_t *rules = json_object_get(answer, "rules"), *row;
	int64_t tests = 0;
	size_t i;

	if (cli_is_json(cli)) {
		cli_print_json(cli, answer);
		if (!json_is_true(json_object_get(answer, "ok")))
			cli_end_with(cli, error_exit(ERROR_PLAN));
		return 0;
	}
	if (!json_is_true(json_object_get(answer, "ok")))
		return print_errors(cli, json_object_get(answer, "errors"), err);
	json_array_foreach (rules, i, row)
		tests += json_integer_value(json_object_get(row, "tests"));
	cli_print_table(cli, rules, test_columns);
	cli_say(cli, "\n%zu %s, %lld tests passed\n", json_array_size(rules),
		json_array_size(rules) == 1 ? "rule" : "rules", (long long)tests);
	return 0;
}

static int run_test(struct cli *cli, struct error *err)
{
	json_t *body = json_object(), *answer;
	int rc = 0;

	if (cli_arg(cli, 0))
		rc = read_rules(cli, cli_arg(cli, 0), body, err);
	if (rc == 0)
		rc = cli_post(cli, "/api/v1/rules/test", body, &answer, err);
	json_decref(body);
	return rc < 0 ? rc : print_result(cli, answer, err);
}
