-- Parameters: values from text and JSON, canonical in the graph, problems with their remedy.
local kit = require "kit"
local world = require "world"

local test, equal, json = kit.test, kit.equal, kit.json

local function array(list)
	return setmetatable(list, json.array_mt)
end

local HEAD = 'plan { name = "x", kind = "shift", summary = "s", owner = "o", params = { v = %s },'
	.. ' targets = { edges = { haproxy = { a = "b" }, at_most = 9 } }, switches = { "x" } }\n'
	.. 'function apply(p, t) return { set(switch "x", %s) } end'

local function build(declaration, given, use)
	return kit.evaluate {
		verb = "build", file = "y.lua", script = HEAD:format(declaration, use or "p.v"), modules = {}, action = "apply",
		params = { v = given }, targets = world.targets(), calls = {},
	}
end

local good = {
	{ '{ type = "enum", values = { "a", "b" } }', "b", '"b"' },
	{ '{ type = "integer", min = 0, max = 90, unit = "%" }', "50", "50" },
	{ '{ type = "integer", min = 0, max = 90, unit = "%" }', "50 %", "50" },
	{ '{ type = "integer" }', 50, "50" },
	{ '{ type = "integer" }', 50.0, "50" },
	{ '{ type = "integer" }', "-7", "-7" },
	{ '{ type = "number" }', "0.75", '{"$decimal":"0.75"}' },
	{ '{ type = "number" }', 0.75, '{"$decimal":"0.75"}' },
	{ '{ type = "number" }', { ["$decimal"] = "0.75" }, '{"$decimal":"0.75"}' },
	{ '{ type = "number" }', "2.0", "2" },
	{ '{ type = "string" }', "host-1.example:80/x@y_z", '"host-1.example:80/x@y_z"' },
	{ '{ type = "string", pattern = "pg%-[a-z]+" }', "pg-b", '"pg-b"' },
	{ '{ type = "string", pattern = ".+", max = 200 }', "有 空格", '"有 空格"' },
	{ '{ type = "boolean" }', "yes", "true" },
	{ '{ type = "boolean" }', false, "false" },
	{ '{ type = "list", of = { type = "integer" } }', "75, 50,25", "[75,50,25]" },
	{ '{ type = "list", of = { type = "integer" } }', "[75,50]", "[75,50]" },
	{ '{ type = "list", of = { type = "string" } }', '["a", "b"]', '["a","b"]' },
	{ '{ type = "list", of = { type = "number" } }', array { 1, 0.5 }, '[1,{"$decimal":"0.5"}]' },
	{ '{ type = "list", of = { type = "integer" }, at_least = 0 }', "", "[]" },
}
for _, row in ipairs(good) do
	test("parameter " .. row[1] .. " takes " .. tostring(row[2]), function()
		local output = kit.ok(build(row[1], row[2]))
		equal(json.encode(output.graph.params.v), row[3])
		equal(json.encode(output.graph.body[1].value), row[3])
	end)
end

local bad = {
	{ '{ type = "enum", values = { "a", "b" } }', "c", '"c" is none of its values; give "a", "b"' },
	{ '{ type = "enum", values = { "a", "b" }, help = "the zone" }', nil, "it is missing (the zone); give one of a, b" },
	{ '{ type = "integer", min = 1, max = 9, unit = "s" }', "10", '"10" is out of bounds; give a value from 1 s to 9 s' },
	{ '{ type = "integer", min = 1 }', 0, "0 is out of bounds; give a value from 1" },
	{ '{ type = "integer" }', "1.5", '"1.5" is no whole number; write digits only, as in 50' },
	{ '{ type = "integer" }', "0x10", '"0x10" is no whole number; write digits only, as in 50' },
	{ '{ type = "integer" }', "99999999999999999999", '"99999999999999999999" is no whole number; write digits only, as in 50' },
	{ '{ type = "integer" }', true, "true is no whole number; write digits only, as in 50" },
	{ '{ type = "number" }', "1e5", '"1e5" is no short number; write it as in 0.75' },
	{ '{ type = "number" }', 0.1 + 0.2, "0.3 is no short number; write it as in 0.75" },
	{ '{ type = "duration", max = "5m" }', "10m", '"10m" is out of bounds; give a value up to 5m' },
	{ '{ type = "duration" }', "30", '"30": write a duration with its unit, as in "30s" or "5m"' },
	{ '{ type = "duration" }', 30, '30: write a duration with its unit, as in "30s" or "5m"' },
	{ '{ type = "string" }', "a;b", '"a;b" has characters that are refused; allowed are A-Z a-z 0-9 . _ : @ / -' },
	{ '{ type = "string", max = 3 }', "abcd", '"abcd" is longer than 3 bytes' },
	{ '{ type = "string", pattern = "%x+", example = "0f" }', "xyz", '"xyz" does not match its pattern %x+; give one as in "0f"' },
	{ '{ type = "string", pattern = ".+" }', "a\0b", '"a\\x00b" has control characters' },
	{ '{ type = "string" }', "rb_abcdefgh12345", "this looks like a credential; parameters are shown and stored, so never give one" },
	{ '{ type = "string" }', 5, "5 is no text" },
	{ '{ type = "boolean" }', "maybe", '"maybe" is neither true nor false' },
	{ '{ type = "list", of = { type = "integer" } }', "1,x", 'item 2: "x" is no whole number; write digits only, as in 50' },
	{ '{ type = "list", of = { type = "integer" }, at_most = 2 }', "1,2,3", "it has 3 items; give 1 to 2" },
	{ '{ type = "list", of = { type = "integer" } }', "", "it has 0 items; give 1 to 100" },
	{ '{ type = "list", of = { type = "integer" } }', { a = 1 }, "a table is no list; write it as in a,b,c" },
}
for _, row in ipairs(bad) do
	test("parameter " .. row[1] .. " refuses " .. tostring(row[2]), function()
		equal(table.concat(kit.errors(build(row[1], row[2])), "\n"), "y.lua:1: parameter v: " .. row[3])
	end)
end

test("a duration is opaque and canonical", function()
	local output = kit.ok(build('{ type = "duration" }', "90s", 'fill("${v}", p)'))
	equal(output.graph.params.v, "1m30s")
	equal(output.graph.body[1].value, "1m30s")
end)

test("a target parameter is the target", function()
	local output = kit.ok(build('{ type = "target", from = "edges" }', "edge-02", "p.v.name"))
	equal(output.graph.params.v, "edge-02")
	equal(output.graph.body[1].value, "edge-02")
	equal(kit.errors(build('{ type = "target", from = "edges" }', "edge-2", "p.v.name"))[1],
		'y.lua:1: parameter: "edge-2" is no target of edges (did you mean "edge-02"?)')
end)

test("all parameters' problems are told at once", function()
	local input = world.input("checkout/drain-zone")
	input.params = { zone = "c", hold = "1h", stage = "5" }
	equal(table.concat(kit.errors(kit.evaluate(input)), "\n"), [[
checkout-drain-zone.lua:1: the plan has no parameter 'stage' (did you mean 'stages'?)
checkout-drain-zone.lua:1: parameter hold: "1h" is out of bounds; give a value from 5s to 10m
checkout-drain-zone.lua:1: parameter zone: "c" is none of its values; give "a", "b"]])
end)
