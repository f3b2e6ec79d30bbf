#include "change/decision/gate_socket.h"

#include "change/gate/account.h"
#include "lib/base/id.h"
#include "lib/base/log.h"
#include "lib/base/time.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG	      64
#define RUNS_MAX      4 /* that one connection runs or watches */
#define LOOK_EVERY_MS 1000

struct connection {
	struct connection *next, **place;
	struct gate_socket *server;
	int fd;
	uint32_t uid;
	struct loop_watch *watch;
	struct gate_exchange *exchange; /* being answered; nothing is read meanwhile */
	char runs[RUNS_MAX][ID_SIZE];
	bool is_told[RUNS_MAX];
	int64_t heard_ms;
};

struct gate_exchange {
	struct connection *connection; /* NULL = gone, or answered late */
	struct arena arena;
	struct gate_message message;
	struct gate_ask ask;
	int64_t until_ms;
};

struct gate_socket {
	struct gate_socket_options options;
	char path[108];
	int fd;
	struct loop_watch *watch;
	struct loop_timer *timer;
	struct connection *first;
	size_t count;
	unsigned char *packet; /* GATE_MESSAGE_MAX + 1 */
};

/* --- connections --- */

static void hang_up(struct connection *connection)
{
	if (connection->exchange)
		connection->exchange->connection = NULL;
	loop_watch_free(connection->watch);
	close(connection->fd);
	*connection->place = connection->next;
	if (connection->next)
		connection->next->place = connection->place;
	connection->server->count--;
	free(connection);
}

static bool is_busy(const struct connection *connection)
{
	for (size_t i = 0; i < RUNS_MAX; i++)
		if (connection->runs[i][0])
			return true;
	return connection->exchange != NULL;
}

static size_t count_of(const struct gate_socket *server, uint32_t uid)
{
	size_t count = 0;

	for (const struct connection *c = server->first; c; c = c->next)
		count += c->uid == uid;
	return count;
}

static void follow_run(struct connection *connection, const char *run)
{
	size_t slot = 0;

	if (!id_is_valid(run))
		return;
	for (size_t i = 0; i < RUNS_MAX; i++)
		if (!strcmp(connection->runs[i], run))
			return;
	while (slot < RUNS_MAX - 1 && connection->runs[slot][0])
		slot++;
	snprintf(connection->runs[slot], ID_SIZE, "%s", run);
	connection->is_told[slot] = false;
}

static void leave_run(struct connection *connection, const char *run)
{
	for (size_t i = 0; i < RUNS_MAX; i++)
		if (!strcmp(connection->runs[i], run))
			connection->runs[i][0] = 0;
}

/* --- sending --- */

/* A copy that nobody can change any more. */
static int seal(const struct gate_reply_content *content)
{
	static const int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
	int fd = memfd_create("rcm-content", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	size_t done = 0;

	while (fd >= 0 && done < content->length) {
		ssize_t wrote = write(fd, content->bytes + done, content->length - done);

		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote <= 0)
			break;
		done += (size_t)wrote;
	}
	if (fd >= 0 && (done < content->length || fcntl(fd, F_ADD_SEALS, seals) < 0)) {
		close(fd);
		return -1;
	}
	return fd;
}

static void close_all(const int *fds, size_t count)
{
	for (size_t i = 0; i < count; i++)
		close(fds[i]);
}

/* The number of descriptors, or -1 when one cannot be made. */
static int seal_all(const struct gate_reply *reply, int *fds)
{
	if (reply->content_count > GATE_CONTENTS_MAX)
		return -1;
	for (size_t i = 0; i < reply->content_count; i++) {
		fds[i] = seal(&reply->contents[i]);
		if (fds[i] < 0) {
			close_all(fds, i);
			return -1;
		}
	}
	return (int)reply->content_count;
}

/* A peer that does not read what it asked for is hung up on. */
static int send_packet(
	struct connection *connection, const struct buf *packet, const int *fds, size_t count)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(GATE_CONTENTS_MAX * sizeof(int))];
	} control = {0};
	struct iovec part = {packet->bytes, packet->length};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	struct cmsghdr *header;
	ssize_t sent;

	if (count) {
		message.msg_control = control.bytes;
		message.msg_controllen = CMSG_SPACE(count * sizeof(int));
		header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(count * sizeof(int));
		memcpy(CMSG_DATA(header), fds, count * sizeof(int));
	}
	do
		sent = sendmsg(connection->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (sent < 0 && errno == EINTR);
	return sent == (ssize_t)packet->length ? 0 : -1;
}

