#include "main/app.h"

#include "lib/base/arena.h"
#include "lib/base/log.h"
#include "lib/base/loop.h"
#include "lib/base/text.h"
#include "lib/base/time.h"
#include "lib/jail/jail.h"
#include "lib/server/server.h"
#include "lib/store/store.h"
#include "main/health_api.h"
#include "main/settings.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#define LOCAL_CONNECTIONS   256
#define CONTROL_CONNECTIONS 512
#define CONTROL_PER_ADDRESS 64

/* Every table of the database, in the order in which they are made. */
static const struct store_schema *const schemas[] = {
	&server_schema,
};

/* Tables that nobody may change, us included. */
static const char *const append_only[] = {NULL};

struct app {
	const struct config *settings;
	struct arena arena;
	struct loop *loop;
	struct store *store;
	struct jail *jail;
	struct server *server;
	struct loop_timer *watchdog;
	struct health health;
	struct error start_error; /* what app_run answers */
	int local_fd, control_fd; /* handed over by systemd; -1 = ours to open */
};

/* --- places --- */

static int make_data_dir(struct app *app, struct error *err)
{
	const char *path = config_text(app->settings, "data-dir");

	if (mkdir(path, 0700) == 0 || errno == EEXIST)
		return 0;
	error_errno(err, ERROR_IO, "the data directory cannot be made");
	error_place(err, "%s", path);
	return error_remedy(err, "make it, or choose another --data-dir");
}

/* Beside the daemon in a build tree; installed it lies in libexec. */
static const char *find_runner(struct app *app)
{
	static const char *const places[] = {"", "../libexec/redbutton/"};
	const char *chosen = settings_text(app->settings, "runner");
	char directory[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", directory, sizeof(directory) - 1);
	const char *path = NULL;

	if (chosen || length < 0)
		return chosen;
	directory[length] = 0;
	*(strrchr(directory, '/') + 1) = 0;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		path = arena_format(&app->arena, "%s%sredbutton-runner", directory, places[i]);
		if (access(path, X_OK) == 0)
			break;
	}
	return path;
}

/* --- opening, from the ground up --- */

static int open_store(struct app *app, struct error *err)
{
	struct store_options options = {
		.path = arena_format(
			&app->arena, "%s/redbutton.db", config_text(app->settings, "data-dir")),
		.schemas = schemas,
		.schema_count = sizeof(schemas) / sizeof(schemas[0]),
		.append_only = append_only,
	};

	return store_open(&options, app->loop, &app->store, err);
}

static int open_jail(struct app *app, struct error *err)
{
	struct jail_options options = {
		.runner_path = find_runner(app),
		.max_children = (size_t)config_int(app->settings, "runner-children"),
	};

	return jail_open(app->loop, &options, &app->jail, err);
}

static int refuse_everybody(void *arg, struct arena *arena, const char *token, int64_t peer_uid,
	const char *address, unsigned access, void **ret_principal, struct error *err)
{
	(void)arg;
	(void)arena;
	(void)token;
	(void)peer_uid;
	(void)address;
	(void)access;
	(void)ret_principal;
	return error_set(err, ERROR_UNAUTHENTICATED, "nobody is known yet");
}

static int open_server(struct app *app, struct error *err)
{
	struct route_table tables[] = {
		health_routes(&app->health),
	};
	struct server_options options = {
		.loop = app->loop,
		.store = app->store,
		.authenticator = {.authenticate = refuse_everybody},
		.tables = tables,
		.table_count = sizeof(tables) / sizeof(tables[0]),
		.hosts = settings_list(app->settings, "hosts", &app->arena),
	};

	app->health = (struct health){app->store, app->jail, time_now_us()};
	return server_open(&options, &app->server, err);
}

typedef int (*open_step)(struct app *app, struct error *err);
static const open_step open_steps[] = {make_data_dir, open_store, open_jail, open_server};

