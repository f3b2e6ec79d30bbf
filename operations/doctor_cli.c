#include "operations/doctor_cli.h"

static int run_doctor(struct cli *cli, struct error *err);

static const struct cli_verb verbs[] = {
	{.verb = "doctor",
		.summary = "Look at everything the daemon stands on, on its own host",
		.help = "With the daemon up or down; as root or as the daemon's user. Settings "
			"come "
			"from where the daemon\n"
			"has them: its file, RB_... in the environment.\n"
			"Ends with 0 when all is well, 1 when something wants a look, 2 when "
			"something does not work.",
		.flags = {{.name = "config", .value = "FILE", .help = "the daemon's settings"},
			{.name = "data-dir", .value = "DIR", .help = "of the daemon"}},
		.run = run_doctor},
};
const struct cli_verbs doctor_verbs = {verbs, sizeof(verbs) / sizeof(verbs[0])};

/* It needs the store, so the daemon's own program does it. */
static int run_doctor(struct cli *cli, struct error *err)
{
	static const char *const flags[][2] = {
		{"config", "--config"}, {"data-dir", "--data-dir"}, {"socket", "--socket"}};
	const char *argv[12] = {"redbuttond", "--doctor"};
	size_t count = 2;

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		if (!cli_flag(cli, flags[i][0]))
			continue;
		argv[count++] = flags[i][1];
		argv[count++] = cli_flag(cli, flags[i][0]);
	}
	if (cli_is_json(cli))
		argv[count++] = "--json";
	return cli_exec_beside(cli, "redbuttond", argv, err);
}
