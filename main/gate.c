#include "main/gate.h"

#include "change/decision/forward.h"
#include "change/decision/gate_glass.h"
#include "change/gate/identity.h"
#include "lib/base/arena.h"
#include "lib/base/config.h"
#include "lib/base/log.h"
#include "lib/base/loop.h"
#include "lib/base/secret.h"
#include "lib/base/text.h"
#include "lib/client/client.h"
#include "main/listeners.h"
#include "main/settings.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

static const struct config_option options[] = {
	{"gate-url", CONFIG_TEXT, "", 0, 0, "the daemon that is asked, https://host:port"},
	{"gate-socket", CONFIG_PATH, "/run/redbutton/gate.sock", 0, 0,
		"unix socket at which rcm and the sudo plugin of this host ask"},
	{"gate-token", CONFIG_TEXT, "cred:gate-token", 0, 0,
		"file:/path or cred:name of this host's token, of a person with the role agent"},
	{"gate-public-key", CONFIG_TEXT, "", 0, 0,
		"the daemon's key that answers must be signed with, as `rcm gate key` prints it"},
	{"gate-identity", CONFIG_TEXT, "", 0, 0,
		"who this host is, as its target's address (default: what rcm identity prints)"},
	{"gate-spool", CONFIG_PATH, "/var/lib/redbutton-gate/gate.spool", 0, 0,
		"file for what could not be told to the daemon yet"},
	{"gate-glass", CONFIG_PATH, "/var/lib/redbutton-gate/gate.glass", 0, 0,
		"file with the hash of this host's sealed code"},
	{"log", CONFIG_TEXT, "info", 0, 0, "level, or level,room=level,...: error warn info debug"},
};
#define OPTION_COUNT (sizeof(options) / sizeof(options[0]))

static int fail(const struct error *err)
{
	fprintf(stderr, "redbuttond: %s\n", err->message);
	if (*err->place)
		fprintf(stderr, "  at: %s\n", err->place);
	if (*err->remedy)
		fprintf(stderr, "  remedy: %s\n", err->remedy);
	return error_exit(err->code);
}

void gate_add_help(struct buf *out)
{
	config_add_help(options, OPTION_COUNT, out);
}

void gate_add_manual(struct buf *out)
{
	for (size_t i = 0; i < OPTION_COUNT; i++)
		settings_add_manual_option(&options[i], "--", out);
}

static int read_settings(int *argc, char **argv, struct config **ret, struct error *err)
{
	struct config *settings = config_new(options, OPTION_COUNT);
	int rc = access(GATE_FILE, F_OK) == 0 ? config_read_file(settings, GATE_FILE, err) : 0;

	if (rc >= 0)
		rc = config_read_above_file(settings, "RB_", argc, argv, err);
	if (rc < 0)
		config_free(settings);
	else
		*ret = settings;
	return rc;
}

/* --- what is asked for --- */

static bool is_loopback(const struct client_address *address)
{
	return !strcmp(address->host, "localhost") || text_starts_with(address->host, "127.") ||
	       !strcmp(address->host, "::1");
}

static int check_url(const char *url, struct error *err)
{
	struct client_address address;
	int rc = client_address_parse("--gate", url, CLIENT_HTTP | CLIENT_HTTPS, &address, err);

	if (rc < 0)
		return rc;
	if (text_ends_with(url, "/")) {
		error_set(err, ERROR_USAGE, "the address has a path");
		return error_remedy(err, "https://host:port and no more");
	}
	if (address.scheme == CLIENT_HTTPS || is_loopback(&address))
		return 0;
	error_set(err, ERROR_USAGE, "a token is not sent in the clear");
	return error_remedy(err, "use https://");
}

static int fill(const struct config *settings, struct arena *arena, const char *url,
	struct forward_options *ret, struct error *err)
{
	int rc = check_url(url, err);

	*ret = (struct forward_options){
		.url = url,
		.token = config_text(settings, "gate-token"),
		.public_key = config_text(settings, "gate-public-key"),
		.identity = config_text(settings, "gate-identity"),
		.socket_path = config_text(settings, "gate-socket"),
		.spool_path = config_text(settings, "gate-spool"),
		.glass_path = config_text(settings, "gate-glass"),
	};
	if (rc < 0 || (rc = secret_check_reference("gate-token", ret->token, err)) < 0)
		return rc;
	if (!*ret->public_key) {
		error_set(err, ERROR_USAGE, "no key is pinned: whoever answers would be believed");
		return error_remedy(err, "--gate-public-key KEY, as `rcm gate key` prints it");
	}
	return *ret->identity ? 0 : identity_host(arena, "", &ret->identity, err);
}

/* --- running --- */

static void stop(void *arg)
{
	loop_stop(arg);
}

static int run(struct forward_options *asked, struct error *err)
{
	struct forward *forward = NULL;
	int rc = loop_open(&asked->loop, err);

	if (rc < 0)
		return rc;
	rc = client_open(asked->loop, &asked->client, err);
	if (rc >= 0)
		rc = forward_open(asked, &forward, err);
	if (rc >= 0) {
		loop_on_signal(asked->loop, SIGINT, stop, asked->loop);
		loop_on_signal(asked->loop, SIGTERM, stop, asked->loop);
		log_info("main", "the gate serves", "socket",
			asked->fd < 0 ? asked->socket_path : "systemd", "daemon", asked->url,
			"host", asked->identity);
		sd_notify(0, "READY=1");
		loop_run(asked->loop);
		sd_notify(0, "STOPPING=1");
	}
	forward_stop(forward);
	client_close(asked->client);
	forward_close(forward);
	loop_close(asked->loop);
	return rc;
}

int gate_main(int argc, char **argv)
{
	struct forward_options asked = {0};
	int given[LISTENER_COUNT] = {-1, -1, -1};
	struct config *settings = NULL;
	struct arena arena = ARENA_INIT;
	struct error err = ERROR_INIT;
	int rc = read_settings(&argc, argv, &settings, &err);

	signal(SIGPIPE, SIG_IGN);
	if (rc >= 0 && (argc > 2 || (argc < 2 && !*config_text(settings, "gate-url")))) {
		rc = error_set(&err, ERROR_USAGE, "whom does this gate ask?");
		error_remedy(
			&err, "redbuttond --gate https://host:port, or gate-url in " GATE_FILE);
	}
	if (rc >= 0)
		rc = log_configure(config_text(settings, "log"), &err);
	if (rc >= 0)
		rc = fill(settings, &arena, argc == 2 ? argv[1] : config_text(settings, "gate-url"),
			&asked, &err);
	if (rc >= 0)
		rc = listeners_take(1u << LISTENER_GATE, given, &err);
	asked.fd = given[LISTENER_GATE];
	if (rc >= 0)
		rc = run(&asked, &err);
	config_free(settings);
	arena_done(&arena);
	return rc < 0 ? fail(&err) : 0;
}

int gate_glass_main(int argc, char **argv)
{
	char code[GLASS_CODE_SIZE];
	struct config *settings = NULL;
	struct error err = ERROR_INIT;
	int rc = read_settings(&argc, argv, &settings, &err);

	if (rc >= 0 && argc != 1) {
		rc = error_set(&err, ERROR_USAGE, "\"%s\" is not understood", argv[1]);
		error_remedy(&err, "see redbuttond --help");
	}
	if (rc >= 0)
		rc = gate_glass_new(config_text(settings, "gate-glass"), code, &err);
	if (rc >= 0)
		printf("%s\n", code);
	config_free(settings);
	return rc < 0 ? fail(&err) : 0;
}
