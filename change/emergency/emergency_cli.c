#include "change/emergency/emergency_cli.h"

#include "lib/base/json.h"

#include <string.h>

static int run_start(struct cli *cli, struct error *err);
static int run_confirm(struct cli *cli, struct error *err);
static int run_renew(struct cli *cli, struct error *err);
static int run_end(struct cli *cli, struct error *err);
static int run_list(struct cli *cli, struct error *err);
static int run_show(struct cli *cli, struct error *err);
static int run_follow_ups(struct cli *cli, struct error *err);
static int run_close(struct cli *cli, struct error *err);

#define PAGE_FLAGS                                                                                 \
	{                                                                                          \
		{"open", NULL, false, false, "only those that are open"},                          \
			{"before", "N", false, false, "only those with a smaller number"},         \
			{"limit", "N", false, false, "how many at most"},                          \
	}

static const struct cli_verb verbs[] = {
	{"emergency", "start", "", 0, 0,
		"Run commands in a scope without approval, for a short time",
		"A commander of the scope is enough alone; for others it waits for a second person "
		"(emergency confirm). All of it is recorded, everybody who is skipped is told at "
		"once, and a follow-up is owed within a day of its end: nobody who owes one starts "
		"another.",
		{{"scope", "host:NAME|svc:NAME", true, false, "one target or one service"},
			{"reason", "TEXT", true, false,
				"what is broken and what you are about to do"},
			{"incident", "INC", false, false,
				"the open incident; only a drill needs none"},
			{"ttl", "DURATION", true, false, "how long: at most 60m"},
			{"drill", NULL, false, false,
				"a rehearsal: owes nothing, needs a second person"},
			{"override", NULL, false, false,
				"although follow-ups are owed: an admin confirms it"},
			{"code", "CODE", false, false,
				"for the second factor, where one is asked"}},
		run_start},
	{"emergency", "confirm", "NAME", 1, 1, "Be the second person of an emergency", NULL,
		{{"code", "CODE", false, false, "for the second factor, where one is asked"}},
		run_confirm},
	{"emergency", "renew", "NAME", 1, 1, "Let an emergency last longer, once", NULL,
		{{"ttl", "DURATION", true, false, "from now: at most 60m"},
			{"code", "CODE", false, false,
				"for the second factor, where one is asked"}},
		run_renew},
	{"emergency", "end", "NAME", 1, 1, "End an emergency: nothing more runs under it", NULL,
		{{0}}, run_end},
	{"emergency", "list", "", 0, 0, "List the emergencies, the newest first", NULL, PAGE_FLAGS,
		run_list},
	{"emergency", "show", "NAME", 1, 1, "Show an emergency, what ran under it, what is owed",
		NULL, {{0}}, run_show},
	{"follow-up", "list", "", 0, 0, "List what is owed after emergencies", NULL, PAGE_FLAGS,
		run_follow_ups},
	{"follow-up", "close", "EMERGENCY", 1, 1, "Review an emergency that you were not in", NULL,
		{{"verdict", "justified|unjustified", true, false, "was it right?"},
			{"note", "TEXT", true, false, "what was found, and what follows"}},
		run_close},
};

const struct cli_verbs emergency_verbs = {verbs, sizeof(verbs) / sizeof(verbs[0])};

static const char *const columns[] = {"NAME=name", "STATE=state", "SCOPE=scope", "PERSON=person",
	"SECOND=second", "INCIDENT=incident", "ENDS=ends_at", "REASON=reason", NULL};
static const char *const fields[] = {"name=name", "state=state", "why it ended=state_reason",
	"scope=scope", "reason=reason", "incident=incident", "drill=drill", "override=override",
	"person=person", "second person=second", "team=team", "asked=asked_at",
	"started=started_at", "ends=ends_at", "ended=ended_at", "renewals=renewals",
	"follow-up=follow_up.state", "due=follow_up.due_at", "verdict=follow_up.verdict",
	"note=follow_up.note", "reviewed by=follow_up.closed_by", "version=version", NULL};
static const char *const run_columns[] = {"RUN=run", "AT=at", "COMMAND=command", NULL};
static const char *const follow_up_columns[] = {"EMERGENCY=emergency", "STATE=state",
	"PERSON=person", "TEAM=team", "DUE=due_at", "VERDICT=verdict", "BY=closed_by", NULL};
