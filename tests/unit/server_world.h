/* A server with a few routes on real sockets, and clients that say raw bytes to it. */
#ifndef RB_TESTS_SERVER_WORLD_H
#define RB_TESTS_SERVER_WORLD_H

#include "lib/server/server.h"

struct world {
	struct loop *loop;
	struct store *store;
	struct server *server;
	int port;
	char directory[64];
	char socket_path[96];
	int asks, tells, opened, closed, held; /* what the handlers saw */
	int built;			       /* pages, by their handler */
	int denials;
	char denied[64];  /* "good: not you": the last one */
	int late_answers; /* holders that answered when nobody waited */
	struct stream *stream;
};

void world_open(struct world *world, const struct server_options *limits);
void world_close(struct world *world);

/* One client: sends, then reads to the end of the connection. */
struct talk {
	const char *send;
	size_t length;	   /* 0 = strlen */
	bool is_unix;	   /* through the local listener */
	int drip_ms;	   /* pause before each byte */
	bool leaves;	   /* closes at once when it has sent */
	int read_after_ms; /* begins to read so late */
	/* results */
	char *received; /* malloc */
	size_t received_length;
	int64_t took_ms;
	int status;	  /* of the first answer; 0 = none */
	const char *body; /* of the first answer */
};
/* Runs them side by side, turning the loop, until all are done. */
void world_talk_all(struct world *world, struct talk *talks, size_t count);
/* One of them; `what` is a request without its body's length: see world_request. */
struct talk world_talk(struct world *world, const char *raw);
/* "POST /x HTTP/1.1", headers ("A: b\r\n" each) and body become one request that closes. In static
 * memory. */
const char *world_request(const char *line, const char *headers, const char *body);
/* Turns the loop for a while. */
void world_turn(struct world *world, int ms);

#endif
