#include "tests/unit/server_world.h"

#include "lib/base/buf.h"
#include "lib/base/json.h"
#include "lib/base/text.h"
#include "lib/base/time.h"
#include "tests/unit/test_directory.h"

#include <arpa/inet.h>
#include <check.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* --- what the handlers do --- */

static const struct store_migration things[] = {
	{"things", "CREATE TABLE thing (name TEXT PRIMARY KEY, version INTEGER NOT NULL) STRICT;"}};
static const struct store_schema thing_schema = {"tests", things, 1};

static const struct store_statement insert =
	STORE_STATEMENT("INSERT INTO thing (name, version) VALUES (:name, 1)");
static const struct store_statement update = STORE_STATEMENT(
	"UPDATE thing SET version = version + 1 WHERE name = :name AND version = :version");

static const struct store_statement select_version =
	STORE_STATEMENT("SELECT version FROM thing WHERE name = :name");

struct take {
	struct world *world;
	struct request *req;
	const char *name;
	int64_t version;
	struct loop_timer *timer;
	bool is_opened; /* a stream */
};

static struct take *take_new(struct request *req)
{
	struct take *take = request_alloc(req, sizeof(*take));

	take->world = request_context(req);
	take->req = req;
	return take;
}

static void get_thing(struct request *req)
{
	json_t *answer = json_object();

	json_set_text(answer, "name", request_text(req, "name"));
	json_set_text(answer, "path", request_text(req, "path"));
	json_set_text(answer, "q", request_text(req, "q"));
	json_set_int(answer, "limit", request_int(req, "limit", 10));
	json_set_bool(answer, "deep", request_bool(req, "deep", false));
	json_set_bool(answer, "has_q", request_has(req, "q"));
	request_reply_json(req, 200, answer);
}

static int ask_insert(struct store_tx *tx, void *arg, struct error *err)
{
	struct take *take = arg;
	struct store_query *query = store_query(tx, &insert);

	take->world->asks++;
	store_bind_text(query, "name", take->name);
	return store_run(query, err);
}

static void tell_inserted(struct request *req, void *arg)
{
	struct take *take = arg;
	json_t *answer = json_object();

	take->world->tells++;
	json_set_text(answer, "name", take->name);
	json_set_int(answer, "tells", take->world->tells);
	request_set_version(req, 1);
	request_set_header(req, "Location", "/api/things/x");
	request_reply_json(req, 201, answer);
}

static void post_thing(struct request *req)
{
	struct take *take = take_new(req);

	if (json_get_text(request_json(req), "name", true, &take->name, request_error(req)) < 0) {
		request_fail(req);
		return;
	}
	request_write(req, ask_insert, tell_inserted, take);
}

static int ask_update(struct store_tx *tx, void *arg, struct error *err)
{
	struct take *take = arg;
	struct store_query *query = store_query(tx, &update);
	int rc;

	store_bind_text(query, "name", take->name);
	store_bind_int(query, "version", take->version);
	rc = store_run(query, err);
	return rc == 0 ? error_set(err, ERROR_STALE, "somebody changed it") : rc;
}

static void tell_updated(struct request *req, void *arg)
{
	struct take *take = arg;

	request_set_version(req, take->version + 1);
	request_reply_empty(req);
}

static void put_thing(struct request *req)
{
	struct take *take = take_new(req);

	take->name = request_text(req, "name");
	take->version = request_if_match(req);
	request_write(req, ask_update, tell_updated, take);
}

static void answer_held(void *arg)
{
	struct take *take = arg;

	loop_timer_free(take->timer);
	take->world->late_answers += request_is_gone(take->req);
	request_reply_json(take->req, 200, json_pack("{s:b}", "held", 1));
}

static void get_held(struct request *req)
{
	struct take *take = take_new(req);

	request_hold(req);
	take->world->held++;
	take->timer = loop_timer_new(take->world->loop, answer_held, take);
	loop_timer_start(take->timer, request_int(req, "ms", 20), 0);
}

static void write_held(void *arg)
{
	struct take *take = arg;

	loop_timer_free(take->timer);
	request_write(take->req, ask_insert, tell_inserted, take);
}

/* closure, await, closure */
static void hold_again(struct request *req, void *arg)
{
	struct take *take = arg;

	request_hold(req);
	take->name = "second";
	take->timer = loop_timer_new(take->world->loop, write_held, take);
	loop_timer_start(take->timer, 5, 0);
}

static void post_steps(struct request *req)
{
	struct take *take = take_new(req);

	take->name = "first";
	request_write_step(req, ask_insert, hold_again, take);
}

static void forget(struct request *req)
{
	(void)req;
}

