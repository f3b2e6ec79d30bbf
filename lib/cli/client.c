#include "lib/base/id.h"
#include "lib/base/json.h"
#include "lib/base/text.h"
#include "lib/base/time.h"
#include "lib/cli/cli_rooms.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ANSWER_MAX     (64u << 20)
#define LINE_MAX_BYTES (4u << 20)
#define TOKEN_MAX      4096
#define CONNECT_MS     5000
#define ANSWER_MS      90000
#define SILENCE_S      60 /* of a stream: its heartbeat comes each 15 s */

struct cli_client {
	CURL *easy;
	char *base;   /* URL without a path */
	char *socket; /* NULL with --url */
	char *bearer; /* "Authorization: Bearer ...", NULL = none */
	int64_t timeout_ms;
	char reason[CURL_ERROR_SIZE];
};

struct answer {
	struct cli *cli;
	long status;
	char type[96];
	struct buf body;
	bool (*line)(void *arg, const char *line); /* of a stream */
	void *arg;
	bool is_ended; /* `line` had enough */
	bool is_too_large;
};

/* --- where the daemon is --- */

static const char *setting(struct cli *cli, const char *flag, const char *variable)
{
	const char *value = cli_flag(cli, flag);

	if (!value)
		value = getenv(variable);
	return value && *value ? value : NULL;
}

static char *read_token_file(struct cli *cli, const char *path, struct error *err)
{
	char token[TOKEN_MAX];
	FILE *file = fopen(path, "re");
	size_t length;

	if (!file) {
		error_errno(err, ERROR_USAGE, "the token file cannot be read");
		error_place(err, "%s", path);
		return NULL;
	}
	length = fread(token, 1, sizeof(token) - 1, file);
	fclose(file);
	token[length] = 0;
	token[strcspn(token, "\r\n \t")] = 0;
	if (*token)
		return arena_text(&cli->arena, token);
	error_set(err, ERROR_USAGE, "the token file is empty");
	error_place(err, "%s", path);
	return NULL;
}

static bool is_loopback_url(const char *url)
{
	static const char *const loopback[] = {
		"http://127.0.0.1", "http://localhost", "http://[::1]"};

	for (size_t i = 0; i < sizeof(loopback) / sizeof(loopback[0]); i++) {
		size_t length = strlen(loopback[i]);

		if (!strncasecmp(url, loopback[i], length) && strchr(":/", url[length]))
			return true;
	}
	return false;
}

static int read_token(struct cli *cli, struct cli_client *client, struct error *err)
{
	const char *path = setting(cli, "token-file", "RB_TOKEN_FILE");
	const char *token = path ? read_token_file(cli, path, err) : getenv("RB_TOKEN");

	if (path && !token)
		return err->code;
	if (!token || !*token)
		return 0;
	if (!client->socket && strncasecmp(client->base, "https://", 8) &&
		!is_loopback_url(client->base)) {
		error_set(err, ERROR_USAGE, "the token would travel in clear to %s", client->base);
		error_field(err, "url");
		return error_remedy(err, "use an https:// address");
	}
	for (const char *c = token; *c; c++)
		if (*c < 0x21 || *c > 0x7e)
			return error_set(err, ERROR_USAGE, "the token has bytes that no token has");
	client->bearer = arena_format(&cli->arena, "Authorization: Bearer %s", token);
	return 0;
}

static int find_daemon(struct cli *cli, struct cli_client *client, struct error *err)
{
	const char *url = setting(cli, "url", "RB_URL");
	const char *socket = setting(cli, "socket", "RB_SOCKET");
	const char *timeout = cli_flag(cli, "timeout");
	size_t length;

	/* A flag outranks the environment, whichever of the two addresses it names. */
	if (url && cli_flag(cli, "socket") && !cli_flag(cli, "url"))
		url = NULL;
	client->timeout_ms = ANSWER_MS;
	if (timeout && time_parse_duration("timeout", timeout, &client->timeout_ms, err) < 0)
		return err->code;
	client->base = arena_text(&cli->arena, url ? url : "http://localhost");
	for (length = strlen(client->base); length && client->base[length - 1] == '/';)
		client->base[--length] = 0;
	if (!url)
		client->socket = arena_text(&cli->arena, socket ? socket : CLI_SOCKET);
	if (strncasecmp(client->base, "http://", 7) && strncasecmp(client->base, "https://", 8)) {
		error_set(err, ERROR_USAGE,
			"the address \"%s\" begins neither with https:// nor http://",
			client->base);
		return error_field(err, "url");
	}
	return read_token(cli, client, err);
}

