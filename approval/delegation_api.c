#include "approval/approval_rooms.h"
#include "lib/base/json.h"
#include "lib/base/time.h"
#include "lib/server/server.h"

static json_t *delegation_json(const struct delegation *delegation, int64_t now_us)
{
	bool holds = !*delegation->withdrawn_by_id && delegation->start_us <= now_us &&
		     now_us < delegation->end_us;
	json_t *object = json_object();

	json_set_text(object, "id", delegation->id);
	json_set_text(object, "from", delegation->from);
	json_set_text(object, "to", delegation->to);
	json_set_text(object, "reason", delegation->reason);
	json_set_time(object, "start", delegation->start_us);
	json_set_time(object, "end", delegation->end_us);
	json_set_time(object, "created_at", delegation->created_at_us);
	json_set_time(object, "withdrawn_at", delegation->withdrawn_at_us);
	json_set_bool(object, "holds", holds);
	json_set_int(object, "version", delegation->version);
	return object;
}

static void reply(struct request *req, unsigned status, const struct delegation *delegation)
{
	request_set_version(req, delegation->version);
	request_reply_json(req, status, delegation_json(delegation, request_now_us(req)));
}

void delegation_api_list(struct request *req)
{
	bool is_mine = request_bool(req, "mine", false), is_now = request_bool(req, "now", false);
	const struct principal *principal = request_principal(req);
	struct delegation **list = NULL;
	size_t count = 0;
	json_t *items;

	if (delegation_list(request_reader(req), request_arena(req),
		    is_mine ? principal->person_id : NULL, is_now ? request_now_us(req) : -1, &list,
		    &count, request_error(req)) < 0) {
		request_fail(req);
		return;
	}
	items = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(items, delegation_json(list[i], request_now_us(req)));
	request_reply_json(req, 200, json_pack("{s:o}", "items", items));
}

void delegation_api_show(struct request *req)
{
	struct delegation *delegation;

	if (delegation_get(request_reader(req), request_arena(req), request_text(req, "id"),
		    &delegation, request_error(req)) < 0)
		request_fail(req);
	else
		reply(req, 200, delegation);
}

static void fill_act(struct request *req, struct delegation_act *act)
{
	act->by = request_principal(req);
	act->at_us = request_now_us(req);
	act->arena = request_arena(req);
	id_new(act->notify_id);
}

/* --- adding --- */

static int ask_add(struct store_tx *tx, void *arg, struct error *err)
{
	return delegation_add(tx, arg, err);
}

static void tell_added(struct request *req, void *arg)
{
	reply(req, 201, ((const struct delegation_add *)arg)->act.ret_delegation);
}

static int take_add(struct request *req, struct delegation_add *add)
{
	static const char *const keys[] = {"to", "start", "end", "reason", NULL};
	const json_t *body = request_json(req);
	struct error *err = request_error(req);
	const char *start = NULL, *end = NULL;
	int rc;

	fill_act(req, &add->act);
	id_new(add->id);
	add->start_us = add->act.at_us;
	if ((rc = json_check_keys(body, keys, err)) < 0 ||
		(rc = json_get_text(body, "to", true, &add->to, err)) < 0 ||
		(rc = json_get_text(body, "reason", true, &add->reason, err)) < 0 ||
		(rc = json_get_text(body, "start", false, &start, err)) < 0 ||
		(rc = json_get_text(body, "end", true, &end, err)) < 0 ||
		(start && (rc = time_parse("start", start, &add->start_us, err)) < 0))
		return rc;
	return time_parse("end", end, &add->end_us, err);
}

void delegation_api_add(struct request *req)
{
	struct delegation_add *add = request_alloc(req, sizeof(*add));

	if (take_add(req, add) < 0)
		request_fail(req);
	else
		request_write(req, ask_add, tell_added, add);
}

/* --- withdrawing --- */

static int ask_withdraw(struct store_tx *tx, void *arg, struct error *err)
{
	return delegation_withdraw(tx, arg, err);
}

static void tell_withdrawn(struct request *req, void *arg)
{
	reply(req, 200, ((const struct delegation_withdraw *)arg)->act.ret_delegation);
}

void delegation_api_withdraw(struct request *req)
{
	struct delegation_withdraw *withdraw = request_alloc(req, sizeof(*withdraw));

	fill_act(req, &withdraw->act);
	withdraw->id = request_text(req, "id");
	withdraw->if_version = request_if_match(req);
	request_write(req, ask_withdraw, tell_withdrawn, withdraw);
}
