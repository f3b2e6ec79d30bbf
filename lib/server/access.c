#include "lib/base/json.h"
#include "lib/base/text.h"
#include "lib/server/server_rooms.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* How much of a refused body is read, so that the client gets its answer on a kept connection. */
#define DRAIN_MAX      (1u << 20)
#define DRAIN_HARD_MAX (16u << 20)

/* Headers that may come once only: two readers could believe different ones. */
static const char *const single_headers[] = {"Host", "Content-Length", "Transfer-Encoding",
	"Authorization", "Content-Type", "If-Match", "Idempotency-Key", "Origin", "Sec-Fetch-Site"};

struct header_count {
	size_t counts[sizeof(single_headers) / sizeof(single_headers[0])];
	bool is_crooked;
};

/* RFC 9110, 5.6.2: what a name is made of. The library takes more. */
static bool is_token(const char *name)
{
	const char *c = name;

	while ((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') ||
		(*c && strchr("!#$%&'*+-.^_`|~", *c)))
		c++;
	return *name && !*c;
}

static bool has_control(const char *value)
{
	for (; *value; value++)
		if (((unsigned char)*value < 0x20 && *value != '\t') || *value == 0x7f)
			return true;
	return false;
}

static enum MHD_Result count_header(
	void *cls, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct header_count *count = cls;

	(void)kind;
	count->is_crooked |= !is_token(name) || (value && has_control(value));
	for (size_t i = 0; i < sizeof(single_headers) / sizeof(single_headers[0]); i++)
		if (!strcasecmp(name, single_headers[i]))
			count->counts[i]++;
	return MHD_YES;
}

static int refuse_header(struct error *err, int code, const char *name, const char *why)
{
	error_set(err, code, "%s %s", name, why);
	return error_field(err, "%s", name);
}

static int check_headers(struct request *req, struct error *err)
{
	struct header_count count = {0};

	MHD_get_connection_values(req->mhd, MHD_HEADER_KIND, count_header, &count);
	if (count.is_crooked) {
		error_set(err, ERROR_INVALID,
			"a header has a crooked name or a control character in its value");
		return error_field(err, "headers");
	}
	for (size_t i = 0; i < sizeof(single_headers) / sizeof(single_headers[0]); i++)
		if (count.counts[i] > 1)
			return refuse_header(
				err, ERROR_INVALID, single_headers[i], "is given twice");
	if (request_header(req, "Content-Length") && request_header(req, "Transfer-Encoding"))
		return refuse_header(
			err, ERROR_INVALID, "Content-Length", "stands beside Transfer-Encoding");
	if (req->is_old && request_header(req, "Transfer-Encoding"))
		return refuse_header(
			err, ERROR_INVALID, "Transfer-Encoding", "is not known to HTTP/1.0");
	if (request_header(req, "Content-Encoding"))
		return refuse_header(err, ERROR_MEDIA, "Content-Encoding", "is not understood");
	return 0;
}

/* --- Host and Origin: a page of another site must not reach us through its visitor's browser ---
 */

/* Length of the host part of "host", "host:port", "[v6]" or "[v6]:port". */
static size_t host_length(const char *text)
{
	if (*text == '[')
		return strcspn(text, "]") + (strchr(text, ']') ? 1 : 0);
	return strcspn(text, ":");
}

static bool is_host(const char *text, size_t length, const char *name)
{
	if (*text == '[' && length > 2) {
		text++;
		length -= 2;
	}
	return strlen(name) == length && !strncasecmp(text, name, length);
}

/* Behind the host there is nothing, or a port. */
static bool has_port_or_nothing(const char *rest)
{
	return !*rest || (*rest == ':' && strlen(rest) <= 6 &&
				 strspn(rest + 1, "0123456789") == strlen(rest + 1));
}

static int check_host(const struct request *req, struct error *err)
{
	static const char *const always[] = {"localhost", "127.0.0.1", "::1"};
	const struct listener *listener = req->connection->listener;
	const char *host = request_header(req, "Host");
	size_t length = host ? host_length(host) : 0;

	if (listener->address.is_unix)
		return 0;
	if (!host)
		return refuse_header(err, ERROR_INVALID, "Host", "is missing");
	if (!has_port_or_nothing(host + length))
		return refuse_header(err, ERROR_INVALID, "Host", "is no host and port");
	for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
		if (is_host(host, length, always[i]))
			return 0;
	if (is_host(host, length, listener->address.host))
		return 0;
	for (size_t i = 0; req->server->hosts[i]; i++)
		if (is_host(host, length, req->server->hosts[i]))
			return 0;
	refuse_header(
		err, ERROR_FORBIDDEN, "Host", "names a host that this daemon does not answer for");
	return error_remedy(err, "an operator adds it to the setting hosts");
}

static bool is_same_origin(const struct request *req, const char *origin)
{
	const char *host = request_header(req, "Host");

	if (text_starts_with(origin, "https://"))
		origin += strlen("https://");
	else if (text_starts_with(origin, "http://") && !req->connection->listener->is_tls)
		origin += strlen("http://");
	else
		return false;
	return host && !strcasecmp(host, origin);
}

static int check_origin(const struct request *req, struct error *err)
{
	const char *site = request_header(req, "Sec-Fetch-Site");
	const char *origin = request_header(req, "Origin");

	if (req->route->route->method == ROUTE_GET)
		return 0;
	if (site && strcmp(site, "same-origin") && strcmp(site, "none"))
		return refuse_header(err, ERROR_FORBIDDEN, "Sec-Fetch-Site",
			"says that another site sent this request");
	if (origin && !is_same_origin(req, origin))
		return refuse_header(
			err, ERROR_FORBIDDEN, "Origin", "says that another site sent this request");
	return 0;
}

/* --- If-Match --- */

static int refuse_if_match(struct error *err, int code, const char *message)
{
	error_set(err, code, "%s", message);
	error_field(err, "If-Match");
	return error_remedy(err, "send the ETag of what you read, e.g. If-Match: \"v7\"");
}

/* A precondition that nobody would look at must not pass for one that held. */
static int refuse_precondition(const struct request *req, struct error *err)
{
	static const char *const others[] = {"If-None-Match", "If-Unmodified-Since"};

	if (request_header(req, "If-Match")) {
		refuse_header(err, ERROR_INVALID, "If-Match", "is not taken here");
		return error_remedy(err, "leave it out");
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (req->route->route->method != ROUTE_GET && request_header(req, others[i]))
			return refuse_header(err, ERROR_INVALID, others[i], "is not taken here");
	return 0;
}

static int take_if_match(struct request *req, struct error *err)
{
	unsigned flags = req->route->route->flags;
	const char *value = request_header(req, "If-Match");
	size_t length = value ? strlen(value) : 0;
	char digits[24];

	req->if_version = -1;
	if (!(flags & (ROUTE_IF_MATCH | ROUTE_NEED_MATCH)))
		return refuse_precondition(req, err);
	if (!value)
		return flags & ROUTE_NEED_MATCH
			       ? refuse_if_match(err, ERROR_PRECONDITION, "If-Match is missing")
			       : 0;
	if (!strcmp(value, "*"))
		return 0;
	if (length < 4 || length > 22 || strncmp(value, "\"v", 2) || value[length - 1] != '"')
		return refuse_if_match(err, ERROR_INVALID, "If-Match is not one version");
	snprintf(digits, sizeof(digits), "%.*s", (int)length - 3, value + 2);
	if (text_parse_int64("If-Match", digits, 0, INT64_MAX, &req->if_version, NULL) < 0)
		return refuse_if_match(err, ERROR_INVALID, "If-Match is not one version");
	return 0;
}

/* --- who asks --- */

static const char *bearer(const struct request *req)
{
	const char *value = request_header(req, "Authorization");

	if (!value || strncasecmp(value, "Bearer ", 7))
		return NULL;
	return value + 7 + strspn(value + 7, " ");
}

static int authenticate(struct request *req, struct error *err)
{
	const struct server_authenticator *who = &req->server->authenticator;
	const struct connection *connection = req->connection;
	unsigned access = req->route->route->access;

	if (!access)
		return 0;
	return who->authenticate(who->arg, &req->arena, bearer(req), connection->peer_uid,
		connection->address, access, &req->principal, err);
}

/* --- the body, before it comes --- */

/* Declared length; -1 when it is chunked. */
static int declared_length(const struct request *req, int64_t *ret, struct error *err)
{
	const char *length = request_header(req, "Content-Length");

	*ret = request_header(req, "Transfer-Encoding") ? -1 : 0;
	if (!length)
		return 0;
	return text_parse_int64("Content-Length", length, 0, INT64_MAX, ret, err);
}

static int refuse_length(const struct route *route, struct error *err)
{
	if (!route->max_body) {
		error_set(err, ERROR_INVALID, "this request takes no body");
		return error_field(err, "body");
	}
	error_set(err, ERROR_TOO_LARGE, "the body is larger than %zu bytes", route->max_body);
	return error_field(err, "body");
}

static bool is_json_type(const char *type)
{
	size_t length = type ? strcspn(type, "; \t") : 0;
	const char *charset;

	if (length != strlen("application/json") || strncasecmp(type, "application/json", length))
		return false;
	charset = strchr(type, '=');
	return !charset || !strncasecmp(charset + 1 + (charset[1] == '"'), "utf-8", 5);
}

/* Of raw bodies; whoever says nothing sends text. */
static bool is_text_type(const char *type)
{
	return !type || !*type || !strncasecmp(type, "text/plain", strlen("text/plain"));
}

static int check_body(struct request *req, int64_t length, struct error *err)
{
	const struct route *route = req->route->route;
	const char *type = request_header(req, "Content-Type");

	if (length == 0)
		return 0;
	if (!route->max_body || length > (int64_t)route->max_body)
		return refuse_length(route, err);
	if (is_json_type(type) || ((route->flags & ROUTE_RAW_BODY) && is_text_type(type)))
		return 0;
	refuse_header(err, ERROR_MEDIA, "Content-Type", "is not application/json");
	return error_remedy(err, "send JSON in UTF-8 with Content-Type: application/json");
}

/* --- the first call: all that can be decided without the body --- */

static int take_path_params(struct request *req, struct error *err)
{
	const struct compiled_route *compiled = req->route;
	int rc = 0;

	for (size_t i = 0; i < compiled->count && rc >= 0; i++) {
		const struct route_param *param = compiled->route->path_params;

		if (!compiled->is_param[i])
			continue;
		while (strcmp(param->name, compiled->segments[i]))
			param++;
		rc = param_take(req, param, req->segments[i], err);
	}
	return rc;
}

static int refuse_when_closing(struct request *req, struct error *err)
{
	if (!req->server->is_closing)
		return 0;
	req->must_close = true;
	error_set(err, ERROR_UNREACHABLE, "the daemon is stopping");
	return error_remedy(err, "ask again when it has started");
}

static int decide(struct request *req, int64_t *ret_length)
{
	struct error *err = &req->error;
	size_t path_length = strcspn(req->uri, "?");
	const char *query = req->uri[path_length] ? req->uri + path_length + 1 : "";
	char *path = arena_text_n(&req->arena, req->uri, path_length);
	int rc = declared_length(req, ret_length, err);

	if (rc < 0)
		req->must_close = true;
	if (rc >= 0)
		rc = refuse_when_closing(req, err);
	if (rc >= 0 && (rc = check_headers(req, err)) < 0)
		req->must_close = true;
	if (rc >= 0)
		rc = check_host(req, err);
	if (rc >= 0)
		rc = route_match(&req->server->routes, req, req->method, path, err);
	if (rc >= 0)
		rc = check_origin(req, err);
	if (rc >= 0)
		rc = authenticate(req, err);
	if (rc >= 0)
		rc = take_path_params(req, err);
	if (rc >= 0)
		rc = param_take_query(req, query, err);
	if (rc >= 0)
		rc = take_if_match(req, err);
	if (rc >= 0)
		rc = check_body(req, *ret_length, err);
	return rc;
}

static enum MHD_Result begin(struct request *req, const char *method, const char *version)
{
	int64_t length = 0;

	req->is_begun = true;
	req->is_old = !strcmp(version, "HTTP/1.0");
	req->method = arena_text(&req->arena, method);
	req->is_refused = decide(req, &length) < 0;
	/* Whoever asks before he sends is told now; a small body is read, and the connection kept.
	 */
	if (!req->is_refused || (length <= DRAIN_MAX && !request_header(req, "Expect")))
		return MHD_YES;
	/* Only here the first call answers: the connection closes, and the body is never read. */
	req->must_close = true;
	req->in_callback = true;
	request_fail(req);
	req->in_callback = false;
	return reply_send(req);
}

/* --- the body --- */

static enum MHD_Result take_upload(struct request *req, const char *bytes, size_t size)
{
	const struct route *route = req->route ? req->route->route : NULL;

	if (!req->is_refused && req->body.length + size > route->max_body) {
		refuse_length(route, &req->error);
		req->is_refused = true;
		req->must_close = true;
		buf_done(&req->body);
		buf_init(&req->body);
	}
	if (req->is_refused) {
		req->discarded += size;
		return req->discarded > DRAIN_HARD_MAX ? MHD_NO : MHD_YES;
	}
	buf_add(&req->body, bytes, size);
	return MHD_YES;
}

static int parse_body(struct request *req, struct error *err)
{
	static const char *const none[] = {NULL};
	int rc;

	if ((req->route->route->flags & ROUTE_RAW_BODY) || !req->body.length)
		return 0;
	rc = json_parse(req->body.bytes, req->body.length, JSON_DEPTH_MAX, &req->json, err);
	if (rc < 0)
		return error_field(err, "body");
	if (json_is_object(req->json))
		return req->route->route->request ? 0 : json_check_keys(req->json, none, err);
	error_set(err, ERROR_INVALID, "the body is not a JSON object");
	return error_field(err, "body");
}

static void run_handler(struct request *req, void *arg)
{
	(void)arg;
	req->route->route->handle(req);
}

static void dispatch(struct request *req)
{
	int rc = parse_body(req, &req->error);

	if (rc >= 0)
		rc = idempotency_begin(req, &req->error);
	if (rc < 0)
		request_fail(req);
	else if (rc == 0)
		request_call(req, run_handler, NULL);
}

/* The last call: answered now, or suspended until somebody answers. */
static enum MHD_Result finish(struct request *req)
{
	req->in_callback = true;
	if (req->is_refused)
		request_fail(req);
	else if (!page_answer(req))
		dispatch(req);
	req->in_callback = false;
	if (req->reply.is_set && !req->page)
		page_keep(req);
	if (req->response || (req->reply.is_set && !req->reply.is_captured))
		return reply_send(req);
	req->is_suspended = true;
	MHD_suspend_connection(req->mhd);
	return MHD_YES;
}

enum MHD_Result access_handle(void *cls, struct MHD_Connection *mhd, const char *url,
	const char *method, const char *version, const char *upload, size_t *upload_size,
	void **con_cls)
{
	struct request *req = *con_cls;
	size_t size = *upload_size;

	(void)cls;
	(void)mhd;
	(void)url;
	if (!req->is_begun)
		return begin(req, method, version);
	if (!size)
		return finish(req);
	*upload_size = 0;
	return take_upload(req, upload, size);
}
