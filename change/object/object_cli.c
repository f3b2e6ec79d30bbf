#include "change/object/object_cli.h"

#include "lib/base/json.h"

#define TEXT_MAX (1024 * 1024)

static int run_import(struct cli *cli, struct error *err);
static int run_list(struct cli *cli, struct error *err);

static const struct cli_verb verbs[] = {
	{"dependency", "import", "FILE", 1, 1, "Replace what depends on what by a file",
		"A line \"svc:shop -> db:orders\" for each; # begins a comment. A change of one "
		"end "
		"is shown as related to a change of the other.",
		{{0}}, run_import},
	{"dependency", "list", "", 0, 0, "What depends on what", NULL, {{0}}, run_list},
};

const struct cli_verbs object_verbs = {verbs, sizeof(verbs) / sizeof(verbs[0])};

static const char *const columns[] = {"FROM=from", "TO=to", NULL};

static int run_import(struct cli *cli, struct error *err)
{
	struct cli_request request = {.method = "PUT", .path = "/api/v1/dependencies"};
	static const char *const fields[] = {"edges=edges", NULL};
	json_t *body = json_object(), *answer;
	const char *text;
	int rc = cli_read_text(cli, cli_arg(cli, 0), TEXT_MAX, &text, err);

	if (rc == 0) {
		json_set_text(body, "text", text);
		request.body = body;
		rc = cli_call(cli, &request, &answer, err);
	}
	json_decref(body);
	if (rc == 0)
		cli_print_fields(cli, answer, fields);
	return rc;
}

static int run_list(struct cli *cli, struct error *err)
{
	json_t *answer;
	int rc = cli_get(cli, "/api/v1/dependencies", &answer, err);

	if (rc == 0)
		cli_print_table(cli, json_object_get(answer, "items"), columns);
	return rc;
}
