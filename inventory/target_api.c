#include "inventory/target_api.h"

#include "inventory/target_rooms.h"
#include "lib/base/json.h"
#include "lib/base/text.h"
#include "lib/base/time.h"

#include <string.h>

#define BODY_MAX	 65536
#define CHECK_TIMEOUT_MS 5000

static void list_targets(struct request *req);
static void add_target(struct request *req);
static void show_target(struct request *req);
static void change_target(struct request *req);
static void remove_target(struct request *req);
static void check_target(struct request *req);

/* It only reads, but it makes the daemon speak to the target. */
#define MAY_CHECK (ROLE_AUTHOR | ROLE_APPROVER | ROLE_COMMANDER | ROLE_ADMIN | ROLE_AGENT)
#define NAME                                                                                       \
	{                                                                                          \
		"name", PARAM_NAME, 0, 0, "name of the target"                                     \
	}

static const struct route routes[] = {
	{ROUTE_GET, "/api/v1/targets", ROLE_ANY, 0, ROUTE_KEPT, list_targets, {{0}},
		{{"kind", PARAM_NAME, 0, 0, "only of this kind"},
			{"environment", PARAM_NAME, 0, 0, "only there"},
			{"site", PARAM_NAME, 0, 0, "only there"},
			{"zone", PARAM_NAME, 0, 0, "only there"},
			{"service", PARAM_NAME, 0, 0, "only of it"},
			{"tier", PARAM_NAME, 0, 0, "only of it"}},
		"Targets, by name", NULL, {"200 TargetList"}},
	{ROUTE_POST, "/api/v1/targets", ROLE_ADMIN, BODY_MAX, ROUTE_ETAG, add_target, {{0}}, {{0}},
		"Add a target; its credential by reference only", "TargetAdd", {"201 Target"}},
	{ROUTE_GET, "/api/v1/targets/{name}", ROLE_ANY, 0, ROUTE_ETAG | ROUTE_KEPT, show_target,
		{NAME}, {{0}}, "One target", NULL, {"200 Target"}},
	{ROUTE_PUT, "/api/v1/targets/{name}", ROLE_ADMIN, BODY_MAX, ROUTE_ETAG | ROUTE_NEED_MATCH,
		change_target, {NAME}, {{0}}, "Change the given fields of a target (If-Match)",
		"TargetChange", {"200 Target"}},
	{ROUTE_DELETE, "/api/v1/targets/{name}", ROLE_ADMIN, 0, ROUTE_NEED_MATCH, remove_target,
		{NAME}, {{0}}, "Remove a target (If-Match)", NULL, {"204"}},
	{ROUTE_POST, "/api/v1/targets/{name}/check", MAY_CHECK, BODY_MAX, ROUTE_NO_KEY,
		check_target, {NAME}, {{0}},
		"Is it there, and does its credential work? Reads only", NULL, {"200 TargetCheck"}},
};

struct route_table target_routes(struct target_context *context)
{
	return (struct route_table){routes, sizeof(routes) / sizeof(routes[0]), context};
}

static void fill_act(struct request *req, struct target_act *act)
{
	const struct target_context *context = request_context(req);

	act->by = request_principal(req);
	act->at_us = request_now_us(req);
	act->adapters = context->adapters;
	act->arena = request_arena(req);
}

/* --- reading --- */

static bool is_wanted(const struct request *req, const struct target *target)
{
	for (const char *const *key = target_named_labels; *key; key++) {
		const char *wanted = request_text(req, *key);

		if (wanted && strcmp(wanted, target_named_label(target, *key)))
			return false;
	}
	return true;
}

static void list_targets(struct request *req)
{
	struct target **list;
	json_t *items;
	size_t count;

	if (target_store_list(request_reader(req), request_arena(req), request_text(req, "kind"),
		    &list, &count, request_error(req)) < 0) {
		request_fail(req);
		return;
	}
	items = json_array();
	for (size_t i = 0; i < count; i++)
		if (is_wanted(req, list[i]))
			json_array_append_new(items, target_json(list[i]));
	request_reply_json(req, 200, json_pack("{s:o}", "items", items));
}

static void reply_target(struct request *req, unsigned status, const struct target *target)
{
	request_set_version(req, target->version);
	request_reply_json(req, status, target_json(target));
}

static void show_target(struct request *req)
{
	struct target *target;

	if (target_get(request_reader(req), request_arena(req), request_text(req, "name"), &target,
		    request_error(req)) < 0)
		request_fail(req);
	else
		reply_target(req, 200, target);
}

/* --- changing --- */

static int take_common(struct request *req, struct target_change *fields, struct error *err)
{
	const json_t *body = request_json(req);
	json_t *labels = NULL;
	int rc;

	fields->has_credential = json_object_get(body, "credential") != NULL;
	if ((rc = json_get_text(body, "address", false, &fields->address, err)) < 0 ||
		(rc = json_get_text(body, "environment", false, &fields->environment, err)) < 0 ||
		(rc = json_get_text(body, "site", false, &fields->site, err)) < 0 ||
		(rc = json_get_text(body, "zone", false, &fields->zone, err)) < 0 ||
		(rc = json_get_text(body, "service", false, &fields->service, err)) < 0 ||
		(rc = json_get_text(body, "tier", false, &fields->tier, err)) < 0 ||
		(rc = json_get_object(body, "labels", false, &labels, err)) < 0 ||
		(rc = target_list_from_json(
			 request_arena(req), body, "allow", &fields->allow, err)) < 0 ||
		(rc = target_list_from_json(
			 request_arena(req), body, "networks", &fields->networks, err)) < 0)
		return rc;
	fields->labels = labels;
	if (json_is_null(json_object_get(body, "credential")))
		return 0;
	return json_get_text(body, "credential", false, &fields->credential, err);
}

