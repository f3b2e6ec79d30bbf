/* The gate's socket on the daemon's own host: messages answered out of its rooms. */
#ifndef RB_CHANGE_DECISION_GATE_LOCAL_H
#define RB_CHANGE_DECISION_GATE_LOCAL_H

#include "change/decision/decision.h"
#include "change/decision/gate_socket.h"
#include "change/decision/run_guard.h"

struct gate_local;
struct gate_local_options {
	struct loop *loop;
	struct store *store;
	struct people *people;
	struct decisions *decisions;
	struct run_guard *runs;
	const char *socket_path;
	int fd; /* of a socket that was handed over, -1 = one is made at socket_path */
	const char *identity; /* of this host: "host:<machine id>/SHA256:..." */
};
int gate_local_open(
	const struct gate_local_options *options, struct gate_local **ret, struct error *err);
void gate_local_stop(struct gate_local *local);
void gate_local_close(struct gate_local *local); /* NULL is fine; after store_close */

/*
 * The person whose key was typed, "" when it is nobody's that counts: a token of a person who may
 * approve or command. Nothing of the key is kept.
 */
void gate_key_person(struct people *people, struct arena *arena, const char *typed_key,
	const char *address, int64_t now_us, char ret_person[static ID_SIZE]);

#endif
