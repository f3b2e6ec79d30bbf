/* A plan on disk: its text and the library modules that it requires. For programs, not the daemon.
 */
#ifndef RB_PLANS_PLAN_FILES_H
#define RB_PLANS_PLAN_FILES_H

#include "lib/base/arena.h"
#include "lib/base/error.h"

#include <jansson.h>

struct plan_files {
	const char *file; /* name without folders */
	const char *script;
	json_t *modules; /* {name: text}; the arena ends it */
};

/*
 * Reads `path` and, for each `require "name"` in it and in what that requires, name.lua beside it,
 * in ../library beside it, or in `library` (NULL = lua-scripts/library, then the one that was
 * installed with this program). A module that is nowhere is left out: the runner
 * says at which line it is missed.
 */
int plan_files_read(struct arena *arena, const char *path, const char *library,
	struct plan_files *ret, struct error *err);
/* "lua/x.lua" and "y.lua": "lua/y.lua". */
const char *plan_files_beside(struct arena *arena, const char *path, const char *name);

#endif
