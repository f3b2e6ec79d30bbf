#include "safety/item_api.h"

#include "lib/base/json.h"
#include "lib/base/text.h"
#include "lib/base/time.h"
#include "people/people.h"
#include "safety/item.h"

static void list_items(struct request *req);
static void get_item(struct request *req);
static void post_extend(struct request *req);

#define EXTEND_MAX_MS (72 * 3600 * INT64_C(1000))

static const struct route routes[] = {
	{.method = ROUTE_GET,
		.path = "/api/v1/effects",
		.access = ROLE_ANY,
		.handle = list_items,
		.query_params = {{"execution", PARAM_ID, 0, 0, "of one run"}},
		.summary = "What is in effect right now, newest first",
		.answers = {"200 ItemList"}},
	{.method = ROUTE_GET,
		.path = "/api/v1/effects/{id}",
		.access = ROLE_ANY,
		.handle = get_item,
		.path_params = {{"id", PARAM_ID, 0, 0, "the item"}},
		.summary = "One item in effect",
		.answers = {"200 Item"}},
	{.method = ROUTE_POST,
		.path = "/api/v1/effects/{id}/extend",
		.access = ROLE_COMMANDER | ROLE_AUTHOR,
		.max_body = 8192,
		.handle = post_extend,
		.path_params = {{"id", PARAM_ID, 0, 0, "the item"}},
		.summary = "Give it more time before it expires, with a reason",
		.request = "ItemExtend",
		.answers = {"200 Item"}},
};

struct route_table item_routes(void)
{
	return (struct route_table){routes, sizeof(routes) / sizeof(routes[0]), NULL};
}

static json_t *item_json(const struct item *item, int64_t now_us)
{
	json_t *object = json_object();
	bool is_expired = item->state != ITEM_CLOSED && now_us > item->expires_at_us;

	json_set_text(object, "id", item->id);
	json_set_text(object, "register", item->register_key);
	json_set_text(object, "target", item->target);
	json_set_text(object, "type", item->type);
	json_set_text(object, "baseline", item->baseline ? item->baseline : "absent");
	json_set_text(object, "ours", item->ours ? item->ours : "absent");
	json_set_text(object, "observed", item->observed);
	json_set_text(object, "state", item_state_word(item->state));
	json_set_bool(object, "expired", is_expired);
	json_set_bool(object, "top", item->is_top);
	json_set_text(object, "execution", item->execution_id);
	json_set_text(object, "plan", item->plan);
	json_set_text(object, "person", item->person);
	json_set_text(object, "on_expiry", item->on_expiry);
	json_set_time(object, "since", item->since_us);
	json_set_time(object, "expires_at", item->expires_at_us);
	json_set_time(object, "closed_at", item->closed_at_us);
	json_set_text(object, "closed_reason", item->closed_reason);
	return object;
}

static void list_items(struct request *req)
{
	struct item **items;
	json_t *list;
	size_t count;

	if (item_list(request_reader(req), request_arena(req), request_text(req, "execution"), NULL,
		    &items, &count, request_error(req)) < 0) {
		request_fail(req);
		return;
	}
	list = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, item_json(items[i], request_now_us(req)));
	request_reply_json(req, 200, json_pack("{s:o}", "items", list));
}

static void get_item(struct request *req)
{
	struct item *item;

	if (item_get(request_reader(req), request_arena(req), request_text(req, "id"), &item,
		    request_error(req)) < 0)
		request_fail(req);
	else
		request_reply_json(req, 200, item_json(item, request_now_us(req)));
}

/* --- extend --- */

struct extend {
	const char *id;
	int64_t expires_at_us, at_us;
	const char *reason;
	const struct principal *principal;
	json_t *reply;
};

static int ask_extend(struct store_tx *tx, void *arg, struct error *err)
{
	struct extend *take = arg;
	struct item *item;

	if (item_extend(tx, take->id, take->expires_at_us, take->reason, &take->principal->actor,
		    take->at_us, err) < 0 ||
		item_get(tx, store_tx_arena(tx), take->id, &item, err) < 0)
		return err->code;
	take->reply = item_json(item, take->at_us);
	return 0;
}

static void tell_extended(struct request *req, void *arg)
{
	request_reply_json(req, 200, ((struct extend *)arg)->reply);
}

static int take_extend(struct request *req, struct extend *take, struct error *err)
{
	static const char *const FIELDS[] = {"within", "reason", NULL};
	const json_t *body = request_json(req);
	const char *within;
	int64_t ms;

	take->id = request_text(req, "id");
	take->at_us = request_now_us(req);
	take->principal = request_principal(req);
	if (json_check_keys(body, FIELDS, err) < 0 ||
		json_get_text(body, "within", true, &within, err) < 0 ||
		json_get_text(body, "reason", true, &take->reason, err) < 0 ||
		text_check_prose("reason", take->reason, 2000, err) < 0 ||
		time_parse_duration("within", within, &ms, err) < 0)
		return err->code;
	if (ms > EXTEND_MAX_MS) {
		error_set(err, ERROR_INVALID, "within: at most 72h");
		return error_field(err, "within");
	}
	take->expires_at_us = take->at_us + ms * 1000;
	return 0;
}

static void post_extend(struct request *req)
{
	struct extend *take = request_alloc(req, sizeof(*take));

	if (take_extend(req, take, request_error(req)) < 0)
		request_fail(req);
	else
		request_write(req, ask_extend, tell_extended, take);
}
