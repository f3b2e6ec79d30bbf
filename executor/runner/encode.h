/*
 * host.encode: canonical JSON out of Lua values (prelude/encode.lua says of which). In C, because a
 * graph is mostly this; it makes no value of its own but the pieces.
 */
#ifndef RB_RUNNER_ENCODE_H
#define RB_RUNNER_ENCODE_H

#include <lua.h>

/*
 * encode(value, array_mt, raw_mt, depth, max_depth, max_bytes, joined)
 *   -> a list of pieces, bytes | joined: one text | nil, "long" or "deep"
 * Raises for what is no JSON.
 */
int encode_call(lua_State *L);

#endif
