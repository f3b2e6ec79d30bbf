#include "tests/unit/feature_world.h"

#include "lib/base/buf.h"
#include "lib/base/json.h"
#include "lib/base/text.h"
#include "lib/base/time.h"
#include "notify/notify_api.h"
#include "people/people_api.h"
#include "tests/unit/test_directory.h"

#include <arpa/inet.h>
#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct feature_world world;

static const struct adapter_list no_adapters;

/* --- opening and closing --- */

static void open_server(void)
{
	struct route_table tables[] = {
		people_routes(world.people),
		target_routes(&world.targets),
		notify_routes(),
	};
	struct server_options options = {
		.loop = world.loop,
		.store = world.store,
		.authenticator = {world.people, people_authenticate, people_principal_id,
			people_denied},
		.tables = tables,
		.table_count = sizeof(tables) / sizeof(tables[0]),
	};
	struct listener_options listener = {.name = "control",
		.address = "127.0.0.1:0",
		.connection_limit = 64,
		.per_address_limit = 64};
	struct error err = ERROR_INIT;

	ck_assert_msg(server_open(&options, &world.server, &err) == 0, "%s", err.message);
	ck_assert_msg(server_listen(world.server, &listener, &err) == 0, "%s", err.message);
	world.port = server_port(world.server, "control");
}

static void open_all(void)
{
	static const struct store_schema *const schemas[] = {
		&server_schema, &audit_schema, &people_schema, &inventory_schema, &notify_schema};
	struct store_options options = {.schemas = schemas, .schema_count = 5};
	struct error err = ERROR_INIT;

	options.path = arena_format(&world.arena, "%s/rb.db", world.directory);
	ck_assert_int_eq(loop_open(&world.loop, &err), 0);
	ck_assert_msg(store_open(&options, world.loop, &world.store, &err) == 0, "%s", err.message);
	ck_assert_int_eq(client_open(world.loop, &world.client, &err), 0);
	ck_assert_int_eq(people_open(world.store, &world.people, &err), 0);
	world.targets.client = world.client;
	open_server();
}

static void close_all(void)
{
	server_close(world.server);
	client_close(world.client);
	store_close(world.store);
	people_close(world.people);
	loop_close(world.loop);
}

static void bootstrap(void)
{
	struct people_bootstrap first;
	struct error err = ERROR_INIT;

	people_bootstrap_init(&first, time_now_us());
	ck_assert_msg(feature_write(people_bootstrap, &first, &err) == 0, "%s", err.message);
	ck_assert(first.ret_created);
	memcpy(world.first_token, first.token, sizeof(first.token));
}

void feature_open(const struct adapter_list *adapters)
{
	int fd;

	world = (struct feature_world){0};
	test_directory(world.directory, sizeof(world.directory), "feature");
	snprintf(world.log_path, sizeof(world.log_path), "%s/log", world.directory);
	fd = open(world.log_path, O_WRONLY | O_CREAT | O_APPEND, 0600);
	ck_assert(fd >= 0 && dup2(fd, STDERR_FILENO) >= 0);
	close(fd);
	world.targets.adapters = adapters ? adapters : &no_adapters;
	open_all();
	bootstrap();
}

void feature_close(void)
{
	char command[160];

	close_all();
	arena_done(&world.arena);
	snprintf(command, sizeof(command), "rm -r '%s'", world.directory);
	ck_assert_int_eq(system(command), 0);
}

void feature_restart(void)
{
	close_all();
	open_all();
}

/* --- the loop --- */

static void stop(void *arg)
{
	loop_stop(arg);
}

static void turn(int ms)
{
	struct loop_timer *timer = loop_timer_new(world.loop, stop, world.loop);

	loop_timer_start(timer, ms, 0);
	loop_run(world.loop);
	loop_timer_free(timer);
}

void feature_turn(int ms)
{
	struct store_figures figures;

	turn(ms);
	/* A disk that is busy with something else does not make it short. */
	for (int rest = 0; rest < 3; rest++) {
		store_get_figures(world.store, &figures);
		if (figures.waiting)
			rest = -1;
		turn(1);
	}
}

struct written {
	store_ask ask;
	void *arg;
	struct error *err;
	int code;
	bool is_done;
};

static int ask_written(struct store_tx *tx, void *arg, struct error *err)
{
	struct written *written = arg;

	return written->ask(tx, written->arg, err);
}

static void on_written(void *arg, const struct error *err)
{
	struct written *written = arg;

	written->code = err ? err->code : 0;
	if (err && written->err)
		*written->err = *err;
	written->is_done = true;
	loop_stop(world.loop);
}

int feature_write(store_ask ask, void *arg, struct error *err)
{
	struct written written = {.ask = ask, .arg = arg, .err = err};

	store_write(world.store, ask_written, on_written, &written);
	while (!written.is_done)
		loop_run(world.loop);
	return written.code;
}

static int ask_nothing(struct store_tx *tx, void *arg, struct error *err)
{
	(void)tx;
	(void)arg;
	(void)err;
	return 0;
}

void feature_settle(void)
{
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(feature_write(ask_nothing, NULL, NULL), 0);
}

/* --- HTTP, by a thread of its own --- */

struct call {
	struct buf request, answer;
	int port;
	atomic_bool is_done;
};

