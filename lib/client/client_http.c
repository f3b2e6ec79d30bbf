#include "lib/base/memory.h"
#include "lib/base/secret.h"
#include "lib/base/text.h"
#include "lib/client/client_rooms.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include <uv.h>

#define CONNECT_TIMEOUT_MS 5000
#define STALL_SECONDS	   30
#define HEADER_MAX_BYTES   ((size_t)64 * 1024) /* of all headers of an answer */
#define NAME_CACHE_SECONDS 30

struct client_http {
	CURLM *multi;
	struct client *client;
	struct loop_timer *timer;
	CURL *idle[CLIENT_IN_FLIGHT_MAX]; /* handles to be used again */
	size_t idle_count;
	bool has_new;
};

/* One socket of curl's under the loop's eyes. */
struct watcher {
	uv_poll_t poll;
	struct client_http *http;
	curl_socket_t socket;
};

static const char *const methods[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", NULL};

/* Headers that belong to HTTP, to the login or to proxies; "-" at the end means the whole family.
 */
static const char *const refused_headers[] = {"Host", "Content-Length", "Transfer-Encoding",
	"Connection", "Keep-Alive", "Upgrade", "Expect", "TE", "Trailer", "Authorization", "Cookie",
	"Cookie2", "Idempotency-Key", "Forwarded", "Proxy-", "X-Forwarded-", "X-Remote-",
	"X-Real-IP", NULL};

/* What the request says, checked before anything is kept. */

static bool is_token(const char *name)
{
	return *name && strspn(name, "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
				     "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == strlen(name);
}

static bool is_header_value(const char *value)
{
	for (const unsigned char *c = (const unsigned char *)value; *c; c++)
		if ((*c < 0x20 && *c != '\t') || *c == 0x7F)
			return false;
	return true;
}

static bool is_refused(const char *name)
{
	for (size_t i = 0; refused_headers[i]; i++) {
		size_t length = strlen(refused_headers[i]);
		bool is_family = refused_headers[i][length - 1] == '-';

		if (is_family ? !strncasecmp(name, refused_headers[i], length)
			      : !strcasecmp(name, refused_headers[i]))
			return true;
	}
	return false;
}

static int check_header(const struct client_header *header, struct error *err)
{
	if (!header->name || !is_token(header->name)) {
		error_set(err, ERROR_INVALID, "a header name is not a token of HTTP");
		return error_field(err, "headers");
	}
	if (is_refused(header->name)) {
		error_set(err, ERROR_INVALID, "the header %s cannot be set", header->name);
		return error_field(err, "headers");
	}
	if (!header->value || !is_header_value(header->value)) {
		error_set(err, ERROR_INVALID, "the value of the header %s has control characters",
			header->name);
		return error_field(err, "headers");
	}
	return 0;
}

static int check_method(const char *method, struct error *err)
{
	for (size_t i = 0; methods[i]; i++)
		if (text_is_equal(method, methods[i]))
			return 0;
	error_set(err, ERROR_INVALID, "the HTTP method is not known");
	error_field(err, "method");
	return error_remedy(err, "use GET, HEAD, POST, PUT, PATCH or DELETE");
}

int client_http_check(const struct client_request *request, struct error *err)
{
	const char *key = request->idempotency_key;
	int rc = check_method(request->method, err);

	for (size_t i = 0; i < request->header_count && rc >= 0; i++)
		rc = check_header(&request->headers[i], err);
	if (rc >= 0 && key && (!*key || !is_header_value(key)))
		rc = error_set(err, ERROR_INVALID, "the idempotency key cannot be a header value");
	if (rc >= 0 && (request->login == CLIENT_LOGIN_NONE) != !request->credential)
		rc = error_set(
			err, ERROR_INVALID, "a login and a credential must be given together");
	if (rc >= 0 && request->credential)
		rc = secret_check_reference("credential", request->credential, err);
	return rc;
}

/* The answer. */

static size_t take_body(char *bytes, size_t size, size_t count, void *arg)
{
	struct client_call *call = arg;
	size_t length = size * count;

	if (length > call->max_bytes - call->answer.length) {
		call->is_too_large = true;
		return 0;
	}
	buf_add(&call->answer, bytes, length);
	return length;
}

static size_t take_header(char *bytes, size_t size, size_t count, void *arg)
{
	struct client_call *call = arg;

	(void)bytes;
	call->header_bytes += size * count;
	if (call->header_bytes > HEADER_MAX_BYTES) {
		call->is_too_large = true;
		return 0;
	}
	return size * count;
}

const char *client_response_header(const struct client_response *response, const char *name)
{
	struct curl_header *header = NULL;

	if (!response->handle ||
		curl_easy_header(response->handle, name, 0, CURLH_HEADER, -1, &header) != CURLHE_OK)
		return NULL;
	if (header->amount > 1 && curl_easy_header(response->handle, name, header->amount - 1,
					  CURLH_HEADER, -1, &header) != CURLHE_OK)
		return NULL;
	return header->value;
}

/* The peer's address: seen as the kernel will, whatever the name resolved to. */

static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct client_call *call = arg;
	char ip[INET6_ADDRSTRLEN] = "?";

	(void)purpose;
	if (address->family == AF_INET)
		inet_ntop(
			AF_INET, &((struct sockaddr_in *)&address->addr)->sin_addr, ip, sizeof(ip));
	else if (address->family == AF_INET6)
		inet_ntop(AF_INET6, &((struct sockaddr_in6 *)&address->addr)->sin6_addr, ip,
			sizeof(ip));
	if (!client_is_in_networks(ip, call->networks)) {
		call->refused_ip = arena_text(&call->arena, ip);
		return CURL_SOCKET_BAD;
	}
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* A kept connection was opened for another call, perhaps with other networks. */
static int check_peer(void *arg, char *ip, char *local_ip, int port, int local_port)
{
	struct client_call *call = arg;

	(void)local_ip;
	(void)port;
	(void)local_port;
	if (client_is_in_networks(ip, call->networks))
		return CURL_PREREQFUNC_OK;
	call->refused_ip = arena_text(&call->arena, ip);
	return CURL_PREREQFUNC_ABORT;
}

/* One transfer. */

static CURL *take_handle(struct client_http *http)
{
	CURL *easy = http->idle_count ? http->idle[--http->idle_count] : curl_easy_init();

	if (!easy)
		memory_end();
	return easy;
}

static void set_rules(CURL *easy)
{
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_UNRESTRICTED_AUTH, 0L);
	curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(easy, CURLOPT_HTTP09_ALLOWED, 0L);
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
	curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, (long)STALL_SECONDS);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "redbutton/" RB_VERSION);
}

