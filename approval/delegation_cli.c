#include "approval/approval_cli.h"

#include "lib/base/json.h"
#include "lib/base/time.h"

static int run_add(struct cli *cli, struct error *err);
static int run_list(struct cli *cli, struct error *err);
static int run_show(struct cli *cli, struct error *err);
static int run_withdraw(struct cli *cli, struct error *err);

static const struct cli_verb verbs[] = {
	{"delegation", "add", "PERSON", 1, 1, "Let a person decide approvals in your place",
		"They decide with --on-behalf-of YOU; both names are kept, and it counts once. It "
		"gives your right and no\n"
		"more, only for what neither of you had a part in, and cannot be passed on.",
		{{"for", "DURATION", true, false, "3d; at most 31d"},
			{"start", "TIME", false, false, "RFC 3339; now when left out"},
			{"reason", "TEXT", true, false, "why: everybody reads it"}},
		run_add},
	{"delegation", "list", "", 0, 0, "List who decides in whose place", NULL,
		{{"mine", NULL, false, false, "only those of me or to me"},
			{"all", NULL, false, false, "those that are over too"}},
		run_list},
	{"delegation", "show", "ID", 1, 1, "Show a delegation", NULL, {{0}}, run_show},
	{"delegation", "withdraw", "ID", 1, 1, "Withdraw a delegation",
		"What was decided by it and is not used yet does not count any more.", {{0}},
		run_withdraw},
};

const struct cli_verbs delegation_verbs = {verbs, sizeof(verbs) / sizeof(verbs[0])};

static const char *const columns[] = {"ID=id", "FROM=from", "TO=to", "START=start", "END=end",
	"HOLDS=holds", "REASON=reason", NULL};
static const char *const fields[] = {"delegation=id", "of=from", "to=to", "start=start", "end=end",
	"holds now=holds", "reason=reason", "withdrawn=withdrawn_at", "version=version", NULL};

static int run_add(struct cli *cli, struct error *err)
{
	const char *start = cli_flag(cli, "start");
	char text[TIME_TEXT_SIZE];
	int64_t length_ms, start_us = time_now_us();
	json_t *body, *answer;
	int rc = time_parse_duration("for", cli_flag(cli, "for"), &length_ms, err);

	if (rc < 0 || (start && (rc = time_parse("start", start, &start_us, err)) < 0))
		return rc;
	body = json_object();
	json_set_text(body, "to", cli_arg(cli, 0));
	json_set_text(body, "start", start);
	json_set_text(body, "end", time_format(start_us + length_ms * 1000, text, sizeof(text)));
	json_set_text(body, "reason", cli_flag(cli, "reason"));
	rc = cli_post(cli, "/api/v1/delegations", body, &answer, err);
	json_decref(body);
	if (rc == 0)
		cli_print_fields(cli, answer, fields);
	return rc;
}

static int run_list(struct cli *cli, struct error *err)
{
	json_t *answer;
	int rc = cli_get(cli,
		arena_format(cli_arena(cli), "/api/v1/delegations?mine=%s&now=%s",
			cli_flag(cli, "mine") ? "true" : "false",
			cli_flag(cli, "all") ? "false" : "true"),
		&answer, err);

	if (rc == 0)
		cli_print_table(cli, json_object_get(answer, "items"), columns);
	return rc;
}

static int run_show(struct cli *cli, struct error *err)
{
	json_t *answer;
	int rc = cli_get(
		cli, cli_path(cli, "/api/v1/delegations/%s", cli_arg(cli, 0)), &answer, err);

	if (rc == 0)
		cli_print_fields(cli, answer, fields);
	return rc;
}

static int run_withdraw(struct cli *cli, struct error *err)
{
	struct cli_request request = {.method = "POST",
		.path = cli_path(cli, "/api/v1/delegations/%s/withdraw", cli_arg(cli, 0))};
	json_t *answer;
	int rc = cli_call(cli, &request, &answer, err);

	if (rc == 0)
		cli_print_fields(cli, answer, fields);
	return rc;
}
