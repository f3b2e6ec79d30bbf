#include "client_peer.h"

#include <arpa/inet.h>
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct connection {
	struct peer *peer;
	int fd;
};

static void *serve_connection(void *arg)
{
	struct connection connection = *(struct connection *)arg;
	struct peer *peer = connection.peer;

	free(arg);
	peer->answer(peer, connection.fd);
	close(connection.fd);
	return NULL;
}

static void *serve(void *arg)
{
	struct peer *peer = arg;

	for (;;) {
		struct connection *connection;
		pthread_t thread;
		int fd = accept(peer->listener, NULL, NULL);

		if (fd < 0)
			return NULL;
		atomic_fetch_add(&peer->connections, 1);
		connection = malloc(sizeof(*connection));
		*connection = (struct connection){peer, fd};
		pthread_create(&thread, NULL, serve_connection, connection);
		pthread_detach(thread);
	}
}

static void begin(struct peer *peer, void (*answer)(struct peer *peer, int fd), const char *reply)
{
	peer->answer = answer;
	peer->reply = reply;
	pthread_mutex_init(&peer->mutex, NULL);
	ck_assert_int_eq(listen(peer->listener, 128), 0);
	ck_assert_int_eq(pthread_create(&peer->thread, NULL, serve, peer), 0);
}

void peer_open(struct peer *peer, void (*answer)(struct peer *peer, int fd), const char *reply)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);

	memset(peer, 0, sizeof(*peer));
	peer->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(peer->listener, (struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(getsockname(peer->listener, (struct sockaddr *)&address, &size), 0);
	peer->port = ntohs(address.sin_port);
	snprintf(peer->address, sizeof(peer->address), "tcp:127.0.0.1:%d", peer->port);
	snprintf(peer->origin, sizeof(peer->origin), "http://127.0.0.1:%d", peer->port);
	begin(peer, answer, reply);
}

void peer_open_unix(struct peer *peer, void (*answer)(struct peer *peer, int fd), const char *reply)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	memset(peer, 0, sizeof(*peer));
	strcpy(peer->directory, "/tmp/test-client-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(peer->directory));
	snprintf(address.sun_path, sizeof(address.sun_path), "%.60s/s.sock", peer->directory);
	snprintf(peer->address, sizeof(peer->address), "unix:%s", address.sun_path);
	peer->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(peer->listener, (struct sockaddr *)&address, sizeof(address)), 0);
	begin(peer, answer, reply);
}

void peer_close(struct peer *peer)
{
	shutdown(peer->listener, SHUT_RDWR);
	pthread_join(peer->thread, NULL);
	close(peer->listener);
	if (*peer->directory) {
		unlink(peer->address + strlen("unix:"));
		rmdir(peer->directory);
	}
}

/* Reads until `is_whole` says so. */
static int read_until(struct peer *peer, int fd, int (*is_whole)(const char *text, size_t length))
{
	char text[sizeof(peer->seen)] = "";
	size_t length = 0;

	while (!is_whole(text, length)) {
		ssize_t got = read(fd, text + length, sizeof(text) - 1 - length);

		if (got <= 0)
			return 0;
		length += (size_t)got;
		text[length] = 0;
	}
	pthread_mutex_lock(&peer->mutex);
	memcpy(peer->seen, text, sizeof(text));
	pthread_mutex_unlock(&peer->mutex);
	return 1;
}

static int is_whole_http(const char *text, size_t length)
{
	const char *end = strstr(text, "\r\n\r\n");
	const char *size = strcasestr(text, "content-length:");

	if (!end)
		return 0;
	return !size || size > end || length >= (size_t)(end + 4 - text) + (size_t)atol(size + 15);
}

static int is_whole_line(const char *text, size_t length)
{
	return memchr(text, '\n', length) != NULL;
}

void peer_call_begins(struct peer *peer)
{
	int now = atomic_fetch_add(&peer->in_flight, 1) + 1;
	int most = atomic_load(&peer->most_in_flight);

	while (now > most && !atomic_compare_exchange_weak(&peer->most_in_flight, &most, now))
		;
}

void peer_call_ends(struct peer *peer)
{
	atomic_fetch_sub(&peer->in_flight, 1);
}

int peer_read_http(struct peer *peer, int fd)
{
	return read_until(peer, fd, is_whole_http);
}

int peer_read_line(struct peer *peer, int fd)
{
	return read_until(peer, fd, is_whole_line);
}

static void send_text(int fd, const char *text)
{
	size_t left = strlen(text);

	while (left) {
		ssize_t sent = send(fd, text, left, MSG_NOSIGNAL);

		if (sent <= 0)
			return;
		text += sent;
		left -= (size_t)sent;
	}
}

void peer_answer_http(struct peer *peer, int fd)
{
	if (peer_read_http(peer, fd))
		send_text(fd, peer->reply);
}

void peer_answer_line(struct peer *peer, int fd)
{
	if (peer_read_line(peer, fd))
		send_text(fd, peer->reply);
}

void peer_answer_kept(struct peer *peer, int fd)
{
	while (peer_read_http(peer, fd))
		send_text(fd, peer->reply);
}

void peer_answer_never(struct peer *peer, int fd)
{
	char byte;

	(void)peer;
	while (read(fd, &byte, 1) > 0)
		continue;
}
