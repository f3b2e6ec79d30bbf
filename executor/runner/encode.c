#include "executor/runner/encode.h"

#include "executor/runner/sandbox.h"

#include <lauxlib.h>
#include <stdbool.h>
#include <string.h>

#define PIECE_BYTES 8192
#define KEYS_MAX    16 /* more are sorted as a list */
#define STACK_EACH  8  /* slots of Lua's stack for a level */

/* Where the arguments stand, and behind them the pieces. */
enum slot { SLOT_VALUE = 1, SLOT_ARRAY_MARK, SLOT_RAW_MARK, SLOT_JOINED = 7, SLOT_PIECES };

struct writer {
	lua_State *L;
	size_t used;
	lua_Integer piece_count;
	size_t bytes, max_bytes; /* of the pieces that are made */
	lua_Integer max_depth;
	const char *refusal; /* "long" or "deep": nothing more is written */
	char buffer[PIECE_BYTES];
};

struct key {
	const char *bytes; /* kept alive by the table */
	size_t length;
};

static void write_value(struct writer *writer, lua_Integer depth);

/* --- bytes --- */

static void flush(struct writer *writer)
{
	if (writer->piece_count == 0) {
		lua_newtable(writer->L);
		lua_replace(writer->L, SLOT_PIECES);
	}
	lua_pushlstring(writer->L, writer->buffer, writer->used);
	lua_rawseti(writer->L, SLOT_PIECES, ++writer->piece_count);
	writer->bytes += writer->used;
	writer->used = 0;
	if (writer->bytes > writer->max_bytes)
		writer->refusal = "long";
}

static void put(struct writer *writer, const char *bytes, size_t length)
{
	while (length > PIECE_BYTES - writer->used && writer->refusal == NULL) {
		const size_t part = PIECE_BYTES - writer->used;

		memcpy(writer->buffer + writer->used, bytes, part);
		writer->used += part;
		bytes += part;
		length -= part;
		flush(writer);
	}
	if (writer->refusal != NULL)
		return;
	memcpy(writer->buffer + writer->used, bytes, length);
	writer->used += length;
}

static void put_char(struct writer *writer, char c)
{
	if (writer->used == PIECE_BYTES)
		put(writer, &c, 1);
	else
		writer->buffer[writer->used++] = c;
}

/* Texts were checked when they came in, so four escapes are enough. */
static const char escapes[256] = {['"'] = '"', ['\\'] = '\\', ['\n'] = 'n', ['\t'] = 't'};

static void put_quoted(struct writer *writer, const char *bytes, size_t length)
{
	size_t from = 0;

	put_char(writer, '"');
	for (size_t i = 0; i < length; i++) {
		const char escape = escapes[(unsigned char)bytes[i]];

		if (escape == '\0')
			continue;
		put(writer, bytes + from, i - from);
		put(writer, (const char[]){'\\', escape}, 2);
		from = i + 1;
	}
	put(writer, bytes + from, length - from);
	put_char(writer, '"');
}

/* Digits from the last one on: snprintf takes ten times as long. */
static void put_integer(struct writer *writer, lua_Integer number)
{
	lua_Unsigned left = number < 0 ? 0 - (lua_Unsigned)number : (lua_Unsigned)number;
	char text[24];
	size_t at = sizeof(text);

	do
		text[--at] = (char)('0' + left % 10);
	while ((left /= 10) > 0);
	if (number < 0)
		text[--at] = '-';
	put(writer, text + at, sizeof(text) - at);
}

/* --- tables; the one that is written is on top of the stack --- */

static void write_array(struct writer *writer, lua_Integer depth)
{
	const lua_Integer count = (lua_Integer)lua_rawlen(writer->L, -1);

	put_char(writer, '[');
	for (lua_Integer i = 1; i <= count && writer->refusal == NULL; i++) {
		if (i > 1)
			put_char(writer, ',');
		lua_rawgeti(writer->L, -1, i);
		write_value(writer, depth + 1);
		lua_pop(writer->L, 1);
	}
	put_char(writer, ']');
}

