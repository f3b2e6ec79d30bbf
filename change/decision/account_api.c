#include "change/decision/decision_api.h"
#include "change/decision/decision_rooms.h"
#include "lib/base/json.h"

#define BODY_MAX 65536

static void list_accounts(struct request *req);
static void put_account(struct request *req);
static void remove_account(struct request *req);
static void list_releases(struct request *req);

#define TARGET                                                                                     \
	{                                                                                          \
		"target", PARAM_NAME, 0, 0, "name of the host's target, or @all for every host"    \
	}
#define ACCOUNT                                                                                    \
	{                                                                                          \
		"account", PARAM_NAME, 0, 0, "its name, or its uid in digits"                      \
	}

static const struct route routes[] = {
	{ROUTE_GET, "/api/v1/gate/accounts", ROLE_ANY, 0, 0, list_accounts, {{0}}, {{0}},
		"Whose the accounts of hosts are", NULL, {"200 AccountList"}},
	{ROUTE_PUT, "/api/v1/gate/accounts/{target}/{account}", ROLE_ADMIN, BODY_MAX, 0,
		put_account, {TARGET, ACCOUNT}, {{0}}, "Say whose an account is", "AccountMap",
		{"200 Account"}},
	{ROUTE_DELETE, "/api/v1/gate/accounts/{target}/{account}", ROLE_ADMIN, 0, 0, remove_account,
		{TARGET, ACCOUNT}, {{0}}, "Say that an account is nobody's", NULL, {"204"}},
	{ROUTE_GET, "/api/v1/gate/releases", ROLE_ANY, 0, 0, list_releases, {{0}},
		{{"running", PARAM_BOOL, 0, 0, "only those of which a phase is open"}},
		"Releases of other platforms, the newest first", NULL, {"200 ReleaseList"}},
};

struct route_table account_routes(struct gate_api *api)
{
	return (struct route_table){routes, sizeof(routes) / sizeof(routes[0]), api};
}

static void list_accounts(struct request *req)
{
	struct account **list = NULL;
	json_t *items = json_array();
	size_t count = 0;

	if (account_store_list(request_reader(req), request_arena(req), &list, &count,
		    request_error(req)) < 0) {
		json_decref(items);
		request_fail(req);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		char name[128] = "";

		(void)people_name(
			request_reader(req), list[i]->person_id, name, sizeof(name), NULL);
		list[i]->person = name;
		json_array_append_new(items, account_json(list[i]));
	}
	request_reply_json(req, 200, json_pack("{s:o}", "items", items));
}

static struct account_change *change_of(struct request *req)
{
	struct account_change *change = request_alloc(req, sizeof(*change));

	change->by = request_principal(req);
	change->at_us = request_now_us(req);
	change->target = request_text(req, "target");
	change->account = request_text(req, "account");
	change->arena = request_arena(req);
	return change;
}

static int ask_put(struct store_tx *tx, void *arg, struct error *err)
{
	return account_map(tx, arg, err);
}

static void tell_put(struct request *req, void *arg)
{
	const struct account_change *change = arg;

	request_reply_json(req, 200, account_json(change->ret_account));
}

static void put_account(struct request *req)
{
	static const char *const keys[] = {"person", NULL};
	struct account_change *change = change_of(req);
	struct error *err = request_error(req);

	if (json_check_keys(request_json(req), keys, err) < 0 ||
		json_get_text(request_json(req), "person", true, &change->person, err) < 0)
		request_fail(req);
	else
		request_write(req, ask_put, tell_put, change);
}

static int ask_remove(struct store_tx *tx, void *arg, struct error *err)
{
	return account_unmap(tx, arg, err);
}

static void tell_removed(struct request *req, void *arg)
{
	(void)arg;
	request_reply_empty(req);
}

static void remove_account(struct request *req)
{
	request_write(req, ask_remove, tell_removed, change_of(req));
}

static void list_releases(struct request *req)
{
	struct release **list = NULL;
	json_t *items = json_array();
	size_t count = 0;

	if (release_store_list(request_reader(req), request_arena(req),
		    request_bool(req, "running", false), &list, &count, request_error(req)) < 0) {
		json_decref(items);
		request_fail(req);
		return;
	}
	for (size_t i = 0; i < count; i++)
		json_array_append_new(items, release_json(list[i]));
	request_reply_json(req, 200, json_pack("{s:o}", "items", items));
}
