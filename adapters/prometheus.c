#include "adapters/prometheus_rooms.h"
#include "lib/base/text.h"
#include "lib/base/time.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define QUERY_MAX_BYTES	 4096
#define ANSWER_MAX_BYTES ((size_t)4 * 1024 * 1024)

enum prometheus_kind { PROMETHEUS_VALUE };

static const struct adapter_type types[] = {
	[PROMETHEUS_VALUE] = {"prometheus.value", 1, false, false, false, 0, false},
};

static const struct client_header form[] = {
	{"Content-Type", "application/x-www-form-urlencoded"}, {"Accept", "application/json"}};

typedef struct adapter_result (*reply_reader)(
	int status, const char *body, size_t length, struct arena *arena);

/* One request under way. */
struct work {
	struct arena arena;
	reply_reader read;
	adapter_done done;
	void *arg;
};

static void free_work(void *arg)
{
	struct work *work = arg;

	arena_done(&work->arena);
	free(work);
}

static void on_answer(void *arg, const struct client_response *response, const struct error *err)
{
	struct work *work = arg;
	struct adapter_result result;

	if (err)
		result = adapter_problem(&work->arena, adapter_outcome_of(err), "%s", err->message);
	else
		result = work->read(
			response->status, response->body, response->body_length, &work->arena);
	work->done(work->arg, &result);
	free_work(work);
}

static int parse_address(const char *address, struct client_address *ret, struct error *err)
{
	int rc = client_address_parse("address", address, CLIENT_HTTP | CLIENT_HTTPS, ret, err);

	if (rc < 0)
		return rc;
	if (strchr(ret->text, '?')) {
		adapter_refuse(err, "address", "the address has no query here");
		return error_remedy(err, "write http://host:port or http://host:port/prefix");
	}
	return 0;
}

static int send(struct client *client, const struct adapter_target *target, const char *path,
	const char *body, int timeout_ms, struct work *work, struct error *err)
{
	struct client_address address;
	struct client_request request = {
		.method = body ? "POST" : "GET",
		.headers = form,
		.header_count = 2,
		.body = body,
		.body_length = body ? strlen(body) : 0,
		.login = target->credential ? CLIENT_LOGIN_BY_FORM : CLIENT_LOGIN_NONE,
		.credential = target->credential,
		.networks = target->networks,
		.timeout_ms = timeout_ms,
		.max_bytes = ANSWER_MAX_BYTES,
		.drop = free_work,
	};
	size_t length;
	int rc = parse_address(target->address, &address, err);

	if (rc < 0)
		return rc;
	length = strlen(address.text);
	while (length && address.text[length - 1] == '/')
		length--;
	request.url = arena_format(&work->arena, "%.*s%s", (int)length, address.text, path);
	return client_send(client, &request, on_answer, work, NULL, err);
}

/* Everything but letters, digits and "-._~" as %XX. */
static void add_encoded(struct buf *out, const char *text)
{
	for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
		if (*c < 0x80 && (isalnum(*c) || strchr("-._~", *c)))
			buf_add_char(out, (char)*c);
		else
			buf_add_format(out, "%%%02X", *c);
	}
}

/* Prometheus gives up a little before we do, and says so. */
static const char *query_body(struct arena *arena, const char *query, int timeout_ms)
{
	struct buf body = BUF_INIT;
	const char *text;

	buf_add_text(&body, "query=");
	add_encoded(&body, query);
	buf_add_format(&body, "&timeout=%dms", timeout_ms > 1000 ? timeout_ms - 500 : timeout_ms);
	text = arena_text(arena, buf_text(&body));
	buf_done(&body);
	return text;
}

static int check_query(const struct adapter_register *reg, struct error *err)
{
	size_t type;
	int rc = adapter_check_type(&prometheus_adapter, reg, &type, err);

	if (rc < 0)
		return rc;
	return text_check_prose("args[0]", reg->args[0], QUERY_MAX_BYTES, err);
}

static int prometheus_parse(const struct adapter_register *reg, const json_t *value,
	struct arena *arena, const char **ret_value, struct error *err)
{
	const char *number;
	int rc = check_query(reg, err);

