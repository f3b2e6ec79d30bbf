/* A command line of redbutton, its words divided by newlines: parsed, never run. */
#include "fuzz.h"

#include "approval/approval_cli.h"
#include "audit/audit_cli.h"
#include "executor/execution_cli.h"
#include "inventory/target_cli.h"
#include "lib/base/text.h"
#include "lib/cli/cli_rooms.h"
#include "notify/notify_cli.h"
#include "people/people_cli.h"
#include "plans/plan_cli.h"
#include "safety/item_cli.h"

#define WORDS_MAX 600

static void use(struct cli *cli)
{
	struct error err = ERROR_INIT;
	json_t *params;

	switch (cli->mode) {
	case CLI_HELP:
		help_print(cli);
		break;
	case CLI_SHELL:
		shell_print(cli, cli->words[0], &err);
		break;
	case CLI_COMPLETE:
		completion_print(cli);
		break;
	case CLI_MANUAL:
		manual_print(cli);
		break;
	case CLI_RUN:
		FUZZ_HOLDS(cli->verb && cli->word_count >= cli->verb->min_args);
		for (int i = 0; i <= cli->word_count && i < CLI_WORDS_MAX; i++)
			FUZZ_HOLDS((cli_arg(cli, i) != NULL) == (i < cli->word_count));
		for (const struct cli_flag *flag = cli->verb->flags; flag->name; flag++)
			FUZZ_HOLDS(!flag->required || cli_flag(cli, flag->name));
		cli_params(cli, 0, &params, &err);
		break;
	case CLI_VERSION:
		break;
	}
}

static void run(int argc, char **argv)
{
	const struct cli_verbs groups[] = {plan_verbs, preview_verbs, execution_verbs, item_verbs,
		approval_verbs, audit_verbs, target_verbs, people_verbs, token_verbs, notify_verbs};
	const struct cli_program program = {.name = "redbutton",
		.summary = "a button",
		.groups = groups,
		.group_count = sizeof(groups) / sizeof(groups[0])};
	char *shown = NULL;
	size_t shown_length;
	FILE *out = open_memstream(&shown, &shown_length);
	struct cli cli = {.program = &program, .out = out, .errors = out};
	struct error err = ERROR_INIT;

	if (parse_command_line(&cli, argc, argv, &err) == 0)
		use(&cli);
	else
		print_error(&cli, &err);
	arena_done(&cli.arena);
	fclose(out);
	FUZZ_HOLDS(text_is_utf8(shown, shown_length));
	free(shown);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_copy(data, size, 1), *rest = text, *word, **argv;
	int argc = 1;

	argv = calloc(WORDS_MAX + 2, sizeof(*argv));
	argv[0] = strdup("redbutton");
	while (argc < WORDS_MAX && (word = strsep(&rest, "\n")))
		argv[argc++] = word;
	run(argc, argv);
	free(argv[0]);
	free(argv);
	free(text);
	return 0;
}
