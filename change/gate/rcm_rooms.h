/* Between rcm_run.c, rcm_step.c and rcm_tell.c only: one run, from the question to its end. */
#ifndef RB_CHANGE_GATE_RCM_ROOMS_H
#define RB_CHANGE_GATE_RCM_ROOMS_H

#include "change/gate/account.h"
#include "change/gate/program.h"
#include "change/gate/rcm.h"

#define RCM_SEARCH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

struct job {
	struct rcm *rcm;
	struct account account;
	struct gate_client client;
	struct gate_request request;
	struct gate_verdict verdict;
	struct program program;
	const char *const *argv; /* as it will be executed */
	int stdin_fd;		 /* -1 = ours */
	uint32_t timeout_s;
};

/* The value of NAME in an environment, or NULL; where its programs are looked for. */
const char *rcm_value(const char *const *env, const char *name);
const char *rcm_search(const char *const *env);
int rcm_read_cwd(struct arena *arena, const char **ret, struct error *err);
/* The opened program takes its place in the question. */
void rcm_ask_about_program(struct job *job);
/* Program, arguments, environment and contents of a step, as they were approved. Takes the
 * descriptors: those it does not use end with this program. */
int rcm_take_step(struct job *job, const struct gate_step *step, const int *fds, struct error *err);
/* A refusal by this program itself: told as the gate's are. Returns RCM_REFUSED. */
int rcm_refuse(struct job *job, enum gate_reason reason, const struct error *err);
/* One line on a descriptor. */
void rcm_write_detail(int fd, const char *detail);

#endif
