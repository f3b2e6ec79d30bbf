/* Looking at changes and deciding about them from the command line. */
#include "change/change_cli_rooms.h"
#include "lib/base/json.h"
#include "lib/base/time.h"

#include <string.h>

static int run_list(struct cli *cli, struct error *err);
static int run_show(struct cli *cli, struct error *err);
static int run_render(struct cli *cli, struct error *err);
static int run_diff(struct cli *cli, struct error *err);
static int run_findings(struct cli *cli, struct error *err);
static int run_submit(struct cli *cli, struct error *err);
static int run_reassess(struct cli *cli, struct error *err);
static int run_approve(struct cli *cli, struct error *err);
static int run_reject(struct cli *cli, struct error *err);
static int run_cancel(struct cli *cli, struct error *err);
static int run_done(struct cli *cli, struct error *err);
static int run_accept(struct cli *cli, struct error *err);
static int run_close(struct cli *cli, struct error *err);
static int run_reapprove(struct cli *cli, struct error *err);
static int run_waive(struct cli *cli, struct error *err);
static int run_comment(struct cli *cli, struct error *err);
static int run_explain(struct cli *cli, struct error *err);

#define REASON(required)                                                                           \
	{                                                                                          \
		{                                                                                  \
			"reason", "TEXT", required, false, "kept with it"                          \
		}                                                                                  \
	}

static const struct cli_verb verbs[] = {
	{NULL, "list", "", 0, 0, "List the changes, the newest first", NULL,
		{{"state", "STATE", false, false, "draft, pending, approved, executing ..."},
			{"requester", "PERSON", false, false, "only those of that person"},
			{"before", "N", false, false, "only those with a smaller number"},
			{"limit", "N", false, false, "how many at most"}},
		run_list},
	{NULL, "show", "CHANGE", 1, 1, "Show a change and where it stands", NULL, {{0}}, run_show},
	{NULL, "render", "CHANGE", 1, 1, "Show exactly what an approver signs", NULL, {{0}},
		run_render},
	{NULL, "diff", "CHANGE", 1, 1, "Show what its revision changed", NULL, {{0}}, run_diff},
	{NULL, "findings", "CHANGE", 1, 1, "Show what the rules found, and why", NULL, {{0}},
		run_findings},
	{NULL, "submit", "CHANGE", 1, 1, "Have its risk assessed and ask for approval", NULL, {{0}},
		run_submit},
	{NULL, "reassess", "CHANGE", 1, 1, "Assess it again: approvals are void", NULL, {{0}},
		run_reassess},
	{NULL, "approve", "CHANGE", 1, 1, "Show what it is and say yes to exactly that",
		"The digest of what was shown is sent along: if it changed meanwhile, nothing is "
		"approved.",
		{{"reason", "TEXT", false, false, "kept with the decision"},
			{"digest", "DIGEST", false, false,
				"of the revision that was read before: anything else is refused"},
			{"on-behalf-of", "PERSON", false, false,
				"in the place of who delegated to you"},
			{"yes", NULL, false, false, "do not ask"}},
		run_approve},
	{NULL, "reapprove", "CHANGE", 1, 1,
		"Say yes to what only does less than you approved before",
		"Fewer targets or a shorter window than a revision that you approved, and\n"
		"nothing else: what was taken away is shown. Anything more: rcm approve.",
		{{"yes", NULL, false, false, "do not ask"}}, run_reapprove},
	{NULL, "reject", "CHANGE", 1, 1, "Say no: one no ends it", NULL,
		{{"reason", "TEXT", true, false, "kept with it"},
			{"on-behalf-of", "PERSON", false, false,
				"in the place of who delegated to you"}},
		run_reject},
	{NULL, "cancel", "CHANGE", 1, 1, "Give it up before anything ran", NULL, REASON(false),
		run_cancel},
	{NULL, "done", "CHANGE", 1, 1, "All that is to run has run: verify it", NULL, REASON(false),
		run_done},
	{NULL, "accept", "CHANGE", 1, 1, "As a second person: take how it ended", NULL,
		REASON(true), run_accept},
	{NULL, "close", "CHANGE", 1, 1, "Close it as failed, and leave things as they are", NULL,
		REASON(true), run_close},
	{NULL, "waive", "CHANGE RULE", 2, 2, "Take a finding upon yourself, for a time", NULL,
		{{"reason", "TEXT", true, false, "why it is no danger here"},
			{"for", "DURATION", false, false, "1d when left out; 7d at most"}},
		run_waive},
	{NULL, "explain", "DECISION", 1, 1, "Compute a decision of the gate again, and say why",
		NULL, {{0}}, run_explain},
	{NULL, "comment", "CHANGE TEXT", 2, 2, "Say something about it", NULL, {{0}}, run_comment},
};

