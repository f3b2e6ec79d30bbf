#include "change/emergency/emergency_api.h"

#include "change/emergency/emergency_rooms.h"
#include "lib/base/json.h"
#include "lib/base/time.h"

#define BODY_MAX 65536

static void list_emergencies(struct request *req);
static void start_emergency(struct request *req);
static void show_emergency(struct request *req);
static void confirm_emergency(struct request *req);
static void renew_emergency(struct request *req);
static void end_emergency(struct request *req);
static void list_follow_ups(struct request *req);
static void show_follow_up(struct request *req);
static void close_follow_up(struct request *req);

#define NAME                                                                                       \
	{                                                                                          \
		"name", PARAM_NAME, 0, 0, "EMG- and a number"                                      \
	}
#define PAGE(noun)                                                                                 \
	{"open", PARAM_BOOL, 0, 0, "only those that are open"},                                    \
		{"before", PARAM_INT, 1, INT64_MAX, "only those " noun " with a smaller number"},  \
	{                                                                                          \
		"limit", PARAM_INT, 1, EMERGENCY_PAGE, "how many at most"                          \
	}

static const struct route routes[] = {
	{ROUTE_GET, "/api/v1/emergencies", ROLE_ANY, 0, 0, list_emergencies, {{0}},
		{PAGE("emergencies")}, "Emergencies, the newest first", NULL,
		{"200 EmergencyList"}},
	{ROUTE_POST, "/api/v1/emergencies", MAY_START, BODY_MAX, ROUTE_ETAG, start_emergency, {{0}},
		{{0}}, "Start an emergency: a commander of the scope alone, others with a second",
		"EmergencyStart", {"201 Emergency"}},
	{ROUTE_GET, "/api/v1/emergencies/{name}", ROLE_ANY, 0, ROUTE_ETAG, show_emergency, {NAME},
		{{0}}, "One emergency, with what ran under it and what is owed", NULL,
		{"200 Emergency"}},
	{ROUTE_POST, "/api/v1/emergencies/{name}/confirm", MAY_CONFIRM, BODY_MAX,
		ROUTE_ETAG | ROUTE_IF_MATCH, confirm_emergency, {NAME}, {{0}},
		"Be the second person of an emergency", "EmergencyConfirm", {"200 Emergency"}},
	{ROUTE_POST, "/api/v1/emergencies/{name}/renew", MAY_START, BODY_MAX,
		ROUTE_ETAG | ROUTE_IF_MATCH, renew_emergency, {NAME}, {{0}},
		"Let it last longer, once", "EmergencyRenew", {"200 Emergency"}},
	{ROUTE_POST, "/api/v1/emergencies/{name}/end", MAY_START, BODY_MAX,
		ROUTE_ETAG | ROUTE_IF_MATCH | ROUTE_VITAL, end_emergency, {NAME}, {{0}},
		"End it: nothing more runs under it", NULL, {"200 Emergency"}},
	{ROUTE_GET, "/api/v1/follow-ups", ROLE_ANY, 0, 0, list_follow_ups, {{0}},
		{PAGE("of emergencies")}, "What is owed after emergencies, the newest first", NULL,
		{"200 FollowUpList"}},
	{ROUTE_GET, "/api/v1/follow-ups/{name}", ROLE_ANY, 0, 0, show_follow_up, {NAME}, {{0}},
		"What is owed after one emergency", NULL, {"200 FollowUp"}},
	{ROUTE_POST, "/api/v1/follow-ups/{name}/close", MAY_CONFIRM, BODY_MAX, 0, close_follow_up,
		{NAME}, {{0}}, "Review an emergency that you were not in", "FollowUpClose",
		{"200 FollowUp"}},
};

struct route_table emergency_routes(struct emergency_hook *hook)
{
	return (struct route_table){routes, sizeof(routes) / sizeof(routes[0]), hook};
}

static void fill_act(struct request *req, struct emergency_act *act)
{
	act->by = request_principal(req);
	act->at_us = request_now_us(req);
	act->arena = request_arena(req);
	id_new(act->notify_id);
}

