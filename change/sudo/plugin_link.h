/* One connection to the gate's socket: packets with a deadline, never a signal, never inherited. */
#ifndef RB_CHANGE_SUDO_LINK_H
#define RB_CHANGE_SUDO_LINK_H

#include "change/sudo/plugin_settings.h"
#include "lib/base/buf.h"
#include "lib/base/error.h"

#include <stdint.h>

/*
 * Deadlines are of time_mono_ms. Errors: ERROR_UNREACHABLE, ERROR_TIMEOUT, ERROR_FORBIDDEN when the
 * other end is not who it must be (SO_PEERCRED), ERROR_TOO_LARGE. The descriptor is the caller's,
 * close-on-exec and non-blocking.
 */
int plugin_link_open(
	const struct plugin_options *options, int64_t deadline_ms, int *ret_fd, struct error *err);
int plugin_link_send(
	int fd, const struct buf *message, int64_t deadline_ms, struct error *err);
/* Replaces the bytes of `ret` by one packet. A closed connection is ERROR_UNREACHABLE. */
int plugin_link_receive(int fd, int64_t deadline_ms, struct buf *ret, struct error *err);

#endif
