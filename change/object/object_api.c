#include "change/object/object_api.h"

#include "change/object/object.h"
#include "lib/base/json.h"

#define TEXT_MAX (1024 * 1024)

static void list_edges(struct request *req);
static void put_edges(struct request *req);

static const struct route routes[] = {
	{ROUTE_GET, "/api/v1/dependencies", ROLE_ANY, 0, 0, list_edges, {{0}}, {{0}},
		"What depends on what, as edges between objects of changes", NULL,
		{"200 DependencyList"}},
	{ROUTE_PUT, "/api/v1/dependencies", ROLE_ADMIN, TEXT_MAX, 0, put_edges, {{0}}, {{0}},
		"Replace all of them by those of a text", "DependencyPut", {"200 DependencyCount"}},
};

struct route_table object_routes(void)
{
	return (struct route_table){routes, sizeof(routes) / sizeof(routes[0]), NULL};
}

static void list_edges(struct request *req)
{
	struct object_edge *edges;
	size_t count = 0;
	json_t *items;

	if (object_edges_list(request_reader(req), request_arena(req), &edges, &count,
		    request_error(req)) < 0) {
		request_fail(req);
		return;
	}
	items = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(
			items, json_pack("{s:s, s:s}", "from", edges[i].from, "to", edges[i].to));
	request_reply_json(req, 200, json_pack("{s:o}", "items", items));
}

static int ask_put(struct store_tx *tx, void *arg, struct error *err)
{
	return object_edges_put(tx, arg, err);
}

static void tell_put(struct request *req, void *arg)
{
	const struct object_edges_put *put = arg;
	json_t *answer = json_object();

	json_set_int(answer, "edges", (int64_t)put->ret_count);
	request_reply_json(req, 200, answer);
}

static void put_edges(struct request *req)
{
	static const char *const keys[] = {"text", NULL};
	struct object_edges_put *put = request_alloc(req, sizeof(*put));
	struct error *err = request_error(req);

	put->by = request_principal(req);
	put->at_us = request_now_us(req);
	put->arena = request_arena(req);
	if (json_check_keys(request_json(req), keys, err) < 0 ||
		json_get_text(request_json(req), "text", true, &put->text, err) < 0)
		request_fail(req);
	else
		request_write(req, ask_put, tell_put, put);
}
