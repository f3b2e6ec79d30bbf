-- The prelude and its tests are Lua 5.4; plans see the names of the plan language.
std = "lua54"
max_line_length = 160
codes = true

local plan_names = {
	"plan", "set", "run", "check", "wait", "hold", "gate", "manual", "step", "parallel", "each", "ramp", "choose", "call",
	"pause_if", "abort_if", "rollback_if", "all", "any", "none", "baseline", "percent", "rest", "absent", "null", "array",
	"object", "fill", "to_json", "switch", "assert", "error", "ipairs", "pairs", "select", "tonumber", "tostring", "type",
	"math", "string", "table", "require",
}

files["lua-scripts/plans"] = { std = { read_globals = plan_names, globals = { "apply", "restore" } }, unused_args = false,
	ignore = { "431" } }
files["lua-scripts/library"] = { std = { read_globals = plan_names }, unused_args = false }
files["lua-scripts/rules"] = { std = { read_globals = {
	"assert", "error", "ipairs", "pairs", "select", "tonumber", "tostring", "type", "math", "string", "table", "require", "null",
} } }
files["executor/runner/prelude"] = {
	std = { read_globals = {
		"assert", "error", "ipairs", "next", "pairs", "rawequal", "rawget", "rawlen", "rawset", "select", "setmetatable",
		"getmetatable", "tonumber", "tostring", "type", "string", "table", "math",
	} },
}
