#include "incidents/incident_api.h"

#include "incidents/incident_rooms.h"
#include "lib/base/json.h"

#define BODY_MAX 65536

static void list_incidents(struct request *req);
static void open_incident(struct request *req);
static void show_incident(struct request *req);
static void link_incident(struct request *req);
static void close_incident(struct request *req);

#define MAY_OPEN (ROLE_AUTHOR | ROLE_APPROVER | ROLE_COMMANDER | ROLE_ADMIN | ROLE_AGENT)
#define NAME                                                                                       \
	{                                                                                          \
		"name", PARAM_NAME, 0, 0, "INC- and a number"                                      \
	}

static const struct route routes[] = {
	{ROUTE_GET, "/api/v1/incidents", ROLE_ANY, 0, ROUTE_KEPT, list_incidents, {{0}},
		{{"open", PARAM_BOOL, 0, 0, "only those that are open"},
			{"before", PARAM_INT, 1, INT64_MAX, "only those with a smaller number"},
			{"limit", PARAM_INT, 1, INCIDENT_PAGE, "how many at most"}},
		"Incidents, the newest first", NULL, {"200 IncidentList"}},
	{ROUTE_POST, "/api/v1/incidents", MAY_OPEN, BODY_MAX, ROUTE_ETAG, open_incident, {{0}},
		{{0}}, "Say that something is wrong", "IncidentOpen", {"201 Incident"}},
	{ROUTE_GET, "/api/v1/incidents/{name}", ROLE_ANY, 0, ROUTE_ETAG | ROUTE_KEPT, show_incident,
		{NAME}, {{0}}, "One incident, with what is linked to it", NULL, {"200 Incident"}},
	{ROUTE_POST, "/api/v1/incidents/{name}/links", MAY_OPEN, BODY_MAX, ROUTE_ETAG,
		link_incident, {NAME}, {{0}}, "Link an execution, a change, an alert or an address",
		"IncidentLinkAdd", {"201 Incident"}},
	{ROUTE_POST, "/api/v1/incidents/{name}/close", ROLE_COMMANDER | ROLE_ADMIN, BODY_MAX,
		ROUTE_ETAG | ROUTE_NEED_MATCH, close_incident, {NAME}, {{0}},
		"Close it with what was found (If-Match)", "IncidentClose", {"200 Incident"}},
};

struct route_table incident_routes(void)
{
	return (struct route_table){routes, sizeof(routes) / sizeof(routes[0]), NULL};
}

static void fill_act(struct request *req, struct incident_act *act)
{
	act->by = request_principal(req);
	act->at_us = request_now_us(req);
	act->arena = request_arena(req);
}

static void list_incidents(struct request *req)
{
	struct incident **list = NULL;
	size_t count = 0;
	json_t *items;

	if (incident_store_list(request_reader(req), request_arena(req),
		    request_bool(req, "open", false), request_int(req, "before", INT64_MAX),
		    request_int(req, "limit", INCIDENT_PAGE), &list, &count,
		    request_error(req)) < 0) {
		request_fail(req);
		return;
	}
	items = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(items, incident_json(list[i]));
	request_reply_json(req, 200, json_pack("{s:o}", "items", items));
}

static void reply_incident(struct request *req, unsigned status, const struct incident *incident)
{
	json_t *object = incident_json(incident), *items = json_array();
	struct incident_link *links = NULL;
	size_t count = 0;

	(void)incident_store_links(request_reader(req), request_arena(req), incident->seq, &links,
		&count, request_error(req));
	for (size_t i = 0; i < count; i++)
		json_array_append_new(items, incident_link_json(&links[i]));
	json_object_set_new(object, "links", items);
	request_set_version(req, incident->version);
	request_reply_json(req, status, object);
}

static void show_incident(struct request *req)
{
	struct incident *incident;

	if (incident_get(request_reader(req), request_arena(req), request_text(req, "name"),
		    &incident, request_error(req)) < 0)
		request_fail(req);
	else
		reply_incident(req, 200, incident);
}

/* --- opening --- */

static int take_open(struct request *req, struct incident *incident, struct error *err)
{
	static const char *const keys[] = {"title", "severity", "environment", "service", NULL};
	const json_t *body = request_json(req);
	int rc;

	incident->environment = incident->service = "";
	if ((rc = json_check_keys(body, keys, err)) < 0 ||
		(rc = json_get_text(body, "title", true, &incident->title, err)) < 0 ||
		(rc = json_get_int(body, "severity", true, INT64_MIN, INT64_MAX,
			 &incident->severity, err)) < 0 ||
		(rc = json_get_text(body, "environment", false, &incident->environment, err)) < 0)
		return rc;
	return json_get_text(body, "service", false, &incident->service, err);
}

static int ask_open(struct store_tx *tx, void *arg, struct error *err)
{
	return incident_open(tx, arg, err);
}

static void tell_opened(struct request *req, void *arg)
{
	reply_incident(req, 201, ((const struct incident_open *)arg)->act.ret_incident);
}

static void open_incident(struct request *req)
{
	struct incident_open *open = request_alloc(req, sizeof(*open));

	fill_act(req, &open->act);
	if (take_open(req, &open->incident, request_error(req)) < 0)
		request_fail(req);
	else
		request_write(req, ask_open, tell_opened, open);
}

/* --- linking --- */

static int take_link(struct request *req, struct incident_link *link, struct error *err)
{
	static const char *const keys[] = {"kind", "reference", "note", NULL};
	const json_t *body = request_json(req);
	int rc;

	link->note = "";
	if ((rc = json_check_keys(body, keys, err)) < 0 ||
		(rc = json_get_text(body, "kind", true, &link->kind, err)) < 0 ||
		(rc = json_get_text(body, "reference", true, &link->reference, err)) < 0)
		return rc;
	return json_get_text(body, "note", false, &link->note, err);
}

static int ask_link(struct store_tx *tx, void *arg, struct error *err)
{
	return incident_add_link(tx, arg, err);
}

static void tell_linked(struct request *req, void *arg)
{
	reply_incident(req, 201, ((const struct incident_add_link *)arg)->act.ret_incident);
}

static void link_incident(struct request *req)
{
	struct incident_add_link *add = request_alloc(req, sizeof(*add));

	fill_act(req, &add->act);
	add->name = request_text(req, "name");
	if (take_link(req, &add->link, request_error(req)) < 0)
		request_fail(req);
	else
		request_write(req, ask_link, tell_linked, add);
}

/* --- closing --- */

static int ask_close(struct store_tx *tx, void *arg, struct error *err)
{
	return incident_close(tx, arg, err);
}

static void tell_closed(struct request *req, void *arg)
{
	reply_incident(req, 200, ((const struct incident_close *)arg)->act.ret_incident);
}

static void close_incident(struct request *req)
{
	static const char *const keys[] = {"finding", NULL};
	struct incident_close *close = request_alloc(req, sizeof(*close));
	struct error *err = request_error(req);

	fill_act(req, &close->act);
	close->name = request_text(req, "name");
	close->if_version = request_if_match(req);
	if (json_check_keys(request_json(req), keys, err) < 0 ||
		json_get_text(request_json(req), "finding", true, &close->finding, err) < 0)
		request_fail(req);
	else
		request_write(req, ask_close, tell_closed, close);
}
