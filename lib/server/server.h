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
	PARAM_TEXT,	 /* any UTF-8 up to 1,024 bytes, nothing deceptive */
	PARAM_NAME,	 /* text_check_name */
	PARAM_PATH_NAME, /* text_check_path_name: in a path, "a/b" is one segment "a%2Fb" */
	PARAM_ID,	 /* ULID */
	PARAM_INT,
	PARAM_BOOL, /* true | false */
	PARAM_WORD, /* one of those that its help lists */
};

struct route_param {
	const char *name;
	enum param_type type;
	int64_t min, max; /* PARAM_INT */
	const char *help; /* PARAM_WORD: the words, separated by spaces */
};

#define ROUTE_PARAMS_MAX  8
#define ROUTE_ANSWERS_MAX 3

struct route {
	enum route_method method;
	const char *path; /* "/api/v1/plans/{plan}/versions/{version}" */
	unsigned access;  /* handed to the authenticator; 0 = nobody need log in */
	size_t max_body;  /* 0 = no body */
	unsigned flags;	  /* ROUTE_* below */
	void (*handle)(struct request *req);
	struct route_param path_params[ROUTE_PARAMS_MAX];  /* each {name} of the path */
	struct route_param query_params[ROUTE_PARAMS_MAX]; /* others are refused by name */
	const char *summary;				   /* one line, for the API document */
	const char *request; /* schema of the body in the API document; NULL = no field is taken */
	/* "201 Person", "204", "200 text/event-stream": what it answers when all is well, and
	   problems that say more than others ("422 PlanProblem"). */
	const char *answers[ROUTE_ANSWERS_MAX];
};

#define ROUTE_RAW_BODY	 1u   /* body is not JSON: request_body */
#define ROUTE_STREAM	 2u   /* ends when the client leaves: no total deadline */
#define ROUTE_NO_KEY	 4u   /* POST that takes no Idempotency-Key (it changes nothing) */
#define ROUTE_SECRET	 8u   /* the reply shows a secret once: it is never kept for a replay */
#define ROUTE_ETAG	 16u  /* what it answers when all is well has a version */
#define ROUTE_IF_MATCH	 32u  /* takes If-Match; without this flag it is refused */
#define ROUTE_NEED_MATCH 64u  /* takes If-Match and demands it */
#define ROUTE_VITAL	 128u /* its write goes through on a full disk: it starts nothing new */
#define ROUTE_NEED_DIGEST                                                                          \
	256u /* demands If-Match with a digest: "sha256:..." of what was shown                     \
	      */

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
	/*
	 * Somebody who got past `authenticate` was refused (ERROR_FORBIDDEN), by a handler or its
	 * closure, whether they still wait for the answer or not. NULL = nobody is told.
	 */
	void (*denied)(void *arg, const void *principal, const struct error *why, int64_t at_us);
};

struct listener_options {
	const char *name;    /* "local" or "control" */
	const char *address; /* "unix:/path" (mode 0666: peers are known by credentials) or
				"host:port"; port 0 = free */
	int fd; /* > 0: already bound (socket activation); address is then only shown */
	const char *certificate_path, *key_path; /* both or none */
	unsigned connection_limit;
	unsigned per_address_limit; /* of a unix socket: of each uid but root's and the daemon's own
				     */
};

struct server_options {
	struct loop *loop;
	struct store *store;
	struct server_authenticator authenticator;
	const struct route_table *tables;
	size_t table_count;
	const char *const *hosts; /* NULL-ended names accepted in Host on TCP listeners, besides the
				     bound address and localhost */
	/* 0 = the default. */
	int64_t request_deadline_ms; /* from the request line to the end of the reply: 15 s */
	int64_t held_deadline_ms;    /* of a held request: 60 s */
	unsigned idle_timeout_s;     /* silence on a connection: 10 s */
	int64_t heartbeat_ms;	     /* of streams: 15 s */
	size_t lag_bytes;	     /* what a stream may have unsent: 1 MiB */
	unsigned stream_limit;	     /* streams at once: 128 */
	int64_t grace_ms;	     /* what running requests get when the server closes: 5 s */
};

