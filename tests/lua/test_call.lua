-- call: another plan's graph inlined.
local kit = require "kit"
local world = require "world"

local test, equal, json = kit.test, kit.equal, kit.json

local function child(name, body, more)
	return { file = name .. ".lua", version = "sha256:" .. name, modules = {}, targets = {},
		script = 'plan { name = "' .. name .. '", kind = "shift", summary = "s", owner = "o", ' .. (more or "") .. " }\n"
			.. "function apply(p, t) " .. body .. " end" }
end

local function build(body, calls)
	local names = {}
	for name in pairs(calls) do
		names[#names + 1] = '"' .. name .. '"'
	end
	return kit.evaluate {
		verb = "build", file = "y.lua", modules = {}, action = "apply", params = {}, targets = {}, calls = calls,
		script = 'plan { name = "x", kind = "composite", summary = "s", owner = "o", calls = { ' .. table.concat(names, ", ") .. " } }\n"
			.. "function apply(p, t)\n" .. body .. "\nend",
	}
end

test("a child's plan, version, parameters and targets are in the graph", function()
	local graph = kit.ok(kit.evaluate(world.input("checkout/drain-zone-drill"))).graph
	local call = graph.body[2].body[1]
	equal(call.kind .. " " .. call.plan .. " " .. call.action, "call checkout/drain-zone apply")
	equal(call.version, "sha256:" .. ("0"):rep(64))
	equal(json.encode(call.params), '{"hold":"10s","stages":[90],"zone":"b"}')
	equal(#call.body, 3)
	local targets = {}
	for name in pairs(graph.targets) do
		targets[#targets + 1] = name
	end
	table.sort(targets)
	equal(table.concat(targets, " "), "checkout/drain-zone/edges checkout/drain-zone/prom prom")
	equal(#graph.targets["checkout/drain-zone/edges"].list, 3)
end)

test("a child's lines name its own file", function()
	local lines = kit.ok(kit.evaluate(world.input("checkout/drain-zone-drill"))).lines
	equal(lines["2.1"], "checkout-drain-zone-drill.lua:26")
	equal(lines["2.1.2.g1"], "checkout-drain-zone.lua:32")
end)

test("guards of a child stand on the call", function()
	local row = child("c", 'return { pause_if(t.prom:value("up"):below(1)), hold "1s" }', 'targets = { prom = { prometheus = "prom-main" } }')
	row.targets = { prom = world.list("prometheus", { "prom-main" }) }
	local output = kit.ok(build('return { call "c" }', { c = row }))
	equal(output.graph.body[1].guards[1].action, "pause")
	equal(output.lines["1.g1"], "c.lua:2")
end)

local cases = {
	{ 'return { call("c", {}, { action = "restore" }) }', { c = child("c", 'return hold "1s"') },
		'y.lua:3: call: "c" has no function restore' },
	{ 'return { call("c", { x = 1 }) }', { c = child("c", 'return hold "1s"') }, "y.lua:3: call: c: the plan has no parameter 'x'" },
	{ 'return { call("c", 5) }', { c = child("c", 'return hold "1s"') }, "y.lua:3: call: the parameters are a table { name = value }, not 5" },
	{ 'return { call "c" }', { c = child("d", 'return hold "1s"') }, 'y.lua:3: call: "c" turned out to be "d"' },
	{ 'return { call "c" }', { c = child("c", "return { hold '0s' }") },
		'c.lua:2: hold: zero is no time; write a duration with its unit, as in "30s" or "5m"' },
	{ 'return { call "c" }', { c = child("c", "hold '1s' return hold '2s'") }, "c.lua:2: hold is made here but stands in no list" },
	{ 'return { call "c" }', { c = child("c", 'return { call "c" }', 'calls = { "c" }') },
		"c.lua:2: call: plans call each other deeper than 3" },
	{ 'call "c" return { hold "1s" }', { c = child("c", 'return hold "1s"') }, "y.lua:3: call is made here but stands in no list" },
}
for i, row in ipairs(cases) do
	test("call mistake " .. i, function()
		equal(kit.errors(build(row[1], row[2]))[1], row[3])
	end)
end

test("a listed plan without an active version", function()
	local output = world.build('return { call("checkout/drain-zone", { zone = "a" }) }', { calls = {} })
	equal(kit.errors(output)[1], 'y.lua:5: call: there is no active version of the plan "checkout/drain-zone"')
end)

test("what is irreversible in a child needs a gate before it", function()
	local row = child("c", 'return { manual("x", { role = "y", irreversible = "z" }) }')
	equal(kit.errors(build('return { call "c" }', { c = row }))[1], "c.lua:2: manual: irreversible, so a gate must stand before it")
	equal(build('return { gate("go?", { role = "y" }), call "c" }', { c = row }).ok, true)
end)