/* --- looking --- */

static void list_emergencies(struct request *req)
{
	struct emergency **list = NULL;
	size_t count = 0;
	json_t *items;

	if (emergency_store_list(request_reader(req), request_arena(req),
		    request_bool(req, "open", false), request_int(req, "before", INT64_MAX),
		    request_int(req, "limit", EMERGENCY_PAGE), &list, &count,
		    request_error(req)) < 0) {
		request_fail(req);
		return;
	}
	items = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(items, emergency_json(list[i]));
	request_reply_json(req, 200, json_pack("{s:o}", "items", items));
}

static void reply_emergency(struct request *req, unsigned status, const struct emergency *emergency)
{
	struct store_tx *tx = request_reader(req);
	json_t *object = emergency_json(emergency), *items = json_array();
	struct error ignored = ERROR_INIT;
	struct emergency_run *runs = NULL;
	struct follow_up *follow_up;
	size_t count = 0;

	(void)emergency_store_runs(tx, request_arena(req), emergency->seq, &runs, &count, &ignored);
	for (size_t i = 0; i < count; i++)
		json_array_append_new(items, emergency_run_json(&runs[i]));
	json_object_set_new(object, "runs", items);
	if (follow_up_store_get(tx, request_arena(req), emergency->seq, request_now_us(req),
		    &follow_up, &ignored) == 0)
		json_object_set_new(object, "follow_up", follow_up_json(follow_up));
	request_set_version(req, emergency->version);
	request_reply_json(req, status, object);
}

static void show_emergency(struct request *req)
{
	struct emergency *emergency;

	if (emergency_get(request_reader(req), request_arena(req), request_text(req, "name"),
		    &emergency, request_error(req)) < 0)
		request_fail(req);
	else
		reply_emergency(req, 200, emergency);
}

/* --- starting --- */

static int take_ttl(const json_t *body, int64_t *ret_us, struct error *err)
{
	const char *text;
	int64_t ms;
	int rc = json_get_text(body, "ttl", true, &text, err);

	if (rc < 0 || (rc = time_parse_duration("ttl", text, &ms, err)) < 0)
		return rc;
	*ret_us = ms * 1000;
	return 0;
}

static int take_start(struct request *req, struct emergency_start *start, const char **ret_code,
	struct error *err)
{
	static const char *const keys[] = {
		"scope", "reason", "incident", "ttl", "drill", "override", "code", NULL};
	const json_t *body = request_json(req);
	int rc;

	if ((rc = json_check_keys(body, keys, err)) < 0 ||
		(rc = json_get_text(body, "scope", true, &start->scope, err)) < 0 ||
		(rc = json_get_text(body, "reason", true, &start->reason, err)) < 0 ||
		(rc = json_get_text(body, "incident", false, &start->incident, err)) < 0 ||
		(rc = json_get_bool(body, "drill", false, &start->is_drill, err)) < 0 ||
		(rc = json_get_bool(body, "override", false, &start->is_override, err)) < 0 ||
		(rc = json_get_text(body, "code", false, ret_code, err)) < 0)
		return rc;
	return take_ttl(body, &start->ttl_us, err);
}

static int ask_start(struct store_tx *tx, void *arg, struct error *err)
{
	return emergency_start(tx, arg, err);
}

static void tell_started(struct request *req, void *arg)
{
	reply_emergency(req, 201, ((const struct emergency_start *)arg)->act.ret_emergency);
}

static void start_emergency(struct request *req)
{
	struct emergency_start *start = request_alloc(req, sizeof(*start));
	struct emergency_factor factor = {
		.act = "start", .ask = ask_start, .tell = tell_started, .arg = start};

	fill_act(req, &start->act);
	if (take_start(req, start, &factor.code, request_error(req)) < 0) {
		request_fail(req);
		return;
	}
	factor.scope = start->scope;
	factor.incident = start->incident;
	factor.reason = start->reason;
	emergency_hook_write(req, &factor);
}

/* --- what follows --- */

