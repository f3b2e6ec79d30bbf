/*
 * HTTP on the loop: listeners, routes as tables, typed parameters, problem+json (RFC 9457).
 * A handler takes (typed values), asks (request_write) and tells (a reply). It is called once,
 * with the whole body, and must reply, write, hold or stream before it returns: anything else
 * ends the request with `internal` and a log line.
 */
#ifndef RB_SERVER_SERVER_H
#define RB_SERVER_SERVER_H

#include "lib/base/arena.h"
#include "lib/base/error.h"
#include "lib/base/loop.h"
#include "lib/store/store.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct server;
struct request;
struct stream;

enum route_method { ROUTE_GET, ROUTE_POST, ROUTE_PUT, ROUTE_DELETE };

enum param_type {
	PARAM_TEXT,      /* any UTF-8 up to 1,024 bytes, nothing deceptive */
	PARAM_NAME,      /* text_check_name */
	PARAM_PATH_NAME, /* text_check_path_name: in a path, "a/b" is one segment "a%2Fb" */
	PARAM_ID,        /* ULID */
	PARAM_INT,
	PARAM_BOOL,      /* true | false */
};

struct route_param {
	const char *name;
	enum param_type type;
	int64_t min, max; /* PARAM_INT */
	const char *help;
};

#define ROUTE_PARAMS_MAX 8

struct route {
	enum route_method method;
	const char *path;  /* "/api/v1/plans/{plan}/versions/{version}" */
	unsigned access;   /* handed to the authenticator; 0 = nobody need log in */
	size_t max_body;   /* 0 = no body */
	unsigned flags;    /* ROUTE_* below */
	void (*handle)(struct request *req);
	struct route_param path_params[ROUTE_PARAMS_MAX];  /* each {name} of the path */
	struct route_param query_params[ROUTE_PARAMS_MAX]; /* others are refused by name */
	const char *summary; /* one line, for the API document */
};

#define ROUTE_RAW_BODY 1u  /* body is not JSON: request_body */
#define ROUTE_STREAM   2u  /* ends when the client leaves: no total deadline */
#define ROUTE_NO_KEY   4u  /* POST that takes no Idempotency-Key (it changes nothing) */

struct route_table {
	const struct route *routes;
	size_t count;
	void *context; /* request_context of its handlers */
};

/* Who asks, as main's authenticator made it; lives in the request's arena. */
struct server_authenticator {
	void *arg;
	/*
	 * Called before the body is read. `token` is the Bearer token or NULL; `peer_uid` the unix
	 * socket's peer or -1; `address` e.g. "127.0.0.1:4711" or "unix". Fails with
	 * ERROR_UNAUTHENTICATED or ERROR_FORBIDDEN.
	 */
	int (*authenticate)(void *arg, struct arena *arena, const char *token, int64_t peer_uid,
		const char *address, unsigned access, void **ret_principal, struct error *err);
	/* Stable id of the principal, the namespace of its Idempotency-Keys. */
	const char *(*principal_id)(const void *principal);
};

struct listener_options {
	const char *name;    /* "local" or "control" */
	const char *address; /* "unix:/path" (mode 0666: peers are known by credentials) or "host:port"; port 0 = free */
	int fd;              /* > 0: already bound (socket activation); address is then only shown */
	const char *certificate_path, *key_path; /* both or none */
	unsigned connection_limit, per_address_limit;
};

struct server_options {
	struct loop *loop;
	struct store *store;
	struct server_authenticator authenticator;
	const struct route_table *tables;
	size_t table_count;
	const char *const *hosts; /* NULL-ended names accepted in Host on TCP listeners, besides the bound address */
};

int server_open(const struct server_options *options, struct server **ret, struct error *err);
int server_listen(struct server *server, const struct listener_options *options, struct error *err);
/* Port that a TCP listener really got. */
int server_port(const struct server *server, const char *listener_name);
/* Streams end properly, running requests are answered, then all closes. */
void server_close(struct server *server);
/* The table of Idempotency-Keys. */
extern const struct store_schema server_schema;

/* --- take --- */

struct arena *request_arena(struct request *req);
void *request_alloc(struct request *req, size_t size); /* lives until the reply is sent */
void *request_context(const struct request *req);
const void *request_principal(const struct request *req);
struct store_tx *request_reader(struct request *req); /* store_reader */
struct error *request_error(struct request *req);
int64_t request_now_us(const struct request *req); /* when it arrived: the time that closures use */
const char *request_text(const struct request *req, const char *param); /* NULL when absent */
int64_t request_int(const struct request *req, const char *param, int64_t fallback);
bool request_bool(const struct request *req, const char *param, bool fallback);
bool request_has(const struct request *req, const char *param);
json_t *request_json(const struct request *req); /* the parsed body, an object; borrowed; NULL without body */
const char *request_body(const struct request *req, size_t *ret_length);
const char *request_header(const struct request *req, const char *name);
/* The version in If-Match ("v7"): required -> ERROR_PRECONDITION when absent. `*` gives -1. */
int request_if_match(struct request *req, bool required, int64_t *ret_version);

/* --- ask --- */

/* Runs `ask` in the turn's transaction; `tell` only after the COMMIT; every failure is answered for you. */
void request_write(struct request *req, store_ask ask, void (*tell)(struct request *req, void *arg), void *arg);
/* The answer comes later from the loop (a runner, a target); until then the client waits. */
void request_hold(struct request *req);

/* --- tell --- */

void request_reply_json(struct request *req, unsigned status, json_t *owned);
void request_reply_bytes(struct request *req, unsigned status, const char *type, const void *bytes, size_t length);
void request_reply_empty(struct request *req); /* 204 */
/* Problem+json from request_error(req). */
void request_fail(struct request *req);
/* The same, with more members (owned; e.g. "errors": [...]). */
void request_fail_with(struct request *req, json_t *members);
void request_set_header(struct request *req, const char *name, const char *value);
void request_set_version(struct request *req, int64_t version); /* ETag: "v7" */

/* --- streams (SSE) --- */

struct stream_options {
	void (*opened)(void *arg, struct stream *stream); /* may send at once */
	void (*closed)(void *arg);                        /* the client left, or server_close */
	void *arg;
};
/* text/event-stream with a heartbeat comment each 15 s. */
void request_stream(struct request *req, const struct stream_options *options);
/* Copies; a client that lags more than 1 MiB is dropped. */
void stream_send(struct stream *stream, const char *bytes, size_t length);
void stream_close(struct stream *stream);

#endif
