#include "lib/base/log.h"
#include "main/app_rooms.h"
#include "main/settings.h"

#include <sys/socket.h>
#include <systemd/sd-daemon.h>

#define LOCAL_CONNECTIONS   256
#define CONTROL_CONNECTIONS 512
#define CONTROL_PER_ADDRESS 64

struct given { /* descriptors handed over by systemd; -1 = none */
	int local, control;
};

static struct given take_given(void)
{
	struct given given = {-1, -1};
	int count = sd_listen_fds(1);

	for (int fd = SD_LISTEN_FDS_START; fd < SD_LISTEN_FDS_START + count; fd++) {
		if (sd_is_socket_unix(fd, SOCK_STREAM, 1, NULL, 0) > 0)
			given.local = fd;
		else if (sd_is_socket_inet(fd, AF_UNSPEC, SOCK_STREAM, 1, 0) > 0)
			given.control = fd;
		else
			log_warn("main", "a socket handed over by systemd is of no use here");
	}
	return given;
}

static int open_local(struct app *app, int fd, struct error *err)
{
	const char *path = settings_text(app->settings, "socket");
	struct listener_options options = {
		.name = "local",
		.address = arena_format(&app->arena, "unix:%s", path ? path : ""),
		.fd = fd,
		.connection_limit = LOCAL_CONNECTIONS,
	};
	int rc;

	if (!path && fd < 0)
		return 0;
	rc = server_listen(app->server, &options, err);
	if (rc >= 0)
		log_info("main", "listening", "listener", "local", "address",
			fd < 0 ? options.address : "systemd");
	return rc;
}

static int open_control(struct app *app, int fd, struct error *err)
{
	const char *address = settings_text(app->settings, "listen");
	struct listener_options options = {
		.name = "control",
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
		log_info("main", "listening", "listener", "control", "address",
			fd < 0 ? address : "systemd", "port",
			arena_format(&app->arena, "%d", server_port(app->server, "control")), "tls",
			options.certificate_path ? "yes" : "no");
	return rc;
}

int listeners_open(struct app *app, struct error *err)
{
	struct given given = take_given();
	int rc = open_local(app, given.local, err);

	return rc < 0 ? rc : open_control(app, given.control, err);
}
