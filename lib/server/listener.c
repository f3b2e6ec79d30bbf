#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/server/server_rooms.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_CONNECTIONS 512
#define PEER_GONE_MS	    30000 /* unacknowledged bytes: a stream's peer that vanished */
/* TLS 1.2 and 1.3 only, forward secrecy, no CBC. */
#define TLS_PRIORITIES                                                                             \
	"SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA:-AES-128-CBC:-AES-256-CBC"

/* --- MHD's callbacks --- */

static void log_library(void *cls, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));

static void log_library(void *cls, const char *format, va_list args)
{
	struct listener *listener = cls;
	char line[512];

	if (!log_is_on("server", LOG_LEVEL_DEBUG))
		return;
	vsnprintf(line, sizeof(line), format, args);
	line[strcspn(line, "\r\n")] = 0;
	log_debug("server", "libmicrohttpd", "listener", listener->name, "said", line);
}

static size_t keep_escapes(void *cls, struct MHD_Connection *mhd, char *text)
{
	(void)cls;
	(void)mhd;
	return strlen(text);
}

static int64_t peer_uid(int fd)
{
	struct ucred credentials;
	socklen_t size = sizeof(credentials);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) < 0)
		return -1;
	return (int64_t)credentials.uid;
}

static bool is_limited(const struct listener *listener, int64_t uid)
{
	return listener->per_user_limit && uid > 0 && uid != (int64_t)geteuid();
}

/* One user must not take the whole socket: who has his share is hung up on. */
static void limit_user(const struct listener *listener, const struct connection *newest)
{
	unsigned count = 0;

	if (!is_limited(listener, newest->peer_uid))
		return;
	for (const struct connection *one = listener->connections; one; one = one->elder)
		count += one->peer_uid == newest->peer_uid;
	if (count > listener->per_user_limit)
		shutdown(newest->fd, SHUT_RDWR);
}

static void link_connection(struct listener *listener, struct connection *connection)
{
	listener->open_count++;
	connection->elder = listener->connections;
	if (connection->elder)
		connection->elder->younger = connection;
	listener->connections = connection;
}

static void unlink_connection(struct listener *listener, struct connection *connection)
{
	listener->open_count--;
	if (connection->younger)
		connection->younger->elder = connection->elder;
	else
		listener->connections = connection->elder;
	if (connection->elder)
		connection->elder->younger = connection->younger;
}

static void open_connection(struct listener *listener, struct MHD_Connection *mhd, void **context)
{
	struct connection *connection = calloc(1, sizeof(*connection));
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
	unsigned peer_gone_ms = PEER_GONE_MS;

	if (!connection)
		abort();
	connection->server = listener->server;
	connection->listener = listener;
	connection->fd = info->connect_fd;
	connection->peer_uid = listener->address.is_unix ? peer_uid(connection->fd) : -1;
	address_of_peer(connection->fd, connection->address, sizeof(connection->address));
	if (!listener->address.is_unix)
		setsockopt(connection->fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &peer_gone_ms,
			sizeof(peer_gone_ms));
	deadline_set(connection, DEADLINE_IDLE);
	link_connection(listener, connection);
	limit_user(listener, connection);
	*context = connection;
}

static void on_connection(void *cls, struct MHD_Connection *mhd, void **context,
	enum MHD_ConnectionNotificationCode what)
{
	struct listener *listener = cls;
	struct connection *connection = *context;

	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		open_connection(listener, mhd, context);
		return;
	}
	/* A freed slot is given away in the next MHD_run only. */
	listener->run_again = true;
	if (!connection)
		return;
	/* The library tells no end of a request that it refused by itself. */
	if (connection->request)
		request_completed(connection->request);
	deadline_set(connection, DEADLINE_NONE);
	unlink_connection(listener, connection);
	free(connection);
	*context = NULL;
}

static void *on_request_line(void *cls, const char *uri, struct MHD_Connection *mhd)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	(void)cls;
	return request_new(info->socket_context, mhd, uri);
}

