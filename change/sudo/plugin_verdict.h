/*
 * What must be true of an allow for sudo to keep it, beyond what gate_ask has checked (the other
 * end, nonce, signature, time, reason): one table. Pure.
 */
#ifndef RB_CHANGE_SUDO_VERDICT_H
#define RB_CHANGE_SUDO_VERDICT_H

#include "change/gate/gate_message.h"
#include "change/sudo/plugin_settings.h"

#include <stdbool.h>

struct plugin_question {
	const struct gate_request *request;
	int64_t now_us;
	bool is_edit;
	bool is_inside;	   /* a command that an allowed one started */
	bool is_io_loaded; /* rcm_io is there: it can record, watch and end the command */
	bool is_watched;   /* of a sub-command: the run around it is watched */
	bool is_recording; /* of a sub-command: its parent's terminal is being recorded */
};

/* True for an allow that can be kept. Else false, with what is said of it; a verdict that is no
 * allow comes with its own reason and message. */
bool plugin_verdict_is_allow(const struct plugin_question *question,
	const struct gate_verdict *verdict, const char **ret_reason, const char **ret_message);

#endif
