/* Between rcm.c, rcm_ssh.c and rcm_show.c: the verbs that need more than the gate's room. */
#ifndef RB_MAIN_RCM_H
#define RB_MAIN_RCM_H

#include "change/gate/rcm.h"

/* Splits a typed line and runs it; what needs a shell is refused with its remedy. */
int rcm_line(struct rcm *rcm, const char *line, const struct rcm_command *command);
/* The command of sshd's ForceCommand. */
int rcm_ssh(struct rcm *rcm);
int rcm_identity(struct rcm *rcm);
/* 0 all is well, 1 something is weak, 2 something is broken. */
int rcm_doctor(struct rcm *rcm);
/* Prints header and marks of the recording rcm->command[0]. */
int rcm_recording(struct rcm *rcm);

#endif