static int encode(const struct gate_message *message, struct buf *out, struct error *err)
{
	switch (message->kind) {
	case GATE_VERDICT:
		return gate_encode_verdict(out, &message->verdict, err);
	case GATE_STEP:
		return gate_encode_step(out, &message->step, err);
	case GATE_NOTED:
		return gate_encode_noted(out, err);
	case GATE_STOP:
		return gate_encode_stop(out, &message->stop, err);
	case GATE_FAULT:
		return gate_encode_fault(out, &message->fault, err);
	case GATE_DECIDE:
	case GATE_CHECK:
	case GATE_FETCH:
	case GATE_HEARTBEAT:
	case GATE_END:
	case GATE_WATCH:
		break;
	}
	return error_set(err, ERROR_INTERNAL, "this is no answer");
}

static int send_reply(struct connection *connection, const struct gate_reply *reply)
{
	struct buf packet = BUF_INIT;
	struct error err = ERROR_INIT;
	int fds[GATE_CONTENTS_MAX];
	int count = seal_all(reply, fds), rc = -1;

	if (count >= 0 && encode(&reply->message, &packet, &err) >= 0)
		rc = send_packet(connection, &packet, fds, (size_t)count);
	else if (count >= 0)
		log_warn("gate", "an answer cannot be sent", "error", err.message);
	if (count > 0)
		close_all(fds, (size_t)count);
	buf_done(&packet);
	return rc;
}

static int send_fault(struct connection *connection, const char *field, const char *text)
{
	const struct gate_reply reply = {.message = {.kind = GATE_FAULT, .fault = {field, text}}};

	return send_reply(connection, &reply);
}

/* --- answers --- */

static void note_answer(struct connection *connection, const struct gate_exchange *exchange,
	const struct gate_reply *reply)
{
	const struct gate_message *asked = &exchange->message;

	if (reply->message.kind == GATE_VERDICT && asked->kind == GATE_DECIDE &&
		reply->message.verdict.run)
		follow_run(connection, reply->message.verdict.run);
	if (reply->message.kind == GATE_NOTED && asked->kind == GATE_WATCH)
		follow_run(connection, asked->watch.run);
	if (reply->message.kind == GATE_NOTED && asked->kind == GATE_END)
		leave_run(connection, asked->end.run);
}

void gate_answer(struct gate_exchange *exchange, const struct gate_reply *reply)
{
	struct connection *connection = exchange->connection;

	if (connection) {
		note_answer(connection, exchange, reply);
		connection->exchange = NULL;
		connection->heard_ms = time_mono_ms();
		if (send_reply(connection, reply) < 0)
			hang_up(connection);
		else
			loop_watch_for(connection->watch, LOOP_READABLE);
	}
	arena_done(&exchange->arena);
	free(exchange);
}

void gate_answer_fault(struct gate_exchange *exchange, const struct error *err)
{
	const struct gate_reply reply = {
		.message = {.kind = GATE_FAULT, .fault = {err->field, err->message}}};

	gate_answer(exchange, &reply);
}

/* --- taking --- */

/* Only root may say that somebody else acts; everybody else is who the kernel says. */
static bool is_allowed(const struct connection *connection, const struct gate_message *message)
{
	if (message->kind != GATE_DECIDE && message->kind != GATE_CHECK)
		return true;
	return !connection->uid || message->request.actor_uid == connection->uid;
}

const char *gate_ask_account(const struct gate_ask *ask, const char *said)
{
	return ask->uid ? account_of(ask->arena, ask->uid).name : said;
}

static bool is_question(enum gate_kind kind)
{
	return kind == GATE_DECIDE || kind == GATE_CHECK || kind == GATE_FETCH ||
	       kind == GATE_HEARTBEAT || kind == GATE_END || kind == GATE_WATCH;
}

