/* Between the files of lib/server. Nobody else includes this. */
#ifndef RB_SERVER_SERVER_ROOMS_H
#define RB_SERVER_SERVER_ROOMS_H

#include "lib/base/buf.h"
#include "lib/base/digest.h"
#include "lib/base/json.h"
#include "lib/base/secret.h"
#include "lib/server/server.h"

#include <microhttpd.h>
#include <sys/socket.h>
#include <uv.h>

#define ROUTE_SEGMENTS_MAX 12
#define ADDRESS_SIZE	   96

/* --- deadlines (deadline.c): FIFO lists, because each kind has one constant length --- */

enum deadline_kind {
	DEADLINE_NONE,	  /* a write that waits for its commit, a stream */
	DEADLINE_IDLE,	  /* no request line yet */
	DEADLINE_REQUEST, /* from the request line to the end of the reply */
	DEADLINE_HELD,	  /* somebody promised an answer; also a large reply on its way out */
	DEADLINE_KINDS
};

struct connection {
	struct server *server;
	struct listener *listener;
	struct request *request; /* the one that is being served, or NULL */
	int fd;
	int64_t peer_uid;
	char address[ADDRESS_SIZE];
	enum deadline_kind deadline;
	int64_t deadline_ms;
	struct connection *before, *next;   /* in its deadline's list */
	struct connection *elder, *younger; /* in its listener's list */
};

struct deadlines {
	struct loop_timer *timer;
	int64_t armed_ms; /* when the timer fires; 0 = not armed */
	int64_t length_ms[DEADLINE_KINDS];
	struct connection *first[DEADLINE_KINDS], *last[DEADLINE_KINDS];
};

void deadline_init(struct server *server);
void deadline_done(struct server *server);
void deadline_set(struct connection *connection, enum deadline_kind kind);

/* --- addresses (address.c): sockets before MHD knows of them --- */

struct address {
	int fd; /* bound and listening */
	bool is_unix;
	bool is_loopback; /* unix sockets too */
	int port;	  /* 0 for a unix socket */
	char *path;	  /* of a unix socket that we made and remove; else NULL */
	char host[128];	  /* as the operator wrote it */
};
int address_bind(const struct listener_options *options, struct address *ret, struct error *err);
void address_close(struct address *address);
/* "127.0.0.1:4711", "[::1]:4711" or "unix". */
void address_of_peer(int fd, char *text, size_t size);

/* --- listeners (listener.c) --- */

struct listener {
	struct server *server;
	struct listener *next;
	char *name;
	struct address address;
	struct MHD_Daemon *daemon;
	uv_poll_t poll;
	struct loop_timer *timer;
	bool run_again; /* MHD_run is due before the loop may sleep */
	bool is_tls;
	struct secret key;
	struct secret certificate;
	unsigned per_user_limit; /* connections of one uid; root and ours are not counted */
	struct connection *connections;
	size_t open_count; /* of them */
};

int listener_open(struct server *server, const struct listener_options *options,
	struct listener **ret, struct error *err);
/* No new connections from now on. */
void listener_quiesce(struct listener *listener);
void listener_close(struct listener *listener);
/* The end of the turn: true when there is more to do at once. */
bool listener_turn(struct listener *listener);

/* --- routes (route.c) and typed parameters (param.c) --- */

struct compiled_route {
	const struct route *route;
	void *context;
	size_t count;
	char *segments[ROUTE_SEGMENTS_MAX]; /* of a parameter: its name */
	bool is_param[ROUTE_SEGMENTS_MAX];
};

struct route_index {
	struct arena arena;
	struct compiled_route *routes;
	size_t count;
};

int route_index_init(struct route_index *index, const struct route_table *tables,
	size_t table_count, struct error *err);
void route_index_done(struct route_index *index);
/* Finds the route of method and raw path, and puts the decoded segments into req. */
int route_match(const struct route_index *index, struct request *req, const char *method,
	const char *path, struct error *err);

struct param_value {
	const struct route_param *param;
	const char *text; /* decoded; NULL = absent */
	int64_t number;	  /* PARAM_INT, PARAM_BOOL */
};

/* Percent-decodes into the arena; '+' is a space in queries only. Refuses NUL and broken UTF-8. */
int param_decode(struct arena *arena, const char *field, const char *raw, size_t length,
	bool is_query, char **ret, struct error *err);
/* Checks `text` against the type and keeps it in req->values. */
int param_take(
	struct request *req, const struct route_param *param, const char *text, struct error *err);
int param_take_query(struct request *req, const char *raw_query, struct error *err);

/* --- a request (request.c, access.c) --- */

struct reply_header {
	struct reply_header *next;
	const char *name, *value;
};

struct reply {
	unsigned status;
	const char *type;
	char *bytes; /* malloc; handed to MHD when it is sent */
	size_t length;
	bool is_set;
	bool is_captured; /* made inside the transaction: leaves after its COMMIT */
};

struct keyed {		 /* the Idempotency-Key of a request */
	const char *key; /* NULL = none */
	const char *principal;
	char digest[DIGEST_TEXT_SIZE];
};

struct stream {
	struct request *req;
	struct stream_options options;
	struct buf unsent;
	struct loop_timer *heartbeat;
	bool is_suspended;
	bool is_ending;
	struct stream *before, *next; /* in server->streams */
};

