#include "notify/notify_cli.h"

#include "lib/base/json.h"

static int run_add(struct cli *cli, struct error *err);
static int run_list(struct cli *cli, struct error *err);
static int run_enable(struct cli *cli, struct error *err);
static int run_disable(struct cli *cli, struct error *err);
static int run_remove(struct cli *cli, struct error *err);
static int run_deliveries(struct cli *cli, struct error *err);

static const struct cli_verb verbs[] = {
	{"hook", "add", "NAME", 1, 1, "Send events to a webhook",
		"Each event is a CloudEvents 1.0 JSON body with the signature of Standard "
		"Webhooks.\n"
		"The key is whsec_ and base64 of 24 to 64 random bytes, in a file of mode 0600.",
		{{"to", "URL", true, false, "receiver, http or https"},
			{"secret", "REF", true, false, "file:/path or cred:name of the key"},
			{"type", "PATTERN", false, true,
				"approval.requested, approval.* ...; again for more; else all"},
			{"disabled", NULL, false, false, "add it switched off"}},
		run_add},
	{"hook", "list", "", 0, 0, "List the webhooks", NULL, {{0}}, run_list},
	{"hook", "enable", "NAME", 1, 1, "Send to a webhook again, also what waited for it", NULL,
		{{0}}, run_enable},
	{"hook", "disable", "NAME", 1, 1, "Send a webhook nothing until it is enabled",
		"What waits for it goes on waiting; what happens meanwhile is not kept for it.",
		{{0}}, run_disable},
	{"hook", "remove", "NAME", 1, 1, "Remove a webhook", NULL, {{0}}, run_remove},
	{"hook", "deliveries", "", 0, 0, "List what was sent, with the last error", NULL,
		{{"hook", "NAME", false, false, "only to this one"},
			{"state", "STATE", false, false, "PENDING, DELIVERED or GIVEN_UP"}},
		run_deliveries},
};

const struct cli_verbs notify_verbs = {verbs, sizeof(verbs) / sizeof(verbs[0])};

static const char *const hook_columns[] = {
	"NAME=name", "URL=url", "TYPES=types_text", "ENABLED=enabled", NULL};
static const char *const hook_fields[] = {
	"name=name", "url=url", "secret=secret", "types=types_text", "enabled=enabled", NULL};
static const char *const delivery_columns[] = {"AT=at", "HOOK=hook", "TYPE=type", "SUBJECT=subject",
	"STATE=state", "ATTEMPTS=attempts", "NEXT=due_at", "LAST ERROR=last_error", NULL};

static void set_types_text(json_t *hook)
{
	struct buf text = BUF_INIT;
	json_t *type;
	size_t i;

	json_array_foreach (json_object_get(hook, "types"), i, type)
		buf_add_format(&text, "%s%s", i ? ", " : "", json_string_value(type));
	json_set_text(hook, "types_text", buf_text(&text));
	buf_done(&text);
}

static int run_add(struct cli *cli, struct error *err)
{
	json_t *body = json_object();
	json_t *types = json_array();
	json_t *answer;
	const char *type;
	int rc;

	json_set_text(body, "name", cli_arg(cli, 0));
	json_set_text(body, "url", cli_flag(cli, "to"));
	json_set_text(body, "secret", cli_flag(cli, "secret"));
	json_set_bool(body, "enabled", !cli_flag(cli, "disabled"));
	for (size_t i = 0; (type = cli_flag_at(cli, "type", i)); i++)
		json_array_append_new(types, json_string(type));
	if (json_array_size(types))
		json_object_set(body, "types", types);
	rc = cli_post(cli, "/api/v1/hooks", body, &answer, err);
	json_decref(types);
	json_decref(body);
	if (rc < 0)
		return rc;
	if (!cli_is_json(cli))
		set_types_text(answer);
	cli_print_fields(cli, answer, hook_fields);
	return 0;
}

static int run_list(struct cli *cli, struct error *err)
{
	json_t *answer, *items, *hook;
	size_t i;
	int rc = cli_get(cli, "/api/v1/hooks", &answer, err);

	if (rc < 0)
		return rc;
	items = json_object_get(answer, "items");
	json_array_foreach (items, i, hook)
		if (!cli_is_json(cli))
			set_types_text(hook);
	cli_print_table(cli, items, hook_columns);
	return 0;
}

static int switch_hook(struct cli *cli, const char *verb, struct error *err)
{
	json_t *body = json_object(), *answer;
	int rc = cli_post(cli, cli_path(cli, "/api/v1/hooks/%s/%s", cli_arg(cli, 0), verb), body,
		&answer, err);

	json_decref(body);
	if (rc < 0)
		return rc;
	if (!cli_is_json(cli))
		set_types_text(answer);
	cli_print_fields(cli, answer, hook_fields);
	return 0;
}

static int run_enable(struct cli *cli, struct error *err)
{
	return switch_hook(cli, "enable", err);
}

static int run_disable(struct cli *cli, struct error *err)
{
	return switch_hook(cli, "disable", err);
}

static int run_remove(struct cli *cli, struct error *err)
{
	struct cli_request request = {
		.method = "DELETE", .path = cli_path(cli, "/api/v1/hooks/%s", cli_arg(cli, 0))};
	json_t *answer;
	int rc = cli_call(cli, &request, &answer, err);

	if (rc == 0)
		cli_say(cli, "%s is removed\n", cli_arg(cli, 0));
	return rc;
}

static int run_deliveries(struct cli *cli, struct error *err)
{
	const char *hook = cli_flag(cli, "hook"), *state = cli_flag(cli, "state");
	char *path = arena_text(cli_arena(cli), "/api/v1/deliveries?limit=100");
	json_t *answer;
	int rc;

	if (hook)
		path = arena_format(cli_arena(cli), "%s%s", path, cli_path(cli, "&hook=%s", hook));
	if (state)
		path = arena_format(
			cli_arena(cli), "%s%s", path, cli_path(cli, "&state=%s", state));
	rc = cli_get(cli, path, &answer, err);
	if (rc == 0)
		cli_print_table(cli, json_object_get(answer, "items"), delivery_columns);
	return rc;
}
