#include "operations/status_api.h"

#include "operations/status_rooms.h"

static void get_status(struct request *req);

static const struct route routes[] = {
	{.method = ROUTE_GET,
		.path = "/api/v1/status",
		.access = ROLE_ANY,
		.handle = get_status,
		.summary = "What is held, runs, is in effect and waits for you; asks no target",
		.answers = {"200 Status"}},
};

struct route_table status_routes(struct status_rooms *rooms)
{
	return (struct route_table){routes, sizeof(routes) / sizeof(routes[0]), rooms};
}

static void get_status(struct request *req)
{
	struct status status;

	if (status_look(request_context(req), request_principal(req), request_now_us(req),
		    request_arena(req), &status, request_error(req)) < 0)
		request_fail(req);
	else
		request_reply_json(req, 200, status_json(&status));
}
