#include "change/template/template_cli.h"

#include "lib/base/file.h"
#include "lib/base/json.h"
#include "lib/base/text.h"

#include <string.h>

#define FILE_MAX_BYTES ((size_t)128 * 1024)

static int run_add(struct cli *cli, struct error *err);
static int run_list(struct cli *cli, struct error *err);
static int run_show(struct cli *cli, struct error *err);
static int run_submit(struct cli *cli, struct error *err);
static int run_retire(struct cli *cli, struct error *err);
static int run_render(struct cli *cli, struct error *err);

static const struct cli_verb verbs[] = {
	{"template", "add", "FILE", 1, 1, "Add a version of a template of standard changes",
		"FILE is JSON: name, summary, owner (a group), params and body. In body, "
		"{\"param\": \"unit\"} stands for a value, {\"join\": [\"--unit=\", {\"param\": "
		"\"unit\"}]} for a text with one: in arguments but the first, targets, services, "
		"objects.",
		{{0}}, run_add},
	{"template", "list", "", 0, 0, "List the templates of standard changes", NULL,
		{{"after", "NAME", false, false, "only names behind this one"},
			{"limit", "N", false, false, "how many at most"}},
		run_list},
	{"template", "show", "NAME[@VERSION]", 1, 1, "Show a template: its values and its body",
		NULL, {{0}}, run_show},
	{"template", "submit", "NAME@VERSION", 1, 1, "Ask for the approval of a template",
		"By an approver, then by somebody of the group that owns it. An approval holds for "
		"180 days; two failures in ten uses suspend a template.",
		{{0}}, run_submit},
	{"template", "retire", "NAME@VERSION", 1, 1,
		"End a template: no more changes are made of it", NULL,
		{{"reason", "TEXT", true, false, "why"}}, run_retire},
	{"template", "render", "NAME [PARAM=VALUE ...]", 1, -1,
		"Show what a change made of a template would be", NULL, {{0}}, run_render},
};

const struct cli_verbs template_verbs = {verbs, sizeof(verbs) / sizeof(verbs[0])};

static const char *const columns[] = {"NAME=name", "VERSION=number", "STATE=state", "OWNER=owner",
	"UNTIL=approved_until", "SUMMARY=summary", NULL};
static const char *const fields[] = {"name=name", "version=number", "summary=summary",
	"owner=owner", "state=state", "why=state_reason", "author=author", "created=created_at",
	"approved=approved_at", "until=approved_until", "approval=approval", "digest=digest", NULL};

/* "name" or "name@3" as a path; `is_exact` = the version must be there. */
static int template_path(
	struct cli *cli, bool is_exact, const char *below, const char **ret, struct error *err)
{
	const char *word = cli_arg(cli, 0), *at = strrchr(word, '@');
	int64_t version;
	int rc;

	if (!at && is_exact) {
		error_set(err, ERROR_USAGE, "which version of %s?", word);
		return error_remedy(err, "name it: %s@1", word);
	}
	if (!at) {
		*ret = arena_format(
			cli_arena(cli), "%s%s", cli_path(cli, "/api/v1/templates/%s", word), below);
		return 0;
	}
	if ((rc = text_parse_int64("version", at + 1, 1, INT64_MAX, &version, err)) < 0)
		return rc;
	*ret = arena_format(cli_arena(cli), "%s/versions/%lld%s",
		cli_path(cli, "/api/v1/templates/%s",
			arena_text_n(cli_arena(cli), word, (size_t)(at - word))),
		(long long)version, below);
	return 0;
}

static void print_json_member(struct cli *cli, const json_t *object, const char *key)
{
	cli_say(cli, "\n%s\n", key);
	cli_print_json(cli, json_object_get(object, key));
}

static void print_template(struct cli *cli, const json_t *template)
{
	cli_print_fields(cli, template, fields);
	if (cli_is_json(cli))
		return;
	print_json_member(cli, template, "params");
	print_json_member(cli, template, "body");
}

static int post(struct cli *cli, const char *path, json_t *owned, struct error *err)
{
	json_t *answer;
	int rc = cli_post(cli, path, owned, &answer, err);

	json_decref(owned);
	if (rc == 0)
		cli_print_fields(cli, answer, fields);
	return rc;
}

static int run_add(struct cli *cli, struct error *err)
{
	const char *path = cli_arg(cli, 0), *text = "";
	json_t *body;
	int rc = file_read_text(cli_arena(cli), path, FILE_MAX_BYTES, &text, err);

	if (rc < 0)
		return rc;
	if (json_parse(text, strlen(text), JSON_DEPTH_MAX, &body, err) < 0)
		return error_prefix(err, "%s", path);
	return post(cli, "/api/v1/templates", body, err);
}

static int run_list(struct cli *cli, struct error *err)
{
	const char *limit = cli_flag(cli, "limit"), *after = cli_flag(cli, "after"), *path;
	json_t *answer;
	int rc;

	path = cli_path(cli, "/api/v1/templates?limit=%s", limit ? limit : "200");
	if (after)
		path = arena_format(
			cli_arena(cli), "%s&%s", path, cli_path(cli, "after=%s", after));
	rc = cli_get(cli, path, &answer, err);
	if (rc == 0)
		cli_print_table(cli, json_object_get(answer, "items"), columns);
	return rc;
}

static int run_show(struct cli *cli, struct error *err)
{
	const char *path;
	json_t *answer;
	int rc = template_path(cli, false, "", &path, err);

	if (rc == 0 && (rc = cli_get(cli, path, &answer, err)) == 0)
		print_template(cli, answer);
	return rc;
}

static int run_submit(struct cli *cli, struct error *err)
{
	const char *path = "";
	int rc = template_path(cli, true, "/submit", &path, err);

	return rc < 0 ? rc : post(cli, path, json_object(), err);
}

static int run_retire(struct cli *cli, struct error *err)
{
	const char *path = "";
	json_t *body;
	int rc = template_path(cli, true, "/retire", &path, err);

	if (rc < 0)
		return rc;
	body = json_object();
	json_set_text(body, "reason", cli_flag(cli, "reason"));
	return post(cli, path, body, err);
}

static int run_render(struct cli *cli, struct error *err)
{
	json_t *params, *body, *answer;
	int rc = cli_params(cli, 1, &params, err);

	if (rc < 0)
		return rc;
	body = json_pack("{s:O}", "params", params);
	rc = cli_post(cli, cli_path(cli, "/api/v1/templates/%s/render", cli_arg(cli, 0)), body,
		&answer, err);
	json_decref(body);
	if (rc == 0)
		cli_print_json(cli, answer);
	return rc;
}
