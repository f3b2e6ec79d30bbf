#include "incidents/incident_cli.h"

#include "lib/base/json.h"
#include "lib/base/text.h"

static int run_open(struct cli *cli, struct error *err);
static int run_list(struct cli *cli, struct error *err);
static int run_show(struct cli *cli, struct error *err);
static int run_link(struct cli *cli, struct error *err);
static int run_close(struct cli *cli, struct error *err);

static const struct cli_verb verbs[] = {
	{"incident", "open", "TITLE", 1, 1, "Say that something is wrong",
		"Its name (INC-12) is what emergencies and changes refer to.",
		{{"severity", "N", true, false, "1 (the worst) to 4"},
			{"environment", "NAME", false, false, "where"},
			{"service", "NAME", false, false, "of what"}},
		run_open},
	{"incident", "list", "", 0, 0, "List the incidents, the newest first", NULL,
		{{"open", NULL, false, false, "only those that are open"},
			{"before", "N", false, false, "only those with a smaller number"},
			{"limit", "N", false, false, "how many at most"}},
		run_list},
	{"incident", "show", "NAME", 1, 1, "Show an incident and what is linked to it", NULL, {{0}},
		run_show},
	{"incident", "link", "NAME KIND REFERENCE", 3, 3,
		"Link an execution, a change, an alert or a url", NULL,
		{{"note", "TEXT", false, false, "why"}}, run_link},
	{"incident", "close", "NAME", 1, 1, "Close it with what was found", NULL,
		{{"finding", "TEXT", true, false, "what it was"}}, run_close},
};

const struct cli_verbs incident_verbs = {verbs, sizeof(verbs) / sizeof(verbs[0])};

static const char *const columns[] = {"NAME=name", "STATE=state", "SEVERITY=severity",
	"ENVIRONMENT=environment", "SERVICE=service", "OPENED=opened_at", "TITLE=title", NULL};
static const char *const fields[] = {"name=name", "title=title", "state=state", "severity=severity",
	"environment=environment", "service=service", "opened by=opened_by", "opened=opened_at",
	"closed by=closed_by", "closed=closed_at", "finding=finding", "version=version", NULL};
static const char *const link_columns[] = {
	"KIND=kind", "REFERENCE=reference", "BY=linked_by", "AT=linked_at", "NOTE=note", NULL};

static void print_incident(struct cli *cli, const json_t *incident)
{
	const json_t *links = json_object_get(incident, "links");

	cli_print_fields(cli, incident, fields);
	if (json_array_size(links) && !cli_is_json(cli)) {
		cli_say(cli, "\n");
		cli_print_table(cli, links, link_columns);
	}
}

static const char *incident_path(struct cli *cli, const char *below)
{
	return arena_format(cli_arena(cli), "%s%s",
		cli_path(cli, "/api/v1/incidents/%s", cli_arg(cli, 0)), below);
}

static int post(struct cli *cli, const char *path, json_t *owned, struct error *err)
{
	json_t *answer;
	int rc = cli_post(cli, path, owned, &answer, err);

	json_decref(owned);
	if (rc == 0)
		print_incident(cli, answer);
	return rc;
}

static int run_open(struct cli *cli, struct error *err)
{
	json_t *body;
	int64_t severity;
	int rc = text_parse_int64("severity", cli_flag(cli, "severity"), 1, 4, &severity, err);

	if (rc < 0)
		return rc;
	body = json_object();
	json_set_text(body, "title", cli_arg(cli, 0));
	json_set_int(body, "severity", severity);
	json_set_text(body, "environment", cli_flag(cli, "environment"));
	json_set_text(body, "service", cli_flag(cli, "service"));
	return post(cli, "/api/v1/incidents", body, err);
}

static int run_list(struct cli *cli, struct error *err)
{
	const char *path = arena_format(cli_arena(cli), "/api/v1/incidents?open=%s",
		cli_flag(cli, "open") ? "true" : "false");
	json_t *answer;
	int rc;

	if (cli_flag(cli, "before"))
		path = arena_format(cli_arena(cli), "%s&%s", path,
			cli_path(cli, "before=%s", cli_flag(cli, "before")));
	if (cli_flag(cli, "limit"))
		path = arena_format(cli_arena(cli), "%s&%s", path,
			cli_path(cli, "limit=%s", cli_flag(cli, "limit")));
	rc = cli_get(cli, path, &answer, err);
	if (rc == 0)
		cli_print_table(cli, json_object_get(answer, "items"), columns);
	return rc;
}

static int run_show(struct cli *cli, struct error *err)
{
	json_t *answer;
	int rc = cli_get(cli, incident_path(cli, ""), &answer, err);

	if (rc == 0)
		print_incident(cli, answer);
	return rc;
}

static int run_link(struct cli *cli, struct error *err)
{
	json_t *body = json_object();

	json_set_text(body, "kind", cli_arg(cli, 1));
	json_set_text(body, "reference", cli_arg(cli, 2));
	json_set_text(body, "note", cli_flag(cli, "note"));
	return post(cli, incident_path(cli, "/links"), body, err);
}

static int run_close(struct cli *cli, struct error *err)
{
	struct cli_request request = {.method = "POST", .path = incident_path(cli, "/close")};
	json_t *answer, *body;
	int rc = cli_get(cli, incident_path(cli, ""), &answer, err);

	if (rc < 0)
		return rc;
	request.if_match = arena_text(cli_arena(cli), cli_etag(cli));
	request.body = body = json_object();
	json_set_text(body, "finding", cli_flag(cli, "finding"));
	rc = cli_call(cli, &request, &answer, err);
	json_decref(body);
	if (rc == 0)
		print_incident(cli, answer);
	return rc;
}
