/*
 * The asking end of the gate's socket. Whatever goes wrong is a no: gate_ask has no failure but a
 * verdict that denies. One connection, one question at a time; no memory of its own but the
 * connection.
 */
#ifndef RB_CHANGE_GATE_CLIENT_H
#define RB_CHANGE_GATE_CLIENT_H

#include "change/gate/gate_config.h"
#include "change/gate/gate_message.h"

#define GATE_DEADLINE_MS   2000 /* connecting, asking and hearing the answer, together */
#define GATE_ALLOW_LIVE_US 5000000
#define GATE_FDS_MAX	   64 /* contents of one step */

struct gate_client {
	const struct gate_config *config;
	int fd; /* -1 when there is no connection */
};

#define GATE_CLIENT_INIT(config) ((struct gate_client){(config), -1})

/* Connects, and checks by the kernel's word who listens. `deadline_ns` is of time_mono_ns.
 * ERROR_UNREACHABLE, ERROR_FORBIDDEN (another account listens), ERROR_TIMEOUT. */
int gate_client_connect(struct gate_client *client, int64_t deadline_ns, struct error *err);
void gate_client_close(struct gate_client *client);

int gate_client_send(struct gate_client *client, const struct buf *message, int64_t deadline_ns,
	struct error *err);
/*
 * The next message; texts live in the arena. With `fds` (GATE_FDS_MAX) the descriptors that came
 * with it are the caller's, close-on-exec; without, any descriptor is an error. ERROR_TIMEOUT;
 * ERROR_UNREACHABLE when the other end is gone; ERROR_INVALID for what is no message.
 */
int gate_client_receive(struct gate_client *client, struct arena *arena, int64_t deadline_ns,
	struct gate_message *ret, int *fds, size_t *ret_fd_count, struct error *err);

/*
 * Asks and checks the answer: fills in nonce and request_id, connects where needed, and believes
 * only a verdict with the same nonce, in time, that does not contradict itself and, where a key is
 * pinned, is signed by it. Else `ret` denies with a reason of exit code 20. The connection stays
 * for what follows a grant.
 */
void gate_ask(struct gate_client *client, struct arena *arena, struct gate_request *request,
	struct gate_verdict *ret);
/* What is step n of a change (0: the first of its phase)? Contents come as descriptors of the
 * caller, in their order. */
int gate_fetch(struct gate_client *client, struct arena *arena, const struct gate_fetch *fetch,
	struct gate_step *ret, int fds[static GATE_FDS_MAX], size_t *ret_fd_count,
	struct error *err);

/* Tells the end of a run and waits until it was noted; connects again once. */
int gate_tell_end(struct gate_client *client, const struct gate_end *end, struct error *err);

/* A denial by this end; `detail` is made from the rest. Texts live in the arena. */
void gate_deny(struct arena *arena, struct gate_verdict *ret, enum gate_reason reason,
	const char *format, ...) __attribute__((format(printf, 4, 5)));
/* May an allow be used at this moment? False after expires_at_us, and when the clock went back. */
bool gate_verdict_is_live(const struct gate_verdict *verdict);

#endif
