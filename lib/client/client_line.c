#include "lib/client/client_rooms.h"

#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <uv.h>

#define READ_BYTES 4096

/*
 * One conversation. It may outlive its call: libuv hands sockets and resolutions back later, so
 * it is freed when the last of them is (`held`), and `call` is NULL from the call's end on.
 */
struct client_line {
	struct client_call *call;
	uv_loop_t *uv;
	union {
		uv_handle_t handle;
		uv_stream_t stream;
		uv_tcp_t tcp;
		uv_pipe_t pipe;
	} socket;
	bool is_open;
	bool is_sent;
	int held;
	uv_connect_t connect;
	uv_write_t write;
	uv_getaddrinfo_t resolve;
	bool is_resolving;
	struct addrinfo *addresses, *next; /* what the name resolved to, what to try next */
	struct loop_timer *deadline;
};

static void try_next(struct client_line *line, const char *last_problem);

static void release(struct client_line *line)
{
	if (--line->held > 0)
		return;
	uv_freeaddrinfo(line->addresses);
	free(line);
}

static void on_close(uv_handle_t *handle)
{
	release(handle->data);
}

static void close_socket(struct client_line *line)
{
	if (!line->is_open)
		return;
	line->is_open = false;
	uv_close(&line->socket.handle, on_close);
}

static void stop(struct client_call *call)
{
	struct client_line *line = call->line;

	if (!line)
		return;
	call->line = NULL;
	line->call = NULL;
	loop_timer_free(line->deadline);
	close_socket(line);
	if (line->is_resolving)
		uv_cancel((uv_req_t *)&line->resolve);
	release(line);
}

static void fail(struct client_line *line, int code, const char *why)
{
	struct client_call *call = line->call;
	struct client *client = call->client;
	struct error err = ERROR_INIT;

	if (code == ERROR_TOO_LARGE)
		error_set(&err, code, "the answer is larger than %zu bytes", call->max_bytes);
	else if (line->is_sent)
		error_set(&err, ERROR_OUTCOME_UNKNOWN,
			"the request was sent and no whole answer came: %s", why);
	else
		error_set(&err, ERROR_UNREACHABLE, "nothing was sent: %s", why);
	error_place(&err, "%s", call->address.text);
	client_finish(call, &err);
	client_deliver(client);
}

static void succeed(struct client_line *line)
{
	struct client *client = line->call->client;

	client_finish(line->call, NULL);
	client_deliver(client);
}

static void on_deadline(void *arg)
{
	fail(arg, ERROR_TIMEOUT, "time-out");
}

static void give_room(uv_handle_t *handle, size_t suggested, uv_buf_t *ret)
{
	struct client_line *line = handle->data;
	struct buf *answer = &line->call->answer;

	(void)suggested;
	buf_reserve(answer, READ_BYTES);
	*ret = uv_buf_init(answer->bytes + answer->length, READ_BYTES);
}

static void on_read(uv_stream_t *stream, ssize_t length, const uv_buf_t *bytes)
{
	struct client_line *line = stream->data;
	struct buf *answer;

	(void)bytes;
	if (!line->call || length == 0)
		return;
	answer = &line->call->answer;
	if (length > 0) {
		answer->length += (size_t)length;
		answer->bytes[answer->length] = 0;
		if (answer->length > line->call->max_bytes)
			fail(line, ERROR_TOO_LARGE, "");
	} else if (length == UV_EOF && answer->length) {
		succeed(line);
	} else {
		fail(line, ERROR_OUTCOME_UNKNOWN,
			length == UV_EOF ? "the peer closed without a word"
					 : uv_strerror((int)length));
	}
}

static void on_write(uv_write_t *write, int status)
{
	struct client_line *line = write->data;

	if (status < 0 && line->call)
		fail(line, ERROR_OUTCOME_UNKNOWN, uv_strerror(status));
}

static void on_connect(uv_connect_t *connect, int status)
{
	struct client_line *line = connect->data;
	uv_buf_t request;

	if (!line->call || status == UV_ECANCELED)
		return;
	if (status < 0) {
		try_next(line, uv_strerror(status));
		return;
	}
	request = uv_buf_init((char *)line->call->request, (unsigned)line->call->request_length);
	line->is_sent = true;
	line->write.data = line;
	status = uv_write(&line->write, &line->socket.stream, &request, 1, on_write);
	if (status >= 0)
		status = uv_read_start(&line->socket.stream, give_room, on_read);
	if (status < 0)
		fail(line, ERROR_OUTCOME_UNKNOWN, uv_strerror(status));
}

static void connect_unix(struct client_line *line)
{
	uv_pipe_init(line->uv, &line->socket.pipe, 0);
	line->socket.handle.data = line;
	line->is_open = true;
	line->held++;
	uv_pipe_connect(&line->connect, &line->socket.pipe,
		line->call->address.text + strlen("unix:"), on_connect);
}

