/* When an allow is one: everything that must be true of it, as one table. Pure. */
#ifndef RB_CHANGE_SUDO_VERDICT_H
#define RB_CHANGE_SUDO_VERDICT_H

#include "change/gate/gate_message.h"
#include "change/sudo/plugin_settings.h"

#include <stdbool.h>

#define PLUGIN_ALLOW_MAX_US ((int64_t)6 * 1000 * 1000) /* 5 s, and 1 s between two clocks */

struct plugin_question {
	const struct plugin_options *options;
	const struct gate_request *request;
	const void *bytes; /* the request as it was sent */
	size_t length;
	int64_t now_us;
	bool is_edit;
	bool is_io_loaded; /* rcm_io is there: it can record, watch and end the command */
	bool is_recording; /* of a sub-command: its parent's terminal is being recorded */
};

/*
 * True for an allow that answers this question and can be kept. Else false, with the reason that
 * counts and a message in `err` when the answer itself is at fault; `err` stays empty when the gate
 * said no: then its own reason and message count.
 */
bool plugin_verdict_is_allow(const struct plugin_question *question,
	const struct gate_verdict *verdict, enum gate_reason *ret_reason, struct error *err);

#endif
