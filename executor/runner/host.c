#include "executor/runner/host.h"

#include "executor/runner/encode.h"
#include "executor/runner/json_lua.h"
#include "executor/runner/sandbox.h"

#include <lauxlib.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define PLAN_PREFIX "=#" /* chunk names of plan texts and modules: and their number */
#define LINE_BITS   24	 /* of a place; above them the number */
#define MAX_LEVELS  200	 /* of the stack that are looked at; each costs its depth */

/* Where in a plan something happens: its nearest frame; 0 when there is none. */
static lua_Integer find_place(lua_State *L)
{
	lua_Debug frame;

	for (int level = 0; level < MAX_LEVELS && lua_getstack(L, level, &frame); level++) {
		lua_getinfo(L, "S", &frame);
		if (strncmp(frame.source, PLAN_PREFIX, strlen(PLAN_PREFIX)) != 0)
			continue;
		lua_getinfo(L, "l", &frame);
		if (frame.currentline >= 1)
			return ((lua_Integer)strtol(frame.source + strlen(PLAN_PREFIX), NULL, 10)
				       << LINE_BITS) +
			       frame.currentline;
	}
	return 0;
}

static int push_place(lua_State *L, lua_Integer place)
{
	if (place == 0)
		return 0;
	lua_pushinteger(L, place);
	return 1;
}

/* place() -> integer; nothing outside a plan */
static int host_place(lua_State *L)
{
	return push_place(L, find_place(L));
}

/* The message handler of host_call: runs where the error is, before the stack unwinds. */
static int note_place(lua_State *L)
{
	lua_Integer *place = lua_touserdata(L, lua_upvalueindex(1));

	*place = find_place(L);
	return 1;
}

/* call(f, ...) -> true, results... | false, value, place */
static int host_call(lua_State *L)
{
	lua_Integer place = 0;

	luaL_checkany(L, 1);
	lua_pushlightuserdata(L, &place);
	lua_pushcclosure(L, note_place, 1);
	lua_insert(L, 1); /* handler f ... */
	if (lua_pcall(L, lua_gettop(L) - 2, LUA_MULTRET, 1) == LUA_OK) {
		lua_pushboolean(L, true);
		lua_replace(L, 1);
		return lua_gettop(L);
	}
	lua_pushboolean(L, false);
	lua_insert(L, 2); /* handler false value */
	return 2 + push_place(L, place);
}

/* The function that wrap makes; the upvalue is what it calls. */
static int call_wrapped(lua_State *L)
{
	lua_pushvalue(L, lua_upvalueindex(1));
	lua_insert(L, 1);
	lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
	return lua_gettop(L);
}

/* wrap(f) -> C function. A tail call to C keeps the caller's frame, and so the plan's line. */
static int host_wrap(lua_State *L)
{
	luaL_checktype(L, 1, LUA_TFUNCTION);
	lua_settop(L, 1);
	lua_pushcclosure(L, call_wrapped, 1);
	return 1;
}

/* load(text, chunk name, environment) -> function | nil, message. Source text, never bytecode. */
static int host_load(lua_State *L)
{
	size_t length;
	const char *text = luaL_checklstring(L, 1, &length);
	const char *name = luaL_checkstring(L, 2);

	luaL_checktype(L, 3, LUA_TTABLE);
	if (luaL_loadbufferx(L, text, length, name, "t") != LUA_OK) {
		lua_pushnil(L);
		lua_insert(L, -2);
		return 2;
	}
	lua_pushvalue(L, 3);
	lua_setupvalue(L, -2, 1);
	return 1;
}

/* prelude(name) -> function. Upvalues: the compiled files, the prelude's environment. */
static int host_prelude(lua_State *L)
{
	const struct prelude_code *code = lua_touserdata(L, lua_upvalueindex(1));

	prelude_code_push(L, code, luaL_checkstring(L, 1));
	lua_pushvalue(L, lua_upvalueindex(2));
	lua_setupvalue(L, -2, 1);
	return 1;
}

/* sorted_keys(table) -> list, count */
static int host_sorted_keys(lua_State *L)
{
	luaL_checktype(L, 1, LUA_TTABLE);
	lua_settop(L, 1);
	lua_pushinteger(L, sandbox_sorted_keys(L, 1));
	return 2;
}

/* is_plain(text) -> whether it holds nothing but printable ASCII */
static int host_is_plain(lua_State *L)
{
	size_t length;
	const char *text = luaL_checklstring(L, 1, &length);
	size_t i = 0;

	while (i < length && text[i] >= ' ' && text[i] <= '~')
		i++;
	lua_pushboolean(L, i == length);
	return 1;
}

/* has(text, set) -> whether it holds a control character or one of the set */
static int host_has(lua_State *L)
{
	size_t length;
	const char *text = luaL_checklstring(L, 1, &length);
	const char *set = luaL_checkstring(L, 2);
	bool is_found = false;

	for (size_t i = 0; i < length && !is_found; i++)
		is_found = (unsigned char)text[i] < ' ' || text[i] == 0x7f ||
			   strchr(set, text[i]) != NULL;
	lua_pushboolean(L, is_found);
	return 1;
}

static const luaL_Reg functions[] = {
	{"call", host_call},
	{"encode", encode_call},
	{"has", host_has},
	{"is_plain", host_is_plain},
	{"load", host_load},
	{"place", host_place},
	{"sorted_keys", host_sorted_keys},
	{"wrap", host_wrap},
	{NULL, NULL},
};

void host_open(lua_State *L, const struct prelude_code *code)
{
	luaL_newlib(L, functions);
	sandbox_open(L); /* host sandbox */
	lua_pushlightuserdata(L, (void *)(uintptr_t)code);
	lua_getfield(L, -2, "private");
	lua_pushcclosure(L, host_prelude, 2);
	lua_setfield(L, -3, "prelude");
	lua_pushnil(L);
	lua_setfield(L, -2, "private");
	lua_setfield(L, -2, "plan");
	json_lua_push_null(L);
	lua_setfield(L, -2, "null");
	json_lua_push_array_mark(L);
	lua_setfield(L, -2, "array_mt");
}
