#include "executor/runner/sandbox.h"

#include <lauxlib.h>
#include <stdbool.h>
#include <string.h>

/*
 * Left out: collectgarbage, dofile, getmetatable, load, loadfile, next, pcall, print, rawequal,
 * rawget, rawlen, rawset, setmetatable, warn, xpcall, _G, _VERSION.
 */
static const char *const kept[] = {"assert", "error", "ipairs", "select", "tonumber", "type", NULL};

/* A key as it is compared; `bytes` are those of a string that the list of keys keeps alive. */
struct key {
	int type;
	bool is_integer;
	lua_Integer integer;
	lua_Number number;
	const char *bytes;
	size_t length;
};

const char *sandbox_text(lua_State *L, int index)
{
	if (luaL_callmeta(L, index, "__tostring")) {
		if (!lua_isstring(L, -1))
			luaL_error(L, "'__tostring' must return a string");
		return lua_tostring(L, -1);
	}
	switch (lua_type(L, index)) {
	case LUA_TNIL:
	case LUA_TBOOLEAN:
	case LUA_TNUMBER:
	case LUA_TSTRING:
		return luaL_tolstring(L, index, NULL);
	default:
		return lua_pushfstring(L, "<%s>", luaL_typename(L, index));
	}
}

int sandbox_tostring(lua_State *L)
{
	luaL_checkany(L, 1);
	sandbox_text(L, 1);
	return 1;
}

static void read_key(lua_State *L, struct key *key)
{
	key->type = lua_type(L, -1);
	switch (key->type) {
	case LUA_TBOOLEAN:
		key->integer = lua_toboolean(L, -1);
		break;
	case LUA_TNUMBER:
		key->is_integer = lua_isinteger(L, -1);
		key->integer = key->is_integer ? lua_tointeger(L, -1) : 0;
		key->number = lua_tonumber(L, -1);
		break;
	case LUA_TSTRING:
		key->bytes = lua_tolstring(L, -1, &key->length);
		break;
	default:
		luaL_error(L,
			"a table with a %s as key has no order; use strings, numbers or booleans",
			luaL_typename(L, -1));
	}
}

/* An integer key and a fraction never are equal, so comparing them as doubles is exact enough. */
static bool is_before(const struct key *a, const struct key *b)
{
	size_t shorter;
	int order;

	if (a->type != b->type)
		return a->type < b->type;
	if (a->type == LUA_TBOOLEAN || (a->is_integer && b->is_integer))
		return a->integer < b->integer;
	if (a->type == LUA_TNUMBER)
		return a->number < b->number;
	shorter = a->length < b->length ? a->length : b->length;
	order = memcmp(a->bytes, b->bytes, shorter);
	return order != 0 ? order < 0 : a->length < b->length;
}

static void merge(struct key *into, const struct key *from, size_t low, size_t middle, size_t high)
{
	size_t left = low;
	size_t right = middle;

	for (size_t i = low; i < high; i++) {
		const bool take_right =
			left == middle || (right < high && is_before(&from[right], &from[left]));

		into[i] = take_right ? from[right++] : from[left++];
	}
}

/* qsort of the C library asks the kernel for the size of memory, which the jail answers by death.
 */
static struct key *sort_keys(struct key *keys, struct key *spare, size_t count)
{
	for (size_t width = 1; width < count; width *= 2) {
		struct key *swap = keys;

		for (size_t low = 0; low < count; low += 2 * width) {
			const size_t middle = low + width < count ? low + width : count;
			const size_t high = middle + width < count ? middle + width : count;

			merge(spare, keys, low, middle, high);
		}
		keys = spare;
		spare = swap;
	}
	return keys;
}

static size_t count_keys(lua_State *L, int table)
{
	size_t count = 0;

	for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1))
		count++;
	return count;
}

static void push_key(lua_State *L, const struct key *key)
{
	if (key->type == LUA_TBOOLEAN)
		lua_pushboolean(L, key->integer != 0);
	else if (key->type == LUA_TSTRING)
		lua_pushlstring(L, key->bytes, key->length);
	else if (key->is_integer)
		lua_pushinteger(L, key->integer);
	else
		lua_pushnumber(L, key->number);
}

lua_Integer sandbox_sorted_keys(lua_State *L, int index)
{
	const int table = lua_absindex(L, index);
	const size_t count = count_keys(L, table);
	struct key *keys;
	struct key *sorted;
	size_t i = 0;

	luaL_checkstack(L, 6, "keys");
	lua_createtable(L, count < 1000000 ? (int)count : 0, 0);
	keys = lua_newuserdatauv(L, (2 * count + 1) * sizeof(*keys), 0);
	memset(keys, 0, (2 * count + 1) * sizeof(*keys)); /* list keys */
	for (lua_pushnil(L); lua_next(L, table); i++) {
		lua_pop(L, 1); /* the table keeps the strings alive */
		read_key(L, &keys[i]);
	}
	sorted = sort_keys(keys, keys + count, count);
	for (i = 0; i < count; i++) {
		push_key(L, &sorted[i]);
		lua_rawseti(L, -3, (lua_Integer)i + 1);
	}
	lua_pop(L, 1);
	return (lua_Integer)count;
}

/* Upvalues: the sorted keys, how many of them have been given. A key that went meanwhile is
 * skipped. */
static int pairs_next(lua_State *L)
{
	lua_Integer position = lua_tointeger(L, lua_upvalueindex(2));

	lua_settop(L, 1);
	for (;;) {
		position++;
		if (lua_rawgeti(L, lua_upvalueindex(1), position) == LUA_TNIL)
			return 1;
		lua_pushvalue(L, -1); /* t k k */
		if (lua_rawget(L, 1) != LUA_TNIL)
			break;
		lua_settop(L, 1);
	}
	lua_pushinteger(L, position);
	lua_replace(L, lua_upvalueindex(2));
	return 2;
}

static int base_pairs(lua_State *L)
{
	luaL_checkany(L, 1);
	if (luaL_getmetafield(L, 1, "__pairs") != LUA_TNIL) {
		lua_pushvalue(L, 1);
		lua_call(L, 1, 3);
		return 3;
	}
	luaL_checktype(L, 1, LUA_TTABLE);
	sandbox_sorted_keys(L, 1);
	lua_pushinteger(L, 0);
	lua_pushcclosure(L, pairs_next, 2);
	lua_pushvalue(L, 1);
	lua_pushnil(L);
	return 3;
}

static const luaL_Reg replaced[] = {
	{"pairs", base_pairs},
	{"tostring", sandbox_tostring},
	{NULL, NULL},
};

int sandbox_open_base(lua_State *L)
{
	lua_newtable(L);
	sandbox_keep(L, LUA_GNAME, kept);
	luaL_setfuncs(L, replaced, 0);
	return 1;
}