static int take_add(struct request *req, struct target_add *add, struct error *err)
{
	static const char *const keys[] = {"name", "kind", "address", "credential", "environment",
		"site", "zone", "service", "tier", "labels", "allow", "networks", NULL};
	const json_t *body = request_json(req);
	struct target_change fields = {0};
	int rc;

	if ((rc = json_check_keys(body, keys, err)) < 0 ||
		(rc = json_get_text(body, "name", true, &add->target.name, err)) < 0 ||
		(rc = json_get_text(body, "kind", true, &add->target.kind, err)) < 0 ||
		(rc = json_get_text(body, "address", true, &add->target.address, err)) < 0 ||
		(rc = take_common(req, &fields, err)) < 0)
		return rc;
	add->target.credential = fields.credential;
	add->target.environment = fields.environment;
	add->target.site = fields.site;
	add->target.zone = fields.zone;
	add->target.service = fields.service;
	add->target.tier = fields.tier;
	add->target.allow = fields.allow;
	add->target.networks = fields.networks;
	add->labels = fields.labels;
	return 0;
}

static int ask_add(struct store_tx *tx, void *arg, struct error *err)
{
	return target_add(tx, arg, err);
}

static void tell_added(struct request *req, void *arg)
{
	reply_target(req, 201, ((const struct target_add *)arg)->act.ret_target);
}

static void add_target(struct request *req)
{
	struct target_add *add = request_alloc(req, sizeof(*add));

	fill_act(req, &add->act);
	id_new(add->target.id);
	if (take_add(req, add, request_error(req)) < 0)
		request_fail(req);
	else
		request_write(req, ask_add, tell_added, add);
}

static int ask_change(struct store_tx *tx, void *arg, struct error *err)
{
	return target_change(tx, arg, err);
}

static void tell_changed(struct request *req, void *arg)
{
	reply_target(req, 200, ((const struct target_change *)arg)->act.ret_target);
}

static int take_change(struct request *req, struct target_change *change, struct error *err)
{
	static const char *const keys[] = {"address", "credential", "environment", "site", "zone",
		"service", "tier", "labels", "allow", "networks", NULL};
	int rc = json_check_keys(request_json(req), keys, err);

	change->name = request_text(req, "name");
	change->if_version = request_if_match(req);
	return rc < 0 ? rc : take_common(req, change, err);
}

static void change_target(struct request *req)
{
	struct target_change *change = request_alloc(req, sizeof(*change));

	fill_act(req, &change->act);
	if (take_change(req, change, request_error(req)) < 0)
		request_fail(req);
	else
		request_write(req, ask_change, tell_changed, change);
}

static int ask_remove(struct store_tx *tx, void *arg, struct error *err)
{
	return target_remove(tx, arg, err);
}

static void tell_removed(struct request *req, void *arg)
{
	(void)arg;
	request_reply_empty(req);
}

static void remove_target(struct request *req)
{
	struct target_remove *remove = request_alloc(req, sizeof(*remove));

	fill_act(req, &remove->act);
	remove->name = request_text(req, "name");
	remove->if_version = request_if_match(req);
	request_write(req, ask_remove, tell_removed, remove);
}

/* --- checking --- */

static void reply_check(struct request *req, const char *outcome, const char *message)
{
	json_t *object = json_object();

	json_set_text(object, "target", request_text(req, "name"));
	json_set_text(object, "outcome", outcome);
	json_set_text(object, "message", message);
	request_reply_json(req, 200, object);
}

/* The server may have gone when the answer comes: what is needed is kept here. */
struct check {
	struct request *req;
	struct target *target;
	struct target_watch *watch;
};

static void on_checked(void *arg, const struct adapter_result *result)
{
	const struct check *check = arg;
	const char *message = result->message;

	target_watch_note(
		check->watch, check->target, result->outcome, result->message, time_now_us());
	if (message)
		message = text_visible(request_arena(check->req), message);
	reply_check(check->req, target_outcome_word(result->outcome), message);
}

static void check_target(struct request *req)
{
	const struct target_context *context = request_context(req);
	const struct adapter *adapter;
	struct check *call = request_alloc(req, sizeof(*call));
	struct adapter_target view;

	call->req = req;
	call->watch = context->watch;
	if (target_get(request_reader(req), request_arena(req), request_text(req, "name"),
		    &call->target, request_error(req)) < 0) {
		request_fail(req);
		return;
	}
	adapter = adapter_find(context->adapters, call->target->kind);
	if (!adapter || !adapter->check) {
		reply_check(req, "unknown", "this kind of target has no check");
		return;
	}
	view = target_for_adapter(call->target);
	if (adapter->check(context->client, &view, CHECK_TIMEOUT_MS, on_checked, call,
		    request_error(req)) < 0)
		reply_check(req, "unreachable", request_error(req)->message);
	else
		request_hold(req);
}
