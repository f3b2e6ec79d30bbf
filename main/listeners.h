/* Listeners that systemd hands over; it names each descriptor by FileDescriptorName=. */
#ifndef RB_MAIN_LISTENERS_H
#define RB_MAIN_LISTENERS_H

#include "lib/base/error.h"

enum listener_kind { LISTENER_LOCAL, LISTENER_CONTROL, LISTENER_GATE, LISTENER_COUNT };

/*
 * Takes what was handed over, once a process: a descriptor a kind, -1 = none. ERROR_INVALID for one
 * that is not known, not of `wanted` (1 << kind each) or there twice.
 */
int listeners_take(unsigned wanted, int ret[static LISTENER_COUNT], struct error *err);

#endif
