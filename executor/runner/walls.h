/* `redbutton-runner --walls`: which walls hold on this machine, tried in real children. */
#ifndef RB_RUNNER_WALLS_H
#define RB_RUNNER_WALLS_H

/* Prints one line of JSON. 0 when a jail with every wall that must hold can be built, else 1. */
int walls_print(void);

#endif