static void set_callbacks(CURL *easy, struct client_call *call)
{
	curl_easy_setopt(easy, CURLOPT_PRIVATE, call);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, call);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, call);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, call);
	curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, check_peer);
	curl_easy_setopt(easy, CURLOPT_PREREQDATA, call);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, call->curl_message);
}

static void set_limits(CURL *easy, const struct client_call *call)
{
	long connect_ms =
		call->timeout_ms < CONNECT_TIMEOUT_MS ? call->timeout_ms : CONNECT_TIMEOUT_MS;

	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)call->timeout_ms);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, connect_ms);
	curl_easy_setopt(easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)call->max_bytes);
	curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, call->is_lone_origin ? 1L : 0L);
	/* Walking the cache for old entries costs more than the whole exchange with numeric hosts.
	 */
	curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT,
		call->address.is_numeric ? -1L : (long)NAME_CACHE_SECONDS);
}

static bool has_header(const struct client_call *call, const char *name)
{
	for (size_t i = 0; i < call->header_count; i++)
		if (!strcasecmp(call->headers[i].name, name))
			return true;
	return false;
}

static void add_line(struct client_call *call, const char *line)
{
	struct curl_slist *lines = curl_slist_append(call->header_lines, line);

	if (!lines)
		memory_end();
	call->header_lines = lines;
}

/* A line that ends in ':' takes away what curl would add, one that ends in ';' sends no value. */
static void set_headers(CURL *easy, struct client_call *call)
{
	for (size_t i = 0; i < call->header_count; i++) {
		const struct client_header *header = &call->headers[i];

		add_line(call, *header->value ? arena_format(&call->arena, "%s: %s", header->name,
							header->value)
					      : arena_format(&call->arena, "%s;", header->name));
	}
	add_line(call, "Expect:");
	if (!has_header(call, "Content-Type"))
		add_line(call, "Content-Type:");
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, call->header_lines);
}

static void set_method(CURL *easy, const struct client_call *call)
{
	bool has_body = call->request_length || text_starts_with(call->method, "P");

	if (!strcmp(call->method, "HEAD")) {
		curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
		return;
	}
	if (has_body) {
		curl_easy_setopt(easy, CURLOPT_POST, 1L);
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, call->request);
		curl_easy_setopt(
			easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->request_length);
	}
	curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, call->method);
}

