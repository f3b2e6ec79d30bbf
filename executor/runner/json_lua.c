#include "executor/runner/json_lua.h"

#include "executor/runner/limits.h"

#include <jansson.h>
#include <lauxlib.h>
#include <sys/random.h>

/* Its address is the key in the registry. */
static const char array_mark;

static void push_value(lua_State *L, json_t *value, int depth);

static void push_object(lua_State *L, json_t *object, int depth)
{
	const char *key;
	json_t *member;

	lua_createtable(L, 0, (int)json_object_size(object));
	json_object_foreach (object, key, member) {
		push_value(L, member, depth);
		lua_setfield(L, -2, key);
	}
}

static void push_array(lua_State *L, json_t *array, int depth)
{
	const size_t count = json_array_size(array);

	lua_createtable(L, (int)count, 0);
	json_lua_push_array_mark(L);
	lua_setmetatable(L, -2);
	for (size_t i = 0; i < count; i++) {
		push_value(L, json_array_get(array, i), depth);
		lua_rawseti(L, -2, (lua_Integer)i + 1);
	}
}

static void push_value(lua_State *L, json_t *value, int depth)
{
	if (depth > LIMIT_JSON_DEPTH)
		luaL_error(L, "input: deeper than %d levels", LIMIT_JSON_DEPTH);
	luaL_checkstack(L, 4, "input");
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		push_object(L, value, depth + 1);
		break;
	case JSON_ARRAY:
		push_array(L, value, depth + 1);
		break;
	case JSON_STRING:
		lua_pushlstring(L, json_string_value(value), json_string_length(value));
		break;
	case JSON_INTEGER:
		lua_pushinteger(L, json_integer_value(value));
		break;
	case JSON_REAL:
		lua_pushnumber(L, json_real_value(value));
		break;
	case JSON_TRUE:
	case JSON_FALSE:
		lua_pushboolean(L, json_is_true(value));
		break;
	case JSON_NULL:
		json_lua_push_null(L);
		break;
	}
}

/* The tree belongs to a userdata's slot while Lua may throw; __gc is C and ours. */
static int free_tree(lua_State *L)
{
	json_t **tree = lua_touserdata(L, 1);

	json_decref(*tree);
	*tree = NULL;
	return 0;
}

static json_t **new_tree_slot(lua_State *L)
{
	json_t **tree = lua_newuserdatauv(L, sizeof(*tree), 0);

	*tree = NULL;
	lua_createtable(L, 0, 1);
	lua_pushcfunction(L, free_tree);
	lua_setfield(L, -2, "__gc");
	lua_setmetatable(L, -2);
	return tree;
}

int json_lua_prepare(void)
{
	size_t seed = 0;

	if (getrandom(&seed, sizeof(seed), 0) != (ssize_t)sizeof(seed))
		return -1;
	json_object_seed(seed | 1);
	return 0;
}

void json_lua_push(lua_State *L, const char *text, size_t length)
{
	json_t **tree = new_tree_slot(L);
	json_error_t problem;

	*tree = json_loadb(text, length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &problem);
	if (*tree == NULL)
		luaL_error(L, "input: %s at byte %d", problem.text, problem.position);
	push_value(L, *tree, 1); /* slot value */
	json_decref(*tree);
	*tree = NULL;
	lua_remove(L, -2);
}

void json_lua_push_null(lua_State *L)
{
	lua_pushlightuserdata(L, NULL);
}

void json_lua_push_array_mark(lua_State *L)
{
	if (lua_rawgetp(L, LUA_REGISTRYINDEX, &array_mark) == LUA_TTABLE)
		return;
	lua_pop(L, 1);
	lua_newtable(L);
	lua_pushvalue(L, -1);
	lua_rawsetp(L, LUA_REGISTRYINDEX, &array_mark);
}