static struct emergency_change *new_change(struct request *req)
{
	struct emergency_change *change = request_alloc(req, sizeof(*change));

	fill_act(req, &change->act);
	change->name = request_text(req, "name");
	change->if_version = request_if_match(req);
	return change;
}

static int ask_confirm(struct store_tx *tx, void *arg, struct error *err)
{
	return emergency_confirm(tx, arg, err);
}

static int ask_renew(struct store_tx *tx, void *arg, struct error *err)
{
	return emergency_renew(tx, arg, err);
}

static int ask_end(struct store_tx *tx, void *arg, struct error *err)
{
	return emergency_end(tx, arg, err);
}

static void tell_changed(struct request *req, void *arg)
{
	reply_emergency(req, 200, ((const struct emergency_change *)arg)->act.ret_emergency);
}

static void confirm_emergency(struct request *req)
{
	static const char *const keys[] = {"code", NULL};
	struct emergency_change *change = new_change(req);
	const json_t *body = request_json(req);
	struct emergency_factor factor = {.act = "confirm",
		.emergency = change->name,
		.ask = ask_confirm,
		.tell = tell_changed,
		.arg = change};

	if (body &&
		(json_check_keys(body, keys, request_error(req)) < 0 ||
			json_get_text(body, "code", false, &factor.code, request_error(req)) < 0))
		request_fail(req);
	else
		emergency_hook_write(req, &factor);
}

static void renew_emergency(struct request *req)
{
	static const char *const keys[] = {"ttl", "code", NULL};
	struct emergency_change *change = new_change(req);
	const json_t *body = request_json(req);
	struct error *err = request_error(req);
	struct emergency_factor factor = {.act = "renew",
		.emergency = change->name,
		.ask = ask_renew,
		.tell = tell_changed,
		.arg = change};

	if (json_check_keys(body, keys, err) < 0 ||
		json_get_text(body, "code", false, &factor.code, err) < 0 ||
		take_ttl(body, &change->ttl_us, err) < 0)
		request_fail(req);
	else
		emergency_hook_write(req, &factor);
}

static void end_emergency(struct request *req)
{
	request_write(req, ask_end, tell_changed, new_change(req));
}

/* --- follow-ups --- */

static void list_follow_ups(struct request *req)
{
	struct follow_up **list = NULL;
	size_t count = 0;
	json_t *items;

	if (follow_up_store_list(request_reader(req), request_arena(req),
		    request_bool(req, "open", false), request_int(req, "before", INT64_MAX),
		    request_int(req, "limit", EMERGENCY_PAGE), request_now_us(req), &list, &count,
		    request_error(req)) < 0) {
		request_fail(req);
		return;
	}
	items = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(items, follow_up_json(list[i]));
	request_reply_json(req, 200, json_pack("{s:o}", "items", items));
}

static void show_follow_up(struct request *req)
{
	struct follow_up *follow_up;

	if (follow_up_get(request_reader(req), request_arena(req), request_text(req, "name"),
		    request_now_us(req), &follow_up, request_error(req)) < 0)
		request_fail(req);
	else
		request_reply_json(req, 200, follow_up_json(follow_up));
}

static int ask_close(struct store_tx *tx, void *arg, struct error *err)
{
	return follow_up_close(tx, arg, err);
}

static void tell_closed(struct request *req, void *arg)
{
	request_reply_json(
		req, 200, follow_up_json(((const struct follow_up_close *)arg)->ret_follow_up));
}

static void close_follow_up(struct request *req)
{
	static const char *const keys[] = {"verdict", "note", NULL};
	struct follow_up_close *close = request_alloc(req, sizeof(*close));
	struct error *err = request_error(req);

	fill_act(req, &close->act);
	close->emergency = request_text(req, "name");
	if (json_check_keys(request_json(req), keys, err) < 0 ||
		json_get_text(request_json(req), "verdict", true, &close->verdict, err) < 0 ||
		json_get_text(request_json(req), "note", true, &close->note, err) < 0)
		request_fail(req);
	else
		request_write(req, ask_close, tell_closed, close);
}
