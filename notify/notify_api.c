#include "notify/notify_api.h"

#include "lib/base/json.h"
#include "notify/notify_rooms.h"

#define BODY_MAX   16384
#define LIST_MAX   500
#define LIST_USUAL 100

static void list_hooks(struct request *req);
static void add_hook(struct request *req);
static void enable_hook(struct request *req);
static void disable_hook(struct request *req);
static void remove_hook(struct request *req);
static void list_deliveries(struct request *req);

/* The address of a webhook may hold a key in its path, so that not everybody sees it. */
#define MAY_SEE_HOOKS (ROLE_ADMIN | ROLE_AUDITOR)

static const struct route routes[] = {
	{ROUTE_GET, "/api/v1/hooks", MAY_SEE_HOOKS, 0, ROUTE_KEPT, list_hooks, {{0}}, {{0}},
		"All webhooks", NULL, {"200 HookList"}},
	{ROUTE_POST, "/api/v1/hooks", ROLE_ADMIN, BODY_MAX, 0, add_hook, {{0}}, {{0}},
		"Add a webhook; its key by reference only", "HookAdd", {"201 Hook"}},
	{ROUTE_POST, "/api/v1/hooks/{name}/enable", ROLE_ADMIN, BODY_MAX, 0, enable_hook,
		{{"name", PARAM_NAME, 0, 0, "name of the hook"}}, {{0}},
		"Send to a webhook again, also what waited for it", NULL, {"200 Hook"}},
	{ROUTE_POST, "/api/v1/hooks/{name}/disable", ROLE_ADMIN, BODY_MAX, 0, disable_hook,
		{{"name", PARAM_NAME, 0, 0, "name of the hook"}}, {{0}},
		"Send a webhook nothing until it is enabled", NULL, {"200 Hook"}},
	{ROUTE_DELETE, "/api/v1/hooks/{name}", ROLE_ADMIN, 0, 0, remove_hook,
		{{"name", PARAM_NAME, 0, 0, "name of the hook"}}, {{0}},
		"Remove a webhook; what waits for it is given up", NULL, {"204"}},
	{ROUTE_GET, "/api/v1/deliveries", ROLE_ANY, 0, ROUTE_KEPT, list_deliveries, {{0}},
		{{"hook", PARAM_NAME, 0, 0, "only to this hook"},
			{"state", PARAM_WORD, 0, 0, "PENDING DELIVERED GIVEN_UP"},
			{"limit", PARAM_INT, 1, LIST_MAX, "how many"}},
		"Deliveries, the newest first, with state and last error", NULL,
		{"200 DeliveryList"}},
};

struct route_table notify_routes(void)
{
	return (struct route_table){routes, sizeof(routes) / sizeof(routes[0]), NULL};
}

static void list_hooks(struct request *req)
{
	struct hook *list;
	json_t *items;
	size_t count;

	if (notify_store_hooks(request_reader(req), request_arena(req), &list, &count,
		    request_error(req)) < 0) {
		request_fail(req);
		return;
	}
	items = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(items, hook_json(&list[i]));
	request_reply_json(req, 200, json_pack("{s:o}", "items", items));
}

static int take_types(
	struct request *req, const json_t *body, const char *const **ret, struct error *err)
{
	const char **types;
	json_t *list = NULL, *item;
	size_t i;
	int rc = json_get_array(body, "types", false, &list, err);

	if (rc < 0 || !list)
		return rc;
	types = request_alloc(req, (json_array_size(list) + 1) * sizeof(*types));
	json_array_foreach (list, i, item) {
		if (!(types[i] = json_string_value(item))) {
			error_set(err, ERROR_INVALID, "types is a list of texts");
			return error_field(err, "types[%zu]", i);
		}
	}
	*ret = types;
	return 0;
}

