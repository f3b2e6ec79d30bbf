#include "executor/runner/sandbox.h"

#include "executor/runner/limits.h"

#include <lauxlib.h>
#include <stdbool.h>

/* Left out: nothing. `pack` is Lua's own; the rest take plain tables and bounded ranges only. */
static const char *const kept[] = {"pack", NULL};

/* A plain table has no metatable, so nothing of a script runs while C holds it. */
static void check_plain(lua_State *L, int index, const char *what)
{
	luaL_checktype(L, index, LUA_TTABLE);
	if (lua_getmetatable(L, index))
		luaL_error(L, "table.%s: a plain table is needed here", what);
}

static void check_range(lua_State *L, lua_Integer first, lua_Integer last, const char *what)
{
	if (first <= last && (lua_Unsigned)last - (lua_Unsigned)first >= LIMIT_TABLE_RANGE)
		luaL_error(L, "table.%s: more than %d elements", what, LIMIT_TABLE_RANGE);
}

static int call_original(lua_State *L)
{
	lua_pushvalue(L, lua_upvalueindex(1));
	lua_insert(L, 1);
	lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
	return lua_gettop(L);
}

static lua_Integer length_of(lua_State *L, int index)
{
	return (lua_Integer)lua_rawlen(L, index);
}

static int table_concat(lua_State *L)
{
	check_plain(L, 1, "concat");
	check_range(L, luaL_optinteger(L, 3, 1), luaL_optinteger(L, 4, length_of(L, 1)), "concat");
	return call_original(L);
}

static int table_unpack(lua_State *L)
{
	check_plain(L, 1, "unpack");
	check_range(L, luaL_optinteger(L, 2, 1), luaL_optinteger(L, 3, length_of(L, 1)), "unpack");
	return call_original(L);
}

static int table_move(lua_State *L)
{
	check_plain(L, 1, "move");
	if (!lua_isnoneornil(L, 5))
		check_plain(L, 5, "move");
	check_range(L, luaL_checkinteger(L, 2), luaL_checkinteger(L, 3), "move");
	return call_original(L);
}

/* Appending moves nothing; only a place in the middle is bounded. */
static int table_insert(lua_State *L)
{
	check_plain(L, 1, "insert");
	if (lua_gettop(L) > 2)
		check_range(L, luaL_checkinteger(L, 2), length_of(L, 1), "insert");
	return call_original(L);
}

static int table_remove(lua_State *L)
{
	const lua_Integer last = (check_plain(L, 1, "remove"), length_of(L, 1));

	check_range(L, luaL_optinteger(L, 2, last), last, "remove");
	return call_original(L);
}

/* Is list[b] before list[a]? `less` is at 2 or nil. Both lists hold no nil. */
static bool is_before(lua_State *L, int list, lua_Integer b, lua_Integer a)
{
	bool before;

	if (lua_isnil(L, 2)) {
		lua_rawgeti(L, list, b);
		lua_rawgeti(L, list, a);
		before = lua_compare(L, -2, -1, LUA_OPLT) != 0;
		lua_pop(L, 2);
		return before;
	}
	lua_pushvalue(L, 2);
	lua_rawgeti(L, list, b);
	lua_rawgeti(L, list, a);
	lua_call(L, 2, 1);
	before = lua_toboolean(L, -1) != 0;
	lua_pop(L, 1);
	return before;
}

static void merge(
	lua_State *L, int into, int from, lua_Integer low, lua_Integer middle, lua_Integer high)
{
	lua_Integer left = low;
	lua_Integer right = middle;

	for (lua_Integer i = low; i < high; i++) {
		const bool take_right =
			left == middle || (right < high && is_before(L, from, right, left));

		lua_rawgeti(L, from, take_right ? right++ : left++);
		lua_rawseti(L, into, i);
	}
}

/* Sorts copies, so that a comparison that changes the table changes nothing here. */
static int sort_copies(lua_State *L, int list, int spare, lua_Integer count)
{
	for (lua_Integer width = 1; width < count; width *= 2) {
		const int swap = list;

		for (lua_Integer low = 1; low <= count; low += 2 * width) {
			const lua_Integer end = count + 1;
			const lua_Integer middle = low + width < end ? low + width : end;
			const lua_Integer high = middle + width < end ? middle + width : end;

			merge(L, spare, list, low, middle, high);
		}
		list = spare;
		spare = swap;
	}
	return list;
}

/* A stable merge sort: the same order each time, and an end whatever the comparison answers. */
int sandbox_sort(lua_State *L)
{
	const lua_Integer count = (check_plain(L, 1, "sort"), length_of(L, 1));
	int sorted;

	if (!lua_isnoneornil(L, 2))
		luaL_checktype(L, 2, LUA_TFUNCTION);
	lua_settop(L, 2);
	lua_createtable(L, (int)count, 0);
	lua_createtable(L, (int)count, 0); /* table less list spare */
	for (lua_Integer i = 1; i <= count; i++) {
		if (lua_rawgeti(L, 1, i) == LUA_TNIL)
			return luaL_error(L, "table.sort: element %d is nil", (int)i);
		lua_rawseti(L, 3, i);
	}
	sorted = sort_copies(L, 3, 4, count);
	for (lua_Integer i = 1; i <= count; i++) {
		lua_rawgeti(L, sorted, i);
		lua_rawseti(L, 1, i);
	}
	return 0;
}

static int table_sort(lua_State *L)
{
	luaL_checktype(L, 1, LUA_TTABLE);
	check_range(L, 1, length_of(L, 1), "sort");
	return sandbox_sort(L);
}

static const luaL_Reg replaced[] = {
	{"concat", table_concat},
	{"insert", table_insert},
	{"move", table_move},
	{"remove", table_remove},
	{"sort", table_sort},
	{"unpack", table_unpack},
	{NULL, NULL},
};

int sandbox_open_table(lua_State *L)
{
	lua_newtable(L);
	sandbox_keep(L, "table", kept);
	sandbox_replace(L, "table", replaced);
	return 1;
}
