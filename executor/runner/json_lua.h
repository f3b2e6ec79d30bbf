/* JSON text to Lua values. */
#ifndef RB_RUNNER_JSON_LUA_H
#define RB_RUNNER_JSON_LUA_H

#include <lua.h>
#include <stddef.h>

/* jansson seeds its hash tables from the kernel at first use: do it before the walls stand. 0 or
 * -1. */
int json_lua_prepare(void);
/*
 * Pushes the value of the text: objects are tables, arrays are tables with the metatable of
 * json_lua_push_array_mark, null is json_lua_push_null's value, integers are integers. Raises a Lua
 * error for malformed text, a key twice, a NUL in a string, deeper than LIMIT_JSON_DEPTH.
 */
void json_lua_push(lua_State *L, const char *text, size_t length);
void json_lua_push_null(lua_State *L);
/* The (empty) metatable by which an array is told from an object; one a state. */
void json_lua_push_array_mark(lua_State *L);

#endif