static void *run_call(void *arg)
{
	struct call *call = arg;
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_port = htons((uint16_t)call->port)};
	char bytes[4096];
	ssize_t got;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
		write(fd, call->request.bytes, call->request.length) ==
			(ssize_t)call->request.length)
		while ((got = read(fd, bytes, sizeof(bytes))) > 0)
			buf_add(&call->answer, bytes, (size_t)got);
	close(fd);
	atomic_store(&call->is_done, true);
	return NULL;
}

static void write_request(struct call *call, const char *token, const char *method,
	const char *path, const char *if_match, const char *body)
{
	buf_add_format(&call->request,
		"%s %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: close\r\n", method, path,
		world.port);
	if (token)
		buf_add_format(&call->request, "Authorization: Bearer %s\r\n", token);
	if (if_match)
		buf_add_format(&call->request, "If-Match: %s\r\n", if_match);
	if (body)
		buf_add_format(&call->request,
			"Content-Type: application/json\r\nContent-Length: %zu\r\n", strlen(body));
	buf_add_format(&call->request, "\r\n%s", body ? body : "");
}

static void drop_json(void *value)
{
	json_decref(value);
}

static void read_etag(const char *answer)
{
	const char *etag = strcasestr(answer, "\r\nETag: ");

	world.etag[0] = '\0';
	if (etag)
		sscanf(etag + 8, "%31[^\r]", world.etag);
}

static int read_answer(struct call *call, json_t **ret)
{
	const char *text = buf_text(&call->answer), *body = strstr(text, "\r\n\r\n");
	int status = 0;

	*ret = NULL;
	sscanf(text, "HTTP/1.1 %d", &status);
	read_etag(text);
	if (body && json_parse(body + 4, strlen(body + 4), JSON_DEPTH_MAX, ret, NULL) == 0)
		arena_defer(&world.arena, drop_json, *ret);
	return status;
}

int feature_call(const char *token, const char *method, const char *path, const char *if_match,
	const char *body, json_t **ret)
{
	struct call call = {.port = world.port};
	pthread_t thread;
	int status;

	write_request(&call, token, method, path, if_match, body);
	ck_assert_int_eq(pthread_create(&thread, NULL, run_call, &call), 0);
	while (!atomic_load(&call.is_done))
		feature_turn(2);
	pthread_join(thread, NULL);
	status = read_answer(&call, ret);
	buf_done(&call.request);
	buf_done(&call.answer);
	return status;
}

json_t *feature_ask(
	int status, const char *token, const char *method, const char *path, const char *body)
{
	json_t *answer;
	int got = feature_call(token, method, path, NULL, body, &answer);

	ck_assert_msg(got == status, "%s %s: %d, not %d: %s", method, path, got, status,
		answer ? json_text(&world.arena, answer) : "");
	return answer;
}

const char *feature_member(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

/* --- looking --- */

static bool holds(const char *path, const char *bytes)
{
	struct buf all = BUF_INIT;
	char part[65536];
	size_t got;
	bool is_there;
	FILE *file = fopen(path, "r");

	ck_assert_ptr_nonnull(file);
	while ((got = fread(part, 1, sizeof(part), file)) > 0)
		buf_add(&all, part, got);
	fclose(file);
	is_there = memmem(buf_text(&all), all.length, bytes, strlen(bytes)) != NULL;
	buf_done(&all);
	return is_there;
}

bool feature_holds(const char *bytes)
{
	DIR *directory = opendir(world.directory);
	struct dirent *entry;
	bool found = false;
	char path[512];

	ck_assert_ptr_nonnull(directory);
	while ((entry = readdir(directory))) {
		if (entry->d_type != DT_REG || text_ends_with(entry->d_name, ".secret"))
			continue;
		snprintf(path, sizeof(path), "%s/%s", world.directory, entry->d_name);
		found |= holds(path, bytes);
	}
	closedir(directory);
	return found;
}

int64_t feature_audited(const char *action)
{
	static const struct store_statement count =
		STORE_STATEMENT("SELECT count(*) AS n FROM audit WHERE action = :action");
	struct store_query *query = store_query(store_reader(world.store), &count);
	struct error err = ERROR_INIT;
	int64_t n;

	store_bind_text(query, "action", action);
	ck_assert_msg(store_one(query, "count", &err) == 0, "%s", err.message);
	n = store_int(query, "n");
	store_finish(query);
	return n;
}

/* --- people --- */

const char *feature_person(const char *name, const char *role)
{
	struct arena *arena = &world.arena;
	const char *admin = world.first_token;
	json_t *answer;

	feature_ask(201, admin, "POST", "/api/v1/persons",
		arena_format(arena, "{\"name\":\"%s\",\"team\":\"sre\"}", name));
	if (strcmp(role, "viewer") != 0)
		feature_ask(201, admin, "POST", "/api/v1/grants",
			arena_format(arena, "{\"person\":\"%s\",\"role\":\"%s\"}", name, role));
	answer = feature_ask(201, admin, "POST", "/api/v1/tokens",
		arena_format(arena,
			"{\"person\":\"%s\",\"name\":\"t\",\"roles\":[\"viewer\",\"%s\"],"
			"\"expires_in\":\"1d\"}",
			name, role));
	return feature_member(answer, "token");
}

struct principal *feature_principal(const char *token)
{
	struct principal *principal = NULL;
	struct error err = ERROR_INIT;

	ck_assert_msg(people_authenticate_token(world.people, &world.arena, token, "127.0.0.1:1",
			      time_now_us(), &principal, &err) == 0,
		"%s", err.message);
	return principal;
}
