/* The word between a run and the gate: heartbeats out, STOP in, and the lease that ends without. */
#ifndef RB_CHANGE_GATE_RUN_WATCH_H
#define RB_CHANGE_GATE_RUN_WATCH_H

#include "change/gate/run_parent.h"

struct run_watch {
	struct gate_client *client;
	const char *run;
	int64_t beat_ns, lease_ns; /* how often; how long without a word */
	int64_t next_ns, noted_ns; /* of time_mono_ns */
	int64_t kill_ns, end_ns;   /* 0 = never: kill_at, timeout */
	uint32_t timeout_s;
};

void run_watch_init(struct run_watch *watch, const struct run_options *options);
/* -1 without a connection. */
int run_watch_fd(const struct run_watch *watch);
/* When run_watch_tick has something to do next; INT64_MAX = never. */
int64_t run_watch_next(const struct run_watch *watch);
/* Both fill in why the run must stop, when it must. */
void run_watch_tick(struct run_watch *watch, struct run_result *ret);
void run_watch_hear(struct run_watch *watch, struct run_result *ret);
/* Notes the first reason to stop; later ones change nothing. */
void run_stop(struct run_result *ret, const char *reason, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