static bool is_visible_ascii(const struct secret *secret)
{
	for (size_t i = 0; i < secret->length; i++)
		if (secret->bytes[i] < 0x21 || secret->bytes[i] > 0x7E)
			return false;
	return true;
}

static int set_secret(
	CURL *easy, const struct client_call *call, const struct secret *secret, struct error *err)
{
	const char *text = (const char *)secret->bytes;

	bool is_pair = memchr(text, ':', secret->length) != NULL;

	if (call->login == CLIENT_LOGIN_BEARER ||
		(call->login == CLIENT_LOGIN_BY_FORM && !is_pair)) {
		if (!is_visible_ascii(secret))
			return error_set(err, ERROR_INVALID,
				"%s holds no bearer token: it must be one word", call->credential);
		curl_easy_setopt(easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER);
		curl_easy_setopt(easy, CURLOPT_XOAUTH2_BEARER, text);
		return 0;
	}
	if (strlen(text) != secret->length || !is_pair || !is_header_value(text))
		return error_set(
			err, ERROR_INVALID, "%s does not hold user:password", call->credential);
	curl_easy_setopt(easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
	curl_easy_setopt(easy, CURLOPT_USERPWD, text);
	return 0;
}

static int set_login(CURL *easy, const struct client_call *call, struct error *err)
{
	struct secret secret = {0};
	int rc;

	if (call->login == CLIENT_LOGIN_NONE)
		return 0;
	rc = secret_open(call->credential, &secret, err);
	if (rc < 0)
		return rc;
	rc = set_secret(easy, call, &secret, err);
	secret_close(&secret);
	return rc;
}

static int start(struct client_call *call, struct error *err)
{
	struct client_http *http = call->client->http;
	int rc;

	call->easy = take_handle(http);
	call->curl_message = arena_alloc(&call->arena, CURL_ERROR_SIZE);
	set_rules(call->easy);
	set_callbacks(call->easy, call);
	set_limits(call->easy, call);
	set_headers(call->easy, call);
	set_method(call->easy, call);
	rc = set_login(call->easy, call, err);
	if (rc < 0)
		return rc;
	if (curl_easy_setopt(call->easy, CURLOPT_URL, call->address.text) != CURLE_OK ||
		curl_multi_add_handle(http->multi, call->easy) != CURLM_OK)
		return error_set(err, ERROR_NO_MEMORY, "nothing was sent: no memory for a request");
	http->has_new = true;
	return 0;
}

/* The handle stays with the call, for the headers of the answer, until client_http_release. */
static void stop(struct client_call *call)
{
	curl_multi_remove_handle(call->client->http->multi, call->easy);
}

void client_http_release(struct client_call *call)
{
	struct client_http *http = call->client->http;

	curl_slist_free_all(call->header_lines);
	call->header_lines = NULL;
	if (!call->easy)
		return;
	curl_easy_reset(call->easy);
	if (http->idle_count < CLIENT_IN_FLIGHT_MAX)
		http->idle[http->idle_count++] = call->easy;
	else
		curl_easy_cleanup(call->easy);
	call->easy = NULL;
}

/* The end of a transfer. */

static int explain(struct client_call *call, CURLcode code, struct error *err)
{
	const char *why = *call->curl_message ? call->curl_message : curl_easy_strerror(code);
	long sent_bytes = 0;

	curl_easy_getinfo(call->easy, CURLINFO_REQUEST_SIZE, &sent_bytes);
	if (call->is_too_large || code == CURLE_FILESIZE_EXCEEDED)
		return error_set(err, ERROR_TOO_LARGE, "the answer is larger than %zu bytes",
			call->max_bytes);
	if (call->refused_ip && !sent_bytes)
		return client_refuse_address(call->refused_ip, err);
	if (!sent_bytes)
		return error_set(err, ERROR_UNREACHABLE, "nothing was sent: %s", why);
	return error_set(err, ERROR_OUTCOME_UNKNOWN,
		"the request was sent and no whole answer came: %s", why);
}

static void finish_transfer(struct client_call *call, CURLcode code)
{
	struct error err = ERROR_INIT;
	long status = 0;

	curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
	call->status = (int)status;
	if (code != CURLE_OK) {
		explain(call, code, &err);
		error_place(&err, "%s://%s:%d",
			call->address.scheme == CLIENT_HTTPS ? "https" : "http", call->address.host,
			call->address.port);
	}
	client_finish(call, code == CURLE_OK ? NULL : &err);
}

static void collect(struct client_http *http)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(http->multi, &left))) {
		struct client_call *call = NULL;
		CURLcode code = message->data.result;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&call);
		finish_transfer(call, code);
	}
}

