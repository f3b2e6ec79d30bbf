/*
 * The program that will run, opened once: what is asked about, hashed and executed is one open
 * file. An ELF program that others than root can change is refused; a script that others can
 * change runs from a sealed copy, by an interpreter that only root can change.
 */
#ifndef RB_CHANGE_GATE_PROGRAM_H
#define RB_CHANGE_GATE_PROGRAM_H

#include "change/gate/gate_message.h"
#include "change/gate/seal.h"
#include "lib/base/arena.h"
#include "lib/base/error.h"

#include <stdbool.h>

struct program {
	int fd;		   /* the program or script; O_PATH or a sealed copy */
	int interpreter;   /* what is executed with a script; -1 for ELF */
	const char *path;  /* as the gate is told: realpath, or "sha256:<hex>" of a sealed copy */
	const char *shown; /* as people know it */
	bool is_trusted, is_sealed;
	struct gate_content content;	/* role "program"; of a sealed copy */
	const char *const *interpreted; /* arguments before those of the caller; NULL for ELF */
};

/*
 * Where a command is found: `name` itself with a '/' in it, else in the folders of
 * `search` (the PATH that the command gets); relative and empty folders in it do not count.
 * ERROR_NOT_FOUND; ERROR_FORBIDDEN when it is there and cannot be executed.
 */
int program_find(struct arena *arena, const char *name, const char *search, const char **ret,
	struct error *err);
/*
 * Opens what stands at `path`; `search` resolves "#!/usr/bin/env NAME". ERROR_NOT_APPROVED with the
 * remedy for an ELF program or an interpreter that others than root can change, ERROR_FORBIDDEN for
 * what may not be executed, ERROR_INVALID for what cannot run. program_close ends it.
 */
int program_open(struct arena *arena, const char *path, const char *search, struct program *ret,
	struct error *err);
/* The same of a sealed content of a step, whose digest must be `sha256`. Takes the descriptor, also
 * when it fails. */
int program_open_sealed(struct arena *arena, int fd, const struct gate_content *content,
	const char *search, struct program *ret, struct error *err);
void program_close(struct program *program);

/* Executes it; comes back with errno only when that fails. */
void program_execute(
	const struct program *program, const char *const *argv, const char *const *env);

#endif
