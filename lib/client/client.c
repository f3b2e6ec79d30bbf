#include "lib/client/client.h"

#include "lib/client/client_rooms.h"

#include <stdlib.h>
#include <string.h>

static struct client_call *new_call(struct client *client, const struct client_transport *transport,
	client_done done, void *arg)
{
	struct client_call *call = calloc(1, sizeof(*call));

	if (!call)
		abort();
	call->client = client;
	call->transport = transport;
	call->done = done;
	call->arg = arg;
	return call;
}

static void free_call(struct client_call *call)
{
	client_http_release(call);
	buf_done(&call->answer);
	arena_done(&call->arena);
	free(call);
}

static const char *const *copy_networks(struct arena *arena, const char *const *networks)
{
	size_t count = 0;
	const char **copy;

	while (networks && networks[count])
		count++;
	copy = arena_alloc(arena, (count + 1) * sizeof(*copy));
	for (size_t i = 0; i < count; i++)
		copy[i] = arena_text(arena, networks[i]);
	return copy;
}

static void copy_limits(struct client_call *call, int timeout_ms, size_t max_bytes)
{
	call->timeout_ms = timeout_ms > 0 ? timeout_ms : CLIENT_TIMEOUT_MS;
	call->max_bytes = max_bytes ? max_bytes : CLIENT_MAX_BYTES;
}

static void enqueue(struct client_call *call, struct client_call **ret_call)
{
	call->state = CLIENT_CALL_WAITING;
	TAILQ_INSERT_TAIL(&call->client->waiting, call, link);
	if (ret_call)
		*ret_call = call;
}

static void start_call(struct client_call *call)
{
	struct client *client = call->client;
	struct error err = ERROR_INIT;

	TAILQ_REMOVE(&client->waiting, call, link);
	TAILQ_INSERT_TAIL(&client->running, call, link);
	call->state = CLIENT_CALL_RUNNING;
	client->in_flight++;
	if (call->transport->start(call, &err) < 0)
		client_finish(call, &err);
}

/* What ends here is told in the next turn: the store's part of this one is already over. */
static bool end_turn(void *arg)
{
	struct client *client = arg;
	struct client_call *call;

	while (client->in_flight < CLIENT_IN_FLIGHT_MAX && (call = TAILQ_FIRST(&client->waiting)))
		start_call(call);
	client_http_kick(client);
	if (!TAILQ_EMPTY(&client->finished))
		loop_timer_start(client->later, 0, 0);
	return false;
}

static void deliver_later(void *arg)
{
	client_deliver(arg);
}

int client_open(struct loop *loop, struct client **ret, struct error *err)
{
	struct client *client = calloc(1, sizeof(*client));
	int rc;

	if (!client)
		abort();
	client->loop = loop;
	TAILQ_INIT(&client->waiting);
	TAILQ_INIT(&client->running);
	TAILQ_INIT(&client->finished);
	rc = client_http_open(client, err);
	if (rc < 0) {
		free(client);
		return rc;
	}
	client->later = loop_timer_new(loop, deliver_later, client);
	loop_on_turn_end(loop, LOOP_ORDER_CLIENT, end_turn, client);
	*ret = client;
	return 0;
}

static void cancel_all(struct client_call_list *calls)
{
	struct client_call *call;

	while ((call = TAILQ_FIRST(calls)))
		client_cancel(call); /* NOLINT(clang-analyzer-unix.Malloc): it leaves the list */
}

void client_close(struct client *client)
{
	if (!client)
		return;
	loop_off_turn_end(client->loop, end_turn, client);
	cancel_all(&client->waiting);
	cancel_all(&client->running);
	cancel_all(&client->finished);
	loop_timer_free(client->later);
	client_http_close(client);
	free(client);
}

