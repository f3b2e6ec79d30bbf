/*
 * A command that runs below us: watched, kept alive by heartbeats, ended when the gate says so, and
 * recorded. It gets a session of its own, and a terminal of its own when standard input is one.
 * One poll() loop.
 */
#ifndef RB_CHANGE_GATE_RUN_PARENT_H
#define RB_CHANGE_GATE_RUN_PARENT_H

#include "change/gate/gate_client.h"
#include "change/gate/program.h"
#include "change/gate/recorder.h"

#define RUN_GRACE_MS	 5000 /* between SIGTERM and SIGKILL */
#define RUN_HEARTBEAT_MS 10000

struct run_options {
	const struct program *program;
	const char *const *argv, *const *env;
	int stdin_fd;		    /* what it reads instead of our standard input; -1 = ours */
	struct gate_client *client; /* connected; NULL = nobody watches */
	const char *run;
	uint32_t lease_s;	   /* without a word of the gate for so long the run ends */
	int64_t kill_at_us;	   /* 0 = never */
	uint32_t timeout_s;	   /* 0 = none */
	struct recorder *recorder; /* or NULL */
};

struct run_result {
	int status;	  /* as waitpid gives it */
	int failed_errno; /* the program could not be executed; nothing ran */
	bool is_stopped;  /* not by itself: */
	char reason[64];  /* a word of reason.h */
	char message[512];
	size_t left_count; /* processes that could not be ended */
};

/* ERROR_IO when nothing could be started. Else it ran to its end, or was ended. */
int run_as_parent(const struct run_options *options, struct run_result *ret, struct error *err);
/* The exit code of a wait status: its own, or 128 and the signal. */
int run_exit_code(int status);

#endif
