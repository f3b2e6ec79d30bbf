#include "lib/base/text.h"
#include "lib/server/server_rooms.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 4096

union any_address {
	struct sockaddr base;
	struct sockaddr_un unix_socket;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	struct sockaddr_storage storage;
};

static int fail(struct error *err, const char *what, const char *address)
{
	error_errno(err, ERROR_IO, what);
	return error_place(err, "%s", address);
}

/* Is somebody answering there? Then it is another daemon's; else it is what a crash left. */
static bool is_answered(const union any_address *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool is_connected =
		fd >= 0 && connect(fd, &address->base, sizeof(address->unix_socket)) == 0;

	if (fd >= 0)
		close(fd);
	return is_connected;
}

static int make_parent(const char *path, struct error *err)
{
	char parent[sizeof(((struct sockaddr_un *)0)->sun_path)];
	char *slash;

	snprintf(parent, sizeof(parent), "%s", path);
	slash = strrchr(parent, '/');
	if (!slash || slash == parent)
		return 0;
	*slash = 0;
	if (mkdir(parent, 0755) < 0 && errno != EEXIST)
		return fail(err, "the directory of the socket cannot be made", parent);
	return 0;
}

static int bind_unix(const char *path, struct address *ret, struct error *err)
{
	union any_address address = {.unix_socket = {.sun_family = AF_UNIX}};
	int rc;

	if (*path != '/' || strlen(path) >= sizeof(address.unix_socket.sun_path)) {
		error_set(err, ERROR_INVALID,
			"the socket's path \"%s\" is not absolute or too long", path);
		return error_remedy(err, "use an absolute path of at most 107 bytes");
	}
	strcpy(address.unix_socket.sun_path, path);
	rc = make_parent(path, err);
	if (rc < 0)
		return rc;
	if (is_answered(&address)) {
		error_set(err, ERROR_LOCKED, "another daemon answers on the socket %s", path);
		return error_remedy(err, "stop it, or choose another --socket");
	}
	if (unlink(path) < 0 && errno != ENOENT)
		return fail(err, "an old socket cannot be removed", path);
	ret->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (ret->fd < 0 || bind(ret->fd, &address.base, sizeof(address.unix_socket)) < 0 ||
		chmod(path, 0666) < 0 || listen(ret->fd, BACKLOG) < 0)
		return fail(err, "the socket cannot be opened", path);
	ret->path = strdup(path);
	return 0;
}

static int split_host(const char *text, struct address *ret, char port[static 8], struct error *err)
{
	const char *colon = strrchr(text, ':');
	size_t length = colon ? (size_t)(colon - text) : 0;
	int64_t number;

	if (!colon || !length || length >= sizeof(ret->host)) {
		error_set(err, ERROR_INVALID, "the address \"%s\" is not of the form host:port",
			text);
		return error_remedy(err, "write for example 127.0.0.1:7433 or [::1]:7433");
	}
	if (text_parse_int64("port", colon + 1, 0, 65535, &number, err) < 0)
		return error_prefix(err, "the address \"%s\"", text);
	snprintf(port, 8, "%d", (int)number);
	if (*text == '[' && length > 2 && text[length - 1] == ']')
		snprintf(ret->host, sizeof(ret->host), "%.*s", (int)length - 2, text + 1);
	else
		snprintf(ret->host, sizeof(ret->host), "%.*s", (int)length, text);
	return 0;
}

static int open_tcp(const struct addrinfo *info, struct address *ret)
{
	int on = 1;

	ret->fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (ret->fd < 0)
		return -1;
	setsockopt(ret->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (info->ai_family == AF_INET6)
		setsockopt(ret->fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(ret->fd, info->ai_addr, info->ai_addrlen) < 0)
		return -1;
	return listen(ret->fd, BACKLOG);
}

static int bind_tcp(const char *text, struct address *ret, struct error *err)
{
	struct addrinfo hints = {
		.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
	struct addrinfo *info = NULL;
	char port[8];
	int rc = split_host(text, ret, port, err);

	if (rc < 0)
		return rc;
	rc = getaddrinfo(ret->host, port, &hints, &info);
	if (rc != 0) {
		error_set(err, ERROR_INVALID, "the address \"%s\" cannot be resolved: %s", text,
			gai_strerror(rc));
		return error_place(err, "%s", text);
	}
	rc = open_tcp(info, ret);
	freeaddrinfo(info);
	return rc < 0 ? fail(err, "cannot listen", text) : 0;
}

static bool is_loopback_v6(const struct in6_addr *address)
{
	return IN6_IS_ADDR_LOOPBACK(address) ||
	       (IN6_IS_ADDR_V4MAPPED(address) && address->s6_addr[12] == 127);
}

/* Whoever opened it may have left it blocking: one client that vanishes would then stop the loop.
 */
static int take_over(int fd, struct address *ret, struct error *err)
{
	int flags = fcntl(fd, F_GETFL);

	ret->fd = fd;
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
		fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return fail(err, "a socket that was handed over cannot be used", "");
	return 0;
}

/* What the socket really is: also for one that was handed to us. */
static int describe(struct address *ret, struct error *err)
{
	union any_address bound;
	socklen_t size = sizeof(bound);

	if (getsockname(ret->fd, &bound.base, &size) < 0)
		return fail(err, "the listening socket cannot be read", ret->host);
	if (bound.base.sa_family == AF_UNIX) {
		ret->is_unix = ret->is_loopback = true;
	} else if (bound.base.sa_family == AF_INET) {
		ret->port = ntohs(bound.v4.sin_port);
		ret->is_loopback = (ntohl(bound.v4.sin_addr.s_addr) >> 24) == 127;
	} else if (bound.base.sa_family == AF_INET6) {
		ret->port = ntohs(bound.v6.sin6_port);
		ret->is_loopback = is_loopback_v6(&bound.v6.sin6_addr);
	} else {
		return error_set(err, ERROR_INVALID, "the listening socket is of an unknown kind");
	}
	return 0;
}

int address_bind(const struct listener_options *options, struct address *ret, struct error *err)
{
	struct address address = {.fd = -1};
	int rc = 0;

	if (options->fd > 0)
		rc = take_over(options->fd, &address, err);
	else if (text_starts_with(options->address, "unix:"))
		rc = bind_unix(options->address + 5, &address, err);
	else
		rc = bind_tcp(options->address, &address, err);
	if (rc >= 0)
		rc = describe(&address, err);
	if (rc < 0) {
		address_close(&address);
		return rc;
	}
	*ret = address;
	return 0;
}

void address_close(struct address *address)
{
	if (address->path)
		unlink(address->path);
	free(address->path);
	address->path = NULL;
	if (address->fd >= 0)
		close(address->fd);
	address->fd = -1;
}

void address_of_peer(int fd, char *text, size_t size)
{
	union any_address peer;
	socklen_t length = sizeof(peer);
	char host[INET6_ADDRSTRLEN] = "";

	snprintf(text, size, "unix");
	if (getpeername(fd, &peer.base, &length) < 0)
		return;
	if (peer.base.sa_family == AF_INET) {
		inet_ntop(AF_INET, &peer.v4.sin_addr, host, sizeof(host));
		snprintf(text, size, "%s:%d", host, ntohs(peer.v4.sin_port));
	} else if (peer.base.sa_family == AF_INET6) {
		inet_ntop(AF_INET6, &peer.v6.sin6_addr, host, sizeof(host));
		snprintf(text, size, "[%s]:%d", host, ntohs(peer.v6.sin6_port));
	}
}
