/*
 * The gate of a production host: the same socket, no store. Each question goes to the daemon over
 * one kept connection; an answer counts only when it is signed by the pinned key, fits the
 * question, and is in time. Nothing is allowed here but by the host's sealed code, and that only
 * while the daemon cannot be reached.
 */
#ifndef RB_CHANGE_DECISION_FORWARD_H
#define RB_CHANGE_DECISION_FORWARD_H

#include "lib/base/error.h"
#include "lib/base/loop.h"
#include "lib/client/client.h"

#define FORWARD_DEADLINE_MS 1500 /* of one question; who asks waits 2 s */

struct forward;
struct forward_options {
	struct loop *loop;
	struct client *client;
	const char *url;	 /* of the daemon, without a path */
	const char *token;	 /* reference of this host's token (role agent) */
	const char *public_key;	 /* base64, pinned */
	const char *identity;	 /* of this host */
	const char *socket_path; /* that it serves */
	int fd;			 /* of a socket that was handed over, -1 = one is made there */
	const char *spool_path;
	const char *glass_path; /* of the sealed code's hash; NULL = there is none */
};
int forward_open(const struct forward_options *options, struct forward **ret, struct error *err);
/* No question is taken any more. */
void forward_stop(struct forward *forward);
void forward_close(struct forward *forward); /* after client_close; NULL is fine */

#endif
