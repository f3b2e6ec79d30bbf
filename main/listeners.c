#include "lib/base/log.h"
#include "lib/base/text.h"
#include "main/app_rooms.h"
#include "main/settings.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>

#define LOCAL_CONNECTIONS   256
#define LOCAL_PER_USER	    64
#define CONTROL_CONNECTIONS 512
#define CONTROL_PER_ADDRESS 64

static const char *const names[LISTENER_COUNT] = {
	[LISTENER_LOCAL] = "local", [LISTENER_CONTROL] = "control", [LISTENER_GATE] = "gate"};

/* -1 when it is not one of ours. */
static int kind_of(int fd)
{
	if (sd_is_socket_unix(fd, SOCK_STREAM, 1, NULL, 0) > 0)
		return LISTENER_LOCAL;
	if (sd_is_socket_unix(fd, SOCK_SEQPACKET, 1, NULL, 0) > 0)
		return LISTENER_GATE;
	return sd_is_socket_inet(fd, AF_UNSPEC, SOCK_STREAM, 1, 0) > 0 ? LISTENER_CONTROL : -1;
}

static int refuse_given(const char *name, const char *why, struct error *err)
{
	error_set(err, ERROR_INVALID, "the socket \"%.100s\" handed over by systemd %s", name, why);
	return error_remedy(err,
		"hand over one unix socket for streams (FileDescriptorName=local), one for packets "
		"(FileDescriptorName=gate, ListenSequentialPacket=) and one TCP socket "
		"(FileDescriptorName=control), or fewer; the gate of a production host takes one "
		"for packets alone");
}

/* A socket without one of our names is known by its kind; a wrong name is a mistake. */
static int take_one(unsigned wanted, int *given, int fd, const char *name, struct error *err)
{
	int kind = kind_of(fd);

	if (kind < 0)
		return refuse_given(name, "does not listen for streams or packets", err);
	for (int i = 0; i < LISTENER_COUNT; i++)
		if (text_is_equal(name, names[i]) && i != kind)
			return refuse_given(name, "is of the other kind", err);
	if (!(wanted & 1u << kind))
		return refuse_given(name, "is of no use here", err);
	if (given[kind] >= 0)
		return refuse_given(name, "is one too many", err);
	given[kind] = fd;
	return 0;
}

int listeners_take(unsigned wanted, int ret[static LISTENER_COUNT], struct error *err)
{
	char **fd_names = NULL;
	int count = sd_listen_fds_with_names(1, &fd_names), rc = 0;

	for (int i = 0; i < LISTENER_COUNT; i++)
		ret[i] = -1;
	for (int i = 0; i < count && rc >= 0; i++)
		rc = take_one(wanted, ret, SD_LISTEN_FDS_START + i, fd_names[i], err);
	for (int i = 0; i < count; i++)
		free(fd_names[i]);
	free(fd_names);
	return rc;
}

static int open_local(struct app *app, int fd, struct error *err)
{
	const char *path = settings_text(app->settings, "socket");
	struct listener_options options = {
		.name = names[LISTENER_LOCAL],
		.address = arena_format(&app->arena, "unix:%s", path ? path : ""),
		.fd = fd,
		.connection_limit = LOCAL_CONNECTIONS,
		.per_address_limit = LOCAL_PER_USER,
	};
	int rc;

	if (!path && fd < 0)
		return 0;
	rc = server_listen(app->server, &options, err);
	if (rc >= 0)
		log_info("main", "listening", "listener", names[LISTENER_LOCAL], "address",
			fd < 0 ? options.address : "systemd");
	return rc;
}

static int open_control(struct app *app, int fd, struct error *err)
{
	const char *address = settings_text(app->settings, "listen");
	struct listener_options options = {
		.name = names[LISTENER_CONTROL],
		.address = address ? address : "",
		.fd = fd,
		.certificate_path = settings_text(app->settings, "tls-certificate"),
		.key_path = settings_text(app->settings, "tls-key"),
		.connection_limit = CONTROL_CONNECTIONS,
		.per_address_limit = CONTROL_PER_ADDRESS,
	};
	int rc;

	if (!address && fd < 0)
		return 0;
	rc = server_listen(app->server, &options, err);
	if (rc >= 0)
		log_info("main", "listening", "listener", names[LISTENER_CONTROL], "address",
			fd < 0 ? address : "systemd", "port",
			arena_format(&app->arena, "%d",
				server_port(app->server, names[LISTENER_CONTROL])),
			"tls", options.certificate_path ? "yes" : "no");
	return rc;
}

int listeners_open(struct app *app, struct error *err)
{
	int rc = open_local(app, app->given[LISTENER_LOCAL], err);

	return rc < 0 ? rc : open_control(app, app->given[LISTENER_CONTROL], err);
}