static void copy_headers(struct client_call *call, const struct client_request *request)
{
	size_t count = request->header_count;
	struct client_header *headers = arena_alloc(&call->arena, (count + 1) * sizeof(*headers));

	for (size_t i = 0; i < count; i++) {
		headers[i].name = arena_text(&call->arena, request->headers[i].name);
		headers[i].value = arena_text(&call->arena, request->headers[i].value);
	}
	if (request->idempotency_key) {
		headers[count].name = "Idempotency-Key";
		headers[count++].value = arena_text(&call->arena, request->idempotency_key);
	}
	call->headers = headers;
	call->header_count = count;
}

int client_send(struct client *client, const struct client_request *request, client_done done,
	void *arg, struct client_call **ret_call, struct error *err)
{
	struct client_address address;
	struct client_call *call;
	int rc;

	if ((rc = client_address_parse(
		     "url", request->url, CLIENT_HTTP | CLIENT_HTTPS, &address, err)) < 0 ||
		(rc = client_http_check(request, err)) < 0)
		return rc;
	call = new_call(client, &client_http_transport, done, arg);
	call->address = address;
	call->method = arena_text(&call->arena, request->method);
	call->request = arena_copy(&call->arena, request->body, request->body_length);
	call->request_length = request->body_length;
	call->login = request->login;
	call->credential = arena_text(&call->arena, request->credential);
	call->networks = copy_networks(&call->arena, request->networks);
	call->is_lone_origin = request->is_lone_origin;
	copy_headers(call, request);
	call->drop = request->drop;
	copy_limits(call, request->timeout_ms, request->max_bytes);
	enqueue(call, ret_call);
	return 0;
}

int client_converse(struct client *client, const struct client_conversation *conversation,
	client_done done, void *arg, struct client_call **ret_call, struct error *err)
{
	struct client_address address;
	struct client_call *call;
	int rc = client_address_parse(
		"address", conversation->address, CLIENT_UNIX | CLIENT_TCP, &address, err);

	if (rc < 0)
		return rc;
	call = new_call(client, &client_line_transport, done, arg);
	call->address = address;
	call->request =
		arena_copy(&call->arena, conversation->request, conversation->request_length);
	call->request_length = conversation->request_length;
	call->networks = copy_networks(&call->arena, conversation->networks);
	call->drop = conversation->drop;
	copy_limits(call, conversation->timeout_ms, conversation->max_bytes);
	enqueue(call, ret_call);
	return 0;
}

void client_cancel(struct client_call *call)
{
	struct client *client = call->client;

	switch (call->state) {
	case CLIENT_CALL_WAITING:
		TAILQ_REMOVE(&client->waiting, call, link);
		break;
	case CLIENT_CALL_RUNNING:
		TAILQ_REMOVE(&client->running, call, link);
		client->in_flight--;
		call->transport->stop(call);
		break;
	case CLIENT_CALL_FINISHED:
		TAILQ_REMOVE(&client->finished, call, link);
		break;
	}
	if (call->drop)
		call->drop(call->arg);
	free_call(call);
}

void client_finish(struct client_call *call, const struct error *err)
{
	struct client *client = call->client;

	call->transport->stop(call);
	if (err)
		call->err = arena_copy(&call->arena, err, sizeof(*err));
	TAILQ_REMOVE(&client->running, call, link);
	TAILQ_INSERT_TAIL(&client->finished, call, link);
	call->state = CLIENT_CALL_FINISHED;
	client->in_flight--;
}

static void tell(struct client_call *call)
{
	struct client_response response = {
		.status = call->status,
		.body = buf_text(&call->answer),
		.body_length = call->answer.length,
		.handle = call->easy,
	};

	call->done(call->arg, call->err ? NULL : &response, call->err);
}

void client_deliver(struct client *client)
{
	struct client_call *call;

	while ((call = TAILQ_FIRST(&client->finished))) {
		TAILQ_REMOVE(&client->finished, call, link);
		tell(call);
		free_call(call);
	}
}

int client_refuse_address(const char *ip, struct error *err)
{
	error_set(err, ERROR_FORBIDDEN,
		"nothing was sent: the address %s lies outside the networks of the target", ip);
	return error_remedy(err, "correct the address, or add its network to the target");
}