const struct cli_verbs change_verbs = {verbs, sizeof(verbs) / sizeof(verbs[0])};

static const char *const columns[] = {"NAME=name", "STATE=state", "RESULT=result", "LEVEL=level",
	"REQUESTER=requester", "START=start", "END=end", "TITLE=title", NULL};
static const char *const fields[] = {"change=name", "title=title", "state=state",
	"because=state_reason", "verdict=verdict", "result=result", "requester=requester",
	"revision=revision", "digest=revision_digest", "level=level", "start=start", "end=end",
	"version=version", NULL};
static const char *const level_columns[] = {
	"WHO=text", "STATE=state", "GIVEN=given", "COULD=eligible", NULL};
static const char *const reading_columns[] = {
	"METRIC=name", "OUTCOME=outcome", "VALUE=value", "AT=read_at", NULL};
static const char *const run_columns[] = {"STEP=step", "TARGET=target", "STATE=state",
	"ENDED=ended_with", "STARTED=started_at", "COMMAND=line", NULL};
static const char *const waiver_columns[] = {
	"WAIVED=rule", "BY=waived_by", "UNTIL=expires_at", "REASON=reason", NULL};
static const char *const comment_columns[] = {
	"BY=written_by", "AT=written_at", "COMMENT=text", NULL};
static const char *const after_columns[] = {
	"FOUND LATER=kind", "REFERENCE=reference", "AT=found_at", NULL};
static const char *const diff_columns[] = {"PLACE=path", "WAS=from", "IS=to", NULL};

const char *change_cli_path(struct cli *cli, const char *below)
{
	return arena_format(cli_arena(cli), "%s%s",
		cli_path(cli, "/api/v1/changes/%s", cli_arg(cli, 0)), below);
}

/* --- printing --- */

static void print_finding(struct cli *cli, const json_t *finding)
{
	bool has_step = json_integer_value(json_object_get(finding, "step")) > 0;
	struct arena *arena = cli_arena(cli);

	cli_say_label(cli,
		arena_format(arena, "%s  %s  ", cli_member(cli, finding, "severity"),
			cli_member(cli, finding, "rule")),
		arena_format(arena, "%s%s%s%s", cli_member(cli, finding, "message"),
			has_step ? " (step " : "", has_step ? cli_member(cli, finding, "step") : "",
			has_step ? ")" : ""));
	cli_say_label(cli, "  saw   ", cli_member(cli, finding, "seen"));
	cli_say_label(cli, "  why   ", cli_member(cli, finding, "why"));
	cli_say_label(cli, "  do    ", cli_member(cli, finding, "suggestion"));
	cli_say(cli, "  waive %s (%s), see %s\n", cli_member(cli, finding, "waivable"),
		cli_member(cli, finding, "owner"), cli_member(cli, finding, "doc"));
}

