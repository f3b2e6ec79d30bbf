/* What the verbs of rcm that ask the gate are given, and do. */
#ifndef RB_CHANGE_GATE_RCM_H
#define RB_CHANGE_GATE_RCM_H

#include "change/gate/account.h"
#include "change/gate/gate_client.h"
#include "lib/base/arena.h"

/* Of `exec`, `shell` and `ssh`: a command's own status is never one of these by chance alone; the
 * verdict on --status-fd tells. */
#define RCM_REFUSED   125
#define RCM_CANNOT    126
#define RCM_NOT_FOUND 127
/* Of the other verbs. */
#define RCM_USAGE      64
#define RCM_INTERNAL   70
#define RCM_BAD_CONFIG 78

#define RCM_VARIABLES_MAX 64

struct rcm {
	struct arena arena;
	struct gate_config config;
	/* options */
	const char *socket, *config_path; /* or NULL */
	int status_fd;			  /* -1 = none */
	const char *change;		  /* "" = none named */
	uint32_t step;
	const char *phase, *line; /* line or NULL */
	bool wants_record, is_strict, wants_json;
	const char *env[RCM_VARIABLES_MAX + 1]; /* "NAME=VALUE" that the command gets; NULL-ended */
	size_t env_count;
	const char **command;	     /* after "--"; NULL-ended, or NULL */
	struct account *accounts[4]; /* looked up already: who asks, who acts; NULL-ended */
};

/* "rcm: message" and its remedy on standard error. Returns `exit_code`. */
int rcm_complain(const struct error *err, int exit_code);

/* A command to be asked about and run. */
struct rcm_command {
	const char *const *argv, *const *env;
	const char *source; /* "terminal", "ssh" */
	const char *session;
};
/* Asks about the command and does what the verdict says. Returns the exit code. */
int rcm_run_command(struct rcm *rcm, const struct rcm_command *command);
/* Fetches a step, asks about it and runs it. `kind` or NULL: of which kind it must be. */
int rcm_run_step(struct rcm *rcm, const char *kind);
/*
 * What a command gets: `own`, then HOME, LOGNAME, USER and the PATH that everybody has, then of
 * ours what a terminal and a language need. All else of ours is left out.
 */
const char *const *rcm_environment(struct rcm *rcm, const char *const *own);
/* The account of a uid, looked up once; of the real, the effective and the acting one only. */
const struct account *rcm_account(struct rcm *rcm, uid_t uid);
/* Adds "NAME=VALUE", or ours of that NAME, to rcm->env. ERROR_USAGE. */
int rcm_add_variable(struct rcm *rcm, const char *given, struct error *err);

/* Asks about rcm->command and takes nothing. Returns the exit code of `rcm check`. */
int rcm_check(struct rcm *rcm);

/* "rcm: deny[14 used_up] CHG-12 step 2: message" on standard error. */
void rcm_tell(const char *word, const char *reason, const char *change, uint32_t step,
	const char *message);
/* A verdict for people (when it is no allow) and on --status-fd. Returns the reason's exit code. */
int rcm_tell_verdict(struct rcm *rcm, const struct gate_verdict *verdict);

#endif