/* curl under the loop. */

static void on_socket(uv_poll_t *poll, int status, int events)
{
	struct watcher *watcher = poll->data;
	struct client_http *http = watcher->http;
	/* A broken connection is to be read: curl then knows why, and asks anew on a fresh one when
	 * a kept one was closed before anything came. */
	int flags = status < 0 ? CURL_CSELECT_IN | CURL_CSELECT_OUT : 0, running;

	if (events & UV_READABLE)
		flags |= CURL_CSELECT_IN;
	if (events & UV_WRITABLE)
		flags |= CURL_CSELECT_OUT;
	curl_multi_socket_action(http->multi, watcher->socket, flags, &running);
	collect(http);
	client_deliver(http->client);
}

static void on_timeout(void *arg)
{
	struct client_http *http = arg;
	int running;

	curl_multi_socket_action(http->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	collect(http);
	client_deliver(http->client);
}

static void free_watcher(uv_handle_t *handle)
{
	struct watcher *watcher = handle->data;

	free(watcher);
}

static void unwatch(struct client_http *http, struct watcher *watcher)
{
	if (!watcher)
		return;
	uv_poll_stop(&watcher->poll);
	uv_close((uv_handle_t *)&watcher->poll, free_watcher);
	curl_multi_assign(http->multi, watcher->socket, NULL);
}

static struct watcher *watch(struct client_http *http, curl_socket_t socket)
{
	struct watcher *watcher = calloc(1, sizeof(*watcher));

	if (!watcher)
		abort();
	watcher->http = http;
	watcher->socket = socket;
	if (uv_poll_init_socket(loop_uv(http->client->loop), &watcher->poll, socket) < 0) {
		free(watcher);
		return NULL;
	}
	watcher->poll.data = watcher;
	curl_multi_assign(http->multi, socket, watcher);
	return watcher;
}

static int want_socket(CURL *easy, curl_socket_t socket, int what, void *arg, void *socket_arg)
{
	struct client_http *http = arg;
	struct watcher *watcher = socket_arg;
	int events = 0;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		unwatch(http, watcher);
		return 0;
	}
	if (!watcher && !(watcher = watch(http, socket)))
		return -1;
	if (what & CURL_POLL_IN)
		events |= UV_READABLE;
	if (what & CURL_POLL_OUT)
		events |= UV_WRITABLE;
	uv_poll_start(&watcher->poll, events, on_socket);
	return 0;
}

static int want_timeout(CURLM *multi, long timeout_ms, void *arg)
{
	struct client_http *http = arg;

	(void)multi;
	if (timeout_ms < 0)
		loop_timer_stop(http->timer);
	else
		loop_timer_start(http->timer, timeout_ms, 0);
	return 0;
}

void client_http_kick(struct client *client)
{
	struct client_http *http = client->http;
	int running;

	if (!http->has_new)
		return;
	http->has_new = false;
	curl_multi_socket_action(http->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	collect(http);
}

int client_http_open(struct client *client, struct error *err)
{
	struct client_http *http;
	CURLM *multi;

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK || !(multi = curl_multi_init()))
		return error_set(err, ERROR_INTERNAL, "libcurl cannot be initialised");
	http = calloc(1, sizeof(*http));
	if (!http)
		abort();
	http->multi = multi;
	http->client = client;
	http->timer = loop_timer_new(client->loop, on_timeout, http);
	curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, want_socket);
	curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, http);
	curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, want_timeout);
	curl_multi_setopt(multi, CURLMOPT_TIMERDATA, http);
	curl_multi_setopt(multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
	curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)CLIENT_IN_FLIGHT_MAX * 2);
	client->http = http;
	return 0;
}

void client_http_close(struct client *client)
{
	struct client_http *http = client->http;

	while (http->idle_count)
		curl_easy_cleanup(http->idle[--http->idle_count]);
	curl_multi_cleanup(http->multi);
	loop_timer_free(http->timer);
	curl_global_cleanup();
	free(http);
	client->http = NULL;
}

const struct client_transport client_http_transport = {start, stop};
