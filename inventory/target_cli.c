#include "inventory/target_cli.h"

#include "lib/base/json.h"

#include <string.h>

static int run_add(struct cli *cli, struct error *err);
static int run_list(struct cli *cli, struct error *err);
static int run_show(struct cli *cli, struct error *err);
static int run_set(struct cli *cli, struct error *err);
static int run_remove(struct cli *cli, struct error *err);
static int run_check(struct cli *cli, struct error *err);

#define WHERE_FLAGS                                                                                \
	{"site", "NAME", false, false, "site"}, {"zone", "NAME", false, false, "zone"},            \
		{"service", "NAME", false, false, "service"},                                      \
		{"tier", "NAME", false, false, "tier"},                                            \
		{"label", "KEY=VALUE", false, true, "another label; again for more"},              \
		{"allow", "PATTERN", false, true, "a register plans may touch; again for more"},   \
		{"credential", "REF", false, false, "file:/path or cred:name, never the secret"},  \
	{                                                                                          \
		"network", "CIDR", false, true, "addresses it may have; again for more"            \
	}

static const struct cli_verb verbs[] = {
	{"target", "add", "NAME", 1, 1, "Add a target that plans may touch",
		"A credential is given by reference and read when it is needed. A pattern is a "
		"type\n"
		"and one pattern for each argument: 'haproxy.weight checkout/zone-*'; '*' stands "
		"for\n"
		"any characters, and a type alone allows all of its registers: 'haproxy.*'.",
		{{"kind", "KIND", true, false, "haproxy, prometheus ..."},
			{"address", "ADDRESS", true, false,
				"unix:/run/h.sock, tcp:host:port, http://host:port"},
			{"environment", "NAME", true, false, "production, staging ..."},
			WHERE_FLAGS},
		run_add},
	{"target", "list", "", 0, 0, "List the targets", NULL,
		{{"kind", "KIND", false, false, "only of this kind"},
			{"environment", "NAME", false, false, "only there"},
			{"site", "NAME", false, false, "only there"},
			{"zone", "NAME", false, false, "only there"},
			{"service", "NAME", false, false, "only of it"},
			{"tier", "NAME", false, false, "only of it"}},
		run_list},
	{"target", "show", "NAME", 1, 1, "Show a target", NULL, {{0}}, run_show},
	{"target", "set", "NAME", 1, 1, "Change a target",
		"What is not given stays. --label adds or changes one (KEY= takes it away);\n"
		"--allow and --network replace their lists; --credential '' takes it away.",
		{{"address", "ADDRESS", false, false, "where it is"},
			{"environment", "NAME", false, false, "environment"}, WHERE_FLAGS},
		run_set},
	{"target", "remove", "NAME", 1, 1, "Remove a target", NULL,
		{{"yes", NULL, false, false, "do not ask"}}, run_remove},
	{"target", "check", "NAME", 1, 1, "Is it there, and does its credential work?", NULL, {{0}},
		run_check},
};

const struct cli_verbs target_verbs = {verbs, sizeof(verbs) / sizeof(verbs[0])};

static const char *const columns[] = {"NAME=name", "KIND=kind", "ADDRESS=address",
	"ENVIRONMENT=environment", "SITE=site", "ZONE=zone", "SERVICE=service", "TIER=tier", NULL};
static const char *const fields[] = {"name=name", "kind=kind", "address=address",
	"credential=credential", "environment=environment", "site=site", "zone=zone",
	"service=service", "tier=tier", "labels=labels_text", "allow=allow_text",
	"networks=networks_text", "identity=identity", "version=version", "changed=changed_at",
	NULL};
static const char *const text_flags[] = {
	"address", "environment", "site", "zone", "service", "tier", NULL};
static const char *const filters[] = {
	"kind", "environment", "site", "zone", "service", "tier", NULL};

/* --- printing --- */

static void set_list_text(json_t *target, const char *key, const char *text_key)
{
	struct buf text = BUF_INIT;
	json_t *item;
	size_t i;

	json_array_foreach (json_object_get(target, key), i, item)
		buf_add_format(&text, "%s%s", i ? "; " : "", json_string_value(item));
	if (text.length)
		json_set_text(target, text_key, buf_text(&text));
	buf_done(&text);
}

static void set_labels_text(json_t *target)
{
	struct buf text = BUF_INIT;
	const char *key;
	json_t *value;

	json_object_foreach (json_object_get(target, "labels"), key, value)
		buf_add_format(
			&text, "%s%s=%s", text.length ? " " : "", key, json_string_value(value));
	if (text.length)
		json_set_text(target, "labels_text", buf_text(&text));
	buf_done(&text);
}

static void print_target(struct cli *cli, json_t *target)
{
	if (!cli_is_json(cli)) {
		set_labels_text(target);
		set_list_text(target, "allow", "allow_text");
		set_list_text(target, "networks", "networks_text");
	}
	cli_print_fields(cli, target, fields);
}

/* --- taking flags --- */

static int refuse_label(const char *given, struct error *err)
{
	error_set(err, ERROR_USAGE, "\"%s\" is not of the form KEY=VALUE", given);
	error_field(err, "label");
	return error_remedy(err, "e.g. --label owner=li.wei");
}

