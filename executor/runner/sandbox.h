/*
 * The tables of functions that Lua code in the runner may reach, one file each. But for the
 * private one, what is in them can be handed to a plan as it is: it prints no address, ends in
 * bounded time or is ended by the limits of the process, and gives the same result for the same
 * input whatever the layout of memory.
 */
#ifndef RB_RUNNER_SANDBOX_H
#define RB_RUNNER_SANDBOX_H

#include <lauxlib.h>
#include <lua.h>

/*
 * Opens Lua's own base, string, table and math, takes from them what the sandbox keeps, and
 * forgets the rest: afterwards the globals are empty and the metatable of strings is locked.
 * Pushes one table: {base=, string=, table=, math=, private=}.
 */
int sandbox_open(lua_State *L);

/* Each pushes one new table. */
int sandbox_open_base(lua_State *L);
int sandbox_open_string(lua_State *L);
int sandbox_open_table(lua_State *L);
int sandbox_open_math(lua_State *L);
/* The environment of the prelude: a whole one, with functions that must not reach a plan. */
int sandbox_open_private(lua_State *L);

/* Copies the named functions or constants of the library `from` (a global) into the table on top.
 */
void sandbox_keep(lua_State *L, const char *from, const char *const *names);

/* Puts ours into the table on top: each gets the function of the library `from` as its upvalue. */
void sandbox_replace(lua_State *L, const char *from, const luaL_Reg *replaced);

/* `tostring` without addresses: pushes the text of the value at `index` and returns it. */
const char *sandbox_text(lua_State *L, int index);
int sandbox_tostring(lua_State *L);
/* table.sort by a stable merge sort, of any length. */
int sandbox_sort(lua_State *L);
/* Pushes a list of the keys of the table at `index` in their one order; returns how many. */
lua_Integer sandbox_sorted_keys(lua_State *L, int index);

#endif