static const char *const follow_up_fields[] = {"emergency=emergency", "state=state",
	"person=person", "team=team", "due=due_at", "verdict=verdict", "note=note", "by=closed_by",
	"closed=closed_at", NULL};

static void print_emergency(struct cli *cli, const json_t *emergency)
{
	const json_t *runs = json_object_get(emergency, "runs");

	cli_print_fields(cli, emergency, fields);
	if (json_array_size(runs) && !cli_is_json(cli)) {
		cli_say(cli, "\n");
		cli_print_table(cli, runs, run_columns);
	}
}

static int post(struct cli *cli, const char *path, json_t *owned, struct error *err)
{
	json_t *answer;
	int rc = cli_post(cli, path, owned, &answer, err);

	json_decref(owned);
	if (rc < 0)
		return rc;
	print_emergency(cli, answer);
	if (!strcmp(cli_member(cli, answer, "state"), "pending"))
		cli_say(cli, "\nit waits for a second person: rcm emergency confirm %s\n",
			cli_member(cli, answer, "name"));
	return 0;
}

static int run_start(struct cli *cli, struct error *err)
{
	json_t *body = json_object();

	json_set_text(body, "scope", cli_flag(cli, "scope"));
	json_set_text(body, "reason", cli_flag(cli, "reason"));
	json_set_text(body, "incident", cli_flag(cli, "incident"));
	json_set_text(body, "ttl", cli_flag(cli, "ttl"));
	json_set_bool(body, "drill", cli_flag(cli, "drill") != NULL);
	json_set_bool(body, "override", cli_flag(cli, "override") != NULL);
	json_set_text(body, "code", cli_flag(cli, "code"));
	return post(cli, "/api/v1/emergencies", body, err);
}

static int run_confirm(struct cli *cli, struct error *err)
{
	json_t *body = json_object();

	json_set_text(body, "code", cli_flag(cli, "code"));
	return post(
		cli, cli_path(cli, "/api/v1/emergencies/%s/confirm", cli_arg(cli, 0)), body, err);
}

static int run_renew(struct cli *cli, struct error *err)
{
	json_t *body = json_object();

	json_set_text(body, "ttl", cli_flag(cli, "ttl"));
	json_set_text(body, "code", cli_flag(cli, "code"));
	return post(cli, cli_path(cli, "/api/v1/emergencies/%s/renew", cli_arg(cli, 0)), body, err);
}

static int run_end(struct cli *cli, struct error *err)
{
	return post(cli, cli_path(cli, "/api/v1/emergencies/%s/end", cli_arg(cli, 0)),
		json_object(), err);
}

/* A list with its flags in the query. */
static int list(
	struct cli *cli, const char *path, const char *const *list_columns, struct error *err)
{
	static const char *const flags[] = {"before", "limit"};
	json_t *answer;
	int rc;

	path = arena_format(
		cli_arena(cli), "%s?open=%s", path, cli_flag(cli, "open") ? "true" : "false");
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (cli_flag(cli, flags[i]))
			path = arena_format(cli_arena(cli), "%s&%s=%s", path, flags[i],
				cli_path(cli, "%s", cli_flag(cli, flags[i])));
	rc = cli_get(cli, path, &answer, err);
	if (rc == 0)
		cli_print_table(cli, json_object_get(answer, "items"), list_columns);
	return rc;
}

static int run_list(struct cli *cli, struct error *err)
{
	return list(cli, "/api/v1/emergencies", columns, err);
}

static int run_show(struct cli *cli, struct error *err)
{
	json_t *answer;
	int rc = cli_get(
		cli, cli_path(cli, "/api/v1/emergencies/%s", cli_arg(cli, 0)), &answer, err);

	if (rc == 0)
		print_emergency(cli, answer);
	return rc;
}

static int run_follow_ups(struct cli *cli, struct error *err)
{
	return list(cli, "/api/v1/follow-ups", follow_up_columns, err);
}

static int run_close(struct cli *cli, struct error *err)
{
	json_t *body = json_object(), *answer;
	int rc;

	json_set_text(body, "verdict", cli_flag(cli, "verdict"));
	json_set_text(body, "note", cli_flag(cli, "note"));
	rc = cli_post(cli, cli_path(cli, "/api/v1/follow-ups/%s/close", cli_arg(cli, 0)), body,
		&answer, err);
	json_decref(body);
	if (rc == 0)
		cli_print_fields(cli, answer, follow_up_fields);
	return rc;
}