int app_open(const struct config *settings, struct app **ret, struct error *err)
{
	struct app *app = calloc(1, sizeof(*app));
	int rc;

	if (!app)
		abort();
	app->settings = settings;
	app->local_fd = app->control_fd = -1;
	rc = loop_open(&app->loop, err);
	for (size_t i = 0; rc >= 0 && i < sizeof(open_steps) / sizeof(open_steps[0]); i++)
		rc = open_steps[i](app, err);
	if (rc < 0)
		app_close(app);
	else
		*ret = app;
	return rc;
}

/* --- running --- */

static void take_sockets(struct app *app)
{
	int count = sd_listen_fds(1);

	for (int fd = SD_LISTEN_FDS_START; fd < SD_LISTEN_FDS_START + count; fd++) {
		if (sd_is_socket_unix(fd, SOCK_STREAM, 1, NULL, 0) > 0)
			app->local_fd = fd;
		else if (sd_is_socket_inet(fd, AF_UNSPEC, SOCK_STREAM, 1, 0) > 0)
			app->control_fd = fd;
		else
			log_warn("main", "a socket of systemd is of no use here");
	}
}

static int listen_local(struct app *app, struct error *err)
{
	const char *path = settings_text(app->settings, "socket");
	struct listener_options options = {
		.name = "local",
		.address = arena_format(&app->arena, "unix:%s", path ? path : ""),
		.fd = app->local_fd,
		.connection_limit = LOCAL_CONNECTIONS,
	};

	if (!path && app->local_fd < 0)
		return 0;
	log_info("main", "listening", "listener", "local", "address", options.address);
	return server_listen(app->server, &options, err);
}

static int listen_control(struct app *app, struct error *err)
{
	const char *address = settings_text(app->settings, "listen");
	struct listener_options options = {
		.name = "control",
		.address = address ? address : "",
		.fd = app->control_fd,
		.certificate_path = settings_text(app->settings, "tls-certificate"),
		.key_path = settings_text(app->settings, "tls-key"),
		.connection_limit = CONTROL_CONNECTIONS,
		.per_address_limit = CONTROL_PER_ADDRESS,
	};
	int rc;

	if (!address && app->control_fd < 0)
		return 0;
	rc = server_listen(app->server, &options, err);
	if (rc >= 0)
		log_info("main", "listening", "listener", "control", "address", address, "port",
			arena_format(&app->arena, "%d", server_port(app->server, "control")), "tls",
			options.certificate_path ? "yes" : "no");
	return rc;
}

static void beat_watchdog(void *arg)
{
	(void)arg;
	sd_notify(0, "WATCHDOG=1");
}

static void start_watchdog(struct app *app)
{
	uint64_t interval_us = 0;

	if (sd_watchdog_enabled(0, &interval_us) <= 0)
		return;
	app->watchdog = loop_timer_new(app->loop, beat_watchdog, app);
	loop_timer_start(app->watchdog, 0, (int64_t)(interval_us / 2000));
}

static void stop(void *arg)
{
	struct app *app = arg;

	log_info("main", "stopping");
	sd_notify(0, "STOPPING=1");
	loop_stop(app->loop);
}

static void fail_start(struct app *app, const struct error *err)
{
	app->start_error = *err;
	loop_stop(app->loop);
}

static void start(void *arg)
{
	struct app *app = arg;
	struct error err = ERROR_INIT;

	take_sockets(app);
	if (listen_local(app, &err) < 0 || listen_control(app, &err) < 0) {
		fail_start(app, &err);
		return;
	}
	start_watchdog(app);
	sd_notify(0, "READY=1");
	log_info("main", "ready", "version", RB_VERSION);
}

int app_run(struct app *app, struct error *err)
{
	loop_on_signal(app->loop, SIGTERM, stop, app);
	loop_on_signal(app->loop, SIGINT, stop, app);
	loop_soon(app->loop, start, app);
	loop_run(app->loop);
	if (app->start_error.code && err)
		*err = app->start_error;
	return app->start_error.code;
}

void app_close(struct app *app)
{
	if (!app)
		return;
	server_close(app->server);
	jail_close(app->jail);
	store_close(app->store);
	loop_timer_free(app->watchdog);
	loop_close(app->loop);
	arena_done(&app->arena);
	free(app);
}