static int begin(struct connection *connection, struct gate_exchange *exchange, size_t length)
{
	struct gate_socket *server = connection->server;
	struct error err = ERROR_INIT;
	void *packet = arena_copy(&exchange->arena, server->packet, length);
	int rc = gate_decode(&exchange->arena, packet, length, &exchange->message, &err);

	if (rc >= 0 && !is_question(exchange->message.kind)) {
		rc = error_set(&err, ERROR_INVALID, "this is no question");
		error_field(&err, "kind");
	}
	if (rc >= 0 && !is_allowed(connection, &exchange->message)) {
		rc = error_set(&err, ERROR_FORBIDDEN, "only root may ask for another account");
		error_field(&err, "actor_uid");
	}
	if (rc < 0) {
		send_fault(connection, err.field, err.message);
		return rc;
	}
	exchange->connection = connection;
	exchange->until_ms = time_mono_ms() + GATE_ANSWER_MS;
	exchange->ask =
		(struct gate_ask){connection->uid, &exchange->message, &exchange->arena, exchange};
	connection->exchange = exchange;
	server->options.backend.ask(server->options.backend.arg, &exchange->ask);
	return 0;
}

/* The connection may be gone when this returns. */
static void take(struct connection *connection, size_t length)
{
	struct gate_exchange *exchange = calloc(1, sizeof(*exchange));

	if (!exchange)
		abort();
	if (begin(connection, exchange, length) >= 0)
		return;
	arena_done(&exchange->arena);
	free(exchange);
	hang_up(connection);
}

static void on_packet(void *arg, unsigned events)
{
	struct connection *connection = arg;
	struct iovec part = {connection->server->packet, GATE_MESSAGE_MAX + 1};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	ssize_t got;

	(void)events;
	if (connection->exchange) {
		loop_watch_for(connection->watch, 0); /* until that one is answered */
		return;
	}
	got = recvmsg(connection->fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		hang_up(connection);
		return;
	}
	connection->heard_ms = time_mono_ms();
	if ((size_t)got > GATE_MESSAGE_MAX || (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC))) {
		send_fault(connection, "message", "longer than a message may be");
		hang_up(connection);
		return;
	}
	take(connection, (size_t)got);
}

/* --- listening --- */

static void welcome(struct gate_socket *server, int fd)
{
	struct connection *connection;
	struct ucred peer;
	socklen_t size = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0 ||
		server->count >= GATE_CONNECTIONS_MAX ||
		(peer.uid && count_of(server, peer.uid) >= GATE_CONNECTIONS_OF_UID)) {
		close(fd);
		return;
	}
	connection = calloc(1, sizeof(*connection));
	if (!connection)
		abort();
	connection->server = server;
	connection->fd = fd;
	connection->uid = peer.uid;
	connection->heard_ms = time_mono_ms();
	connection->watch = loop_watch_new(server->options.loop, fd, on_packet, connection);
	if (!connection->watch) {
		close(fd);
		free(connection);
		return;
	}
	connection->place = &server->first;
	connection->next = server->first;
	if (connection->next)
		connection->next->place = &connection->next;
	server->first = connection;
	server->count++;
	loop_watch_for(connection->watch, LOOP_READABLE);
	on_packet(connection, LOOP_READABLE); /* who connects asks at once */
}

