#include "people/people_cli.h"

#include "lib/base/json.h"

#include <string.h>

static int run_person_add(struct cli *cli, struct error *err);
static int run_person_list(struct cli *cli, struct error *err);
static int run_person_show(struct cli *cli, struct error *err);
static int run_person_disable(struct cli *cli, struct error *err);
static int run_person_enable(struct cli *cli, struct error *err);
static int run_group_add(struct cli *cli, struct error *err);
static int run_group_list(struct cli *cli, struct error *err);
static int run_group_add_member(struct cli *cli, struct error *err);
static int run_group_remove_member(struct cli *cli, struct error *err);
static int run_grant_add(struct cli *cli, struct error *err);
static int run_grant_list(struct cli *cli, struct error *err);
static int run_grant_revoke(struct cli *cli, struct error *err);
static int run_grant_confirm(struct cli *cli, struct error *err);
static int run_whoami(struct cli *cli, struct error *err);

static const struct cli_verb verbs[] = {
	{"person", "add", "NAME", 1, 1, "Add a person", NULL,
		{{"display-name", "TEXT", false, false, "name as shown, any script"},
			{"team", "TEAM", false, false, "team, for rules of different teams"}},
		run_person_add},
	{"person", "list", "", 0, 0, "List the persons", NULL, {{0}}, run_person_list},
	{"person", "show", "NAME", 1, 1, "Show a person with its grants", NULL, {{0}},
		run_person_show},
	{"person", "disable", "NAME", 1, 1, "Refuse a person from now on", NULL, {{0}},
		run_person_disable},
	{"person", "enable", "NAME", 1, 1, "Let a disabled person in again", NULL, {{0}},
		run_person_enable},
	{"group", "add", "NAME", 1, 1, "Add a group", NULL, {{0}}, run_group_add},
	{"group", "list", "", 0, 0, "List the groups with their members", NULL, {{0}},
		run_group_list},
	{"group", "add-member", "GROUP PERSON", 2, 2, "Put a person into a group", NULL, {{0}},
		run_group_add_member},
	{"group", "remove-member", "GROUP PERSON", 2, 2, "Take a person out of a group", NULL,
		{{0}}, run_group_remove_member},
	{"grant", "add", "", 0, 0, "Grant a role to a person or a group",
		"The roles are viewer, author, approver, commander, admin, auditor and agent.\n"
		"Without a scope the role holds everywhere. A grant of admin waits until another\n"
		"admin confirms it.",
		{{"person", "NAME", false, false, "who gets it"},
			{"group", "NAME", false, false, "or which group"},
			{"role", "ROLE", true, false, "what"},
			{"environment", "NAME", false, false, "only in this environment"},
			{"service", "NAME", false, false, "only for this service"},
			{"team", "NAME", false, false, "only for this team"},
			{"kind", "NAME", false, false, "only for this kind of plan"}},
		run_grant_add},
	{"grant", "list", "", 0, 0, "List who has which role where", NULL,
		{{"all", NULL, false, false, "revoked ones too"}}, run_grant_list},
	{"grant", "revoke", "ID", 1, 1, "Revoke a grant", NULL, {{0}}, run_grant_revoke},
	{"grant", "confirm", "ID", 1, 1, "Confirm a grant of admin that another admin asked for",
		NULL, {{0}}, run_grant_confirm},
	{NULL, "whoami", "", 0, 0, "Show who you are here and what you may do", NULL, {{0}},
		run_whoami},
};

const struct cli_verbs people_verbs = {verbs, sizeof(verbs) / sizeof(verbs[0])};

static const char *const person_columns[] = {"NAME=name", "DISPLAY NAME=display_name", "TEAM=team",
	"ENABLED=enabled", "SINCE=created_at", NULL};
static const char *const person_fields[] = {"name=name", "display name=display_name", "team=team",
	"enabled=enabled", "version=version", "since=created_at", "changed=changed_at", NULL};
static const char *const group_columns[] = {"GROUP=name", "MEMBERS=members_text", NULL};
static const char *const grant_columns[] = {"ID=id", "WHO=who", "ROLE=role", "WHERE=where",
	"STATE=state", "BY=requested_by", "CONFIRMED=confirmed_by", "BOOTSTRAP=bootstrap", NULL};
static const char *const grant_fields[] = {"id=id", "person=person", "group=group", "role=role",
	"where=where", "state=state", "asked for by=requested_by", "confirmed by=confirmed_by",
	"bootstrap=bootstrap", NULL};
static const char *const me_fields[] = {
	"name=name", "credential=credential", "roles=roles_text", "token ends=expires_at", NULL};

/* --- persons --- */

