/* Between rcm.c, rcm_help.c, rcm_ssh.c and rcm_show.c: verbs, and what their table says. */
#ifndef RB_MAIN_RCM_H
#define RB_MAIN_RCM_H

#include "change/gate/rcm.h"

/* What a verb takes besides its own options. */
enum rcm_operands { TAKES_NOTHING, TAKES_CHANGE, TAKES_BOTH, TAKES_PATH };

enum rcm_option_id {
	OPTION_STEP,
	OPTION_PHASE,
	OPTION_STATUS_FD,
	OPTION_RECORD,
	OPTION_LINE,
	OPTION_ENV,
	OPTION_STRICT,
	OPTION_JSON,
	OPTION_SOCKET,
	OPTION_CONFIG
};
#define RCM_OPTION_COUNT (OPTION_CONFIG + 1)

struct rcm_option {
	const char *name, *value, *help; /* value NULL: a flag */
};
extern const struct rcm_option rcm_options[RCM_OPTION_COUNT];

struct rcm_verb {
	const char *name, *arguments, *summary;
	enum rcm_operands operands;
	unsigned options; /* 1 << rcm_option_id */
	int usage_code;
	int (*run)(struct rcm *rcm);
};

/* rcm_help.c: what the table says to people and to their shells. */
const struct rcm_verb *rcm_find_verb(const struct rcm_verb *verbs, size_t count, const char *name);
int rcm_help(const struct rcm_verb *verbs, size_t count);
/* "--complete -- WORD...": what may stand for the last word, for the scripts of lib/cli/shell.c. */
int rcm_complete(const struct rcm_verb *verbs, size_t count, char **argv);

/* Becomes rcm-client, which stands beside this program or where packages put it; PATH has no say.
 * Returns when there is none. */
void rcm_exec_client(char **argv);

/*
 * The words of a typed line, the arena's: 0, or the exit code of the refusal that was told. What
 * needs a shell is refused with the remedy of the source.
 */
int rcm_split_line(struct rcm *rcm, const char *line, const char *source, const char ***ret_words);
/* Splits a line and runs it. */
int rcm_line(struct rcm *rcm, const char *line, const struct rcm_command *command);
/* The command of sshd's ForceCommand. */
int rcm_ssh(struct rcm *rcm);
int rcm_identity(struct rcm *rcm);
/* 0 all is well, 1 something is weak, 2 something is broken. */
int rcm_doctor(struct rcm *rcm);
/* Prints header and marks of the recording rcm->command[0]. */
int rcm_recording(struct rcm *rcm);

#endif
