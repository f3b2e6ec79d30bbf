/* Lists the verbs of redbutton; each group is a feature's. */
#include "lib/cli/cli.h"
#include "main/health_cli.h"

static const struct cli_program redbutton = {
	.name = "redbutton",
	.summary = "prepared mitigations, approved, rehearsed and run",
};

int main(int argc, char **argv)
{
	struct cli_verbs groups[] = {
		health_verbs,
	};
	struct cli_program program = redbutton;

	program.groups = groups;
	program.group_count = sizeof(groups) / sizeof(groups[0]);
	return cli_main(&program, argc, argv);
}