static int open_client(struct cli *cli, struct error *err)
{
	struct cli_client *client;
	int rc;

	if (cli->client)
		return 0;
	client = arena_alloc(&cli->arena, sizeof(*client));
	rc = find_daemon(cli, client, err);
	if (rc < 0)
		return rc;
	client->easy = curl_easy_init();
	if (!client->easy)
		return error_set(err, ERROR_NO_MEMORY, "the HTTP client cannot be started");
	cli->client = client;
	return 0;
}

void client_free(struct cli_client *client)
{
	if (client)
		curl_easy_cleanup(client->easy);
}

/* --- what curl gives us --- */

static size_t take_header(char *bytes, size_t size, size_t count, void *arg)
{
	struct answer *answer = arg;
	size_t length = size * count;
	char *line = arena_text_n(&answer->cli->arena, bytes, length);
	char *value = strchr(line, ':');

	if (!value)
		return length;
	*value++ = 0;
	value += strspn(value, " \t");
	value[strcspn(value, "\r\n")] = 0;
	if (!strcasecmp(line, "Content-Type"))
		snprintf(answer->type, sizeof(answer->type), "%s", value);
	if (!strcasecmp(line, "ETag") && strlen(value) > 2 && *value == '"')
		answer->cli->etag = arena_text_n(&answer->cli->arena, value + 1, strlen(value) - 2);
	return length;
}

static bool give_lines(struct answer *answer)
{
	char *end;

	while (answer->body.length &&
		(end = memchr(answer->body.bytes, '\n', answer->body.length))) {
		size_t length = (size_t)(end - answer->body.bytes);
		char *line = strndup(answer->body.bytes, length);
		bool goes_on;

		if (!line)
			abort();
		if (length && line[length - 1] == '\r')
			line[length - 1] = 0;
		buf_drop(&answer->body, length + 1);
		goes_on = answer->line(answer->arg, line);
		free(line);
		if (!goes_on)
			return false;
	}
	return true;
}

static size_t take_body(char *bytes, size_t size, size_t count, void *arg)
{
	struct answer *answer = arg;
	size_t length = size * count;
	size_t max = answer->line ? LINE_MAX_BYTES : ANSWER_MAX;

	if (!answer->status)
		curl_easy_getinfo(
			answer->cli->client->easy, CURLINFO_RESPONSE_CODE, &answer->status);
	buf_add(&answer->body, bytes, length);
	if (answer->line && answer->status == 200 && !give_lines(answer)) {
		answer->is_ended = true;
		return 0;
	}
	answer->is_too_large = answer->body.length > max;
	return answer->is_too_large ? 0 : length;
}

/* --- one exchange --- */

static struct curl_slist *make_headers(
	const struct cli_client *client, const struct cli_request *request)
{
	struct curl_slist *list = NULL;
	char line[256], key[ID_SIZE];

	snprintf(line, sizeof(line), "Accept: %s",
		request->accept ? request->accept : "application/json");
	list = curl_slist_append(list, line);
	list = curl_slist_append(list, "Expect:");
	if (client->bearer)
		list = curl_slist_append(list, client->bearer);
	if (request->body)
		list = curl_slist_append(list, "Content-Type: application/json");
	if (request->raw_body) {
		snprintf(line, sizeof(line), "Content-Type: %s", request->raw_type);
		list = curl_slist_append(list, line);
	}
	if (request->if_match) {
		bool is_any = !strcmp(request->if_match, "*");

		snprintf(line, sizeof(line), is_any ? "If-Match: %s" : "If-Match: \"%s\"",
			request->if_match);
		list = curl_slist_append(list, line);
	}
	if (!strcmp(request->method, "POST")) {
		id_new(key);
		snprintf(line, sizeof(line), "Idempotency-Key: %s", key);
		list = curl_slist_append(list, line);
	}
	return list;
}

static void set_safety(struct cli *cli, CURL *easy)
{
	const char *ca_file = setting(cli, "ca-file", "RB_CA_FILE");

	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(easy, CURLOPT_HTTP09_ALLOWED, 0L);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
	if (ca_file)
		curl_easy_setopt(easy, CURLOPT_CAINFO, ca_file);
}

