-- A plan can neither change, nor forge, nor read into what the prelude gave it.
local kit = require "kit"
local world = require "world"

local test, equal = kit.test, kit.equal

local function refused(body)
	local output = world.build(body .. "\nreturn { hold '1s' }")
	equal(output.ok, false, body)
	local row = output.errors[1]
	equal(row.file .. ":" .. row.line, "y.lua:5", body)
	return row.message
end

local CHANGED = "this can't be changed; make a new one"

for _, body in ipairs {
	"p.zone = 'b'", "t.edges = nil", "t.edges.items = {}", "t.edges[1] = 5", "t.edges[1].name = 'x'", "t.edges[1].labels.zone = 'x'",
	"local n = hold '1s' n.kind = 'set'", "local c = t.prom:value('up'):below(1) c.op = 'above'", "t.prom:value('up').target = 'x'",
	"percent(5).number = 6", "baseline.x = 1", "string.rep = nil", "math.floor = nil", "table.x = 1",
} do
	test("refused: " .. body, function()
		equal(refused(body), CHANGED)
	end)
end

test("an operation that the language has not is an error with a remedy", function()
	equal(refused "local x = string.dump", "string has no 'dump'")
	equal(refused "local x = math.random(1)", "math has no 'random'")
	equal(refused "local x = p[1]", "params has no 1 (there is: zone)")
	equal(refused "local x = pcall(error)", "'pcall' is no name here: errors end the evaluation; they can't be caught")
	equal(refused "local x = os.time()", "'os' is no name here: a plan has no clock and no environment")
	equal(refused "local x = hold('1s').kind", "a node has no fields; it is made once and stands in a list")
end)

for _, name in ipairs { "rawset", "rawget", "setmetatable", "getmetatable", "load", "dofile", "collectgarbage", "debug", "io", "package",
	"coroutine", "next", "xpcall", "_G", "_ENV.host", "host", "utf8", "print", "warn" } do
	test("no " .. name, function()
		assert(refused("local x = " .. name):find("is no name here", 1, true))
	end)
end

test("no object can be forged", function()
	local body = "return { set({ class = 'register', form = { type = 'haproxy.weight' }, target = 'x' }, 1) }"
	equal(kit.errors(world.build(body))[1], "y.lua:5: set: a register is needed, as in t.edges:weight(...), not a table")
	equal(kit.errors(world.build("return { check({ op = 'below', class = 'predicate' }) }"))[1],
		"y.lua:5: check: a predicate is needed, as in reading:below(0.7), not a table")
end)

test("values that look like ours stay values", function()
	local set = world.body("return { set(switch 'shop/x', { class = 'percent', proxy = 1, number = '5' }) }")[1]
	equal(kit.json.encode(set.value), '{"class":"percent","number":"5","proxy":1}')
end)

test("the value of a table is taken when it is given", function()
	local body = world.body("local v = { 1 } local s = set(switch 'shop/x', v) v[1] = 2 return { s }")
	equal(body[1].value[1], 1)
	body = world.body("local v = array { { a = 1 } } v[1].a = 2 return { set(switch 'shop/x', v) }")
	equal(body[1].value[1].a, 1)
end)

test("what the manifest took can't be changed afterwards", function()
	local script = 'local v, s = { "a", "b" }, { "shop/x" }\nplan { name = "x", kind = "shift", summary = "s", owner = "o", switches = s,\n'
		.. 'params = { z = { type = "enum", values = v } } }\nv[1] = "evil; x" s[1] = "*"\n'
		.. 'function apply(p, t) return { set(switch "shop/y", p.z) } end'
	local input = { verb = "build", file = "y.lua", script = script, modules = {}, params = { z = "evil; x" }, targets = {}, calls = {} }
	equal(kit.errors(kit.evaluate(input))[1], 'y.lua:2: parameter z: "evil; x" is none of its values; give "a", "b"')
	input.params.z = "a"
	equal(kit.errors(kit.evaluate(input))[1], 'y.lua:5: switch: "shop/y" is not in the manifest\'s switches (did you mean "shop/x"?)')
end)

test("globals of one script do not reach another", function()
	local output = world.build([[return { call("checkout/drain-zone", { zone = p.zone }) }]])
	equal(output.ok, true)
	equal(output.graph.body[1].plan, "checkout/drain-zone")
end)

test("odd file names come back as they were", function()
	local name = "a:5: b\\c.lua"
	equal(world.build("return { 5 }", { file = name }).errors[1].file, name)
end)

test("messages hold no control characters", function()
	local output, bytes = world.build("error('a\\27[2Jb\\r\\n\\xff')")
	equal(output.errors[1].message, "a\\x1B[2Jb\\x0D\\n\\xFF")
	equal(bytes:find("[\0-\31]"), nil)
end)

test("a message that looks like a place does no harm", function()
	equal(kit.errors(world.build("error('#9:5: x', 0)"))[1], "y.lua:0: x")
	equal(kit.errors(world.build("error('#1:99999999999999999999: x', 0)"))[1], "y.lua:5: #1:99999999999999999999: x")
end)
