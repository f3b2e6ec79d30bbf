/*
 * Bytes of a client, to the whole daemon but its jail: every route, parameter, header and body,
 * asked by somebody who may do everything. No input is answered with a 5xx, but where the missing
 * jail is the reason.
 */
#include "fuzz.h"

#include "lib/base/time.h"
#include "lib/server/server_rooms.h"
#include "main/app_rooms.h"
#include "main/settings.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <uv.h>

#define ANSWER_MS 100
#define ROLES	  7

static struct app *app;
static struct config *settings;
static char directory[64], socket_path[96];
static struct people_bootstrap first;

/* --- the daemon --- */

static int give_everything(void *arg, struct arena *arena, const char *token, int64_t peer_uid,
	const char *address, unsigned access, void **ret_principal, struct error *err)
{
	struct principal *principal = NULL;

	(void)token;
	(void)peer_uid;
	(void)access;
	if (people_authenticate_token(
		    arg, arena, first.token, address, time_now_us(), &principal, err) < 0)
		return err->code;
	principal->roles = ROLE_ANY;
	principal->grants = arena_alloc(arena, ROLES * sizeof(*principal->grants));
	principal->grant_count = ROLES;
	for (int i = 0; i < ROLES; i++)
		principal->grants[i].role = (enum role)(1 << i);
	*ret_principal = principal;
	return 0;
}

static void told(void *arg, const struct error *err)
{
	(void)arg;
	FUZZ_HOLDS(!err);
	loop_stop(app->loop);
}

static void remove_directory(void)
{
	char command[128];

	app_close(app);
	config_free(settings);
	snprintf(command, sizeof(command), "rm -rf '%s'", directory);
	if (system(command))
		perror(directory);
}

static void must(int rc, const struct error *err)
{
	if (rc >= 0)
		return;
	fprintf(stderr, "%s\n", err->message);
	abort();
}

static void open_daemon(void)
{
	const char *root = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
	char address[128];
	char *argv[] = {directory, NULL};
	struct listener_options listener = {.name = "local", .address = address};
	struct error err = ERROR_INIT;
	int argc = 1;

	snprintf(directory, sizeof(directory), "%s/rb-fuzz-XXXXXX", root);
	if (!mkdtemp(directory))
		abort();
	snprintf(socket_path, sizeof(socket_path), "%s/s", directory);
	snprintf(address, sizeof(address), "unix:%s", socket_path);
	setenv("RB_DATA_DIR", directory, 1);
	setenv("RB_RUNNER", "/bin/false", 1);
	must(settings_read(&argc, argv, &settings, &err), &err);
	must(app_open(settings, &app, &err), &err);
	atexit(remove_directory);
	people_bootstrap_init(&first, time_now_us());
	store_write(app->store, people_bootstrap, told, &first);
	loop_run(app->loop);
	app->server->authenticator.authenticate = give_everything;
	must(server_listen(app->server, &listener, &err), &err);
}

/* --- the client --- */

static int connect_client(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", socket_path);
	FUZZ_HOLDS(fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
	return fd;
}

static void judge(const char *answer)
{
	/* MHD answers 505 to a version of HTTP that there is not. */
	if (strncmp(answer, "HTTP/1.1 5", 10) || strstr(answer, "jail") ||
		!strncmp(answer + 9, "505", 3))
		return;
	fprintf(stderr, "%s\n", answer);
	FUZZ_HOLDS(!"an answer without 5xx");
}

/* A stream has no end: what came until then is judged. */
static void talk(int fd, const char *bytes, size_t size)
{
	static char answer[65536];
	int64_t end_ms = time_mono_ms() + ANSWER_MS;
	size_t sent = 0, length = 0;
	ssize_t got = -1;

	while (got != 0 && length < sizeof(answer) - 1 && time_mono_ms() < end_ms) {
		ssize_t now = sent < size ? send(fd, bytes + sent, size - sent, MSG_NOSIGNAL) : 0;

		sent += now > 0 ? (size_t)now : 0;
		if (sent == size || (now < 0 && errno == EPIPE))
			shutdown(fd, SHUT_WR);
		uv_run(loop_uv(app->loop), UV_RUN_NOWAIT);
		got = recv(fd, answer + length, sizeof(answer) - 1 - length, 0);
		length += got > 0 ? (size_t)got : 0;
	}
	answer[length] = 0;
	judge(answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *bytes = fuzz_copy(data, size, 0);
	int fd;

	if (!app)
		open_daemon();
	fd = connect_client();
	talk(fd, bytes, size);
	close(fd);
	for (int i = 0; i < 3; i++)
		uv_run(loop_uv(app->loop), UV_RUN_NOWAIT);
	free(bytes);
	return 0;
}