static void on_listener(void *arg, unsigned events)
{
	struct gate_socket *server = arg;
	int fd;

	(void)events;
	while ((fd = accept4(server->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0)
		welcome(server, fd);
}

/* Who waits too long is told no; who says nothing and runs nothing leaves. */
static void look(void *arg)
{
	struct gate_socket *server = arg;
	int64_t now_ms = time_mono_ms();
	struct connection *next;

	for (struct connection *c = server->first; c; c = next) {
		next = c->next;
		if (c->exchange && now_ms >= c->exchange->until_ms) {
			send_fault(c, "", "the gate did not decide in time");
			hang_up(c);
		} else if (!is_busy(c) && now_ms - c->heard_ms >= GATE_SILENCE_MS) {
			hang_up(c);
		}
	}
}

/* A socket that nobody listens on is one that a daemon left; any other file stays. */
static int clear_path(const char *path, const struct sockaddr_un *address, struct error *err)
{
	struct stat info;
	int fd, rc;

	if (lstat(path, &info) < 0)
		return errno == ENOENT ? 0 : error_errno(err, ERROR_IO, path);
	if (!S_ISSOCK(info.st_mode)) {
		error_set(err, ERROR_IO, "there is a file where the gate's socket should be");
		error_place(err, "%s", path);
		return error_remedy(err, "move it away, or choose another --gate-socket");
	}
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return error_errno(err, ERROR_IO, path);
	rc = connect(fd, (const struct sockaddr *)address, sizeof(*address));
	close(fd);
	if (rc == 0) {
		error_set(err, ERROR_LOCKED, "another gate serves this socket");
		return error_place(err, "%s", path);
	}
	return unlink(path) < 0 ? error_errno(err, ERROR_IO, path) : 0;
}

static int listen_at(struct gate_socket *server, struct error *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int rc;

	if (strlen(server->options.path) >= sizeof(address.sun_path)) {
		error_set(err, ERROR_INVALID, "the path of the gate's socket is too long");
		return error_place(err, "%s", server->options.path);
	}
	snprintf(server->path, sizeof(server->path), "%s", server->options.path);
	memcpy(address.sun_path, server->path, strlen(server->path) + 1);
	if ((rc = clear_path(server->path, &address, err)) < 0)
		return rc;
	server->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (server->fd < 0 ||
		bind(server->fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
		chmod(server->path, 0666) < 0 || listen(server->fd, BACKLOG) < 0) {
		error_errno(err, ERROR_IO, "the gate's socket cannot be made");
		return error_place(err, "%s", server->path);
	}
	return 0;
}

/* What somebody else made: the path is theirs, and stays. */
static int listen_with(struct gate_socket *server, int fd, struct error *err)
{
	int flags = fcntl(fd, F_GETFL);

	server->fd = fd;
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return error_errno(err, ERROR_IO, "the gate's socket that was handed over");
	return 0;
}

int gate_socket_open(
	const struct gate_socket_options *options, struct gate_socket **ret, struct error *err)
{
	struct gate_socket *server = calloc(1, sizeof(*server));
	int rc;

	if (!server)
		abort();
	server->options = *options;
	server->fd = -1;
	server->packet = malloc(GATE_MESSAGE_MAX + 1);
	if (!server->packet)
		abort();
	rc = options->fd < 0 ? listen_at(server, err) : listen_with(server, options->fd, err);
	if (rc < 0) {
		gate_socket_close(server);
		return rc;
	}
	server->watch = loop_watch_new(options->loop, server->fd, on_listener, server);
	if (!server->watch)
		abort();
	loop_watch_for(server->watch, LOOP_READABLE);
	server->timer = loop_timer_new(options->loop, look, server);
	loop_timer_start(server->timer, LOOK_EVERY_MS, LOOK_EVERY_MS);
	*ret = server;
	return 0;
}

void gate_socket_stop_listening(struct gate_socket *server)
{
	if (!server || server->fd < 0)
		return;
	loop_watch_free(server->watch);
	loop_timer_free(server->timer);
	server->watch = NULL;
	server->timer = NULL;
	close(server->fd);
	server->fd = -1;
	if (*server->path)
		unlink(server->path);
	while (server->first)
		hang_up(server->first);
}

void gate_socket_close(struct gate_socket *server)
{
	if (!server)
		return;
	gate_socket_stop_listening(server);
	free(server->packet);
	free(server);
}

/* --- runs --- */

void gate_socket_stop(
	struct gate_socket *server, const char *run, const char *reason, const char *message)
{
	const struct gate_reply reply = {
		.message = {.kind = GATE_STOP, .stop = {run, reason, message}}};
	struct connection *next;

	for (struct connection *c = server->first; c; c = next) {
		bool is_gone = false;

		next = c->next;
		for (size_t i = 0; !is_gone && i < RUNS_MAX; i++) {
			if (strcmp(c->runs[i], run) != 0 || c->is_told[i])
				continue;
			c->is_told[i] = true;
			is_gone = send_reply(c, &reply) < 0;
		}
		if (is_gone)
			hang_up(c);
	}
}

void gate_socket_each_run(
	struct gate_socket *server, void (*call)(void *arg, const char *run), void *arg)
{
	for (struct connection *c = server->first; c; c = c->next)
		for (size_t i = 0; i < RUNS_MAX; i++)
			if (c->runs[i][0] && !c->is_told[i])
				call(arg, c->runs[i]);
}
