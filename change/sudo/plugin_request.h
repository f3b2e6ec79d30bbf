/*
 * The question to the gate: which program, resolved, with which bytes, as whom, where.
 *
 * A command is asked by the realpath of what sudo found; its argv[0] is the name of what sudo
 * found, whatever was typed, but for the "-" of a login shell, which changes what runs. An edit
 * (sudoedit) is asked with the path "sudoedit" and the files, absolute, as arguments: a grant for a
 * program cannot fit it, and one for an edit fits no program. The editor runs as the caller, so
 * neither it nor its environment is part of the question.
 */
#ifndef RB_CHANGE_SUDO_REQUEST_H
#define RB_CHANGE_SUDO_REQUEST_H

#include "change/gate/gate_message.h"
#include "change/sudo/plugin_settings.h"

#define PLUGIN_EDIT_PATH "sudoedit"

/* `parent_run` is "" but for a command that an allowed one started. The result lives as long as the
 * arena and the lists. ERROR_INVALID names what sudo gave wrongly; ERROR_FORBIDDEN a variable of
 * EXEC-005. gate_ask draws nonce and request id. */
int plugin_request_make(struct arena *arena, const struct plugin_caller *caller,
	const struct plugin_command *command, char *const *argv, char *const *environment,
	const char *parent_run, struct gate_request *ret, struct error *err);

#endif