/* Key and value stand on top; the value is popped. */
static void write_member(
	struct writer *writer, bool is_first, const struct key *key, lua_Integer depth)
{
	put_char(writer, is_first ? '{' : ',');
	put_quoted(writer, key->bytes, key->length);
	put_char(writer, ':');
	write_value(writer, depth + 1);
	lua_pop(writer->L, 1);
}

static bool is_before(const struct key *a, const struct key *b)
{
	const int order = memcmp(a->bytes, b->bytes, a->length < b->length ? a->length : b->length);

	return order != 0 ? order < 0 : a->length < b->length;
}

static void need_text_key(lua_State *L, int index)
{
	if (lua_type(L, index) != LUA_TSTRING)
		luaL_error(L, "an object has a %s as key", luaL_typename(L, index));
}

/* The keys in their order; KEYS_MAX + 1 when there are more. */
static size_t sort_few_keys(lua_State *L, struct key keys[static KEYS_MAX])
{
	size_t count = 0;

	for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
		struct key key;
		size_t at;

		need_text_key(L, -2);
		if (count == KEYS_MAX) {
			lua_pop(L, 2);
			return KEYS_MAX + 1;
		}
		key.bytes = lua_tolstring(L, -2, &key.length);
		for (at = count++; at > 0 && is_before(&key, &keys[at - 1]); at--)
			keys[at] = keys[at - 1];
		keys[at] = key;
	}
	return count;
}

static void write_many(struct writer *writer, lua_Integer depth)
{
	lua_State *L = writer->L;
	const lua_Integer count = sandbox_sorted_keys(L, -1); /* object list */

	for (lua_Integer i = 1; i <= count && writer->refusal == NULL; i++) {
		struct key key;

		lua_rawgeti(L, -1, i);
		need_text_key(L, -1);
		key.bytes = lua_tolstring(L, -1, &key.length);
		lua_pushvalue(L, -1);
		lua_rawget(L, -4); /* object list key value */
		write_member(writer, i == 1, &key, depth);
		lua_pop(L, 1);
	}
	lua_pop(L, 1);
}

static void write_object(struct writer *writer, lua_Integer depth)
{
	lua_State *L = writer->L;
	struct key keys[KEYS_MAX];
	const size_t count = sort_few_keys(L, keys);

	if (count > KEYS_MAX)
		write_many(writer, depth);
	for (size_t i = 0; count <= KEYS_MAX && i < count && writer->refusal == NULL; i++) {
		lua_pushlstring(L, keys[i].bytes, keys[i].length);
		lua_rawget(L, -2);
		write_member(writer, i == 0, &keys[i], depth);
	}
	if (count == 0)
		put_char(writer, '{');
	put_char(writer, '}');
}

/* Objects of ours that come often have their fields, sorted, by their kind: as their metatable. */
static void write_known(struct writer *writer, lua_Integer depth)
{
	lua_State *L = writer->L;
	bool is_first = true;

	lua_getmetatable(L, -1); /* object order */
	if (lua_rawlen(L, -1) == 0)
		luaL_error(L, "a table has a metatable that is no mark");
	for (lua_Integer i = 1; lua_rawgeti(L, -1, i) == LUA_TSTRING; i++) {
		struct key key;

		key.bytes = lua_tolstring(L, -1, &key.length);
		if (lua_rawget(L, -3) != LUA_TNIL) { /* object order value */
			write_member(writer, is_first, &key, depth);
			is_first = false;
		} else {
			lua_pop(L, 1);
		}
	}
	lua_pop(L, 2); /* nil order */
	if (is_first)
		put_char(writer, '{');
	put_char(writer, '}');
}

static void write_raw(struct writer *writer)
{
	size_t length;
	const char *bytes;

	lua_rawgeti(writer->L, -1, 1);
	bytes = luaL_checklstring(writer->L, -1, &length);
	put(writer, bytes, length);
	lua_pop(writer->L, 1);
}

enum shape { SHAPE_RAW, SHAPE_ARRAY, SHAPE_KNOWN, SHAPE_OBJECT };

