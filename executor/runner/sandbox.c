#include "executor/runner/sandbox.h"

#include <lauxlib.h>
#include <lualib.h>

static const luaL_Reg libraries[] = {
	{LUA_GNAME, luaopen_base},
	{LUA_STRLIBNAME, luaopen_string},
	{LUA_TABLIBNAME, luaopen_table},
	{LUA_MATHLIBNAME, luaopen_math},
};

static const luaL_Reg openers[] = {
	{"base", sandbox_open_base},
	{"string", sandbox_open_string},
	{"table", sandbox_open_table},
	{"math", sandbox_open_math},
	{"private", sandbox_open_private},
};

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* Nothing that Lua's own libraries registered can be found any more. */
static void forget_libraries(lua_State *L)
{
	lua_newtable(L);
	lua_rawseti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
	lua_pushnil(L);
	lua_setfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
}

/* Methods of strings are those of our table, and no script gets at the metatable. */
static void lock_strings(lua_State *L, int tables)
{
	lua_pushliteral(L, "");
	if (!lua_getmetatable(L, -1))
		luaL_error(L, "strings have no metatable");
	lua_getfield(L, tables, "string"); /* "" meta string */
	lua_setfield(L, -2, "__index");
	lua_pushliteral(L, "locked");
	lua_setfield(L, -2, "__metatable");
	lua_pop(L, 2);
}

int sandbox_open(lua_State *L)
{
	for (size_t i = 0; i < COUNT(libraries); i++) {
		luaL_requiref(L, libraries[i].name, libraries[i].func, 1);
		lua_pop(L, 1);
	}
	lua_newtable(L);
	for (size_t i = 0; i < COUNT(openers); i++) {
		openers[i].func(L);
		lua_setfield(L, -2, openers[i].name);
	}
	lock_strings(L, lua_gettop(L));
	forget_libraries(L);
	return 1;
}

void sandbox_keep(lua_State *L, const char *from, const char *const *names)
{
	lua_getglobal(L, from); /* ours library */
	for (size_t i = 0; names[i] != NULL; i++) {
		lua_getfield(L, -1, names[i]);
		lua_setfield(L, -3, names[i]);
	}
	lua_pop(L, 1);
}

void sandbox_replace(lua_State *L, const char *from, const luaL_Reg *replaced)
{
	lua_getglobal(L, from); /* ours library */
	for (size_t i = 0; replaced[i].name != NULL; i++) {
		lua_getfield(L, -1, replaced[i].name);
		lua_pushcclosure(L, replaced[i].func, 1);
		lua_setfield(L, -3, replaced[i].name);
	}
	lua_pop(L, 1);
}
