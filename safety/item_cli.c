#include "safety/item_cli.h"

static int run_effects(struct cli *cli, struct error *err);
static int run_extend(struct cli *cli, struct error *err);

static const struct cli_verb verbs[] = {
	{.verb = "effects",
		.args = "",
		.summary = "What is in effect right now, and how to undo it",
		.flags = {{.name = "execution", .value = "ID", .help = "of one run"}},
		.run = run_effects},
	{.noun = "effect",
		.verb = "extend",
		.args = "ITEM DURATION",
		.min_args = 2,
		.max_args = 2,
		.summary = "Give an item more time before it expires",
		.flags = {{.name = "reason",
			.value = "TEXT",
			.required = true,
			.help = "why, for the audit"}},
		.run = run_extend},
};
const struct cli_verbs item_verbs = {verbs, sizeof(verbs) / sizeof(verbs[0])};

static int run_effects(struct cli *cli, struct error *err)
{
	static const char *const COLUMNS[] = {"REGISTER=register", "WAS=baseline", "IS=ours",
		"STATE=state", "SINCE=since", "EXPIRES=expires_at", "BY=person",
		"EXECUTION=execution", NULL};
	const char *execution = cli_flag(cli, "execution");
	const json_t *effects;
	json_t *answer;

	if (cli_get(cli,
		    execution ? cli_path(cli, "/api/v1/effects?execution=%s", execution)
			      : "/api/v1/effects",
		    &answer, err) < 0)
		return err->code;
	effects = json_object_get(answer, "items");
	if (!cli_is_json(cli) && json_array_size(effects) == 0) {
		cli_say(cli, "nothing is in effect");
		return 0;
	}
	cli_print_table(cli, effects, COLUMNS);
	cli_say(cli, "undo one by: redbutton execution rollback EXECUTION");
	return 0;
}

static int run_extend(struct cli *cli, struct error *err)
{
	json_t *body = json_pack(
		"{s:s, s:s}", "within", cli_arg(cli, 1), "reason", cli_flag(cli, "reason"));
	json_t *answer;
	int rc = cli_post(cli, cli_path(cli, "/api/v1/effects/%s/extend", cli_arg(cli, 0)), body,
		&answer, err);

	json_decref(body);
	if (rc < 0)
		return rc;
	if (cli_is_json(cli))
		cli_print_json(cli, answer);
	else
		cli_say(cli, "it expires at %s", cli_member(cli, answer, "expires_at"));
	return 0;
}