static enum shape shape_of(lua_State *L)
{
	enum shape shape = lua_rawlen(L, -1) > 0 ? SHAPE_ARRAY : SHAPE_OBJECT;

	if (!lua_getmetatable(L, -1))
		return shape;
	if (lua_rawequal(L, -1, SLOT_RAW_MARK))
		shape = SHAPE_RAW;
	else if (lua_rawequal(L, -1, SLOT_ARRAY_MARK))
		shape = SHAPE_ARRAY;
	else if (shape == SHAPE_OBJECT)
		shape = SHAPE_KNOWN;
	lua_pop(L, 1);
	return shape;
}

static void write_table(struct writer *writer, lua_Integer depth)
{
	const enum shape shape = shape_of(writer->L);

	if (shape != SHAPE_RAW && depth > writer->max_depth) {
		writer->refusal = "deep";
		return;
	}
	switch (shape) {
	case SHAPE_RAW:
		write_raw(writer);
		break;
	case SHAPE_ARRAY:
		write_array(writer, depth);
		break;
	case SHAPE_KNOWN:
		write_known(writer, depth);
		break;
	case SHAPE_OBJECT:
		write_object(writer, depth);
		break;
	}
}

static int refuse_value(lua_State *L)
{
	lua_pushfstring(L, "a %s can't be encoded",
		lua_type(L, -1) == LUA_TNUMBER ? "float" : luaL_typename(L, -1));
	return lua_error(L);
}

/* The value on top. */
static void write_value(struct writer *writer, lua_Integer depth)
{
	lua_State *L = writer->L;
	size_t length;
	const char *bytes;

	luaL_checkstack(L, STACK_EACH, "encode");
	switch (lua_type(L, -1)) {
	case LUA_TSTRING:
		bytes = lua_tolstring(L, -1, &length);
		put_quoted(writer, bytes, length);
		break;
	case LUA_TTABLE:
		write_table(writer, depth);
		break;
	case LUA_TBOOLEAN:
		bytes = lua_toboolean(L, -1) ? "true" : "false";
		put(writer, bytes, strlen(bytes));
		break;
	case LUA_TNUMBER:
		if (!lua_isinteger(L, -1))
			refuse_value(L);
		put_integer(writer, lua_tointeger(L, -1));
		break;
	case LUA_TLIGHTUSERDATA: /* the only one there is: null */
		put(writer, "null", 4);
		break;
	default:
		refuse_value(L);
	}
}

static void push_joined(struct writer *writer)
{
	lua_State *L = writer->L;
	luaL_Buffer text;

	if (writer->piece_count == 0) {
		lua_pushlstring(L, writer->buffer, writer->used);
		return;
	}
	luaL_buffinitsize(L, &text, writer->bytes);
	for (lua_Integer i = 1; i <= writer->piece_count; i++) {
		lua_rawgeti(L, SLOT_PIECES, i);
		luaL_addvalue(&text);
	}
	luaL_pushresult(&text);
}

int encode_call(lua_State *L)
{
	const lua_Integer depth = luaL_checkinteger(L, 4);
	struct writer writer; /* its buffer is not cleared */

	writer.L = L;
	writer.used = writer.bytes = 0;
	writer.piece_count = 0;
	writer.refusal = NULL;
	writer.max_depth = luaL_checkinteger(L, 5);
	writer.max_bytes = (size_t)luaL_checkinteger(L, 6);
	lua_settop(L, SLOT_JOINED);
	lua_pushnil(L); /* no piece yet */
	lua_pushvalue(L, SLOT_VALUE);
	write_value(&writer, depth);
	if (writer.refusal == NULL && (writer.piece_count > 0 || !lua_toboolean(L, SLOT_JOINED)))
		flush(&writer);
	if (writer.refusal != NULL) {
		lua_pushnil(L);
		lua_pushstring(L, writer.refusal);
		return 2;
	}
	if (lua_toboolean(L, SLOT_JOINED)) {
		push_joined(&writer);
		return 1;
	}
	lua_pushvalue(L, SLOT_PIECES);
	lua_pushinteger(L, (lua_Integer)writer.bytes);
	return 2;
}