static void print_findings(struct cli *cli, const json_t *report)
{
	const char *terms = cli_member(cli, report, "terms");
	const json_t *history = json_object_get(report, "history");
	json_t *finding;
	size_t i;

	json_array_foreach (json_object_get(report, "findings"), i, finding)
		print_finding(cli, finding);
	if (!i)
		cli_say(cli, "no findings\n");
	cli_say(cli, "score %s%s%s\n", cli_member(cli, report, "score"), *terms ? " = " : "",
		terms);
	if (json_integer_value(json_object_get(history, "failed")))
		cli_say(cli, "history: %s of the last %s like it did not end well\n",
			cli_member(cli, history, "failed"), cli_member(cli, history, "of"));
}

static void print_part(
	struct cli *cli, const json_t *change, const char *key, const char *const *part_columns)
{
	const json_t *rows = json_object_get(change, key);

	if (!json_array_size(rows))
		return;
	cli_say(cli, "\n");
	cli_print_table(cli, rows, part_columns);
}

static void print_approval(struct cli *cli, const json_t *change)
{
	const json_t *approval = json_object_get(change, "approval");

	if (!approval)
		return;
	cli_say(cli, "\n");
	cli_print_table(cli, json_object_get(approval, "levels"), level_columns);
	if (*cli_member(cli, approval, "note"))
		cli_say(cli, "%s\n", cli_member(cli, approval, "note"));
}

static bool is_session(const json_t *change)
{
	const json_t *steps = json_object_get(json_object_get(change, "body"), "steps");
	const char *kind = json_string_value(json_object_get(json_array_get(steps, 0), "kind"));

	return kind && !strcmp(kind, "shell");
}

/* What its executor does next, where the state says so. */
static void print_next(struct cli *cli, const json_t *change)
{
	const char *name = cli_member(cli, change, "name");
	const char *state = cli_member(cli, change, "state");
	const char *verdict = cli_member(cli, change, "verdict");

	if (!strcmp(state, "approved"))
		cli_say(cli, "\nrun it in its window: rcm %s %s --step 1\n",
			is_session(change) ? "shell" : "exec", name);
	else if (!strcmp(state, "verifying") && *verdict)
		cli_say(cli,
			"\ntake it back, on each host: rcm rollback %s\n"
			"or a second person takes it as it is: rcm accept %s --reason TEXT\n"
			"or leave it, as failed: rcm close %s --reason TEXT\n",
			name, name, name);
}

void change_cli_print(struct cli *cli, const json_t *change)
{
	cli_print_fields(cli, change, fields);
	if (cli_is_json(cli))
		return;
	if (json_object_get(change, "report")) {
		cli_say(cli, "\n");
		print_findings(cli, json_object_get(change, "report"));
	}
	print_approval(cli, change);
	if (json_object_get(change, "narrows"))
		cli_say(cli,
			"\nit only does less than revision %s, which you approved: rcm reapprove "
			"%s\n",
			cli_member(cli, change, "narrows.revision"),
			cli_member(cli, change, "name"));
	print_part(cli, change, "waivers", waiver_columns);
	print_part(cli, change, "runs", run_columns);
	print_part(cli, change, "readings", reading_columns);
	print_part(cli, change, "comments", comment_columns);
	print_part(cli, change, "findings_after", after_columns);
	print_next(cli, change);
}

/* --- looking --- */

static int run_list(struct cli *cli, struct error *err)
{
	static const char *const flags[] = {"state", "requester", "before", "limit", NULL};
	const char *path = "/api/v1/changes", *between = "?";
	json_t *answer;
	int rc;

	for (const char *const *flag = flags; *flag; flag++) {
		if (!cli_flag(cli, *flag))
			continue;
		path = arena_format(cli_arena(cli), "%s%s%s", path, between,
			cli_path(cli, "%s=%s", *flag, cli_flag(cli, *flag)));
		between = "&";
	}
	rc = cli_get(cli, path, &answer, err);
	if (rc == 0)
		cli_print_table(cli, json_object_get(answer, "items"), columns);
	return rc;
}

static int run_show(struct cli *cli, struct error *err)
{
	json_t *answer;
	int rc = cli_get(cli, change_cli_path(cli, ""), &answer, err);

	if (rc == 0)
		change_cli_print(cli, answer);
	return rc;
}