int server_open(const struct server_options *options, struct server **ret, struct error *err);
int server_listen(struct server *server, const struct listener_options *options, struct error *err);
/* Port that a TCP listener really got. */
int server_port(const struct server *server, const char *listener_name);
/*
 * Streams end properly, running requests are answered (grace_ms at most; then they are told so),
 * then all closes. Turns the loop itself: call it when loop_run has returned, before what handlers
 * use is closed. A request still held by a room afterwards ends silently with that room's reply.
 */
void server_close(struct server *server);
/* The table of Idempotency-Keys. */
extern const struct store_schema server_schema;

/* --- figures since the start, for whoever watches from outside --- */

#define SERVER_STATUS_CLASSES 6 /* by hundreds: [2] = 2xx; [0] = anything else */
struct server_route_figures {
	const struct route *route; /* NULL: what no route was found for */
	uint64_t replies[SERVER_STATUS_CLASSES];
};
struct server_listener_figures {
	const char *name;
	size_t connections;
};
struct server_figures {
	const struct server_route_figures *routes;
	size_t route_count;
	struct server_listener_figures listeners[8];
	size_t listener_count;
	size_t requests; /* that are being answered, streams too */
	size_t streams;
};
/* The routes are borrowed from the server. */
void server_get_figures(const struct server *server, struct server_figures *ret);

/* --- the API document --- */

/*
 * Fills `document` (an OpenAPI 3.1 object with components.schemas) with what the tables say: paths,
 * parameters, bodies, answers, problems. `role_word` names each bit of a route's access. Fails with
 * ERROR_INTERNAL on a schema that a row names and nobody gives.
 */
int server_describe(const struct route_table *tables, size_t table_count,
	const char *(*role_word)(unsigned bit), json_t *document, struct error *err);

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
json_t *request_json(
	const struct request *req); /* the parsed body, an object; borrowed; NULL without body */
const char *request_body(const struct request *req, size_t *ret_length);
const char *request_header(const struct request *req, const char *name);
/* The version in If-Match ("v7"), -1 for `*` and when it is absent and may be. Only for routes that
 * take it: it was checked before the handler ran. */
int64_t request_if_match(const struct request *req);
/* The digest in If-Match ("sha256:..."), of a ROUTE_NEED_DIGEST; else NULL. */
const char *request_if_digest(const struct request *req);

/* --- ask --- */

/*
 * Runs `ask` in the turn's transaction; what `tell` replies leaves only after the COMMIT; every
 * failure is answered for you. `tell` makes the reply out of `arg` and does nothing else (others
 * are woken by store_after_commit): for a request with an Idempotency-Key it is called inside the
 * transaction, so that the reply is stored with what it tells of, and request_reader is then that
 * transaction.
 */
void request_write(struct request *req, store_ask ask, void (*tell)(struct request *req, void *arg),
	void *arg);
/* A write that does not end the request: `then` runs after the COMMIT and holds or writes again. */
void request_write_step(struct request *req, store_ask ask,
	void (*then)(struct request *req, void *arg), void *arg);
/*
 * The answer comes later from the loop (a runner, a target); until then the client waits, at most
 * held_deadline_ms, after which it is told `timeout` and a later request_write asks nothing.
 * Whoever holds must reply once, also then: that ends the request's memory.
 */
void request_hold(struct request *req);
/* True when nobody waits for the answer of a held request any more. */
bool request_is_gone(const struct request *req);

/* --- tell: the request may be gone when one of these has returned --- */

void request_reply_json(struct request *req, unsigned status, json_t *owned);
void request_reply_bytes(
	struct request *req, unsigned status, const char *type, const void *bytes, size_t length);
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
	void (*closed)(
		void *arg); /* the client left, stream_close or server_close: once, in the end */
	void *arg;
};
/* text/event-stream with a heartbeat comment each 15 s. */
void request_stream(struct request *req, const struct stream_options *options);
/* Copies whole events; a client that lags more than lag_bytes is dropped. */
void stream_send(struct stream *stream, const char *bytes, size_t length);
/* Ends when what was sent has left. */
void stream_close(struct stream *stream);

#endif
