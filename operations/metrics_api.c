#include "operations/metrics_api.h"

#include "operations/metrics_text.h"
#include "people/people.h"

#include <stdio.h>
#include <string.h>

static void get_metrics(struct request *req);

/* Figures name targets and plans' states: whoever is somebody may read them, nobody else. */
static const struct route routes[] = {
	{.method = ROUTE_GET,
		.path = "/metrics",
		.access = ROLE_ANY,
		.handle = get_metrics,
		.summary = "Figures for Prometheus, in its text format",
		.answers = {"200 text/plain"}},
};

struct route_table metrics_routes(struct metrics_api *api)
{
	return (struct route_table){routes, sizeof(routes) / sizeof(routes[0]), api};
}

/* --- HTTP --- */

/* "/api/v1/executions/{id}/pause" is of the class "executions", "/metrics" of "metrics". */
static void class_of(const struct route *route, char text[static 32])
{
	static const char prefix[] = "/api/v1/";
	const char *at = route ? route->path : "/none";
	bool is_api = strncmp(at, prefix, sizeof(prefix) - 1) == 0;

	at += is_api ? sizeof(prefix) - 1 : 1;
	snprintf(text, 32, "%.*s", (int)strcspn(at, "/"), at);
}

struct http_class {
	char name[32];
	uint64_t replies[SERVER_STATUS_CLASSES];
};

static struct http_class *class_at(
	struct http_class *classes, size_t *count, const struct route *route)
{
	char name[32];

	class_of(route, name);
	for (size_t i = 0; i < *count; i++)
		if (strcmp(classes[i].name, name) == 0)
			return &classes[i];
	memcpy(classes[*count].name, name, sizeof(name));
	return &classes[(*count)++];
}

static void write_requests(
	struct arena *arena, struct buf *out, const struct server_figures *figures)
{
	static const char *const words[SERVER_STATUS_CLASSES] = {
		"other", "1xx", "2xx", "3xx", "4xx", "5xx"};
	struct http_class *classes = arena_alloc(arena, figures->route_count * sizeof(*classes));
	size_t count = 0;

	for (size_t i = 0; i < figures->route_count; i++) {
		struct http_class *into = class_at(classes, &count, figures->routes[i].route);

		for (size_t j = 0; j < SERVER_STATUS_CLASSES; j++)
			into->replies[j] += figures->routes[i].replies[j];
	}
	metrics_family(out, "redbutton_http_requests_total", "counter",
		"Requests that were answered, by class of route and of status.");
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < SERVER_STATUS_CLASSES; j++)
			if (classes[i].replies[j])
				metrics_sample(out, "redbutton_http_requests_total", "route",
					classes[i].name, "status", words[j],
					(double)classes[i].replies[j]);
}

static void write_http(const struct server *server, struct arena *arena, struct buf *out)
{
	struct server_figures figures;

	server_get_figures(server, &figures);
	write_requests(arena, out, &figures);
	metrics_family(out, "redbutton_http_connections", "gauge", "Open connections by listener.");
	for (size_t i = 0; i < figures.listener_count; i++)
		metrics_sample(out, "redbutton_http_connections", "listener",
			figures.listeners[i].name, NULL, NULL,
			(double)figures.listeners[i].connections);
	metrics_one(out, "redbutton_http_streams", "gauge", "Open event streams.",
		(double)figures.streams);
}

static void get_metrics(struct request *req)
{
	const struct metrics_api *api = request_context(req);
	struct buf out = BUF_INIT;

	write_http(api->server, request_arena(req), &out);
	if (metrics_write(&api->rooms, request_now_us(req), request_arena(req), &out,
		    request_error(req)) < 0)
		request_fail(req);
	else
		request_reply_bytes(req, 200, METRICS_TYPE, out.bytes, out.length);
	buf_done(&out);
}
