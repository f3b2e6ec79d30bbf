/*
 * Moments at which a test may end the program. What ships has moment_none.c: nothing happens, and
 * no flag is known. With RB_TEST_HOOKS=ON the build makes a second program, redbuttond-hooks, of
 * the same objects and tests/crash/hooks.c; it is never installed.
 */
#ifndef RB_BASE_MOMENT_H
#define RB_BASE_MOMENT_H

#include "lib/base/error.h"

/*
 * Any thread. The places: "commit" before a COMMIT, "committed" after it and before anything that
 * waits for it, "send" before an effect leaves, "answered" before its answer is looked at.
 */
void moment_pass(const char *where);
/* Takes the flags of tests out of argv. */
int moment_take_flags(int *argc, char **argv, struct error *err);

#endif
