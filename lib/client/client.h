/*
 * Everything that leaves the daemon: HTTP requests (curl) and one-shot conversations over a
 * socket, both on the loop. At most CLIENT_IN_FLIGHT_MAX calls run; the rest wait in order.
 *
 * A call ends in exactly one callback, from the loop, never from inside the function that
 * started it; a cancelled call has none (`drop`, when given, is called instead, so that `arg` can
 * be freed). No redirect is followed, no proxy, no .netrc
 * and no environment variable is used.
 *
 * The error of a call says what may have happened at the other side:
 *   ERROR_UNREACHABLE      nothing was sent
 *   ERROR_FORBIDDEN        nothing was sent: the address lies outside the declared networks
 *   ERROR_INVALID, ERROR_IO  nothing was sent: the credential could not be read
 *   ERROR_OUTCOME_UNKNOWN  something was sent and no whole answer came (time-out included)
 *   ERROR_TOO_LARGE        sent, and the answer is larger than max_bytes
 */
#ifndef RB_CLIENT_CLIENT_H
#define RB_CLIENT_CLIENT_H

#include "lib/base/error.h"
#include "lib/base/loop.h"

#include <stdbool.h>
#include <stddef.h>

#define CLIENT_IN_FLIGHT_MAX 50
#define CLIENT_MAX_BYTES     ((size_t)1024 * 1024) /* of an answer, unless the call says another */
#define CLIENT_TIMEOUT_MS    10000		   /* unless the call says another */

struct client;
struct client_call;

int client_open(struct loop *loop, struct client **ret, struct error *err);
/* Cancels what runs. Not from inside a callback of a call. NULL is fine. */
void client_close(struct client *client);

/* HTTP */

struct client_header {
	const char *name;
	const char *value;
};

/* BY_FORM: "user:password" is a basic login, one word a bearer token. */
enum client_login {
	CLIENT_LOGIN_NONE,
	CLIENT_LOGIN_BEARER,
	CLIENT_LOGIN_BASIC,
	CLIENT_LOGIN_BY_FORM
};

/* All of it is copied; zero means none or the default. */
struct client_request {
	const char *method; /* GET HEAD POST PUT PATCH DELETE */
	const char *url;    /* http or https, no user, no fragment; see client_address_parse */
	const struct client_header *headers; /* none of those that HTTP or login own */
	size_t header_count;
	const void *body;
	size_t body_length;
	enum client_login login;
	const char *credential;	     /* reference (lib/base/secret.h): a token, or user:password */
	const char *idempotency_key; /* the one way to send Idempotency-Key */
	const char *const
		*networks; /* CIDRs that the peer must lie in, NULL-ended; NULL or empty = any */
	int timeout_ms;	   /* from the moment it leaves the queue */
	size_t max_bytes;
	void (*drop)(
		void *arg);  /* instead of done, when the call is cancelled or the client closed */
	bool is_lone_origin; /* this origin occurs once in a fan-out: its connection is not kept */
};

/* Borrowed for the duration of the callback. */
struct client_response {
	int status;	  /* 0 for a conversation */
	const char *body; /* NUL behind the end */
	size_t body_length;
	void *handle; /* for client_response_header */
};
/* The last header of this name, or NULL. */
const char *client_response_header(const struct client_response *response, const char *name);

/* Exactly one of response and err is given. Any HTTP status is a response. */
typedef void (*client_done)(
	void *arg, const struct client_response *response, const struct error *err);

/* An error here means that the request was refused as written. ret_call may be NULL. */
int client_send(struct client *client, const struct client_request *request, client_done done,
	void *arg, struct client_call **ret_call, struct error *err);

/* One conversation: connect, send the request, read until the peer closes. All of it is copied. */
struct client_conversation {
	const char *address; /* "unix:/path" or "tcp:host:port" */
	const void *request;
	size_t request_length;
	const char *const *networks;
	int timeout_ms;
	size_t max_bytes;
	void (*drop)(void *arg);
};
int client_converse(struct client *client, const struct client_conversation *conversation,
	client_done done, void *arg, struct client_call **ret_call, struct error *err);

/* The call ends without its callback; what was sent stays sent. Not after its callback began. */
void client_cancel(struct client_call *call);

/* Addresses */

enum client_scheme { CLIENT_UNIX = 1, CLIENT_TCP = 2, CLIENT_HTTP = 4, CLIENT_HTTPS = 8 };

struct client_address {
	enum client_scheme scheme;
	char host[256]; /* without brackets; "" for unix */
	int port;
	bool is_numeric; /* the host is an IP address */
	char text[1024]; /* canonical: the unix path, or the URL as curl spells it, or tcp:host:port
			  */
};

/*
 * The one address grammar: "unix:/path", "tcp:host:port", "tcp:[::1]:port",
 * "http(s)://host[:port][/path][?query]". `schemes` is a union of enum client_scheme: what the
 * caller can use. Refuses user names, empty hosts, '%' in hosts, '\', fragments and any byte
 * outside 0x21..0x7e.
 */
int client_address_parse(const char *field, const char *address, unsigned schemes,
	struct client_address *ret, struct error *err);

/* "10.1.0.0/16", "fd00::/8", "192.0.2.7": checks the form; host bits must be zero. */
int client_check_network(const char *field, const char *network, struct error *err);
/* Is the numeric address (v4-mapped unwrapped) in one of the networks? Empty list: yes. */
bool client_is_in_networks(const char *ip, const char *const *networks);

#endif