/* Puts the given labels into the object; an empty value takes one away. */
static int merge_labels(struct cli *cli, json_t *labels, struct error *err)
{
	const char *given, *equals;

	for (size_t i = 0; (given = cli_flag_at(cli, "label", i)); i++) {
		equals = strchr(given, '=');
		if (!equals || equals == given)
			return refuse_label(given, err);
		if (equals[1])
			json_set_text(labels,
				arena_text_n(cli_arena(cli), given, (size_t)(equals - given)),
				equals + 1);
		else
			json_object_del(labels,
				arena_text_n(cli_arena(cli), given, (size_t)(equals - given)));
	}
	return 0;
}

static void set_list(struct cli *cli, json_t *body, const char *flag, const char *field)
{
	const char *given;
	json_t *list;

	if (!cli_flag_at(cli, flag, 0))
		return;
	list = json_array();
	for (size_t i = 0; (given = cli_flag_at(cli, flag, i)); i++)
		json_array_append_new(list, json_string(given));
	json_object_set_new(body, field, list);
}

static int fill_body(struct cli *cli, json_t *body, json_t *labels, struct error *err)
{
	const char *credential = cli_flag(cli, "credential");

	for (const char *const *flag = text_flags; *flag; flag++)
		json_set_text(body, *flag, cli_flag(cli, *flag));
	if (credential && *credential)
		json_set_text(body, "credential", credential);
	else if (credential)
		json_object_set_new(body, "credential", json_null());
	set_list(cli, body, "allow", "allow");
	set_list(cli, body, "network", "networks");
	if (cli_flag_at(cli, "label", 0))
		json_object_set(body, "labels", labels);
	return merge_labels(cli, labels, err);
}

/* --- verbs --- */

static int run_add(struct cli *cli, struct error *err)
{
	json_t *body = json_object();
	json_t *labels = json_object();
	json_t *answer;
	int rc;

	json_set_text(body, "name", cli_arg(cli, 0));
	json_set_text(body, "kind", cli_flag(cli, "kind"));
	rc = fill_body(cli, body, labels, err);
	if (rc == 0)
		rc = cli_post(cli, "/api/v1/targets", body, &answer, err);
	json_decref(labels);
	json_decref(body);
	if (rc == 0)
		print_target(cli, answer);
	return rc;
}

static int run_list(struct cli *cli, struct error *err)
{
	char *path = arena_text(cli_arena(cli), "/api/v1/targets");
	const char *between = "?";
	json_t *answer;
	int rc;

	for (const char *const *filter = filters; *filter; filter++) {
		if (!cli_flag(cli, *filter))
			continue;
		path = arena_format(cli_arena(cli), "%s%s%s", path, between,
			cli_path(cli, "%s=%s", *filter, cli_flag(cli, *filter)));
		between = "&";
	}
	rc = cli_get(cli, path, &answer, err);
	if (rc == 0)
		cli_print_table(cli, json_object_get(answer, "items"), columns);
	return rc;
}

static const char *target_path(struct cli *cli)
{
	return cli_path(cli, "/api/v1/targets/%s", cli_arg(cli, 0));
}

static int run_show(struct cli *cli, struct error *err)
{
	json_t *answer;
	int rc = cli_get(cli, target_path(cli), &answer, err);

	if (rc == 0)
		print_target(cli, answer);
	return rc;
}

static int run_set(struct cli *cli, struct error *err)
{
	struct cli_request request = {.method = "PUT", .path = target_path(cli)};
	json_t *body, *answer;
	int rc = cli_get(cli, request.path, &answer, err);

	if (rc < 0)
		return rc;
	request.if_match = arena_text(cli_arena(cli), cli_etag(cli));
	body = json_object();
	request.body = body;
	rc = fill_body(cli, body, json_object_get(answer, "labels"), err);
	if (rc == 0)
		rc = cli_call(cli, &request, &answer, err);
	json_decref(body);
	if (rc == 0)
		print_target(cli, answer);
	return rc;
}

static int run_remove(struct cli *cli, struct error *err)
{
	struct cli_request request = {.method = "DELETE", .path = target_path(cli)};
	json_t *answer;
	int rc = cli_get(cli, request.path, &answer, err);

	if (rc < 0)
		return rc;
	request.if_match = arena_text(cli_arena(cli), cli_etag(cli));
	rc = cli_confirm(
		cli, arena_format(cli_arena(cli), "Remove the target %s?", cli_arg(cli, 0)), err);
	if (rc < 0)
		return rc;
	rc = cli_call(cli, &request, &answer, err);
	if (rc == 0)
		cli_say(cli, "%s is removed\n", cli_arg(cli, 0));
	return rc;
}

/* The exit code says it too: 0 only when the target answered. */
static int run_check(struct cli *cli, struct error *err)
{
	static const char *const check_fields[] = {
		"target=target", "outcome=outcome", "message=message", NULL};
	json_t *answer;
	const char *outcome;
	int rc = cli_post(cli, cli_path(cli, "/api/v1/targets/%s/check", cli_arg(cli, 0)), NULL,
		&answer, err);

	if (rc < 0)
		return rc;
	cli_print_fields(cli, answer, check_fields);
	outcome = cli_member(cli, answer, "outcome");
	if (!strcmp(outcome, "ok"))
		return 0;
	return error_set(err, strcmp(outcome, "refused") ? ERROR_UNREACHABLE : ERROR_REFUSED,
		"the check of %s ended with %s", cli_arg(cli, 0), outcome);
}
