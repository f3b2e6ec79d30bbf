#include "executor/runner/prelude.h"

#include "executor/runner/frame.h"
#include "executor/runner/host.h"
#include "executor/runner/json_lua.h"
#include "executor/runner/limits.h"

#include <lauxlib.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/*
 * Nothing is collected until memory has grown to four times what the language needs: most plans end
 * before. At the ceiling Lua collects whatever this says.
 */
#define GC_PAUSE 400 /* per cent */

/* What stays on the stack of an opened state. */
enum slot { SLOT_EVALUATE = 1 };

/* One evaluation's input, for the function that runs protected; `file` is what it found in it. */
struct input {
	const char *text;
	size_t length;
	char file[128];
};

static int open_prelude(lua_State *L)
{
	host_open(L, lua_touserdata(L, 1));
	lua_remove(L, 1);
	lua_getfield(L, -1, "prelude");
	lua_pushliteral(L, "main");
	lua_call(L, 1, 1); /* host main */
	lua_insert(L, -2);
	lua_call(L, 1, 1);
	luaL_checktype(L, -1, LUA_TFUNCTION);
	return 1;
}

/* Pieces must be strings; pushes them as a list and returns the sum of their lengths. */
static lua_Integer measure_pieces(lua_State *L)
{
	lua_Integer sum = 0;

	luaL_checktype(L, -1, LUA_TTABLE);
	for (lua_Integer i = 1; lua_rawgeti(L, -1, i) != LUA_TNIL; i++) {
		if (lua_type(L, -1) != LUA_TSTRING)
			luaL_error(L, "a piece of the result is no string");
		sum += (lua_Integer)lua_rawlen(L, -1);
		lua_pop(L, 1);
	}
	lua_pop(L, 1);
	if (sum > (lua_Integer)LIMIT_OUTPUT_BYTES)
		luaL_error(L, "the result is larger than %d MB", (int)(LIMIT_OUTPUT_BYTES >> 20));
	return sum;
}

/* Text for a JSON string without memory of its own: what is not plain ASCII becomes '?'. */
static void write_plain(char *into, size_t size, const char *text)
{
	size_t i;

	for (i = 0; text[i] != '\0' && i < size - 1; i++) {
		const unsigned char c = (unsigned char)text[i];

		into[i] = c < 0x20 || c > 0x7e || c == '"' || c == '\\' ? '?' : text[i];
	}
	into[i] = '\0';
}

static void note_file(lua_State *L, struct input *input)
{
	if (lua_istable(L, -1) && lua_getfield(L, -1, "file") == LUA_TSTRING)
		write_plain(input->file, sizeof(input->file), lua_tostring(L, -1));
	lua_settop(L, 2);
}

/* (evaluate, input) -> pieces, length */
static int evaluate(lua_State *L)
{
	struct input *input = lua_touserdata(L, 2);

	lua_settop(L, 1);
	json_lua_push(L, input->text, input->length);
	note_file(L, input);
	lua_call(L, 1, 1);
	lua_pushinteger(L, measure_pieces(L));
	return 2;
}

/* Never through Lua: it may have no memory left. */
static int write_failure(int out, const char *file, const char *message)
{
	char plain[512];
	char text[768];
	struct frame frame;
	int length;

	write_plain(plain, sizeof(plain), message);
	length = snprintf(text, sizeof(text),
		"{\"errors\":[{\"file\":\"%s\",\"line\":0,\"message\":\"%s\"}],\"ok\":false}", file,
		plain);
	if (frame_begin(&frame, out, (size_t)length) < 0 ||
		frame_add(&frame, text, (size_t)length) < 0)
		return -1;
	return frame_end(&frame);
}

/* An error value as text; other values are shown by their type, their metamethods never run. */
static const char *describe_failure(lua_State *L, int status, char *text, size_t size)
{
	if (status == LUA_ERRMEM)
		snprintf(text, size, "the plan needs more than %d MB of memory",
			(int)(LIMIT_LUA_BYTES >> 20));
	else if (lua_type(L, -1) == LUA_TSTRING)
		snprintf(text, size, "%s", lua_tostring(L, -1));
	else
		snprintf(text, size, "<%s>", luaL_typename(L, -1));
	return text;
}

static int write_pieces(lua_State *L, int out)
{
	struct frame frame;

	if (frame_begin(&frame, out, (size_t)lua_tointeger(L, -1)) < 0)
		return -1;
	for (lua_Integer i = 1; lua_rawgeti(L, -2, i) == LUA_TSTRING; i++) {
		size_t length;
		const char *bytes = lua_tolstring(L, -1, &length);

		if (frame_add(&frame, bytes, length) < 0)
			return -1;
		lua_pop(L, 1);
	}
	return frame_end(&frame);
}

lua_State *prelude_open(struct alloc *alloc, const struct prelude_code *code)
{
	lua_State *L = lua_newstate(alloc_call, alloc);
	char text[512];
	int status;

	if (L == NULL)
		return NULL;
	lua_gc(L, LUA_GCSTOP);
	lua_pushcfunction(L, open_prelude);
	lua_pushlightuserdata(L, (void *)(uintptr_t)code);
	status = lua_pcall(L, 1, 1, 0);
	if (status == LUA_OK) {
		lua_gc(L, LUA_GCINC, GC_PAUSE, 0, 0);
		lua_gc(L, LUA_GCRESTART);
		lua_gc(L, LUA_GCCOLLECT);
		return L;
	}
	fprintf(stderr, "redbutton-runner: %s\n", describe_failure(L, status, text, sizeof(text)));
	return NULL;
}

int prelude_evaluate(lua_State *L, const char *input, size_t length, int out)
{
	struct input argument = {.text = input, .length = length};
	char text[512];
	int status;

	lua_settop(L, SLOT_EVALUATE);
	lua_pushcfunction(L, evaluate);
	lua_pushvalue(L, SLOT_EVALUATE);
	lua_pushlightuserdata(L, &argument);
	status = lua_pcall(L, 2, 2, 0);
	if (status != LUA_OK)
		return write_failure(
			out, argument.file, describe_failure(L, status, text, sizeof(text)));
	return write_pieces(L, out);
}
