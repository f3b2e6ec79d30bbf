/* What only root may say about the gate of this host: /etc/redbutton/rcm.conf. */
#ifndef RB_CHANGE_GATE_CONFIG_H
#define RB_CHANGE_GATE_CONFIG_H

#include "lib/base/arena.h"
#include "lib/base/error.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define GATE_CONFIG_PATH "/etc/redbutton/rcm.conf"
#define GATE_KEY_BYTES	 32

struct gate_config {
	const char *socket; /* where the gate listens */
	uid_t server_uid;   /* who must be at the other end */
	bool has_key;	    /* a verdict must be signed by `key` */
	uint8_t key[GATE_KEY_BYTES];
	const char *recordings; /* folder of the recordings; "" = by account */
};

/*
 * The settings of `path`; without the file, and only at GATE_CONFIG_PATH, the defaults: root at the
 * other end of GATE_SOCKET_PATH, nothing signed. ERROR_FORBIDDEN when others than root can change
 * the file: it says whom to believe. Errors name file, line and setting.
 */
int gate_config_read(
	struct arena *arena, const char *path, struct gate_config *ret, struct error *err);

#endif