static void on_opened(void *arg, struct stream *stream)
{
	struct take *take = arg;

	take->is_opened = true;
	take->world->opened++;
	take->world->stream = stream;
	stream_send(stream, "data: hello\n\n", 13);
}

static void on_closed(void *arg)
{
	struct take *take = arg;

	take->world->closed++;
	if (take->is_opened)
		take->world->stream = NULL;
}

static void get_stream(struct request *req)
{
	request_stream(req, &(struct stream_options){on_opened, on_closed, take_new(req)});
}

static void post_raw(struct request *req)
{
	size_t length;
	const char *bytes = request_body(req, &length);

	request_reply_bytes(req, 200, "application/octet-stream", bytes, length);
}

static void get_who(struct request *req)
{
	json_t *answer = json_object();

	json_set_text(answer, "who", request_principal(req));
	request_reply_json(req, 200, answer);
}

static void get_large(struct request *req)
{
	size_t length = (size_t)request_int(req, "bytes", 0);
	char *bytes = request_alloc(req, length + 1);

	memset(bytes, 'x', length);
	request_reply_bytes(req, 200, "text/plain", bytes, length);
}

/* A page of rows: who asks, and the version of the thing; 0 when there is none. */
static void get_page(struct request *req)
{
	struct world *world = request_context(req);
	struct store_query *query = store_query(request_reader(req), &select_version);
	size_t padding = (size_t)request_int(req, "bytes", 0);
	char *bytes = request_alloc(req, padding + 1);
	json_t *answer = json_object();

	world->built++;
	memset(bytes, 'x', padding);
	store_bind_text(query, "name", request_text(req, "name"));
	if (store_next(query, NULL) > 0) {
		json_set_int(answer, "version", store_int(query, "version"));
		store_finish(query);
	}
	json_set_text(answer, "who", request_principal(req));
	json_set_text(answer, "padding", bytes);
	if (request_bool(req, "versioned", false))
		request_set_version(req, 7);
	if (request_bool(req, "doubtful", false))
		error_set(request_error(req), ERROR_IO, "half of it could not be read");
	request_reply_json(req, request_bool(req, "accepted", false) ? 202 : 200, answer);
}

static void post_secret(struct request *req)
{
	struct take *take = take_new(req);

	take->name = "secret";
	request_write(req, ask_insert, tell_inserted, take);
}

static int ask_refuse(struct store_tx *tx, void *arg, struct error *err)
{
	struct take *take = arg;

	(void)tx;
	take->world->asks++;
	return error_set(err, ERROR_FORBIDDEN, "not you");
}

static void post_refused(struct request *req)
{
	request_write(req, ask_refuse, tell_inserted, take_new(req));
}

static const struct route routes[] = {
	{.method = ROUTE_GET,
		.path = "/api/things/{name}",
		.handle = get_thing,
		.path_params = {{.name = "name", .type = PARAM_NAME}},
		.query_params = {{.name = "limit", .type = PARAM_INT, .min = 1, .max = 100},
			{.name = "deep", .type = PARAM_BOOL}, {.name = "q", .type = PARAM_TEXT},
			{.name = "color", .type = PARAM_WORD, .help = "red green"}}},
	{.method = ROUTE_PUT,
		.path = "/api/things/{name}",
		.flags = ROUTE_NEED_MATCH,
		.handle = put_thing,
		.path_params = {{.name = "name", .type = PARAM_NAME}}},
	{.method = ROUTE_GET, .path = "/api/things/special", .handle = get_who},
	{.method = ROUTE_GET,
		.path = "/api/plans/{path}",
		.handle = get_thing,
		.path_params = {{.name = "path", .type = PARAM_PATH_NAME}}},
	{.method = ROUTE_GET,
		.path = "/api/ids/{id}",
		.handle = get_who,
		.path_params = {{.name = "id", .type = PARAM_ID}}},
	{.method = ROUTE_POST,
		.path = "/api/things",
		.access = 1,
		.max_body = 1024,
		.handle = post_thing,
		.request = "Thing"},
	{.method = ROUTE_POST,
		.path = "/api/secrets",
		.access = 1,
		.max_body = 64,
		.flags = ROUTE_SECRET,
		.handle = post_secret},
	{.method = ROUTE_POST, .path = "/api/refused", .access = 1, .handle = post_refused},
	{.method = ROUTE_POST, .path = "/api/steps", .access = 1, .handle = post_steps},
	{.method = ROUTE_POST,
		.path = "/api/raw",
		.max_body = 100000,
		.flags = ROUTE_RAW_BODY,
		.handle = post_raw},
	{.method = ROUTE_GET,
		.path = "/api/held",
		.handle = get_held,
		.query_params = {{.name = "ms", .type = PARAM_INT}}},
	{.method = ROUTE_GET,
		.path = "/api/pages/{name}",
		.access = 1,
		.flags = ROUTE_KEPT,
		.handle = get_page,
		.path_params = {{.name = "name", .type = PARAM_NAME}},
		.query_params = {{.name = "bytes", .type = PARAM_INT},
			{.name = "versioned", .type = PARAM_BOOL},
			{.name = "doubtful", .type = PARAM_BOOL},
			{.name = "accepted", .type = PARAM_BOOL}}},
	{.method = ROUTE_GET,
		.path = "/api/built/{name}",
		.access = 1,
		.handle = get_page,
		.path_params = {{.name = "name", .type = PARAM_NAME}}},
	{.method = ROUTE_GET, .path = "/api/forgetful", .handle = forget},
	{.method = ROUTE_GET, .path = "/api/who", .access = 1, .handle = get_who},
	{.method = ROUTE_GET, .path = "/api/admin", .access = 2, .handle = get_who},
	{.method = ROUTE_GET, .path = "/api/stream", .flags = ROUTE_STREAM, .handle = get_stream},
	{.method = ROUTE_GET,
		.path = "/api/large",
		.handle = get_large,
		.query_params = {{.name = "bytes", .type = PARAM_INT}}},
};