struct request {
	struct server *server;	       /* NULL when the server has gone */
	struct connection *connection; /* NULL when detached */
	struct MHD_Connection *mhd;    /* NULL when detached */
	struct store *store;
	struct request *before, *next; /* in server->requests */
	struct arena arena;
	const struct compiled_route *route;
	void *principal;
	char *uri;
	const char *method;
	int64_t now_us, started_ms;
	struct param_value values[2 * ROUTE_PARAMS_MAX];
	size_t value_count;
	const char *segments[ROUTE_SEGMENTS_MAX]; /* decoded */
	size_t segment_count;
	struct buf body;
	json_t *json;
	size_t discarded; /* body bytes of a refused request */
	struct error error;
	struct reply_header *headers;
	struct reply reply;
	struct MHD_Response *response; /* of a stream that waits to be sent */
	struct MHD_Response *page;     /* the reply as it is kept; borrowed */
	uint64_t data_version;	       /* of the rows that the handler sees; 0 = keep nothing */
	struct keyed keyed;
	int64_t if_version;	     /* of If-Match; -1 = any */
	struct store_tx *capture_tx; /* tell runs inside the transaction */
	struct stream *stream;
	bool is_begun;	  /* MHD's first call was made */
	bool is_old;	  /* HTTP/1.0 */
	bool is_refused;  /* error is the answer; the body is thrown away */
	bool must_close;  /* the reply says Connection: close */
	bool in_callback; /* inside MHD's access handler */
	bool is_waiting;  /* held or writing: an answer is promised */
	bool is_writing;  /* the store will call told */
	bool is_suspended;
	bool is_sent;	   /* a response was queued */
	bool is_settled;   /* the handler did one of its four duties */
	bool is_timed_out; /* the client was answered already; the holder was not told yet */
};

/* Made when MHD has read the request line. */
struct request *request_new(
	struct connection *connection, struct MHD_Connection *mhd, const char *uri);
/* MHD is done with it. What is still promised to somebody lives on, detached. */
void request_completed(struct request *req);
/* Answers for whoever holds it (ERROR_TIMEOUT, ERROR_UNREACHABLE), and detaches the holder. */
void request_give_up(struct request *req, int code, const char *message);
/* Runs a handler or a tell, and answers `internal` when it did none of its duties. */
void request_call(struct request *req, void (*call)(struct request *req, void *arg), void *arg);
void request_free(struct request *req);
/* MHD's access handler. */
enum MHD_Result access_handle(void *cls, struct MHD_Connection *mhd, const char *url,
	const char *method, const char *version, const char *upload, size_t *upload_size,
	void **con_cls);

/* Queues the reply, or what a stream made, and resumes. */
enum MHD_Result reply_send(struct request *req);
/* Tells the authenticator of a refusal; of any other error nothing. */
void reply_note_denied(struct request *req, const struct error *err);
/* As request_fail, on the spot. */
void reply_clear(struct request *req);

/* The reply with its headers, as the library takes it; the caller's. */
struct MHD_Response *reply_make_response(struct request *req);
bool reply_has_header(const struct request *req, const char *name);

/* --- pages that are kept (page.c) --- */

#define PAGES_MAX      512
#define PAGE_BYTES_MAX (4u << 20) /* of all */
#define PAGE_COST_MAX  (256u << 10)
#define PAGE_TAG_SIZE  35 /* 128 bits of the page's SHA-256, quoted */

struct pages;
struct pages *pages_new(void);
void pages_free(struct pages *pages);
void pages_get_figures(const struct pages *pages, struct server_figures *ret);
/* True when the reply was made from what is kept; else the handler is to make it. */
bool page_answer(struct request *req);
/* After the handler replied on the spot: gives the page its tag, and keeps what may be kept. */
void page_keep(struct request *req);

/* --- idempotency (idempotency.c, idempotency_store.c) --- */

#define IDEMPOTENCY_KEEP_US (24ll * 3600 * 1000000)

struct kept_reply {
	const char *digest;
	int64_t status; /* 0 = the answer was not kept: it held a secret */
	const char *type;
	const char *headers; /* "Name: value\n" each */
	const void *body;
	size_t length;
};
/* 1 = answered from what was kept, 0 = go on, or an error. */
int idempotency_begin(struct request *req, struct error *err);
/* Inside the transaction, after ask. */
int idempotency_record(struct store_tx *tx, struct request *req,
	void (*tell)(struct request *req, void *arg), void *arg, struct error *err);

/* 1 = found, 0 = not. */
int idempotency_store_find(struct store_tx *tx, struct arena *arena, const char *principal,
	const char *key, int64_t since_us, struct kept_reply *ret, struct error *err);
int idempotency_store_insert(struct store_tx *tx, const char *principal, const char *key,
	const struct kept_reply *reply, int64_t now_us, struct error *err);
int idempotency_store_forget(struct store_tx *tx, int64_t before_us, struct error *err);

/* --- streams --- */

/* The connection of the stream ended: tells its owner. */
void stream_end(struct stream *stream);

/* --- the server --- */

struct server {
	struct loop *loop;
	struct store *store;
	struct server_authenticator authenticator;
	struct route_index routes;
	char **hosts; /* NULL-ended */
	struct listener *listeners;
	struct request *requests;
	struct stream *streams;
	size_t stream_count;
	struct pages *pages;
	struct server_route_figures *figures; /* one a route, then one for no route */
	struct deadlines deadlines;
	unsigned idle_timeout_s;
	int64_t heartbeat_ms;
	size_t lag_bytes;
	unsigned stream_limit;
	int64_t grace_ms;
	bool is_closing;
};

#endif
