/* All processes below this one, however they moved: with PR_SET_CHILD_SUBREAPER set, what a command
 * left behind is still below the process that ran it. */
#ifndef RB_CHANGE_GATE_DESCENDANTS_H
#define RB_CHANGE_GATE_DESCENDANTS_H

#include <stddef.h>

/* From now on orphans below this process become its children. False when the kernel refuses. */
int descendants_adopt(void);
/* Sends a signal to each; how many there are that have not ended (also those it may not signal). */
size_t descendants_signal(int signal_number);
size_t descendants_count(void);

#endif