/* "good" is somebody, "other" somebody else; a peer is its uid. Nobody has access 2. */
static int authenticate(void *arg, struct arena *arena, const char *token, int64_t peer_uid,
	const char *address, unsigned access, void **ret_principal, struct error *err)
{
	(void)arg;
	(void)address;
	if (access == 2)
		return error_set(err, ERROR_FORBIDDEN, "the role admin is needed");
	if (peer_uid >= 0)
		*ret_principal = arena_format(arena, "uid:%lld", (long long)peer_uid);
	else if (token && (!strcmp(token, "good") || !strcmp(token, "other")))
		*ret_principal = arena_text(arena, token);
	else
		return error_set(err, ERROR_UNAUTHENTICATED, "nobody is known by this token");
	return 0;
}

static const char *principal_id(const void *principal)
{
	return principal;
}

static void denied(void *arg, const void *principal, const struct error *why, int64_t at_us)
{
	struct world *world = arg;

	world->denials++;
	snprintf(world->denied, sizeof(world->denied), "%s: %s", (const char *)principal,
		why->message);
	ck_assert_int_gt(at_us, 0);
}

/* --- life --- */

static void listen_on(struct world *world, const char *name, const char *address)
{
	struct error err = ERROR_INIT;
	struct listener_options options = {
		.name = name, .address = address, .connection_limit = 16};

	ck_assert_msg(server_listen(world->server, &options, &err) == 0, "%s", err.message);
}

void world_open(struct world *world, const struct server_options *limits)
{
	static const struct store_schema *const schemas[] = {&server_schema, &thing_schema};
	struct error err = ERROR_INIT;
	struct server_options options = limits ? *limits : (struct server_options){0};
	struct route_table table = {routes, sizeof(routes) / sizeof(routes[0]), world};
	char path[128], address[128];

	memset(world, 0, sizeof(*world));
	test_directory(world->directory, sizeof(world->directory), "server");
	snprintf(path, sizeof(path), "%s/db", world->directory);
	snprintf(world->socket_path, sizeof(world->socket_path), "%s/socket", world->directory);
	ck_assert_int_eq(loop_open(&world->loop, &err), 0);
	ck_assert_msg(store_open(
			      &(struct store_options){
				      .path = path, .schemas = schemas, .schema_count = 2},
			      world->loop, &world->store, &err) == 0,
		"%s", err.message);
	options.loop = world->loop;
	options.store = world->store;
	options.authenticator =
		(struct server_authenticator){world, authenticate, principal_id, denied};
	options.tables = &table;
	options.table_count = 1;
	ck_assert_msg(server_open(&options, &world->server, &err) == 0, "%s", err.message);
	listen_on(world, "control", "127.0.0.1:0");
	snprintf(address, sizeof(address), "unix:%s", world->socket_path);
	listen_on(world, "local", address);
	world->port = server_port(world->server, "control");
}

void world_close(struct world *world)
{
	char command[128];

	server_close(world->server);
	store_close(world->store);
	loop_close(world->loop);
	snprintf(command, sizeof(command), "rm -rf %s", world->directory);
	ck_assert_int_eq(system(command), 0);
}

/* --- clients: each a thread, because they block --- */

struct runner {
	struct world *world;
	struct talk *talk;
	pthread_t thread;
	atomic_bool is_done;
};

