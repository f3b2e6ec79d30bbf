#include "lib/server/server_rooms.h"

#include "lib/base/time.h"

#include <stdlib.h>
#include <string.h>

#define REQUEST_DEADLINE_MS 15000
#define HELD_DEADLINE_MS    60000
#define IDLE_TIMEOUT_S	    10
#define HEARTBEAT_MS	    15000
#define LAG_BYTES	    (1u << 20)
#define STREAM_LIMIT	    128
#define GRACE_MS	    5000
#define CLOSING_STEP_MS	    10

static bool end_turn(void *arg)
{
	struct server *server = arg;
	bool is_busy = false;

	for (struct listener *listener = server->listeners; listener; listener = listener->next)
		is_busy |= listener_turn(listener);
	return is_busy;
}

static char **copy_hosts(const char *const *hosts)
{
	size_t count = 0;
	char **copy;

	while (hosts && hosts[count])
		count++;
	copy = calloc(count + 1, sizeof(*copy));
	if (!copy)
		abort();
	for (size_t i = 0; i < count; i++)
		copy[i] = strdup(hosts[i]);
	return copy;
}

static void set_limits(struct server *server, const struct server_options *options)
{
	int64_t *lengths = server->deadlines.length_ms;

	server->idle_timeout_s = options->idle_timeout_s ? options->idle_timeout_s : IDLE_TIMEOUT_S;
	server->heartbeat_ms = options->heartbeat_ms ? options->heartbeat_ms : HEARTBEAT_MS;
	server->lag_bytes = options->lag_bytes ? options->lag_bytes : LAG_BYTES;
	server->grace_ms = options->grace_ms ? options->grace_ms : GRACE_MS;
	server->stream_limit = options->stream_limit ? options->stream_limit : STREAM_LIMIT;
	lengths[DEADLINE_REQUEST] =
		options->request_deadline_ms ? options->request_deadline_ms : REQUEST_DEADLINE_MS;
	lengths[DEADLINE_HELD] =
		options->held_deadline_ms ? options->held_deadline_ms : HELD_DEADLINE_MS;
	/* Silence ends earlier, by MHD; this ends a request line that drips. */
	lengths[DEADLINE_IDLE] = server->idle_timeout_s * 1000 + lengths[DEADLINE_REQUEST];
}

static void open_figures(struct server *server)
{
	server->figures = calloc(server->routes.count + 1, sizeof(*server->figures));
	if (!server->figures)
		abort();
	for (size_t i = 0; i < server->routes.count; i++)
		server->figures[i].route = server->routes.routes[i].route;
}

void server_get_figures(const struct server *server, struct server_figures *ret)
{
	*ret = (struct server_figures){.routes = server->figures,
		.route_count = server->routes.count + 1,
		.streams = server->stream_count};
	for (const struct listener *listener = server->listeners; listener;
		listener = listener->next)
		if (ret->listener_count < sizeof(ret->listeners) / sizeof(ret->listeners[0]))
			ret->listeners[ret->listener_count++] = (struct server_listener_figures){
				listener->name, listener->open_count};
	for (const struct request *req = server->requests; req; req = req->next)
		ret->requests++;
	pages_get_figures(server->pages, ret);
}

int server_open(const struct server_options *options, struct server **ret, struct error *err)
{
	struct server *server = calloc(1, sizeof(*server));
	int rc;

	if (!server)
		abort();
	rc = route_index_init(&server->routes, options->tables, options->table_count, err);
	if (rc < 0) {
		free(server);
		return rc;
	}
	server->loop = options->loop;
	server->store = options->store;
	server->authenticator = options->authenticator;
	server->pages = pages_new();
	open_figures(server);
	server->hosts = copy_hosts(options->hosts);
	set_limits(server, options);
	deadline_init(server);
	loop_on_turn_end(server->loop, LOOP_ORDER_SERVER, end_turn, server);
	*ret = server;
	return 0;
}

int server_listen(struct server *server, const struct listener_options *options, struct error *err)
{
	struct listener *listener;
	int rc = listener_open(server, options, &listener, err);

	if (rc < 0)
		return rc;
	listener->next = server->listeners;
	server->listeners = listener;
	return 0;
}

int server_port(const struct server *server, const char *listener_name)
{
	for (const struct listener *listener = server->listeners; listener;
		listener = listener->next)
		if (!strcmp(listener->name, listener_name))
			return listener->address.port;
	return 0;
}

/* --- closing --- */

static void nothing(void *arg)
{
	(void)arg;
}

/* Turns the loop until every request is answered and sent, or the time is over. */
static void drain(struct server *server, int64_t grace_ms)
{
	int64_t end_ms = time_mono_ms() + grace_ms;
	struct loop_timer *timer = loop_timer_new(server->loop, nothing, NULL);

	loop_timer_start(timer, CLOSING_STEP_MS, CLOSING_STEP_MS);
	while (server->requests && time_mono_ms() < end_ms)
		uv_run(loop_uv(server->loop), UV_RUN_ONCE);
	loop_timer_free(timer);
}

static void give_up_all(struct server *server)
{
	for (struct request *req = server->requests, *next; req; req = next) {
		next = req->next;
		if (req->is_waiting)
			request_give_up(req,
				req->is_writing ? ERROR_OUTCOME_UNKNOWN : ERROR_UNREACHABLE,
				"the daemon stops before this request was answered");
	}
}

static void end_streams(struct server *server)
{
	for (struct stream *stream = server->streams, *next; stream; stream = next) {
		next = stream->next;
		stream_close(stream);
	}
}

void server_close(struct server *server)
{
	if (!server)
		return;
	server->is_closing = true;
	for (struct listener *listener = server->listeners; listener; listener = listener->next)
		listener_quiesce(listener);
	end_streams(server);
	drain(server, server->grace_ms);
	give_up_all(server);
	drain(server, server->grace_ms / 5);
	loop_off_turn_end(server->loop, end_turn, server);
	while (server->listeners) {
		struct listener *listener = server->listeners;

		server->listeners = listener->next;
		listener_close(listener);
	}
	deadline_done(server);
	route_index_done(&server->routes);
	for (size_t i = 0; server->hosts[i]; i++)
		free(server->hosts[i]);
	free(server->hosts);
	pages_free(server->pages);
	free(server->figures);
	free(server);
}
