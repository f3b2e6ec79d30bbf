#include "executor/runner/prelude_code.h"

#include "runner_prelude.h"

#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int add_bytes(lua_State *L, const void *bytes, size_t length, void *arg)
{
	struct prelude_code_file *file = arg;
	char *longer = realloc(file->bytes, file->length + length);

	(void)L;
	if (longer == NULL)
		return -1;
	file->bytes = longer;
	memcpy(file->bytes + file->length, bytes, length);
	file->length += length;
	return 0;
}

static int compile(lua_State *L, const struct embedded_file *text, struct prelude_code_file *file)
{
	char chunk_name[128];

	file->name = text->name;
	snprintf(chunk_name, sizeof(chunk_name), "=%s", text->name);
	if (luaL_loadbufferx(L, (const char *)text->bytes, text->length, chunk_name, "t") !=
		LUA_OK) {
		fprintf(stderr, "redbutton-runner: %s\n", lua_tostring(L, -1));
		return -1;
	}
	if (lua_dump(L, add_bytes, file, 0) != 0) {
		fprintf(stderr, "redbutton-runner: no memory for %s\n", text->name);
		return -1;
	}
	lua_settop(L, 0);
	return 0;
}

int prelude_code_compile(struct prelude_code *code)
{
	lua_State *L = luaL_newstate();
	int status = L == NULL || runner_prelude_count > PRELUDE_CODE_MAX ? -1 : 0;

	*code = (struct prelude_code){0};
	for (size_t i = 0; i < runner_prelude_count && status == 0; i++)
		status = compile(L, &runner_prelude[i], &code->files[code->count++]);
	if (L != NULL)
		lua_close(L);
	return status;
}

void prelude_code_push(lua_State *L, const struct prelude_code *code, const char *name)
{
	const char *path = lua_pushfstring(L, "prelude/%s.lua", name);

	for (size_t i = 0; i < code->count; i++) {
		const struct prelude_code_file *file = &code->files[i];

		if (strcmp(file->name, path) != 0)
			continue;
		if (luaL_loadbufferx(L, file->bytes, file->length, lua_tostring(L, -1), "b") !=
			LUA_OK)
			lua_error(L);
		lua_remove(L, -2);
		return;
	}
	luaL_error(L, "the runner has no %s", path);
}