static int connect_to(const struct world *world, bool is_unix)
{
	struct sockaddr_in tcp = {.sin_family = AF_INET,
		.sin_port = htons((uint16_t)world->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr_un local = {.sun_family = AF_UNIX};
	int fd = socket(is_unix ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int rc;

	snprintf(local.sun_path, sizeof(local.sun_path), "%s", world->socket_path);
	if (is_unix)
		rc = connect(fd, (struct sockaddr *)&local, sizeof(local));
	else
		rc = connect(fd, (struct sockaddr *)&tcp, sizeof(tcp));
	return rc < 0 ? -1 : fd;
}

static void send_all(int fd, const struct talk *talk)
{
	size_t length = talk->length ? talk->length : strlen(talk->send);
	size_t step = talk->drip_ms ? 1 : length;

	for (size_t at = 0; at < length;) {
		ssize_t sent;

		if (talk->drip_ms)
			usleep((unsigned)talk->drip_ms * 1000);
		sent = send(
			fd, talk->send + at, at + step > length ? length - at : step, MSG_NOSIGNAL);
		if (sent <= 0)
			return;
		at += (size_t)sent;
	}
}

static void receive_all(int fd, struct talk *talk)
{
	struct buf received = BUF_INIT;
	struct pollfd ready = {.fd = fd, .events = POLLIN};
	char chunk[4096];
	ssize_t got;

	while (poll(&ready, 1, 10000) > 0 && (got = recv(fd, chunk, sizeof(chunk), 0)) > 0)
		buf_add(&received, chunk, (size_t)got);
	talk->received = buf_take(&received, &talk->received_length);
}

static void *run_talk(void *arg)
{
	struct runner *runner = arg;
	struct talk *talk = runner->talk;
	int64_t start_ms = time_mono_ms();
	int fd = connect_to(runner->world, talk->is_unix);

	if (fd >= 0) {
		send_all(fd, talk);
		usleep((unsigned)talk->read_after_ms * 1000);
		if (!talk->leaves)
			receive_all(fd, talk);
		close(fd);
	}
	if (!talk->received)
		talk->received = strdup("");
	talk->took_ms = time_mono_ms() - start_ms;
	talk->status = strlen(talk->received) > 12 ? atoi(talk->received + 9) : 0;
	talk->body = strstr(talk->received, "\r\n\r\n");
	talk->body = talk->body ? talk->body + 4 : "";
	runner->is_done = true;
	return NULL;
}

struct watch {
	struct world *world;
	struct runner *runners;
	size_t count;
};

static void check_done(void *arg)
{
	struct watch *watch = arg;

	for (size_t i = 0; i < watch->count; i++)
		if (!watch->runners[i].is_done)
			return;
	loop_stop(watch->world->loop);
}

void world_talk_all(struct world *world, struct talk *talks, size_t count)
{
	struct runner *runners = calloc(count, sizeof(*runners));
	struct watch watch = {world, runners, count};
	struct loop_timer *timer = loop_timer_new(world->loop, check_done, &watch);

	for (size_t i = 0; i < count; i++) {
		runners[i].world = world;
		runners[i].talk = &talks[i];
		pthread_create(&runners[i].thread, NULL, run_talk, &runners[i]);
	}
	loop_timer_start(timer, 1, 1);
	loop_run(world->loop);
	loop_timer_free(timer);
	for (size_t i = 0; i < count; i++)
		pthread_join(runners[i].thread, NULL);
	free(runners);
}

struct talk world_talk(struct world *world, const char *raw)
{
	struct talk talk = {.send = raw};

	world_talk_all(world, &talk, 1);
	return talk;
}

const char *world_request(const char *line, const char *headers, const char *body)
{
	static char texts[8][8192];
	static size_t next;
	char *text = texts[next++ % 8];
	char length[128] = "";

	if (body)
		snprintf(length, sizeof(length), "Content-Length: %zu\r\n%s", strlen(body),
			strstr(headers, "Content-Type") ? ""
							: "Content-Type: application/json\r\n");
	snprintf(text, sizeof(texts[0]), "%s HTTP/1.1\r\n%sConnection: close\r\n%s%s\r\n%s", line,
		strstr(headers, "Host:") ? "" : "Host: localhost\r\n", headers, length,
		body ? body : "");
	return text;
}

static void stop_loop(void *arg)
{
	loop_stop(arg);
}

void world_turn(struct world *world, int ms)
{
	struct loop_timer *timer = loop_timer_new(world->loop, stop_loop, world->loop);

	loop_timer_start(timer, ms, 0);
	loop_run(world->loop);
	loop_timer_free(timer);
}
