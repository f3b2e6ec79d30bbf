/*
 * What a command does, as far as it can be proved without running it: its wrappers peeled by their
 * own grammar of options (env, nice, timeout, sudo, xargs, find -exec, ssh, kubectl exec, bash -c
 * ...), then each simple command's impacts {verb, kind, object, scope, mode, proof}. Three-valued:
 * proved to read only, proved to change something, or unproved. Unproved never passes without a
 * grant. Pure: no file, no clock, no environment of ours.
 */
#ifndef RB_CHANGE_COMMAND_COMMAND_H
#define RB_CHANGE_COMMAND_COMMAND_H

#include "change/command/steering.h"
#include "lib/base/arena.h"
#include "lib/base/error.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum command_proof { COMMAND_READ, COMMAND_MUTATE, COMMAND_UNPROVED };
const char *command_proof_word(enum command_proof proof); /* "read" */

struct command_input {
	const char *path;	 /* realpath of argv[0], or NULL: not known here */
	const char *const *argv; /* NULL-ended */
	const char *const *env;	 /* "NAME=value", NULL-ended; NULL = none */
	const char *cwd;	 /* or NULL */
	const char *runas;	 /* or NULL */
	const char *actor;	 /* account of who runs it, or NULL: not known */
	int is_trusted;		 /* 1, 0, or -1: not known */
	/* Contents that the step binds, by the path or name under which the command reads them
	 * (a SQL file, a manifest, a script for an interpreter), NULL-ended; NULL = none. */
	const char *const *bound_files;
	const char *sql; /* text of a bound SQL file that the command is given, or NULL */
};

/*
 * `ret_commands` (the caller's) is an array in the shape of steps[].commands of a rule's input
 * (executor/runner/prelude/rule_input.lua): the command itself and every one that it starts.
 * `ret_proof` is the worst of them. `ret_reason` is NULL for a proof, else a word of
 * change/gate/reason.h that says why it is not proved ("dynamic", "opaque", "glob",
 * "interactive_shell", "control_char", "unicode", "encoding", "mutable_ref").
 */
int command_analyse(const struct command_input *input, json_t **ret_commands,
	enum command_proof *ret_proof, const char **ret_reason, struct error *err);

/* Problems of a text that deceive who reads it, as words: "control", "bidi", "invisible",
 * "mixed_script", "encoding". Array of texts, the caller's; empty when there are none. */
json_t *command_text_problems(const char *bytes, size_t length, bool is_command_word);
/* True when a word looks like a credential (SECRET-001). Never says which. */
bool command_has_secret(const char *bytes, size_t length);
/* Of "NAME=value" as a login has it: the usual PATH and SHELL steer nothing. */
bool command_variable_steers(const char *assignment);
/* Objects that the commands touch, as keys of change/object: array of {key, mode}; the caller's.
 * `target_key` ("host:web-1") is the object of what has no other. */
json_t *command_objects(const json_t *commands, const char *target_key);

#endif
