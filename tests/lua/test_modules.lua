-- require: library modules that were sent along.
local kit = require "kit"
local world = require "world"

local test, equal = kit.test, kit.equal

local function build(modules, body)
	return world.build(body, { modules = modules })
end

test("a module is loaded once and returns what it offers", function()
	local body = kit.ok(build({ a = "local n = { i = 0 } function n.next() n.i = n.i + 1 return hold(n.i .. 's') end return n" },
		"return { require('a').next(), require('a').next() }")).graph.body
	equal(body[2].hold_ms, 2000)
end)

test("a module may require another", function()
	local output = build({ a = "return require 'b' + 1", b = "return 41" }, "return { set(switch 'shop/x', require 'a') }")
	equal(kit.ok(output).graph.body[1].value, 42)
end)

local cases = {
	{ {}, "require 'zoens'", 'y.lua:5: require: there is no module "zoens"' },
	{ { zones = "return 1" }, "require 'zoens'", 'y.lua:5: require: there is no module "zoens" (did you mean "zones"?)' },
	{ { a = "x = 1" }, "require 'a'", "a.lua:1: globals can't be made; write `local` before 'x'" },
	{ { a = "\nreturn { 1" }, "require 'a'", "a.lua:2: '}' expected near <eof> (is a comma missing at the end of the line before?)" },
	{ { a = "return require 'b'", b = "return require 'a'" }, "require 'a'", 'b.lua:1: require: "a" requires itself' },
	{ { a = "plan {}" }, "require 'a'", "a.lua:1: a module has no 'plan'; it returns what it offers" },
	{ { a = "return function(x)\n return set(x, 1)\nend" }, "return { require 'a'(5) }",
		"a.lua:2: set: a register is needed, as in t.edges:weight(...), not 5" },
}
for i, row in ipairs(cases) do
	test("module mistake " .. i, function()
		equal(kit.errors(build(row[1], row[2]))[1], row[3])
	end)
end

test("nodes made in a module have the module's line", function()
	local output = kit.ok(build({ a = "return function()\n return hold '1s'\nend" }, "return { require 'a'() }"))
	equal(output.lines["1"], "a.lua:2")
end)

test("the other zone of none is an error at the caller's line", function()
	local zones = kit.read(kit.root .. "/lua-scripts/library/zones.lua")
	equal(kit.errors(build({ zones = zones }, "local zones = require 'zones'\nlocal x = zones.other('c')"))[1], "y.lua:6: zones: c is in no pair")
end)
