/*
 * Between the rooms of this folder. client.c owns the calls, their queue and their end; a
 * transport (client_http.c, client_line.c) carries one call and tells its end by client_finish.
 */
#ifndef RB_CLIENT_ROOMS_H
#define RB_CLIENT_ROOMS_H

#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/client/client.h"

#include <sys/queue.h>

struct client_call;
struct client_http; /* curl's multi handle and its watchers */
struct client_line; /* one conversation */

struct client_transport {
	/* Begins the call; an error means that nothing was sent. */
	int (*start)(struct client_call *call, struct error *err);
	/* Lets go of sockets and timers of a call that was started; nothing of it comes back. */
	void (*stop)(struct client_call *call);
};

extern const struct client_transport client_http_transport;
extern const struct client_transport client_line_transport;

enum client_call_state { CLIENT_CALL_WAITING, CLIENT_CALL_RUNNING, CLIENT_CALL_FINISHED };

struct client_call {
	TAILQ_ENTRY(client_call) link;
	enum client_call_state state;
	struct client *client;
	const struct client_transport *transport;
	client_done done;
	void (*drop)(void *arg);
	void *arg;
	struct arena arena; /* everything below that is text */
	struct client_address address;
	const char *const *networks; /* NULL-ended, may be empty */
	int timeout_ms;
	size_t max_bytes;
	const void *request; /* bytes of the body or of the conversation */
	size_t request_length;
	struct buf answer;
	int status;
	const struct error *err; /* when it failed */
	/* client_http.c */
	const char *method;
	const struct client_header *headers;
	size_t header_count;
	enum client_login login;
	const char *credential;
	bool is_lone_origin;
	void *easy;
	void *header_lines;
	size_t header_bytes;
	char *curl_message;
	bool is_too_large;
	const char *refused_ip;
	/* client_line.c */
	struct client_line *line;
};

TAILQ_HEAD(client_call_list, client_call);

struct client {
	struct loop *loop;
	struct client_http *http;
	struct client_call_list waiting, running, finished;
	int in_flight;
	struct loop_timer *later; /* tells the ends that were found at the end of a turn */
};

/* The call is over: err NULL is success. It is told by the next client_deliver. */
void client_finish(struct client_call *call, const struct error *err);
/* Tells every finished call. Only from a poll or timer callback, at its end. */
void client_deliver(struct client *client);

int client_http_open(struct client *client, struct error *err);
void client_http_close(struct client *client);
/* Lets curl begin what was started during this turn. */
void client_http_kick(struct client *client);
/* Gives the curl handle of a finished call back. */
void client_http_release(struct client_call *call);
int client_http_check(const struct client_request *request, struct error *err);

/* Sets the error "address x lies outside the networks of the target". */
int client_refuse_address(const char *ip, struct error *err);

#endif
