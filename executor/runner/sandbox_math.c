#include "executor/runner/sandbox.h"

/* Left out: random, randomseed (the same plan must give the same graph each time). */
static const char *const kept[] = {"abs", "ceil", "floor", "fmod", "huge", "max", "maxinteger",
	"min", "mininteger", "modf", "pi", "sqrt", "tointeger", "type", "ult", "exp", "log", "sin",
	"cos", "tan", "asin", "acos", "atan", "deg", "rad", NULL};

int sandbox_open_math(lua_State *L)
{
	lua_newtable(L);
	sandbox_keep(L, "math", kept);
	return 1;
}