	if (rc < 0 || !value)
		return rc;
	number = adapter_decimal_of_json(arena, value);
	if (!number)
		return adapter_refuse(err, "value", "a reading of Prometheus is a number");
	*ret_value = number;
	return 0;
}

static struct adapter_result read_query(
	int status, const char *body, size_t length, struct arena *arena)
{
	return prometheus_query_reply(status, body, length, time_now_us(), arena);
}

static struct work *new_work(reply_reader read, adapter_done done, void *arg)
{
	struct work *work = calloc(1, sizeof(*work));

	if (!work)
		abort();
	work->read = read;
	work->done = done;
	work->arg = arg;
	return work;
}

static int prometheus_read(struct client *client, const struct adapter_target *target,
	const struct adapter_register *reg, int timeout_ms, adapter_done done, void *arg,
	struct error *err)
{
	struct work *work;
	int rc = check_query(reg, err);

	if (rc < 0)
		return rc;
	work = new_work(read_query, done, arg);
	rc = send(client, target, "/api/v1/query",
		query_body(&work->arena, reg->args[0], timeout_ms), timeout_ms, work, err);
	if (rc < 0)
		free_work(work);
	return rc;
}

static int prometheus_write(struct client *client, const struct adapter_target *target,
	const struct adapter_register *reg, const char *value, const char *version, int timeout_ms,
	adapter_done done, void *arg, struct error *err)
{
	(void)client;
	(void)target;
	(void)value;
	(void)version;
	(void)timeout_ms;
	(void)done;
	(void)arg;
	return adapter_refuse(err, "type", "%s is for reading only", reg->type);
}

struct call {
	struct client *client;
	const struct adapter_target *target;
	int timeout_ms;
	adapter_done done;
	void *arg;
};

static int get(const struct call *call, const char *path, reply_reader read, struct error *err)
{
	struct work *work = new_work(read, call->done, call->arg);
	int rc = send(call->client, call->target, path, NULL, call->timeout_ms, work, err);

	if (rc < 0)
		free_work(work);
	return rc;
}

static int prometheus_check(struct client *client, const struct adapter_target *target,
	int timeout_ms, adapter_done done, void *arg, struct error *err)
{
	const struct call call = {client, target, timeout_ms, done, arg};

	return get(&call, "/api/v1/status/buildinfo", prometheus_check_reply, err);
}

static int prometheus_alerts(struct client *client, const struct adapter_target *target,
	int timeout_ms, adapter_done done, void *arg, struct error *err)
{
	const struct call call = {client, target, timeout_ms, done, arg};

	return get(&call, "/api/v1/alerts", prometheus_alerts_reply, err);
}

static int prometheus_check_address(const char *address, struct error *err)
{
	struct client_address parsed;

	return parse_address(address, &parsed, err);
}

const struct adapter prometheus_adapter = {
	.kind = "prometheus",
	.types = types,
	.type_count = sizeof(types) / sizeof(types[0]),
	.parse = prometheus_parse,
	.read = prometheus_read,
	.write = prometheus_write,
	.check = prometheus_check,
	.alerts = prometheus_alerts,
	.check_address = prometheus_check_address,
};

/* --- Alertmanager: alerts alone --- */

static int alertmanager_check(struct client *client, const struct adapter_target *target,
	int timeout_ms, adapter_done done, void *arg, struct error *err)
{
	const struct call call = {client, target, timeout_ms, done, arg};

	return get(&call, "/api/v2/status", alertmanager_check_reply, err);
}

/* What is silenced or inhibited was looked at by a person or is said by another alert. */
static int alertmanager_alerts(struct client *client, const struct adapter_target *target,
	int timeout_ms, adapter_done done, void *arg, struct error *err)
{
	const struct call call = {client, target, timeout_ms, done, arg};

	return get(&call, "/api/v2/alerts?active=true&silenced=false&inhibited=false",
		alertmanager_alerts_reply, err);
}

const struct adapter alertmanager_adapter = {
	.kind = "alertmanager",
	.parse = adapter_bare_parse,
	.read = adapter_bare_read,
	.write = adapter_bare_write,
	.check = alertmanager_check,
	.alerts = alertmanager_alerts,
	.check_address = prometheus_check_address,
};
