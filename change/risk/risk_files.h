/*
 * Rules on disk: in a folder, files named by an id ("FS-001.lua") are rules, files named in small
 * letters ("lib.lua") are modules that rules require. For the daemon and for programs.
 */
#ifndef RB_CHANGE_RISK_RISK_FILES_H
#define RB_CHANGE_RISK_RISK_FILES_H

#include "lib/base/arena.h"
#include "lib/base/error.h"

#include <jansson.h>
#include <stdbool.h>

#define RISK_RULES_MAX	    500
#define RISK_FILE_MAX_BYTES ((size_t)256 * 1024)

/* "FS-001.lua" */
bool risk_files_is_rule(const char *name);
/* "lib.lua" */
bool risk_files_is_module(const char *name);

struct risk_files {
	json_t *rules;	 /* [{file, script}], by name; the arena ends both */
	json_t *modules; /* {name: text}, the name without ".lua" */
};
void risk_files_init(struct arena *arena, struct risk_files *files);
/* `name` without folders. ERROR_INVALID for a name that is neither. */
int risk_files_add(struct risk_files *files, const char *name, const char *text, struct error *err);
/*
 * All files *.lua of a folder. A name that is neither a rule's nor a module's, what is no regular
 * file, and a folder without rules are errors: what looks like a rule is never skipped.
 */
int risk_files_read(
	struct arena *arena, const char *directory, struct risk_files *ret, struct error *err);
/* One rule, with the modules beside it. */
int risk_files_read_one(
	struct arena *arena, const char *path, struct risk_files *ret, struct error *err);

#endif