static int run_person_add(struct cli *cli, struct error *err)
{
	json_t *body = json_object();
	json_t *answer;
	int rc;

	json_set_text(body, "name", cli_arg(cli, 0));
	json_set_text(body, "display_name", cli_flag(cli, "display-name"));
	json_set_text(body, "team", cli_flag(cli, "team"));
	rc = cli_post(cli, "/api/v1/persons", body, &answer, err);
	json_decref(body);
	if (rc == 0)
		cli_print_fields(cli, answer, person_fields);
	return rc;
}

static int run_person_list(struct cli *cli, struct error *err)
{
	json_t *answer;
	int rc = cli_get(cli, "/api/v1/persons", &answer, err);

	if (rc == 0)
		cli_print_table(cli, json_object_get(answer, "items"), person_columns);
	return rc;
}

static void join_texts(struct buf *out, const json_t *list)
{
	json_t *item;
	size_t i;

	json_array_foreach (list, i, item)
		buf_add_format(out, "%s%s", i ? ", " : "", json_string_value(item));
}

static void set_joined(json_t *object, const char *key, const json_t *list)
{
	struct buf text = BUF_INIT;

	join_texts(&text, list);
	json_set_text(object, key, buf_text(&text));
	buf_done(&text);
}

static void set_where(json_t *grant)
{
	json_t *scope = json_object_get(grant, "scope"), *value;
	struct buf text = BUF_INIT;
	const char *key;

	json_object_foreach (scope, key, value)
		buf_add_format(
			&text, "%s%s=%s", text.length ? " " : "", key, json_string_value(value));
	json_set_text(grant, "where", text.length ? buf_text(&text) : "everywhere");
	buf_done(&text);
}

static void set_who(struct cli *cli, json_t *grant)
{
	const char *group = cli_member(cli, grant, "group");

	json_set_text(grant, "who",
		*group ? arena_format(cli_arena(cli), "group %s", group)
		       : cli_member(cli, grant, "person"));
}

/* What only the tables show is added for tables only: --json is the daemon's answer. */
static void print_grants(struct cli *cli, json_t *items)
{
	json_t *grant;
	size_t i;

	json_array_foreach (items, i, grant) {
		if (cli_is_json(cli))
			break;
		set_where(grant);
		set_who(cli, grant);
	}
	cli_print_table(cli, items, grant_columns);
}

static void drop(void *object)
{
	json_decref(object);
}

static json_t *grants_of(struct cli *cli, const json_t *items, const char *name)
{
	json_t *own = json_array(), *grant;
	size_t i;

	arena_defer(cli_arena(cli), drop, own);
	json_array_foreach (items, i, grant)
		if (!strcmp(cli_member(cli, grant, "person"), name))
			json_array_append(own, grant);
	return own;
}

static int run_person_show(struct cli *cli, struct error *err)
{
	json_t *person, *grants, *own;
	int rc;

	if ((rc = cli_get(cli, cli_path(cli, "/api/v1/persons/%s", cli_arg(cli, 0)), &person,
		     err)) < 0 ||
		(rc = cli_get(cli, "/api/v1/grants", &grants, err)) < 0)
		return rc;
	own = grants_of(cli, json_object_get(grants, "items"), cli_member(cli, person, "name"));
	if (cli_is_json(cli)) {
		json_object_set(person, "grants", own);
		cli_print_json(cli, person);
		return 0;
	}
	cli_print_fields(cli, person, person_fields);
	if (json_array_size(own)) {
		cli_say(cli, "\n");
		print_grants(cli, own);
	}
	return 0;
}

static int set_enabled(struct cli *cli, bool enabled, struct error *err)
{
	const char *path = cli_path(cli, "/api/v1/persons/%s", cli_arg(cli, 0));
	struct cli_request request = {.method = "PUT", .path = path};
	json_t *body, *answer;
	int rc = cli_get(cli, path, &answer, err);

	if (rc < 0)
		return rc;
	request.if_match = arena_text(cli_arena(cli), cli_etag(cli));
	body = json_object();
	json_set_bool(body, "enabled", enabled);
	request.body = body;
	rc = cli_call(cli, &request, &answer, err);
	json_decref(body);
	if (rc == 0)
		cli_print_fields(cli, answer, person_fields);
	return rc;
}

static int run_person_disable(struct cli *cli, struct error *err)
{
	return set_enabled(cli, false, err);
}

static int run_person_enable(struct cli *cli, struct error *err)
{
	return set_enabled(cli, true, err);
}

/* --- groups --- */