static int take_hook(struct request *req, struct hook_add *add, struct error *err)
{
	static const char *const keys[] = {"name", "url", "secret", "types", "enabled", NULL};
	const json_t *body = request_json(req);
	int rc;

	add->is_enabled = true;
	if ((rc = json_check_keys(body, keys, err)) < 0 ||
		(rc = json_get_text(body, "name", true, &add->name, err)) < 0 ||
		(rc = json_get_text(body, "url", true, &add->url, err)) < 0 ||
		(rc = json_get_text(body, "secret", true, &add->secret, err)) < 0 ||
		(rc = json_get_bool(body, "enabled", false, &add->is_enabled, err)) < 0 ||
		(rc = take_types(req, body, &add->types, err)) < 0 ||
		(rc = secret_check_reference("secret", add->secret, err)) < 0)
		return rc;
	return 0;
}

/* A key that cannot be read is the caller's mistake, told now and not at the first event. */
static int check_key(const struct hook_add *add, struct error *err)
{
	int rc = notify_check_secret(add->secret, err);

	if (rc < 0 && rc != ERROR_INVALID)
		err->code = ERROR_INVALID;
	return rc < 0 ? error_field(err, "secret") : 0;
}

static int ask_add(struct store_tx *tx, void *arg, struct error *err)
{
	return hook_add(tx, arg, err);
}

static void tell_added(struct request *req, void *arg)
{
	request_reply_json(req, 201, hook_json(((const struct hook_add *)arg)->ret_hook));
}

static void add_hook(struct request *req)
{
	struct hook_add *add = request_alloc(req, sizeof(*add));

	add->by = request_principal(req);
	add->at_us = request_now_us(req);
	add->arena = request_arena(req);
	id_new(add->id);
	if (take_hook(req, add, request_error(req)) < 0 || check_key(add, request_error(req)) < 0)
		request_fail(req);
	else
		request_write(req, ask_add, tell_added, add);
}

static int ask_switch(struct store_tx *tx, void *arg, struct error *err)
{
	return hook_switch(tx, arg, err);
}

static void tell_switched(struct request *req, void *arg)
{
	request_reply_json(req, 200, hook_json(((const struct hook_switch *)arg)->ret_hook));
}

static void switch_hook(struct request *req, bool is_enabled)
{
	static const char *const keys[] = {NULL};
	struct hook_switch *change = request_alloc(req, sizeof(*change));
	const json_t *body = request_json(req);

	change->by = request_principal(req);
	change->at_us = request_now_us(req);
	change->arena = request_arena(req);
	change->name = request_text(req, "name");
	change->is_enabled = is_enabled;
	if (body && json_check_keys(body, keys, request_error(req)) < 0)
		request_fail(req);
	else
		request_write(req, ask_switch, tell_switched, change);
}

static void enable_hook(struct request *req)
{
	switch_hook(req, true);
}

static void disable_hook(struct request *req)
{
	switch_hook(req, false);
}

static int ask_remove(struct store_tx *tx, void *arg, struct error *err)
{
	return hook_remove(tx, arg, err);
}

static void tell_removed(struct request *req, void *arg)
{
	(void)arg;
	request_reply_empty(req);
}

static void remove_hook(struct request *req)
{
	struct hook_remove *remove = request_alloc(req, sizeof(*remove));

	remove->by = request_principal(req);
	remove->at_us = request_now_us(req);
	remove->arena = request_arena(req);
	remove->name = request_text(req, "name");
	request_write(req, ask_remove, tell_removed, remove);
}

static void list_deliveries(struct request *req)
{
	const char *state = request_text(req, "state");
	struct delivery *list;
	json_t *items;
	size_t count;

	if (notify_store_deliveries(request_reader(req), request_arena(req),
		    request_text(req, "hook"), state, (int)request_int(req, "limit", LIST_USUAL),
		    &list, &count, request_error(req)) < 0) {
		request_fail(req);
		return;
	}
	items = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(items, delivery_json(&list[i]));
	request_reply_json(req, 200, json_pack("{s:o}", "items", items));
}
