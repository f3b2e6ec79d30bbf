/* A gate in a thread of a test: answers each question alike, notes what else it is told. */
#ifndef RB_TESTS_SUDO_GATE_H
#define RB_TESTS_SUDO_GATE_H

#include "change/gate/gate_message.h"

#define SUDO_GATE_RUN "RUN-1"

/* Listens at `path` until the process ends. */
void sudo_gate_start(const char *path);
/* From now on: `verdict` with the run when it is an allow. */
void sudo_gate_answer(enum gate_verdict_word verdict);
unsigned sudo_gate_allows(void); /* how many it has given */

#endif