static void print_groups(struct cli *cli, json_t *items)
{
	json_t *group;
	size_t i;

	json_array_foreach (items, i, group)
		if (!cli_is_json(cli))
			set_joined(group, "members_text", json_object_get(group, "members"));
	cli_print_table(cli, items, group_columns);
}

static void print_group(struct cli *cli, json_t *group)
{
	static const char *const fields[] = {"group=name", "members=members_text", NULL};

	if (!cli_is_json(cli))
		set_joined(group, "members_text", json_object_get(group, "members"));
	cli_print_fields(cli, group, fields);
}

static int run_group_add(struct cli *cli, struct error *err)
{
	json_t *body = json_object();
	json_t *answer;
	int rc;

	json_set_text(body, "name", cli_arg(cli, 0));
	rc = cli_post(cli, "/api/v1/groups", body, &answer, err);
	json_decref(body);
	if (rc == 0)
		print_group(cli, answer);
	return rc;
}

static int run_group_list(struct cli *cli, struct error *err)
{
	json_t *answer;
	int rc = cli_get(cli, "/api/v1/groups", &answer, err);

	if (rc == 0)
		print_groups(cli, json_object_get(answer, "items"));
	return rc;
}

static int change_member(struct cli *cli, const char *method, struct error *err)
{
	struct cli_request request = {
		.method = method,
		.path = cli_path(
			cli, "/api/v1/groups/%s/members/%s", cli_arg(cli, 0), cli_arg(cli, 1)),
	};
	json_t *answer;
	int rc = cli_call(cli, &request, &answer, err);

	if (rc == 0)
		print_group(cli, answer);
	return rc;
}

static int run_group_add_member(struct cli *cli, struct error *err)
{
	return change_member(cli, "PUT", err);
}

static int run_group_remove_member(struct cli *cli, struct error *err)
{
	return change_member(cli, "DELETE", err);
}

/* --- grants --- */

static void print_grant(struct cli *cli, json_t *grant)
{
	if (!cli_is_json(cli))
		set_where(grant);
	cli_print_fields(cli, grant, grant_fields);
	if (!strcmp(cli_member(cli, grant, "state"), "PENDING"))
		cli_say(cli,
			"\nIt holds when another admin has confirmed it within 24 hours:\n"
			"  redbutton grant confirm %s\n",
			cli_member(cli, grant, "id"));
}

static int run_grant_add(struct cli *cli, struct error *err)
{
	static const char *const flags[] = {
		"person", "group", "role", "environment", "service", "team", "kind", NULL};
	json_t *body = json_object();
	json_t *answer;
	int rc;

	for (const char *const *flag = flags; *flag; flag++)
		json_set_text(body, *flag, cli_flag(cli, *flag));
	rc = cli_post(cli, "/api/v1/grants", body, &answer, err);
	json_decref(body);
	if (rc == 0)
		print_grant(cli, answer);
	return rc;
}

static int run_grant_list(struct cli *cli, struct error *err)
{
	const char *path = cli_flag(cli, "all") ? "/api/v1/grants?revoked=true" : "/api/v1/grants";
	json_t *answer;
	int rc = cli_get(cli, path, &answer, err);

	if (rc == 0)
		print_grants(cli, json_object_get(answer, "items"));
	return rc;
}

static int run_grant_revoke(struct cli *cli, struct error *err)
{
	struct cli_request request = {
		.method = "DELETE", .path = cli_path(cli, "/api/v1/grants/%s", cli_arg(cli, 0))};
	json_t *answer;
	int rc = cli_call(cli, &request, &answer, err);

	if (rc == 0)
		print_grant(cli, answer);
	return rc;
}

static int run_grant_confirm(struct cli *cli, struct error *err)
{
	json_t *answer;
	int rc = cli_post(cli, cli_path(cli, "/api/v1/grants/%s/confirm", cli_arg(cli, 0)), NULL,
		&answer, err);

	if (rc == 0)
		print_grant(cli, answer);
	return rc;
}

static int run_whoami(struct cli *cli, struct error *err)
{
	static const char *const columns[] = {"ROLE=role", "WHERE=where", NULL};
	json_t *me, *grant;
	size_t i;
	int rc = cli_get(cli, "/api/v1/me", &me, err);

	if (rc < 0)
		return rc;
	if (cli_is_json(cli)) {
		cli_print_json(cli, me);
		return 0;
	}
	set_joined(me, "roles_text", json_object_get(me, "roles"));
	cli_print_fields(cli, me, me_fields);
	cli_say(cli, "\n");
	json_array_foreach (json_object_get(me, "grants"), i, grant)
		set_where(grant);
	cli_print_table(cli, json_object_get(me, "grants"), columns);
	return 0;
}