static void set_times(const struct cli_client *client, const struct answer *answer)
{
	if (answer->line) {
		curl_easy_setopt(client->easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
		curl_easy_setopt(client->easy, CURLOPT_LOW_SPEED_TIME, (long)SILENCE_S);
	} else {
		curl_easy_setopt(client->easy, CURLOPT_TIMEOUT_MS, (long)client->timeout_ms);
	}
}

static CURLcode exchange(struct cli *cli, const struct cli_request *request, struct answer *answer)
{
	struct cli_client *client = cli->client;
	struct curl_slist *headers = make_headers(client, request);
	char *url = arena_format(&cli->arena, "%s%s", client->base, request->path);
	char *json = request->body ? json_text(&cli->arena, request->body) : NULL;
	const char *body = json ? json : request->raw_body;
	size_t length = json ? strlen(json) : request->raw_length;
	CURLcode rc;

	curl_easy_reset(client->easy);
	set_safety(cli, client->easy);
	set_times(client, answer);
	curl_easy_setopt(client->easy, CURLOPT_URL, url);
	if (client->socket)
		curl_easy_setopt(client->easy, CURLOPT_UNIX_SOCKET_PATH, client->socket);
	if (body || strcmp(request->method, "GET")) {
		curl_easy_setopt(
			client->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)(body ? length : 0));
		curl_easy_setopt(client->easy, CURLOPT_POSTFIELDS, body ? body : "");
	}
	curl_easy_setopt(client->easy, CURLOPT_CUSTOMREQUEST, request->method);
	curl_easy_setopt(client->easy, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(client->easy, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(client->easy, CURLOPT_HEADERDATA, answer);
	curl_easy_setopt(client->easy, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(client->easy, CURLOPT_WRITEDATA, answer);
	curl_easy_setopt(client->easy, CURLOPT_ERRORBUFFER, client->reason);
	rc = curl_easy_perform(client->easy);
	curl_easy_getinfo(client->easy, CURLINFO_RESPONSE_CODE, &answer->status);
	curl_slist_free_all(headers);
	return rc;
}

/* --- what went wrong --- */

static int fail_connect(const struct cli *cli, struct error *err)
{
	const struct cli_client *client = cli->client;

	if (!client->socket) {
		error_set(err, ERROR_UNREACHABLE, "the daemon at %s cannot be reached: %s",
			client->base, client->reason);
		error_place(err, "%s", client->base);
		return error_remedy(err, "check --url (RB_URL), and that redbuttond runs there");
	}
	error_set(err, ERROR_UNREACHABLE,
		"the daemon is not running: nobody answers on the socket %s", client->socket);
	error_place(err, "%s", client->socket);
	return error_remedy(err, "start redbuttond, or name its socket by --socket (RB_SOCKET) or "
				 "its address by --url (RB_URL)");
}

static int fail_exchange(
	const struct cli *cli, const struct cli_request *request, CURLcode rc, struct error *err)
{
	bool may_be_done = strcmp(request->method, "GET") != 0;

	if (rc == CURLE_COULDNT_CONNECT || rc == CURLE_COULDNT_RESOLVE_HOST)
		return fail_connect(cli, err);
	if (rc == CURLE_OPERATION_TIMEDOUT)
		error_set(err, may_be_done ? ERROR_OUTCOME_UNKNOWN : ERROR_TIMEOUT,
			"the daemon did not answer in time");
	else if (rc == CURLE_PEER_FAILED_VERIFICATION || rc == CURLE_SSL_CACERT_BADFILE)
		error_set(err, ERROR_UNREACHABLE, "the daemon's certificate is not trusted: %s",
			cli->client->reason);
	else
		error_set(err, may_be_done ? ERROR_OUTCOME_UNKNOWN : ERROR_UNREACHABLE,
			"the exchange with the daemon broke: %s",
			*cli->client->reason ? cli->client->reason : curl_easy_strerror(rc));
	error_place(err, "%s", cli->client->socket ? cli->client->socket : cli->client->base);
	if (err->code == ERROR_OUTCOME_UNKNOWN)
		error_remedy(err, "look whether it was done before you repeat it");
	return err->code;
}

/* An answer of somebody in between, which is no problem of ours. */
static int code_of_status(long status)
{
	static const int codes[] = {ERROR_INVALID, ERROR_UNAUTHENTICATED, ERROR_FORBIDDEN,
		ERROR_NOT_FOUND, ERROR_METHOD, ERROR_CONFLICT, ERROR_STALE, ERROR_TOO_LARGE,
		ERROR_MEDIA, ERROR_PLAN, ERROR_PRECONDITION, ERROR_TOO_MANY, ERROR_UNREACHABLE};

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (error_http(codes[i]) == status)
			return codes[i];
	return status >= 400 && status < 500 ? ERROR_INVALID : ERROR_INTERNAL;
}

static void free_json(void *value)
{
	json_decref(value);
}

static json_t *parse_answer(struct cli *cli, const struct answer *answer, struct error *err)
{
	json_t *value = NULL;

	if (json_parse(buf_text(&answer->body), answer->body.length, JSON_DEPTH_GRAPH, &value,
		    err) < 0)
		return NULL;
	arena_defer(&cli->arena, free_json, value);
	return value;
}

static const char *text_of(const json_t *problem, const char *key)
{
	const char *text = json_string_value(json_object_get(problem, key));

	return text ? text : "";
}

static int fail_status(struct cli *cli, const struct answer *answer, struct error *err)
{
	json_t *problem = parse_answer(cli, answer, NULL);
	const char *word = text_of(problem, "code");

	if (!*word) {
		error_set(err, code_of_status(answer->status),
			"the daemon's address answered HTTP %ld without a reason", answer->status);
		return error_place(
			err, "%s", cli->client->socket ? cli->client->socket : cli->client->base);
	}
	cli->problem = problem;
	error_set(err, error_from_word(word), "%s", text_of(problem, "detail"));
	if (*text_of(problem, "field"))
		error_field(err, "%s", text_of(problem, "field"));
	if (*text_of(problem, "place"))
		error_place(err, "%s", text_of(problem, "place"));
	if (*text_of(problem, "remedy"))
		error_remedy(err, "%s", text_of(problem, "remedy"));
	return err->code;
}

/* --- public --- */

static int take_answer(struct cli *cli, const struct cli_request *request,
	const struct answer *answer, json_t **ret, struct error *err)
{
	json_t *value = NULL;

	if (answer->status >= 300 && !(request->accepts_503 && answer->status == 503))
		return fail_status(cli, answer, err);
	if (answer->body.length && strstr(answer->type, "json")) {
		value = parse_answer(cli, answer, err);
		if (!value)
			return error_prefix(err, "the daemon's answer is broken");
	} else if (answer->body.length) {
		value = json_stringn(answer->body.bytes, answer->body.length);
		if (!value)
			return error_set(err, ERROR_INTERNAL, "the daemon's answer is not UTF-8");
		arena_defer(&cli->arena, free_json, value);
	}
	if (ret)
		*ret = value;
	return 0;
}

int cli_call(struct cli *cli, const struct cli_request *request, json_t **ret, struct error *err)
{
	struct answer answer = {.cli = cli};
	int rc = open_client(cli, err);
	CURLcode result;

	if (rc < 0)
		return rc;
	result = exchange(cli, request, &answer);
	if (answer.is_too_large)
		rc = error_set(err, ERROR_TOO_LARGE, "the daemon's answer is larger than %u MiB",
			ANSWER_MAX >> 20);
	else if (result != CURLE_OK)
		rc = fail_exchange(cli, request, result, err);
	else
		rc = take_answer(cli, request, &answer, ret, err);
	buf_done(&answer.body);
	return rc;
}

int cli_get(struct cli *cli, const char *path, json_t **ret, struct error *err)
{
	return cli_call(cli, &(struct cli_request){.method = "GET", .path = path}, ret, err);
}

int cli_post(struct cli *cli, const char *path, const json_t *body, json_t **ret, struct error *err)
{
	return cli_call(
		cli, &(struct cli_request){.method = "POST", .path = path, .body = body}, ret, err);
}

int cli_stream(struct cli *cli, const char *path, bool (*line)(void *arg, const char *line),
	void *arg, struct error *err)
{
	struct cli_request request = {
		.method = "GET", .path = path, .accept = "text/event-stream, application/json"};
	struct answer answer = {.cli = cli, .line = line, .arg = arg};
	int rc = open_client(cli, err);
	CURLcode result;

	if (rc < 0)
		return rc;
	result = exchange(cli, &request, &answer);
	if (answer.is_ended)
		rc = 0;
	else if (answer.is_too_large)
		rc = error_set(err, ERROR_TOO_LARGE, "a line of the daemon's answer is too long");
	else if (result != CURLE_OK)
		rc = fail_exchange(cli, &request, result, err);
	else if (answer.status != 200)
		rc = fail_status(cli, &answer, err);
	else if (answer.body.length)
		line(arg, buf_text(&answer.body));
	buf_done(&answer.body);
	return rc;
}

const char *cli_etag(const struct cli *cli)
{
	return cli->etag;
}
