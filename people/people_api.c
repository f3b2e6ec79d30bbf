#include "people/people_api.h"

#include "lib/base/json.h"
#include "people/people_api_rooms.h"
#include "people/people_rooms.h"

#include <string.h>

#define BODY_MAX 8192

static void list_persons(struct request *req);
static void add_person(struct request *req);
static void show_person(struct request *req);
static void change_person(struct request *req);
static void list_groups(struct request *req);
static void add_group(struct request *req);
static void add_member(struct request *req);
static void remove_member(struct request *req);
static void list_grants(struct request *req);
static void add_grant(struct request *req);
static void confirm_grant(struct request *req);
static void revoke_grant(struct request *req);

#define NAME_OF(what)                                                                              \
	{                                                                                          \
#what, PARAM_NAME, 0, 0, "name of the " #what                                      \
	}
#define ID_OF(what)                                                                                \
	{                                                                                          \
		"id", PARAM_ID, 0, 0, "id of the " #what                                           \
	}
#define UID                                                                                        \
	{                                                                                          \
		"uid", PARAM_INT, 0, UINT32_MAX, "uid on the daemon's host"                        \
	}

static const struct route routes[] = {
	{ROUTE_GET, "/api/v1/me", ROLE_ANY, 0, 0, token_api_me, {{0}}, {{0}},
		"Who you are here, and what you may do", NULL, {"200 Me"}},
	{ROUTE_GET, "/api/v1/persons", ROLE_ANY, 0, ROUTE_KEPT, list_persons, {{0}}, {{0}},
		"All persons", NULL, {"200 PersonList"}},
	{ROUTE_POST, "/api/v1/persons", ROLE_ADMIN, BODY_MAX, ROUTE_ETAG, add_person, {{0}}, {{0}},
		"Add a person", "PersonAdd", {"201 Person"}},
	{ROUTE_GET, "/api/v1/persons/{name}", ROLE_ANY, 0, ROUTE_ETAG | ROUTE_KEPT, show_person,
		{{"name", PARAM_NAME, 0, 0, "name of the person"}}, {{0}}, "One person", NULL,
		{"200 Person"}},
	{ROUTE_PUT, "/api/v1/persons/{name}", ROLE_ADMIN, BODY_MAX, ROUTE_ETAG | ROUTE_NEED_MATCH,
		change_person, {{"name", PARAM_NAME, 0, 0, "name of the person"}}, {{0}},
		"Change display name or team, enable or disable (If-Match)", "PersonChange",
		{"200 Person"}},
	{ROUTE_GET, "/api/v1/groups", ROLE_ANY, 0, ROUTE_KEPT, list_groups, {{0}}, {{0}},
		"All groups with their members", NULL, {"200 GroupList"}},
	{ROUTE_POST, "/api/v1/groups", ROLE_ADMIN, BODY_MAX, 0, add_group, {{0}}, {{0}},
		"Add a group", "GroupAdd", {"201 Group"}},
	{ROUTE_PUT, "/api/v1/groups/{group}/members/{person}", ROLE_ADMIN, BODY_MAX, 0, add_member,
		{NAME_OF(group), NAME_OF(person)}, {{0}}, "Put a person into a group", NULL,
		{"200 Group"}},
	{ROUTE_DELETE, "/api/v1/groups/{group}/members/{person}", ROLE_ADMIN, 0, 0, remove_member,
		{NAME_OF(group), NAME_OF(person)}, {{0}}, "Take a person out of a group", NULL,
		{"200 Group"}},
	{ROUTE_GET, "/api/v1/grants", ROLE_ANY, 0, 0, list_grants, {{0}},
		{{"revoked", PARAM_BOOL, 0, 0, "true: revoked ones too"}},
		"Who has which role where", NULL, {"200 GrantList"}},
	{ROUTE_POST, "/api/v1/grants", ROLE_ADMIN, BODY_MAX, 0, add_grant, {{0}}, {{0}},
		"Grant a role; admin waits for a second admin", "GrantAdd",
		{"201 Grant", "202 Grant"}},
	{ROUTE_DELETE, "/api/v1/grants/{id}", ROLE_ADMIN, 0, 0, revoke_grant, {ID_OF(grant)}, {{0}},
		"Revoke a grant", NULL, {"200 Grant"}},
	{ROUTE_POST, "/api/v1/grants/{id}/confirm", ROLE_ADMIN, BODY_MAX, 0, confirm_grant,
		{ID_OF(grant)}, {{0}}, "Confirm a grant of admin that another admin asked for",
		NULL, {"200 Grant"}},
	{ROUTE_GET, "/api/v1/tokens", ROLE_ANY, 0, 0, token_api_list, {{0}}, {{0}},
		"Your tokens; all of them for an admin or auditor", NULL, {"200 TokenList"}},
	{ROUTE_POST, "/api/v1/tokens", ROLE_ANY, BODY_MAX, ROUTE_SECRET, token_api_add, {{0}},
		{{0}}, "Make a token; it is shown in this answer and never again", "TokenAdd",
		{"201 TokenShownOnce"}},
	{ROUTE_DELETE, "/api/v1/tokens/{id}", ROLE_ANY, 0, 0, token_api_revoke, {ID_OF(token)},
		{{0}}, "Revoke a token", NULL, {"200 Token"}},
	{ROUTE_POST, "/api/v1/tokens/{id}/confirm", ROLE_ADMIN, BODY_MAX, 0, token_api_confirm,
		{ID_OF(token)}, {{0}}, "Confirm an admin's token that another admin made", NULL,
		{"200 Token"}},
	{ROUTE_GET, "/api/v1/peers", ROLE_ANY, 0, 0, token_api_peers, {{0}}, {{0}},
		"Which uid on the daemon's host is whom", NULL, {"200 PeerList"}},
	{ROUTE_PUT, "/api/v1/peers/{uid}", ROLE_ADMIN, BODY_MAX, 0, token_api_map, {UID}, {{0}},
		"Map a uid to a person", "PeerMap", {"200 Peer", "202 Peer"}},
	{ROUTE_DELETE, "/api/v1/peers/{uid}", ROLE_ADMIN, 0, 0, token_api_unmap, {UID}, {{0}},
		"Unmap a uid: it is a viewer again", NULL, {"204"}},
	{ROUTE_POST, "/api/v1/peers/{uid}/confirm", ROLE_ADMIN, BODY_MAX, 0, token_api_confirm_peer,
		{UID}, {{0}}, "Confirm a uid of an admin that another admin mapped", NULL,
		{"200 Peer"}},
};