/* What the daemon made is shown as it is: every byte of it is meant. */
static int run_render(struct cli *cli, struct error *err)
{
	json_t *answer;
	int rc = cli_get(cli, change_cli_path(cli, "/render"), &answer, err);

	if (rc < 0)
		return rc;
	if (cli_is_json(cli))
		cli_print_json(cli, answer);
	else
		cli_say(cli, "%s", json_string_value(json_object_get(answer, "text")));
	return 0;
}

static void print_diff(struct cli *cli, const json_t *items)
{
	json_t *item, *rows = json_array();
	size_t i;

	json_array_foreach (items, i, item) {
		json_t *row = json_object();

		json_set_text(row, "path", json_string_value(json_object_get(item, "path")));
		if (json_object_get(item, "from"))
			json_set_text(row, "from",
				json_text(cli_arena(cli), json_object_get(item, "from")));
		if (json_object_get(item, "to"))
			json_set_text(
				row, "to", json_text(cli_arena(cli), json_object_get(item, "to")));
		json_array_append_new(rows, row);
	}
	cli_print_table(cli, cli_is_json(cli) ? items : rows, diff_columns);
	json_decref(rows);
}

static int run_diff(struct cli *cli, struct error *err)
{
	json_t *answer;
	int rc = cli_get(cli, change_cli_path(cli, "/diff"), &answer, err);

	if (rc == 0)
		print_diff(cli, json_object_get(answer, "items"));
	return rc;
}

static int run_findings(struct cli *cli, struct error *err)
{
	json_t *answer;
	int rc = cli_get(cli, change_cli_path(cli, "/findings"), &answer, err);

	if (rc < 0)
		return rc;
	if (cli_is_json(cli))
		cli_print_json(cli, answer);
	else
		print_findings(cli, answer);
	return 0;
}

/* --- acting --- */

/* Takes the body; the digest or NULL. */
static int post(struct cli *cli, const char *below, json_t *owned, const char *if_match,
	json_t **ret, struct error *err)
{
	struct cli_request request = {.method = "POST",
		.path = change_cli_path(cli, below),
		.body = owned,
		.if_match = if_match};
	json_t *answer;
	int rc = cli_call(cli, &request, &answer, err);

	json_decref(owned);
	if (rc < 0)
		return rc;
	change_cli_print(cli, answer);
	if (ret)
		*ret = answer;
	return 0;
}

static int post_reason(struct cli *cli, const char *below, struct error *err)
{
	json_t *body = json_object();

	json_set_text(body, "reason", cli_flag(cli, "reason"));
	return post(cli, below, body, NULL, NULL, err);
}

/* Who has been asked for nothing yet must know why: a rule failed. */
static int post_assessed(struct cli *cli, const char *below, struct error *err)
{
	json_t *answer;
	int rc = post(cli, below, json_object(), NULL, &answer, err);

	if (rc == 0 &&
		json_is_true(json_object_get(json_object_get(answer, "report"), "has_error")))
		cli_say(cli,
			"\nnobody can approve it: not all rules could be evaluated; once that "
			"is mended: rcm reassess %s\n",
			cli_member(cli, answer, "name"));
	return rc;
}

static int run_submit(struct cli *cli, struct error *err)
{
	return post_assessed(cli, "/submit", err);
}

static int run_reassess(struct cli *cli, struct error *err)
{
	return post_assessed(cli, "/reassess", err);
}

static int refuse_digest(struct cli *cli, const char *now, struct error *err)
{
	error_set(err, ERROR_STALE, "stale_revision: --digest is not what %s is now, %s",
		cli_arg(cli, 0), now);
	error_field(err, "digest");
	return error_remedy(err, "read it again: rcm render %s", cli_arg(cli, 0));
}

