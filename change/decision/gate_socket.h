/*
 * The gate's local socket: SOCK_SEQPACKET, one message a packet. It knows who asks by the peer's
 * credentials, bounds what anybody may hold, and hands each message to a backend: the daemon's own
 * rooms, or a forwarder to a daemon elsewhere.
 */
#ifndef RB_CHANGE_DECISION_GATE_SOCKET_H
#define RB_CHANGE_DECISION_GATE_SOCKET_H

#include "change/gate/gate_message.h"
#include "lib/base/arena.h"
#include "lib/base/error.h"
#include "lib/base/loop.h"

#include <stdint.h>

#define GATE_CONNECTIONS_MAX	256
#define GATE_CONNECTIONS_OF_UID 32   /* of each but root */
#define GATE_ANSWER_MS		4000 /* longer than a client waits: then the answer is no */
#define GATE_SILENCE_MS		30000 /* of who runs and watches nothing; heartbeats come each 10 s */
#define GATE_CONTENTS_MAX	64

/* What is sent back: VERDICT, STEP, NOTED, STOP or FAULT. Borrowed for the call. */
struct gate_reply_content {
	const char *name;
	const char *bytes;
	size_t length;
};
struct gate_reply {
	struct gate_message message;
	/* Of a STEP: copied into sealed descriptors, in its order. */
	const struct gate_reply_content *contents;
	size_t content_count;
};

struct gate_exchange;
/* One message of a peer. It lives until the exchange is answered. */
struct gate_ask {
	uint32_t uid; /* of the peer */
	const struct gate_message *message;
	struct arena *arena; /* until it is answered */
	struct gate_exchange *exchange;
};

/*
 * Whose account acts. Root is believed what it says; of everybody else /etc/passwd tells the name
 * of the uid, for a name that a process says of itself is nobody's proof. In the ask's arena.
 */
const char *gate_ask_account(const struct gate_ask *ask, const char *said);

struct gate_backend {
	void *arg;
	/* Ends in one gate_answer, now or later, whether the peer is still there or not. */
	void (*ask)(void *arg, const struct gate_ask *ask);
};

struct gate_socket;
struct gate_socket_options {
	struct loop *loop;
	const char *path; /* made anew, and removed at the end; unused with `fd` */
	int fd; /* a listening SOCK_SEQPACKET that somebody else made and keeps; -1 = none */
	struct gate_backend backend;
};
/* With `fd` it is closed also when this fails. */
int gate_socket_open(
	const struct gate_socket_options *options, struct gate_socket **ret, struct error *err);
/*
 * No message is taken any more, and the path is gone if it was made here; answers that come are
 * dropped.
 */
void gate_socket_stop_listening(struct gate_socket *server);
/* After the backend gave its last answer. NULL is fine. */
void gate_socket_close(struct gate_socket *server);

void gate_answer(struct gate_exchange *exchange, const struct gate_reply *reply);
/* A FAULT out of an error: nothing was decided, so: no. */
void gate_answer_fault(struct gate_exchange *exchange, const struct error *err);

/* Tells who runs or watches that run to end it. Once told, they are not told again. */
void gate_socket_stop(
	struct gate_socket *server, const char *run, const char *reason, const char *message);
/* Calls with each run that somebody runs or watches here, once. */
void gate_socket_each_run(
	struct gate_socket *server, void (*call)(void *arg, const char *run), void *arg);

#endif
