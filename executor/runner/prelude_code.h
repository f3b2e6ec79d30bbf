/*
 * The prelude's files, compiled once before the first fork: loading what was compiled takes a fifth
 * of the time. This is the only bytecode that is ever loaded, and it never left the process.
 */
#ifndef RB_RUNNER_PRELUDE_CODE_H
#define RB_RUNNER_PRELUDE_CODE_H

#include <lua.h>
#include <stddef.h>

#define PRELUDE_CODE_MAX 64

struct prelude_code {
	size_t count;
	struct prelude_code_file {
		const char *name; /* "prelude/main.lua" */
		char *bytes;
		size_t length;
	} files[PRELUDE_CODE_MAX];
};

/* The memory is kept until the process ends. -1 after a message on standard error. */
int prelude_code_compile(struct prelude_code *code);
/* Pushes the function of "prelude/NAME.lua"; raises when there is none. */
void prelude_code_push(lua_State *L, const struct prelude_code *code, const char *name);

#endif