static void on_completed(
	void *cls, struct MHD_Connection *mhd, void **con_cls, enum MHD_RequestTerminationCode why)
{
	struct listener *listener = cls;

	(void)mhd;
	(void)why;
	if (*con_cls)
		request_completed(*con_cls);
	*con_cls = NULL;
	listener->run_again = true;
}

/* --- the loop's callbacks --- */

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct listener *listener = poll->data;

	(void)status;
	(void)events;
	MHD_run(listener->daemon);
}

static void on_timer(void *arg)
{
	struct listener *listener = arg;

	listener->run_again = true;
}

bool listener_turn(struct listener *listener)
{
	MHD_UNSIGNED_LONG_LONG wait_ms = 0;
	bool has_run = listener->run_again;

	if (listener->run_again) {
		listener->run_again = false;
		MHD_run(listener->daemon);
	}
	if (MHD_get_timeout(listener->daemon, &wait_ms) != MHD_YES)
		loop_timer_stop(listener->timer);
	else if (wait_ms == 0)
		listener->run_again = true;
	else
		loop_timer_start(listener->timer, (int64_t)wait_ms, 0);
	/* What ran may have given the store work: its hook comes before ours. */
	return has_run || listener->run_again;
}

/* --- opening --- */

static int read_pem(const char *field, const char *path, struct secret *ret, struct error *err)
{
	char reference[4200];
	int rc;

	snprintf(reference, sizeof(reference), "%s%s", strchr(path, ':') ? "" : "file:", path);
	rc = secret_open(reference, ret, err);
	if (rc < 0) {
		error_prefix(err, "%s", field);
		return error_field(err, "%s", field);
	}
	return 0;
}

/* A certificate is no secret, so it may be readable by all; the key may not. */
static int read_certificate(const char *path, struct secret *ret, struct error *err)
{
	FILE *file = fopen(path, "re");
	struct buf text = BUF_INIT;
	char chunk[4096];
	size_t got;

	if (!file) {
		error_errno(err, ERROR_IO, "the TLS certificate cannot be read");
		error_field(err, "tls-certificate");
		return error_place(err, "%s", path);
	}
	while (text.length < 1 << 20 && (got = fread(chunk, 1, sizeof(chunk), file)) > 0)
		buf_add(&text, chunk, got);
	fclose(file);
	ret->bytes = (unsigned char *)buf_take(&text, &ret->length);
	return 0;
}

static int read_tls(
	struct listener *listener, const struct listener_options *options, struct error *err)
{
	bool has_certificate = options->certificate_path && *options->certificate_path;
	bool has_key = options->key_path && *options->key_path;
	int rc;

	if (has_certificate != has_key) {
		error_set(err, ERROR_INVALID,
			"TLS needs a certificate and a key, and only one is set");
		return error_remedy(err, "set tls-certificate and tls-key, or neither");
	}
	if (!has_key)
		return 0;
	rc = read_certificate(options->certificate_path, &listener->certificate, err);
	if (rc >= 0)
		rc = read_pem("tls-key", options->key_path, &listener->key, err);
	listener->is_tls = rc >= 0;
	return rc;
}

static int check_exposure(
	const struct listener *listener, const struct listener_options *options, struct error *err)
{
	if (listener->is_tls || listener->address.is_loopback)
		return 0;
	error_set(err, ERROR_INVALID,
		"%s is not a loopback address, and there is no TLS: tokens would "
		"travel in clear",
		options->address);
	error_field(err, "listen");
	return error_remedy(
		err, "set tls-certificate and tls-key, or listen on 127.0.0.1 behind a proxy");
}

