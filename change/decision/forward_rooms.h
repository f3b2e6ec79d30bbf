/* Between the files of the forwarding gate. */
#ifndef RB_CHANGE_DECISION_FORWARD_ROOMS_H
#define RB_CHANGE_DECISION_FORWARD_ROOMS_H

#include "change/decision/decision_rooms.h"
#include "change/decision/forward.h"
#include "change/decision/gate_socket.h"
#include "change/decision/gate_spool.h"

#define FORWARD_GLASS_RUNS_MAX 16
#define FORWARD_SPOOL_EVERY_MS 3000

struct forward {
	struct forward_options options;
	struct gate_socket *socket;
	struct gate_spool *spool;
	struct loop_timer *spool_timer, *watch_timer;
	char host[256];
	char glass_runs[FORWARD_GLASS_RUNS_MAX][ID_SIZE]; /* that nobody but this gate knows */
	size_t glass_next;
	bool is_uploading, is_stopped;
};

/* One message on its way; in the exchange's arena, which lives until it is answered. */
struct forwarded {
	struct forward *forward;
	const struct gate_ask *ask;
	int64_t asked_at_us;
};

/* --- forward.c: to the daemon, and what can be said without it --- */

struct forward_call {
	const char *path;
	json_t *body;	  /* POST; taken. NULL = GET */
	size_t max_bytes; /* of the answer; 0 = what is usual */
	client_done done;
	void (*drop)(void *arg); /* the client is being closed: `done` is not called */
	void *arg;
};
/* Negative when it was not sent: nothing is called then. */
int forward_send(struct forward *forward, const struct forward_call *call, struct error *err);
/* The same about a message, which is refused when the client is closed. */
int forward_send_of(struct forwarded *asked, const struct forward_call *call, struct error *err);
/* Reads what the daemon answered; it lives in the arena. */
int forward_parse(struct arena *arena, const struct client_response *response, json_t **ret,
	struct error *err);
/* What a problem+json says; "" when it says nothing. */
const char *forward_problem(struct arena *arena, const struct client_response *response);

void forward_answer(struct forwarded *asked, const struct gate_verdict *verdict);
void forward_deny(struct forwarded *asked, enum gate_reason reason, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void forward_note(struct forwarded *asked);
/* The verdict as JSON, for one that was made here. */
const char *forward_detail(struct arena *arena, const struct gate_verdict *verdict);

/* --- forward_decide.c --- */
void forward_decide(struct forwarded *asked); /* DECIDE, CHECK */
/* --- forward_glass.c --- */
/* Only for a decision, only with the right code, and only what does not deceive. True when it has
 * answered. */
bool forward_glass(struct forwarded *asked);
bool forward_is_glass_run(const struct forward *forward, const char *run);
/* --- forward_step.c --- */
void forward_fetch(struct forwarded *asked); /* FETCH */
/* --- forward_run.c --- */
void forward_beat(struct forwarded *asked); /* HEARTBEAT */
void forward_end(struct forwarded *asked);  /* END */
/* Asks of each run that is connected here whether it must stop. */
void forward_watch_runs(struct forward *forward);
/* Tells the daemon the first record of the spool, if there is one. */
void forward_upload(struct forward *forward);

#endif