struct route_table people_routes(struct people *people)
{
	return (struct route_table){routes, sizeof(routes) / sizeof(routes[0]), people};
}

static void reply_items(struct request *req, json_t *items)
{
	request_reply_json(req, 200, json_pack("{s:o}", "items", items));
}

/* --- persons --- */

static void list_persons(struct request *req)
{
	struct person *list;
	json_t *items;
	size_t count;

	if (person_store_list(request_reader(req), request_arena(req), &list, &count,
		    request_error(req)) < 0) {
		request_fail(req);
		return;
	}
	items = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(items, person_json(&list[i]));
	reply_items(req, items);
}

static void show_person(struct request *req)
{
	struct person *person;

	if (person_get(request_reader(req), request_arena(req), request_text(req, "name"), &person,
		    request_error(req)) < 0) {
		request_fail(req);
		return;
	}
	request_set_version(req, person->version);
	request_reply_json(req, 200, person_json(person));
}

static int ask_add_person(struct store_tx *tx, void *arg, struct error *err)
{
	return person_add(tx, arg, err);
}

static void tell_added_person(struct request *req, void *arg)
{
	const struct person_add *add = arg;

	request_set_version(req, add->ret_person->version);
	request_reply_json(req, 201, person_json(add->ret_person));
}

static int take_person(struct request *req, struct person_add *add, struct error *err)
{
	static const char *const keys[] = {"name", "display_name", "team", NULL};
	const json_t *body = request_json(req);
	int rc;

	if ((rc = json_check_keys(body, keys, err)) < 0 ||
		(rc = json_get_text(body, "name", true, &add->name, err)) < 0 ||
		(rc = json_get_text(body, "display_name", false, &add->display_name, err)) < 0)
		return rc;
	return json_get_text(body, "team", false, &add->team, err);
}

static void add_person(struct request *req)
{
	struct person_add *add = request_alloc(req, sizeof(*add));

	add->by = request_principal(req);
	add->at_us = request_now_us(req);
	add->arena = request_arena(req);
	id_new(add->id);
	if (take_person(req, add, request_error(req)) < 0)
		request_fail(req);
	else
		request_write(req, ask_add_person, tell_added_person, add);
}

static int ask_change_person(struct store_tx *tx, void *arg, struct error *err)
{
	return person_change(tx, arg, err);
}

static void tell_changed_person(struct request *req, void *arg)
{
	const struct person_change *change = arg;

	request_set_version(req, change->ret_person->version);
	request_reply_json(req, 200, person_json(change->ret_person));
}

static int take_person_change(struct request *req, struct person_change *change, struct error *err)
{
	static const char *const keys[] = {"display_name", "team", "enabled", NULL};
	const json_t *body = request_json(req);
	int rc;

	change->if_version = request_if_match(req);
	if ((rc = json_check_keys(body, keys, err)) < 0 ||
		(rc = json_get_text(body, "display_name", false, &change->display_name, err)) < 0 ||
		(rc = json_get_text(body, "team", false, &change->team, err)) < 0)
		return rc;
	change->has_enabled = json_object_get(body, "enabled") != NULL;
	return json_get_bool(body, "enabled", false, &change->enabled, err);
}

static void change_person(struct request *req)
{
	struct person_change *change = request_alloc(req, sizeof(*change));

	change->by = request_principal(req);
	change->at_us = request_now_us(req);
	change->arena = request_arena(req);
	change->name = request_text(req, "name");
	if (take_person_change(req, change, request_error(req)) < 0)
		request_fail(req);
	else
		request_write(req, ask_change_person, tell_changed_person, change);
}