static int start_daemon(
	struct listener *listener, const struct listener_options *options, struct error *err)
{
	struct MHD_OptionItem tls[] = {
		{MHD_OPTION_HTTPS_MEM_CERT, 0, listener->certificate.bytes},
		{MHD_OPTION_HTTPS_MEM_KEY, 0, listener->key.bytes},
		{MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(intptr_t)TLS_PRIORITIES},
		{MHD_OPTION_END, 0, NULL},
	};
	struct MHD_OptionItem none[] = {{MHD_OPTION_END, 0, NULL}};
	unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
	unsigned limit =
		options->connection_limit ? options->connection_limit : DEFAULT_CONNECTIONS;
	unsigned each = listener->address.is_unix ? 0 : options->per_address_limit;

	if (listener->is_tls)
		flags |= MHD_USE_TLS;
	listener->daemon = MHD_start_daemon(flags, 0, NULL, NULL, access_handle, listener,
		MHD_OPTION_EXTERNAL_LOGGER, log_library, listener, MHD_OPTION_LISTEN_SOCKET,
		listener->address.fd, MHD_OPTION_CONNECTION_LIMIT, limit,
		MHD_OPTION_PER_IP_CONNECTION_LIMIT, each, MHD_OPTION_CONNECTION_TIMEOUT,
		listener->server->idle_timeout_s, MHD_OPTION_STRICT_FOR_CLIENT, 1,
		MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL, MHD_OPTION_URI_LOG_CALLBACK,
		on_request_line, listener, MHD_OPTION_NOTIFY_CONNECTION, on_connection, listener,
		MHD_OPTION_NOTIFY_COMPLETED, on_completed, listener, MHD_OPTION_ARRAY,
		listener->is_tls ? tls : none, MHD_OPTION_END);
	if (listener->daemon)
		return 0;
	error_set(err, ERROR_INVALID, "the listener %s cannot be started", options->name);
	error_place(err, "%s", options->address);
	return listener->is_tls
		       ? error_remedy(err, "check that tls-key belongs to tls-certificate, and "
					   "that both are PEM")
		       : err->code;
}

static void free_listener(struct listener *listener)
{
	free(listener->certificate.bytes);
	secret_close(&listener->key);
	address_close(&listener->address);
	free(listener->name);
	free(listener);
}

static void start_polling(struct listener *listener)
{
	const union MHD_DaemonInfo *info =
		MHD_get_daemon_info(listener->daemon, MHD_DAEMON_INFO_EPOLL_FD);

	if (!info ||
		uv_poll_init(loop_uv(listener->server->loop), &listener->poll, info->epoll_fd) < 0)
		abort();
	listener->poll.data = listener;
	uv_poll_start(&listener->poll, UV_READABLE, on_readable);
	listener->timer = loop_timer_new(listener->server->loop, on_timer, listener);
	listener->run_again = true;
}

int listener_open(struct server *server, const struct listener_options *options,
	struct listener **ret, struct error *err)
{
	struct listener *listener = calloc(1, sizeof(*listener));
	int rc;

	if (!listener)
		abort();
	listener->server = server;
	listener->name = strdup(options->name);
	listener->per_user_limit = options->per_address_limit;
	listener->address.fd = -1;
	rc = read_tls(listener, options, err);
	if (rc >= 0)
		rc = address_bind(options, &listener->address, err);
	if (rc >= 0)
		rc = check_exposure(listener, options, err);
	if (rc >= 0)
		rc = start_daemon(listener, options, err);
	if (rc < 0) {
		free_listener(listener);
		return rc;
	}
	start_polling(listener);
	*ret = listener;
	return 0;
}

/* --- closing --- */

void listener_quiesce(struct listener *listener)
{
	MHD_quiesce_daemon(listener->daemon);
	address_close(&listener->address);
	listener->run_again = true;
}

static void on_closed(uv_handle_t *handle)
{
	free_listener(handle->data);
}

void listener_close(struct listener *listener)
{
	uv_poll_stop(&listener->poll);
	loop_timer_free(listener->timer);
	MHD_run(listener->daemon);
	MHD_run(listener->daemon);
	MHD_stop_daemon(listener->daemon);
	uv_close((uv_handle_t *)&listener->poll, on_closed);
}