/* Returns 0 or libuv's error. */
static int connect_tcp(struct client_line *line, const struct sockaddr *address)
{
	uv_tcp_init(line->uv, &line->socket.tcp);
	line->socket.handle.data = line;
	line->is_open = true;
	line->held++;
	uv_tcp_nodelay(&line->socket.tcp, 1);
	return uv_tcp_connect(&line->connect, &line->socket.tcp, address, on_connect);
}

static bool is_allowed(
	const struct client_line *line, const struct sockaddr *address, char *ip, size_t size)
{
	snprintf(ip, size, "?");
	uv_ip_name(address, ip, size);
	return client_is_in_networks(ip, line->call->networks);
}

static void finish_refused(struct client_line *line, const char *ip)
{
	struct client_call *call = line->call;
	struct client *client = call->client;
	struct error err = ERROR_INIT;

	client_refuse_address(ip, &err);
	error_place(&err, "%s", call->address.text);
	client_finish(call, &err);
	client_deliver(client);
}

/* The socket that failed is closed first; its handle is used again, so the next try waits for that.
 */
static void on_close_then_next(uv_handle_t *handle)
{
	struct client_line *line = handle->data;

	if (!line->call) {
		release(line);
		return;
	}
	line->held--;
	try_next(line, "no address answered");
}

static void try_next(struct client_line *line, const char *last_problem)
{
	char ip[INET6_ADDRSTRLEN];
	const struct addrinfo *address;

	if (!line->next) {
		fail(line, ERROR_UNREACHABLE, last_problem);
		return;
	}
	if (line->is_open) {
		line->is_open = false;
		uv_close(&line->socket.handle, on_close_then_next);
		return;
	}
	address = line->next;
	line->next = address->ai_next;
	if (!is_allowed(line, address->ai_addr, ip, sizeof(ip))) {
		finish_refused(line, ip);
		return;
	}
	if (connect_tcp(line, address->ai_addr) < 0)
		try_next(line, "no address answered");
}

static void on_resolved(uv_getaddrinfo_t *resolve, int status, struct addrinfo *addresses)
{
	struct client_line *line = resolve->data;

	line->is_resolving = false;
	line->addresses = addresses;
	line->next = addresses;
	if (line->call && status < 0)
		fail(line, ERROR_UNREACHABLE, uv_strerror(status));
	else if (line->call)
		try_next(line, "the name has no address");
	release(line);
}

static int resolve_name(struct client_line *line, struct error *err)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
	const char *host = line->call->address.host;
	char port[16];
	int rc;

	/* Our own host is known without a name service, and without /etc/hosts. */
	if (strcasecmp(host, "localhost") == 0)
		host = NULL;
	snprintf(port, sizeof(port), "%d", line->call->address.port);
	line->resolve.data = line;
	rc = uv_getaddrinfo(line->uv, &line->resolve, on_resolved, host, port, &hints);
	if (rc < 0)
		return error_set(err, ERROR_UNREACHABLE, "nothing was sent: %s", uv_strerror(rc));
	line->is_resolving = true;
	line->held++;
	return 0;
}

static int connect_numeric(struct client_line *line, struct error *err)
{
	const struct client_address *to = &line->call->address;
	struct sockaddr_storage address = {0};
	char ip[INET6_ADDRSTRLEN];
	int rc;

	if (uv_ip4_addr(to->host, to->port, (struct sockaddr_in *)&address) < 0 &&
		uv_ip6_addr(to->host, to->port, (struct sockaddr_in6 *)&address) < 0)
		return error_set(
			err, ERROR_INVALID, "nothing was sent: %s is no address", to->host);
	if (!is_allowed(line, (struct sockaddr *)&address, ip, sizeof(ip)))
		return client_refuse_address(ip, err);
	rc = connect_tcp(line, (struct sockaddr *)&address);
	if (rc < 0)
		return error_set(err, ERROR_UNREACHABLE, "nothing was sent: %s", uv_strerror(rc));
	return 0;
}

static int start(struct client_call *call, struct error *err)
{
	struct client_line *line = calloc(1, sizeof(*line));
	int rc = 0;

	if (!line)
		abort();
	call->line = line;
	line->call = call;
	line->uv = loop_uv(call->client->loop);
	line->held = 1;
	line->connect.data = line;
	line->deadline = loop_timer_new(call->client->loop, on_deadline, line);
	loop_timer_start(line->deadline, call->timeout_ms, 0);
	if (call->address.scheme == CLIENT_UNIX)
		connect_unix(line);
	else if (call->address.is_numeric)
		rc = connect_numeric(line, err);
	else
		rc = resolve_name(line, err);
	if (rc < 0)
		error_place(err, "%s", call->address.text);
	return rc;
}

const struct client_transport client_line_transport = {start, stop};
