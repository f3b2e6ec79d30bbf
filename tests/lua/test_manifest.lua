-- plan { ... }: what it gives, and what is wrong with it, all at once and each at its line.
local kit = require "kit"
local world = require "world"

local test, equal, json = kit.test, kit.equal, kit.json

local function manifest(source)
	return kit.evaluate { verb = "manifest", file = "y.lua", script = source .. "\nfunction apply(p, t) return { hold '1s' } end", modules = {} }
end

local function errors(source)
	return table.concat(kit.errors(manifest(source)), "\n")
end

local function with(fields)
	return 'plan { name = "a/b", kind = "shift", summary = "s", owner = "o",\n' .. fields .. " }"
end

test("defaults are filled in", function()
	local output = kit.ok(manifest(with ""))
	equal(json.encode(output.manifest), '{"actions":["apply"],"calls":[],"expires_ms":86400000,"kind":"shift","name":"a/b",'
		.. '"on_drift":"show","on_expiry":"ask","owner":"o","params":{},"summary":"s","switches":[],"targets":{}}')
end)

test("numbers and durations of parameters are canonical", function()
	local output = kit.ok(manifest(with [[params = {
		cpu = { type = "number", default = 0.75, min = 0.3, max = 1 },
		hold = { type = "duration", default = "1m30s", min = "5s", max = "1h" } } ]]))
	equal(json.encode(output.manifest.params), '{"cpu":{"default":{"$decimal":"0.75"},"max":1,"min":{"$decimal":"0.3"},"type":"number"},'
		.. '"hold":{"default_ms":90000,"max_ms":3600000,"min_ms":5000,"type":"duration"}}')
end)

local mistakes = {
	{ 'ownr = "x"', "2: plan: 'ownr' is no field (did you mean 'owner'?)" },
	{ 'runbook = "wiki"', '2: plan: runbook: "wiki" is no URL; write it as in "https://wiki.example/page"' },
	{ 'expires = "80h"', '2: plan: expires: "80h" is longer than 72h' },
	{ "objective = 5", '2: plan: objective: write a duration with its unit, as in "30s" or "5m"' },
	{ 'on_expiry = "restor"', '2: plan: on_expiry: "restor" is no choice (did you mean \'restore\'?)' },
	{ 'params = { a = { type = "enm", values = { "x" } } }', "2: plan: params.a: \"enm\" is no type (did you mean 'enum'?)" },
	{ 'params = { a = { type = "enum" } }', "2: plan: params.a: an enum needs values = { ... }" },
	{ 'params = { a = { type = "integer", minn = 1 } }', "2: plan: params.a: 'minn' is no field of type integer (did you mean 'min'?)" },
	{ 'params = { a = { type = "integer", min = 5, max = 1 } }', "2: plan: params.a: min is more than max" },
	{ 'params = { a = { type = "integer", min = 5, default = 1 } }',
		"2: plan: params.a: default: 1 is out of bounds; give a value from 5" },
	{ 'params = { a = { type = "list", of = { type = "list" } } }',
		"2: plan: params.a: of: write { type = ... }, of a type other than list and target" },
	{ 'params = { a = { type = "target", from = "edges" } }', "2: plan: params.a: from: 'edges' is no declared selection" },
	{ 'params = { a = { type = "string", pattern = "[" } }', "2: plan: params.a: pattern: malformed pattern (missing ']')" },
	{ 'params = { ["a-b"] = { type = "boolean" } }', "2: plan: params: 'a-b' is no name; letters, digits and _ only" },
	{ 'targets = { e = { haprox = "x" } }', "2: plan: targets.e: 'haprox' is no kind of target (did you mean 'haproxy'?)" },
	{ "targets = { e = { haproxy = {}, at_most = 2 } }",
		"2: plan: targets.e: haproxy: an empty selection would be all of them; name labels" },
	{ 'targets = { e = { haproxy = { tier = "x" } } }', "2: plan: targets.e: at_most is missing: the most targets that these labels may give" },
	{ 'targets = { e = { haproxy = { tier = "x" }, at_least = 3, at_most = 2 } }', "2: plan: targets.e: at_least is more than at_most" },
	{ 'targets = { e = { haproxy = "x", at_most = 2 } }', "2: plan: targets.e: at_least and at_most belong to a selection by labels" },
	{ 'targets = { e = { haproxy = "x", etcd = "y" } }', "2: plan: targets.e: two kinds, etcd and haproxy; a declaration has one" },
	{ 'switches = { "a b" }', '2: plan: switches: "a b" is no name' },
	{ 'calls = "x"', '2: plan: calls: write a list of names, { "name" }' },
	{ "drill = {}", "2: plan: drill: lasts is missing: a drill ends by itself after this time" },
	{ 'drill = { lasts = "2h" }', '2: plan: drill: lasts: "2h" is outside 1s to 30m' },
	{ 'drill = { lasts = "1m", canary = { x = 1 } }', "2: plan: drill.canary: there is no parameter 'x'" },
}
for _, row in ipairs(mistakes) do
	test("manifest " .. row[1], function()
		equal(errors(with(row[1])), "y.lua:" .. row[2])
	end)
end

test("all problems are told at once, each at its line", function()
	equal(errors [[
plan {
  name = "Bad Name",
  kind = "shft",
  owner = "o",
  params = {
    zone = { type = "enum", values = { "a" }, default = "c" },
  },
  targets = {
    edges = { haproxy = { tier = "edge" } },
  },
  expires = "1 day",
}]], [[
y.lua:2: plan: name: "Bad Name" is no name; write a-z 0-9 . _ - and at most one /, as in "checkout/drain-zone"
y.lua:3: plan: kind: "shft" is no kind of plan (did you mean 'shift'?)
y.lua:1: plan: summary is missing: one sentence that a person in a hurry understands
y.lua:11: plan: expires: write a duration with its unit, as in "30s" or "5m"
y.lua:6: plan: params.zone: default: "c" is none of its values; give "a"
y.lua:9: plan: targets.edges: at_most is missing: the most targets that these labels may give]])
end)

test("a plan needs its manifest and apply", function()
	local function of(source)
		return kit.errors(kit.evaluate { verb = "manifest", file = "y.lua", script = source, modules = {} })[1]
	end
	equal(of "local x = 1", "y.lua:1: plan { ... } is missing")
	equal(of(with ""), "y.lua:1: function apply(p, t) is missing")
	equal(of(with "" .. "\nfunction aply(p, t) end"), "y.lua:3: globals can't be made; write `local` before 'aply' (did you mean 'apply'?)")
	equal(of(with "" .. "\napply = 5"), "y.lua:3: apply: write function apply(p, t) ... end")
	equal(of 'switch "x"', "y.lua:1: switch: plan { ... } must stand before it")
end)

test("a drill needs a guard", function()
	local input = world.input("checkout/drain-zone")
	input.script = with 'drill = { lasts = "1m" }' .. "\nfunction apply(p, t) return { hold '1s' } end"
	input.params = {}
	input.file = "y.lua"
	equal(kit.errors(kit.evaluate(input))[1], "y.lua:1: plan: drill: a drill needs a guard that ends it; put rollback_if(...), "
		.. "abort_if(...) or pause_if(...) first in a block")
end)

test("counts of targets are checked", function()
	local input = world.input("checkout/drain-zone")
	input.targets = { edges = world.numbered("haproxy", "edge", 1), prom = input.targets.prom }
	equal(kit.errors(kit.evaluate(input))[1], "checkout-drain-zone.lua:1: targets.edges: the inventory gives 1, and 2 to 8 are asked for")
end)
