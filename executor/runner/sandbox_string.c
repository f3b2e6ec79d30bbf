#include "executor/runner/sandbox.h"

#include "executor/runner/limits.h"

#include <lauxlib.h>
#include <stdbool.h>
#include <string.h>

/* Left out: dump (bytecode), pack, packsize, unpack (games with memory and layout). */
static const char *const kept[] = {"byte", "char", "len", "lower", "reverse", "sub", "upper", NULL};

/* Conversions of string.format; %p and %a are not among them. */
static const char conversions[] = "cdiouxXeEfgGsq";

static int fail_too_large(lua_State *L, const char *what)
{
	return luaL_error(L, "string.%s: the result would be larger than %d bytes", what,
		(int)LIMIT_STRING_BYTES);
}

/* Skips the set that begins at `at` ("[...]"); the end of the pattern ends it too. */
static const char *skip_set(const char *at, const char *end)
{
	at++;
	if (at < end && *at == '^')
		at++;
	do { /* a bracket that comes first is no end */
		if (at < end && *at == '%')
			at++;
		if (at < end)
			at++;
	} while (at < end && *at != ']');
	return at < end ? at + 1 : at;
}

/* Behind one single item of a pattern: a character, a class, a set, %bxy, %f[set]. */
static const char *skip_item(const char *at, const char *end)
{
	if (*at == '[')
		return skip_set(at, end);
	if (*at != '%' || at + 1 >= end)
		return at + 1;
	if (at[1] == 'b')
		return end - at > 4 ? at + 4 : end;
	if (at[1] == 'f' && at + 2 < end && at[2] == '[')
		return skip_set(at + 2, end);
	return at + 2;
}

static size_t count_quantifiers(const char *at, const char *end)
{
	size_t count = 0;

	while (at < end) {
		const bool is_item = *at != '(' && *at != ')';

		at = skip_item(at, end);
		if (is_item && at < end && strchr("*+-?", *at) != NULL && *at != '\0') {
			count++;
			at++;
		}
	}
	return count;
}

/* Matching goes back over the subject once for each quantifier: bounded sizes bound the time. */
static void check_match(lua_State *L, const char *what)
{
	size_t subject_length;
	size_t length;
	const char *pattern;

	luaL_checklstring(L, 1, &subject_length);
	pattern = luaL_checklstring(L, 2, &length);
	if (subject_length > LIMIT_SUBJECT_BYTES)
		luaL_error(
			L, "string.%s: the text has more than %d bytes", what, LIMIT_SUBJECT_BYTES);
	if (length > LIMIT_PATTERN_BYTES)
		luaL_error(L, "string.%s: the pattern has more than %d bytes", what,
			LIMIT_PATTERN_BYTES);
	if (count_quantifiers(pattern, pattern + length) > LIMIT_PATTERN_QUANTIFIERS)
		luaL_error(L, "string.%s: the pattern has more than %d of * + - ?", what,
			LIMIT_PATTERN_QUANTIFIERS);
}

/* Calls Lua's own function, which is the first upvalue, with all arguments. */
static int call_original(lua_State *L)
{
	lua_pushvalue(L, lua_upvalueindex(1));
	lua_insert(L, 1);
	lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
	return lua_gettop(L);
}

static int string_find(lua_State *L)
{
	if (!lua_toboolean(L, 4))
		check_match(L, "find");
	return call_original(L);
}

static int string_match(lua_State *L)
{
	check_match(L, "match");
	return call_original(L);
}

static int string_gmatch(lua_State *L)
{
	check_match(L, "gmatch");
	return call_original(L);
}

static int string_gsub(lua_State *L)
{
	check_match(L, "gsub");
	call_original(L);
	if (lua_rawlen(L, 1) > LIMIT_STRING_BYTES)
		return fail_too_large(L, "gsub");
	return 2;
}

static int string_rep(lua_State *L)
{
	const lua_Integer count = luaL_checkinteger(L, 2);
	size_t length;
	size_t separator = 0;

	luaL_checklstring(L, 1, &length);
	if (!lua_isnoneornil(L, 3))
		luaL_checklstring(L, 3, &separator);
	if (count > 0 && (length > LIMIT_STRING_BYTES || separator > LIMIT_STRING_BYTES))
		return fail_too_large(L, "rep");
	if (length + separator > 0 && count > (lua_Integer)(LIMIT_STRING_BYTES + separator) /
						      (lua_Integer)(length + separator))
		return fail_too_large(L, "rep");
	if (length + separator == 0) { /* nothing, however often: Lua would count */
		lua_pushliteral(L, "");
		return 1;
	}
	return call_original(L);
}

/* At a '%': checks the specification, returns the place behind it. */
static const char *check_format(lua_State *L, const char *at, const char *end, char *ret_conversion)
{
	at++;
	while (at < end && strchr("-+ #0123456789.", *at) != NULL && *at != '\0')
		at++;
	if (at >= end || *at == '\0' || strchr(conversions, *at) == NULL)
		luaL_error(L, "string.format: '%%%c' is refused; use %%s, %%d, %%g ...",
			at < end ? *at : ' ');
	*ret_conversion = *at;
	return at + 1;
}

static int string_format(lua_State *L)
{
	size_t length;
	const char *at = luaL_checklstring(L, 1, &length);
	const char *const end = at + length;
	int argument = 1;
	char conversion;

	while (at < end) {
		if (*at != '%') {
			at++;
		} else if (at + 1 < end && at[1] == '%') {
			at += 2;
		} else {
			at = check_format(L, at, end, &conversion);
			argument++;
			luaL_checkany(L, argument);
			if (conversion == 's') {
				sandbox_text(L, argument);
				lua_replace(L, argument);
			}
		}
	}
	return call_original(L);
}

static const luaL_Reg replaced[] = {
	{"find", string_find},
	{"format", string_format},
	{"gmatch", string_gmatch},
	{"gsub", string_gsub},
	{"match", string_match},
	{"rep", string_rep},
	{NULL, NULL},
};

int sandbox_open_string(lua_State *L)
{
	lua_newtable(L);
	sandbox_keep(L, "string", kept);
	sandbox_replace(L, "string", replaced);
	return 1;
}