static int run_approve(struct cli *cli, struct error *err)
{
	const char *digest = cli_flag(cli, "digest");
	json_t *rendering, *body;
	int rc = cli_get(cli, change_cli_path(cli, "/render"), &rendering, err);

	if (rc < 0)
		return rc;
	if (digest && strcmp(digest, cli_member(cli, rendering, "revision_digest")) != 0)
		return refuse_digest(cli, cli_member(cli, rendering, "revision_digest"), err);
	cli_say(cli, "%s\n", json_string_value(json_object_get(rendering, "text")));
	if (!digest)
		digest = cli_member(cli, rendering, "revision_digest");
	if (!cli_flag(cli, "yes") && (rc = cli_confirm(cli, "Approve exactly this?", err)) < 0)
		return rc;
	body = json_object();
	json_set_text(body, "reason", cli_flag(cli, "reason"));
	json_set_text(body, "on_behalf_of", cli_flag(cli, "on-behalf-of"));
	return post(cli, "/approve", body, digest, NULL, err);
}

static int run_reapprove(struct cli *cli, struct error *err)
{
	json_t *change, *narrows;
	const char *digest;
	int rc = cli_get(cli, change_cli_path(cli, ""), &change, err);

	if (rc < 0)
		return rc;
	narrows = json_object_get(change, "narrows");
	if (!narrows) {
		error_set(err, ERROR_CONFLICT,
			"%s is not just narrower than a revision that you approved, or you decided "
			"it already",
			cli_arg(cli, 0));
		return error_remedy(err, "read all of it: rcm approve %s", cli_arg(cli, 0));
	}
	digest = cli_member(cli, change, "revision_digest");
	cli_say(cli, "%s (%s) only does less than revision %s, which you approved:\n\n",
		cli_arg(cli, 0), cli_member(cli, change, "title"),
		cli_member(cli, narrows, "revision"));
	if (!cli_is_json(cli))
		print_diff(cli, json_object_get(narrows, "items"));
	if (!cli_flag(cli, "yes") && (rc = cli_confirm(cli, "Approve this?", err)) < 0)
		return rc;
	return post(cli, "/reapprove", json_object(), digest, NULL, err);
}

static int run_reject(struct cli *cli, struct error *err)
{
	json_t *body = json_object();

	json_set_text(body, "reason", cli_flag(cli, "reason"));
	json_set_text(body, "on_behalf_of", cli_flag(cli, "on-behalf-of"));
	return post(cli, "/reject", body, NULL, NULL, err);
}

static int run_cancel(struct cli *cli, struct error *err)
{
	return post_reason(cli, "/cancel", err);
}

static int run_done(struct cli *cli, struct error *err)
{
	return post_reason(cli, "/done", err);
}

static int run_accept(struct cli *cli, struct error *err)
{
	return post_reason(cli, "/accept", err);
}

static int run_close(struct cli *cli, struct error *err)
{
	return post_reason(cli, "/close", err);
}

static int run_waive(struct cli *cli, struct error *err)
{
	const char *given = cli_flag(cli, "for");
	char until[TIME_TEXT_SIZE];
	int64_t ms;
	json_t *body;
	int rc = time_parse_duration("for", given ? given : "1d", &ms, err);

	if (rc < 0)
		return rc;
	body = json_object();
	json_set_text(body, "rule", cli_arg(cli, 1));
	json_set_text(body, "reason", cli_flag(cli, "reason"));
	json_set_text(
		body, "expires_at", time_format(time_now_us() + ms * 1000, until, sizeof(until)));
	return post(cli, "/waive", body, NULL, NULL, err);
}

static int run_comment(struct cli *cli, struct error *err)
{
	return post(cli, "/comment", json_pack("{s:s}", "text", cli_arg(cli, 1)), NULL, NULL, err);
}

static int run_explain(struct cli *cli, struct error *err)
{
	const char *path = cli_path(cli, "/api/v1/gate/decisions/%s/explain", cli_arg(cli, 0));
	json_t *answer;
	int rc = cli_get(cli, path, &answer, err);

	if (rc == 0)
		cli_print_json(cli, answer);
	return rc;
}
