#include "executor/runner/sandbox.h"

/* With these one can look behind a locked metatable. */
static const char *const base_kept[] = {"assert", "error", "ipairs", "next", "pairs", "rawequal",
	"rawget", "rawlen", "rawset", "select", "setmetatable", "getmetatable", "tonumber", "type",
	NULL};

static const char *const string_kept[] = {"byte", "char", "find", "format", "gmatch", "gsub", "len",
	"lower", "match", "rep", "reverse", "sub", "upper", NULL};

static const char *const table_kept[] = {
	"concat", "insert", "move", "pack", "remove", "unpack", NULL};

static void keep_table(lua_State *L, const char *library, const char *const *names)
{
	lua_newtable(L);
	sandbox_keep(L, library, names);
	lua_setfield(L, -2, library);
}

static void add(lua_State *L, const char *name, lua_CFunction function)
{
	lua_pushcfunction(L, function);
	lua_setfield(L, -2, name);
}

/*
 * Two functions are ours here too: tostring prints no address, and Lua's own sort asks the clock
 * when the data is uneven, which the jail answers by death.
 */
int sandbox_open_private(lua_State *L)
{
	lua_newtable(L);
	sandbox_keep(L, "_G", base_kept);
	add(L, "tostring", sandbox_tostring);
	keep_table(L, "string", string_kept);
	keep_table(L, "table", table_kept);
	lua_getfield(L, -1, "table");
	add(L, "sort", sandbox_sort);
	lua_pop(L, 1);
	sandbox_open_math(L);
	lua_setfield(L, -2, "math");
	return 1;
}
