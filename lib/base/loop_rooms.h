/* Between loop.c and child.c: the loop ends the children that are left when it closes. */
#ifndef RB_BASE_LOOP_ROOMS_H
#define RB_BASE_LOOP_ROOMS_H

#include "lib/base/child.h"
#include "lib/base/loop.h"

/* Where the loop keeps its list of running children. */
struct child **loop_children(struct loop *loop);
/* Kills and reaps every child of the loop, without its callback. */
void child_end_all(struct loop *loop);

#endif
