/*
 * `redbuttond --accept-restore`: the way on after a known restore, with the daemon stopped. Two
 * admins prove who they are by their tokens; the acceptance is the first record that follows.
 */
#ifndef RB_MAIN_RESTORE_H
#define RB_MAIN_RESTORE_H

#include "lib/base/config.h"
#include "lib/base/error.h"

/* Arguments: --reason TEXT --token-file FILE --second-token-file FILE. */
int restore_accept(const struct config *settings, int argc, char **argv, struct error *err);

#endif
