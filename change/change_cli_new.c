/* Filing and editing from the command line. */
#include "change/change_cli_rooms.h"
#include "lib/base/json.h"

static int run_new(struct cli *cli, struct error *err);
static int run_edit(struct cli *cli, struct error *err);

static const struct cli_verb verbs[] = {
	{NULL, "new", "[-- COMMAND ...]", 0, -1, "File a change",
		"A step runs one command as its arguments are: no shell. What needs one is a\n"
		"script (--script), bound by its SHA-256. Batches are counted from the first\n"
		"target on: 1,20%,100%.",
		{{"title", "TEXT", false, false, "one line for people"},
			{"environment", "NAME", false, false, "where"},
			{"service", "NAME", false, true, "of what; its owners are asked"},
			{"executor", "PERSON", false, true,
				"who will run it; yourself when left out"},
			{"target", "NAME|LABEL=VALUE", false, true,
				"where; service=shop,zone=a for all that have both"},
			{"batches", "LIST", false, false, "1,20%,100%; all at once when left out"},
			{"start", "TIME", false, false,
				"RFC 3339, or 2026-12-01 09:30 with --zone"},
			{"end", "TIME", false, false, "the same"},
			{"zone", "ZONE", false, false, "Asia/Shanghai; UTC when left out"},
			{"verify", "METRIC", false, true,
				"'errors: query < 0.01 over 5m on prom': must hold afterwards"},
			{"observe", "DURATION", false, false, "before the metrics are read: 5m"},
			{"between", "DURATION", false, false, "to look on after each batch"},
			{"rollback", "LINE", false, true,
				"a command that takes it back; 'NAME ...' runs --script FILE "
				"again"},
			{"script", "FILE", false, false,
				"run this; what follows -- are its arguments"},
			{"stdin", "FILE", false, false, "what it reads"},
			{"manifest", "FILE", false, false, "what kubectl applies"},
			{"diff", "FILE", false, false,
				"what kubectl diff --server-side says of the manifest"},
			{"rows", "COUNT", false, false,
				"that a statement touches, or the table it alters has"},
			{"path", "PATH", false, false, "where the program lies on the targets"},
			{"runas", "ACCOUNT", false, false, "root when left out"},
			{"cwd", "FOLDER", false, false, "any when left out"},
			{"env", "NAME=VALUE", false, true, "a variable that it gets"},
			{"timeout", "DURATION", false, false, "1h when left out"},
			{"shell", NULL, false, false, "a recorded session instead of a command"},
			{"irreversible", "REASON", false, false, "it cannot be taken back"},
			{"coordinated", "CHANGE", false, true, "runs together with that one"},
			{"object", "KEY", false, true, "touches this too: svc:shop, db:orders"},
			{"incident", "INCIDENT", false, false, "what it is to end"},
			{"exception", "CALENDAR", false, true,
				"asks its approvers to let it through a freeze"},
			{"exception-reason", "TEXT", false, false, "why it cannot wait"},
			{"template", "NAME", false, false,
				"a standard change of that template; its values follow as "
				"PARAM=VALUE"},
			{"from", "FILE", false, false, "all of it as JSON {title, body}"}},
		run_new},
	{NULL, "edit", "CHANGE", 1, 1, "Make a new revision: what was approved is void",
		"What is not given stays; --rollback exchanges all rollback steps. Other steps are "
		"changed with\n"
		"--from FILE: take the body of rcm show --json.",
		{{"title", "TEXT", false, false, "one line for people"},
			{"service", "NAME", false, true, "of what"},
			{"drop-target", "NAME", false, true, "no longer there; from all steps"},
			{"executor", "PERSON", false, true, "who will run it"},
			{"start", "TIME", false, false, "RFC 3339, or local with --zone"},
			{"end", "TIME", false, false, "the same"},
			{"zone", "ZONE", false, false, "of the tz database"},
			{"verify", "METRIC", false, true, "'errors: query < 0.01 over 5m on prom'"},
			{"observe", "DURATION", false, false, "before the metrics are read"},
			{"rollback", "LINE", false, true,
				"a command that takes it back; 'NAME ...' runs the attached "
				"script"},
			{"coordinated", "CHANGE", false, true, "runs together with that one"},
			{"object", "KEY", false, true, "touches this too"},
			{"incident", "INCIDENT", false, false, "what it is to end"},
			{"exception", "CALENDAR", false, true,
				"asks its approvers to let it through a freeze"},
			{"exception-reason", "TEXT", false, false, "why it cannot wait"},
			{"from", "FILE", false, false, "the whole body as JSON"}},
		run_edit},
};

const struct cli_verbs change_filing_verbs = {verbs, sizeof(verbs) / sizeof(verbs[0])};

static int send(struct cli *cli, struct cli_request *request, const char *title, json_t *body,
	struct error *err)
{
	json_t *whole = json_object(), *answer;
	int rc;

	json_set_text(whole, "title", title);
	json_object_set(whole, "body", body);
	request->method = "POST";
	request->body = whole;
	rc = cli_call(cli, request, &answer, err);
	json_decref(whole);
	if (rc < 0)
		return rc;
	change_cli_print(cli, answer);
	cli_say(cli, "\nread it: rcm render %s\nthen: rcm submit %s\n",
		cli_member(cli, answer, "name"), cli_member(cli, answer, "name"));
	return 0;
}

/* From a file, from a template, or from flags. */
static int read_filing(
	struct cli *cli, const char *from, const char **title, json_t **ret_body, struct error *err)
{
	if (from && cli_flag(cli, "template")) {
		error_set(err, ERROR_USAGE, "--from and --template are two ways to file");
		error_field(err, "template");
		return error_remedy(err, "leave one out; a file may name its template itself");
	}
	if (from)
		return change_cli_read_body(cli, from, ret_body, title, err);
	return cli_flag(cli, "template") ? change_cli_template_body(cli, ret_body, err)
					 : change_cli_body(cli, ret_body, err);
}

static int run_new(struct cli *cli, struct error *err)
{
	struct cli_request request = {.path = "/api/v1/changes"};
	const char *from = cli_flag(cli, "from"), *title = cli_flag(cli, "title");
	json_t *body = NULL;
	int rc = read_filing(cli, from, &title, &body, err);

	if (rc < 0)
		return rc;
	if (!title) {
		json_decref(body);
		error_set(err, ERROR_USAGE, "a change has a title");
		error_field(err, "title");
		return error_remedy(err, "--title 'restart the shop on web-1'");
	}
	rc = send(cli, &request, title, body, err);
	json_decref(body);
	return rc;
}

static int run_edit(struct cli *cli, struct error *err)
{
	struct cli_request request = {.path = change_cli_path(cli, "/edit")};
	const char *from = cli_flag(cli, "from"), *title = cli_flag(cli, "title");
	json_t *change, *body = NULL;
	int rc = cli_get(cli, change_cli_path(cli, ""), &change, err);

	if (rc < 0)
		return rc;
	request.if_match = arena_text(cli_arena(cli), cli_etag(cli));
	if (from)
		rc = change_cli_read_body(cli, from, &body, &title, err);
	else
		body = json_deep_copy(json_object_get(change, "body"));
	if (rc >= 0)
		rc = change_cli_drop_targets(cli, body, err);
	if (rc >= 0)
		rc = change_cli_lay_over(cli, body, err);
	if (rc >= 0)
		rc = send(cli, &request, title, body, err);
	json_decref(body);
	return rc;
}
