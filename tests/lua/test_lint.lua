-- lint: builds with every enum value, the defaults and the bounds; unused and unwise things.
local kit = require "kit"
local world = require "world"

local test, equal = kit.test, kit.equal

local function lint(fields, body, rest)
	return kit.evaluate {
		verb = "lint", file = "y.lua", modules = {}, calls = {},
		script = 'plan { name = "x", kind = "shift", summary = "s", owner = "o", switches = { "s/*" }, ' .. fields .. " }\n"
			.. "function apply(p, t)\n" .. body .. "\nend\n" .. (rest or ""),
	}
end

local function errors(...)
	return table.concat(kit.errors(lint(...)), "\n")
end

local function warnings(...)
	return table.concat(kit.errors { errors = lint(...).warnings }, "\n")
end

local SET = "return { set(switch 's/x', p.v) }"

test("a good plan has neither errors nor warnings", function()
	local output = lint("params = { v = { type = 'boolean', default = true } }", SET)
	equal(output.ok, true)
	equal(#output.errors + #output.warnings, 0)
	equal(output.manifest.name, "x")
end)

test("a parameter that no build reads", function()
	equal(errors("params = { v = { type = 'boolean', default = true }, w = { type = 'boolean', default = true } }", SET),
		"y.lua:1: plan: params.w: no build reads this parameter")
end)

test("a parameter that only restore reads is used", function()
	equal(errors("params = { v = { type = 'boolean', default = true } }", "return { hold '1s' }", "function restore(p) return { set(switch 's/x', p.v) } end"),
		"")
end)

test("each value of an enum is built", function()
	equal(errors("params = { v = { type = 'enum', values = { 'a', 'b', 'c' }, default = 'a' } }",
		"if p.v == 'c' then return { hold '0s' } end " .. SET),
		'y.lua:3: hold: zero is no time; write a duration with its unit, as in "30s" or "5m" (built with v = "c")')
end)

test("each bound is built", function()
	equal(errors("params = { v = { type = 'integer', default = 5, min = 1, max = 100 } }", "return { set(switch 's/x', 1 / (p.v - 100)) }"),
		"y.lua:3: set: -0.01052631578947368"
		.. "4 is no short decimal; round it, or compute in integers\n"
		.. "y.lua:3: set: -0.01010101010101010"
		.. "2 is no short decimal; round it, or compute in integers (built with v = 1)\n"
		.. "y.lua:3: set: inf is no number that a graph can hold (built with v = 100)")
	equal(errors("params = { v = { type = 'duration', default = '5s', min = '1s', max = '2m' } }",
		"return { wait(switch('s/x'):equals(1):lasting(p.v), { within = '1m' }) }"),
		"y.lua:3: wait: lasting 2m is longer than within 1m (built with v = \"2m\")")
end)

test("an error in restore is found", function()
	equal(errors("", "return { hold '1s' }", "function restore() return { hold(5) } end"),
		'y.lua:5: hold: write a duration with its unit, as in "30s" or "5m"')
end)

test("a string or list without default needs an example", function()
	equal(errors("params = { v = { type = 'string' } }", SET),
		"y.lua:1: plan: params.v: a string without a default needs an example, so that lint can build with it")
	equal(errors("params = { v = { type = 'list', of = { type = 'integer' } } }", SET),
		"y.lua:1: plan: params.v: a list without a default needs an example, so that lint can build with it")
	equal(errors("params = { v = { type = 'list', of = { type = 'string' }, example = { 'a', 'b' } } }", SET), "")
end)

test("the manifest's errors come as errors", function()
	equal(errors("ownr = 'x'", SET), "y.lua:1: plan: 'ownr' is no field (did you mean 'owner'?)")
end)

test("a guard on a percent without at_least is warned of", function()
	local targets = "targets = { prom = { prometheus = 'p' } }"
	local function guard(than)
		return warnings(targets, "return { rollback_if(t.prom:value('e'):above(" .. than .. ")), set(switch 's/x', 1) }")
	end
	equal(guard "percent(200)", "y.lua:3: rollback_if: a percent of a baseline of 0 is 0; give it at_least = the least value that is bad")
	equal(guard "percent(200, { at_least = 0.01 })", "")
	equal(warnings(targets, "return { pause_if(t.prom:value('e'):below(percent(50))), set(switch 's/x', 1) }"), "")
end)

test("what is declared and never used is warned of", function()
	equal(warnings("targets = { prom = { prometheus = 'p' } }, calls = { 'a/b' }", "return { hold '1s' }"), [[
y.lua:1: plan: targets.prom: no build uses it
y.lua:1: plan: switches: no build uses "s/*"
y.lua:1: plan: calls: no build uses "a/b"]])
end)

test("numbers without bounds are warned of", function()
	equal(warnings("params = { v = { type = 'integer', default = 1 } }", SET),
		"y.lua:1: plan: params.v: without min and max any number is taken; give both")
end)

test("made-up targets take the labels that a plan asks of them", function()
	equal(errors("targets = { e = { haproxy = { tier = 'x' }, at_least = 2, at_most = 2 } }, params = { v = { type = 'enum', values = { 'a', 'b' } } }",
		"local here = t.e:one { zone = p.v } local there = t.e:one { zone = p.v == 'a' and 'b' or 'a' }\n"
		.. "return { set(here:weight('s'), 1), set(there:weight(there.labels.zone .. here.labels.rack), 1) }"), "")
end)

test("a call whose plan is not known is taken on trust", function()
	equal(errors("calls = { 'a/b' }", "return { call('a/b', { x = 1 }) }"), "")
end)

test("a call whose plan is known is built", function()
	local output = kit.evaluate { verb = "lint", file = "y.lua", modules = {}, calls = world.calls(),
		script = 'plan { name = "x", kind = "composite", summary = "s", owner = "o", calls = { "checkout/drain-zone" } }\n'
			.. 'function apply() return { call("checkout/drain-zone", { zone = "c" }) } end' }
	equal(kit.errors(output)[1], 'y.lua:2: call: checkout/drain-zone: parameter zone: "c" is none of its values; give "a", "b"')
end)