/* --- groups --- */

static void list_groups(struct request *req)
{
	struct person_group *list;
	json_t *items;
	size_t count;

	if (person_store_groups(request_reader(req), request_arena(req), &list, &count,
		    request_error(req)) < 0) {
		request_fail(req);
		return;
	}
	items = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(items, group_json(&list[i]));
	reply_items(req, items);
}

static int ask_add_group(struct store_tx *tx, void *arg, struct error *err)
{
	return group_add(tx, arg, err);
}

static void tell_added_group(struct request *req, void *arg)
{
	const struct group_add *add = arg;

	request_reply_json(req, 201, group_json(add->ret_group));
}

static void add_group(struct request *req)
{
	static const char *const keys[] = {"name", NULL};
	struct group_add *add = request_alloc(req, sizeof(*add));

	add->by = request_principal(req);
	add->at_us = request_now_us(req);
	add->arena = request_arena(req);
	id_new(add->id);
	if (json_check_keys(request_json(req), keys, request_error(req)) < 0 ||
		json_get_text(request_json(req), "name", true, &add->name, request_error(req)) < 0)
		request_fail(req);
	else
		request_write(req, ask_add_group, tell_added_group, add);
}

static int ask_member(struct store_tx *tx, void *arg, struct error *err)
{
	return group_member(tx, arg, err);
}

static void tell_member(struct request *req, void *arg)
{
	const struct group_member *member = arg;

	request_reply_json(req, 200, group_json(member->ret_group));
}

static void write_member(struct request *req, bool is_removal)
{
	struct group_member *member = request_alloc(req, sizeof(*member));

	member->by = request_principal(req);
	member->at_us = request_now_us(req);
	member->arena = request_arena(req);
	member->group = request_text(req, "group");
	member->person = request_text(req, "person");
	member->is_removal = is_removal;
	request_write(req, ask_member, tell_member, member);
}

static void add_member(struct request *req)
{
	write_member(req, false);
}

static void remove_member(struct request *req)
{
	write_member(req, true);
}

/* --- grants --- */

static void list_grants(struct request *req)
{
	struct grant *list;
	json_t *items;
	size_t count;

	if (grant_store_list(request_reader(req), request_arena(req),
		    request_bool(req, "revoked", false), &list, &count, request_error(req)) < 0) {
		request_fail(req);
		return;
	}
	items = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(items, grant_json(&list[i], request_now_us(req)));
	reply_items(req, items);
}

static int ask_add_grant(struct store_tx *tx, void *arg, struct error *err)
{
	return grant_add(tx, arg, err);
}

static void tell_added_grant(struct request *req, void *arg)
{
	const struct grant_add *add = arg;
	bool is_waiting = add->ret_grant->state == GRANT_PENDING;

	request_reply_json(
		req, is_waiting ? 202 : 201, grant_json(add->ret_grant, request_now_us(req)));
}

static int take_grant(struct request *req, struct grant_add *add, struct error *err)
{
	static const char *const keys[] = {
		"person", "group", "role", "environment", "service", "team", "kind", NULL};
	const json_t *body = request_json(req);
	const char *role = NULL;
	int rc;

	if ((rc = json_check_keys(body, keys, err)) < 0 ||
		(rc = json_get_text(body, "person", false, &add->person, err)) < 0 ||
		(rc = json_get_text(body, "group", false, &add->group, err)) < 0 ||
		(rc = json_get_text(body, "role", true, &role, err)) < 0 ||
		(rc = role_parse("role", role, &add->role, err)) < 0)
		return rc;
	return scope_from_json(body, &add->scope, err);
}

static void add_grant(struct request *req)
{
	struct grant_add *add = request_alloc(req, sizeof(*add));

	add->by = request_principal(req);
	add->at_us = request_now_us(req);
	add->arena = request_arena(req);
	id_new(add->id);
	if (take_grant(req, add, request_error(req)) < 0)
		request_fail(req);
	else
		request_write(req, ask_add_grant, tell_added_grant, add);
}

static int ask_confirm_grant(struct store_tx *tx, void *arg, struct error *err)
{
	return grant_confirm(tx, arg, err);
}

static int ask_revoke_grant(struct store_tx *tx, void *arg, struct error *err)
{
	return grant_revoke(tx, arg, err);
}

static void tell_decided_grant(struct request *req, void *arg)
{
	const struct grant_decide *decide = arg;

	request_reply_json(req, 200, grant_json(decide->ret_grant, request_now_us(req)));
}

static void decide_grant(struct request *req, store_ask ask)
{
	struct grant_decide *decide = request_alloc(req, sizeof(*decide));

	decide->by = request_principal(req);
	decide->at_us = request_now_us(req);
	decide->arena = request_arena(req);
	decide->id = request_text(req, "id");
	request_write(req, ask, tell_decided_grant, decide);
}

static void confirm_grant(struct request *req)
{
	decide_grant(req, ask_confirm_grant);
}

static void revoke_grant(struct request *req)
{
	decide_grant(req, ask_revoke_grant);
}
