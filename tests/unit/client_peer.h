/*
 * The other side of outgoing calls, in threads of the test: it accepts connections on a loopback
 * port or a unix socket and answers each by a function of the test's.
 */
#ifndef RB_TESTS_CLIENT_PEER_H
#define RB_TESTS_CLIENT_PEER_H

#include <pthread.h>
#include <stdatomic.h>

struct peer {
	int listener;
	int port;	    /* 0 for a unix socket */
	char directory[64]; /* of the unix socket */
	char address[128];  /* "tcp:127.0.0.1:port" or "unix:/path" */
	char origin[64];    /* "http://127.0.0.1:port" */
	void (*answer)(struct peer *peer, int fd);
	const char *reply; /* for the ready-made answers */
	pthread_t thread;
	atomic_int connections, in_flight, most_in_flight;
	pthread_mutex_t mutex;
	char seen[16384]; /* what the last connection sent */
};

void peer_open(struct peer *peer, void (*answer)(struct peer *peer, int fd), const char *reply);
void peer_open_unix(
	struct peer *peer, void (*answer)(struct peer *peer, int fd), const char *reply);
void peer_close(struct peer *peer);

/* Reads one HTTP request with its body into peer->seen; 0 when the other side closed. */
int peer_read_http(struct peer *peer, int fd);
/* Reads up to a newline into peer->seen. */
int peer_read_line(struct peer *peer, int fd);

/* What the tests of a limit count. A call ends before its answer leaves: the client may be quicker
 * than the peer's thread. */
void peer_call_begins(struct peer *peer);
void peer_call_ends(struct peer *peer);

/* Ready-made: read a request (a line), send `reply` as it is, close. */
void peer_answer_http(struct peer *peer, int fd);
void peer_answer_line(struct peer *peer, int fd);
/* Answers request after request on one connection. */
void peer_answer_kept(struct peer *peer, int fd);
/* Reads and then says nothing until the other side closes. */
void peer_answer_never(struct peer *peer, int fd);

#endif
