#include "approval/approval_cli.h"

#include "lib/base/json.h"

#include <string.h>

static int run_list(struct cli *cli, struct error *err);
static int run_show(struct cli *cli, struct error *err);
static int run_approve(struct cli *cli, struct error *err);
static int run_reject(struct cli *cli, struct error *err);

static const struct cli_verb verbs[] = {
	{.noun = "approval",
		.verb = "list",
		.summary = "what waits for a yes, newest first",
		.flags =
			{{"state", "STATE", false, false,
				 "PENDING (default), APPROVED, REJECTED, EXPIRED, VOID, USED, all"},
				{"mine", NULL, false, false, "only those that I may decide"}},
		.run = run_list},
	{.noun = "approval",
		.verb = "show",
		.args = "ID",
		.min_args = 1,
		.max_args = 1,
		.summary = "what is asked for, and who has decided",
		.run = run_show},
	{.noun = "approval",
		.verb = "approve",
		.args = "ID",
		.min_args = 1,
		.max_args = 1,
		.summary = "shows it and says yes to exactly that",
		.help = "The digest that was shown is sent along: if it changed meanwhile, nothing "
			"is approved.",
		.flags = {{"reason", "TEXT", false, false, "kept with the decision"},
			{"on-behalf-of", "PERSON", false, false,
				"in the place of who delegated to you"},
			{"yes", NULL, false, false, "do not ask on a terminal"},
			{"digest", "DIGEST", false, false,
				"what was looked at before: anything else is refused"}},
		.run = run_approve},
	{.noun = "approval",
		.verb = "reject",
		.args = "ID",
		.min_args = 1,
		.max_args = 1,
		.summary = "says no; one no closes the request",
		.flags = {{"reason", "TEXT", true, false, "what would have to change"},
			{"on-behalf-of", "PERSON", false, false,
				"in the place of who delegated to you"}},
		.run = run_reject},
};

const struct cli_verbs approval_verbs = {verbs, sizeof(verbs) / sizeof(verbs[0])};

static const char *const list_columns[] = {"ID=id", "STATE=state", "CLASS=class",
	"KIND=subject.kind", "SUBJECT=subject.id", "BY=requested_by.name", "UNTIL=expires_at",
	"SUMMARY=summary", NULL};
static const char *const head_fields[] = {"approval=id", "state=state", "because=state_reason",
	"what=subject.kind", "subject=subject.id", "digest=subject.digest", "class=class",
	"summary=summary", "asked by=requested_by.name", "asked at=requested_at",
	"until=expires_at", "missing=note", "you=may_not_because", NULL};
static const char *const level_columns[] = {
	"LEVEL=text", "STATE=state", "GIVEN=given", "COULD=eligible", NULL};
static const char *const decision_columns[] = {"WHO=person.name", "FOR=on_behalf_of.name",
	"DECISION=decision", "LEVEL=level", "AT=at", "REASON=reason", NULL};
static const char *const reading_columns[] = {
	"TARGET=target", "KEY=key", "NOW -> NEW=change", NULL};

static int run_list(struct cli *cli, struct error *err)
{
	const char *state = cli_flag(cli, "state");
	const char *mine = cli_flag(cli, "mine") ? "true" : "false";
	json_t *answer;
	int rc;

	if (state && strcmp(state, "all") == 0)
		rc = cli_get(cli, cli_path(cli, "/api/v1/approvals?mine=%s", mine), &answer, err);
	else
		rc = cli_get(cli,
			cli_path(cli, "/api/v1/approvals?state=%s&mine=%s",
				state ? state : "PENDING", mine),
			&answer, err);
	if (rc < 0)
		return rc;
	if (!cli_is_json(cli) && !json_array_size(json_object_get(answer, "items")))
		cli_say(cli, "nothing waits\n");
	else
		cli_print_table(cli, json_object_get(answer, "items"), list_columns);
	return 0;
}

/* The rows of a reading, if it has any in the shape that previews store. */
static const json_t *reading_rows(const json_t *approval)
{
	const json_t *reading = json_object_get(approval, "reading");

	return json_is_array(reading) ? reading : json_object_get(reading, "registers");
}

/* Of another shape: all of it is shown, so that nobody says yes to what was left out. */
static bool is_other_reading(const json_t *reading)
{
	return json_is_object(reading) && !json_object_get(reading, "registers");
}

static void print_approval(struct cli *cli, const json_t *approval)
{
	cli_print_fields(cli, approval, head_fields);
	if (cli_is_json(cli))
		return;
	cli_say(cli, "\n");
	cli_print_table(cli, json_object_get(approval, "levels"), level_columns);
	if (json_array_size(json_object_get(approval, "decisions"))) {
		cli_say(cli, "\n");
		cli_print_table(cli, json_object_get(approval, "decisions"), decision_columns);
	}
	if (json_array_size(reading_rows(approval))) {
		cli_say(cli, "\n");
		cli_print_table(cli, reading_rows(approval), reading_columns);
	} else if (is_other_reading(json_object_get(approval, "reading"))) {
		cli_say(cli, "\n");
		cli_print_json(cli, json_object_get(approval, "reading"));
	}
}

static int fetch(struct cli *cli, json_t **ret, struct error *err)
{
	return cli_get(cli, cli_path(cli, "/api/v1/approvals/%s", cli_arg(cli, 0)), ret, err);
}

static int run_show(struct cli *cli, struct error *err)
{
	json_t *approval;
	int rc = fetch(cli, &approval, err);

	if (rc < 0)
		return rc;
	print_approval(cli, approval);
	return 0;
}

static int send_decision(
	struct cli *cli, const char *verb, const char *digest, const char *etag, struct error *err)
{
	json_t *body = json_object(), *answer = NULL;
	struct cli_request request = {.method = "POST", .body = body, .if_match = etag};
	int rc;

	json_set_text(body, "digest", digest);
	json_set_text(body, "reason", cli_flag(cli, "reason"));
	json_set_text(body, "on_behalf_of", cli_flag(cli, "on-behalf-of"));
	request.path = cli_path(cli, "/api/v1/approvals/%s/%s", cli_arg(cli, 0), verb);
	rc = cli_call(cli, &request, &answer, err);
	json_decref(body);
	if (rc < 0)
		return rc;
	if (cli_is_json(cli))
		cli_print_json(cli, answer);
	cli_say(cli, "%s is %s\n", cli_member(cli, answer, "subject.id"),
		cli_member(cli, answer, "state"));
	if (*cli_member(cli, answer, "note"))
		cli_say(cli, "%s\n", cli_member(cli, answer, "note"));
	return 0;
}

static int run_approve(struct cli *cli, struct error *err)
{
	const char *digest = cli_flag(cli, "digest"), *etag;
	json_t *approval;
	int rc = fetch(cli, &approval, err);

	if (rc < 0)
		return rc;
	etag = arena_text(cli_arena(cli), cli_etag(cli));
	if (!cli_is_json(cli))
		print_approval(cli, approval);
	if (cli_is_terminal(cli) && !cli_flag(cli, "yes") &&
		(rc = cli_confirm(cli, "Approve this?", err)) < 0)
		return rc;
	return send_decision(cli, "approve",
		digest ? digest : cli_member(cli, approval, "subject.digest"), etag, err);
}

static int run_reject(struct cli *cli, struct error *err)
{
	const char *etag;
	json_t *approval;
	int rc = fetch(cli, &approval, err);

	if (rc < 0)
		return rc;
	etag = arena_text(cli_arena(cli), cli_etag(cli));
	return send_decision(cli, "reject", cli_member(cli, approval, "subject.digest"), etag, err);
}
