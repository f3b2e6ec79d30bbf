-- Values: canonical decimals, literals, relative forms, fill, to_json, durations and counts.
local kit = require "kit"
local world = require "world"

local test, equal = kit.test, kit.equal

-- The value of a set on a switch, as canonical JSON.
local function value_of(source)
	return kit.json.encode(world.body("return { set(switch 'shop/x', " .. source .. ") }")[1].value)
end

local function refused(source)
	return table.concat(kit.errors(world.build("return { set(switch 'shop/x', " .. source .. ") }")), "\n")
end

for source, wanted in pairs {
	["1"] = "1", ["2.0"] = "2", ["-0.0"] = "0", ["0.5"] = '{"$decimal":"0.5"}', ["-12.25"] = '{"$decimal":"-12.25"}',
	["9007199254740993"] = "9007199254740993", ["math.mininteger"] = "-9223372036854775808",
	["'50'"] = '"50"', ["true"] = "true", ["false"] = "false", ["null"] = "null", ["absent"] = '{"$absent":true}',
	["baseline"] = '{"$baseline":true}', ["array {}"] = "[]", ["object {}"] = "{}", ["{ 1, 2 }"] = "[1,2]",
	["{ b = 1, a = { 0.1 } }"] = '{"a":[{"$decimal":"0.1"}],"b":1}', ["array { object {}, null }"] = "[{},null]",
	["to_json { b = 1, a = 'x\"\\n' }"] = '"{\\"a\\":\\"x\\\\\\"\\\\n\\",\\"b\\":1}"', ["'\\t\\\\'"] = '"\\t\\\\"',
	["percent(50)"] = '{"$percent":{"n":"50"}}', ["percent(12.5, { round = 'up', at_least = 10, at_most = 400 })"] =
		'{"$percent":{"at_least":"10","at_most":"400","n":"12.5","round":"up"}}',
	["percent(50, { of = { switch 'shop/x', switch 'shop/y' } })"] = '{"$percent":{"n":"50","of":[0,1]}}',
	["rest(100, { switch 'shop/y' })"] = '{"$rest":{"of":[1],"total":"100"}}', ["fill('${a}-${b}', { a = 1, b = 0.5 })"] = '"1-0.5"',
	["'中文'"] = '"中文"', ["percent { 10, 20 }[2]"] = '{"$percent":{"n":"20"}}', ["#array { 5, 6 }"] = "2",
} do
	test("value " .. source, function()
		equal(value_of(source), wanted)
	end)
end

for source, wanted in pairs {
	["0.1 + 0.2"] = "set: 0.30000000000000004 is no short decimal; round it, or compute in integers",
	["1e300"] = "set: 1.0000000000000001e+300 is no short decimal; round it, or compute in integers",
	["0.00001"] = "set: 1.0000000000000001e-05 is no short decimal; round it, or compute in integers",
	["1/0"] = "set: inf is no number that a graph can hold",
	["0/0"] = "set: -nan is no number that a graph can hold",
	["'a\\0b'"] = 'set: "a\\x00b" has control characters',
	["'\\xff'"] = 'set: "\\xFF" is no valid UTF-8',
	["'\\xed\\xa0\\x80'"] = 'set: "\\xED\\xA0\\x80" is no valid UTF-8',
	["{ percent(5) }"] = "set: percent(...) can't stand inside a value",
	["percent { 5, 10 }"] = "set: a list of percents has many values; use it in ramp's `to`, or take one by [i]",
	["function() end"] = "set: a function is no value",
	["p"] = "set: {} could be a list or an object; write array {} or object {}",
	["{ 1, nil, 3 }"] = "set: a table is either a list or has names, not both, and a list has no holes",
	["percent(-1)"] = "percent: -1 is outside 0 to 100000",
	["percent(5, { of = {} })"] = "percent: of: the list is empty",
	["percent(5, { roundd = 'up' })"] = "percent: 'roundd' is no option (did you mean 'round'?)",
	["rest('x', {})"] = 'rest: the total is a number, not "x"',
	["switch 'shop/x' .. ''"] = "a reading has no value while the graph is built; use percent(...), rest(...) or a predicate",
} do
	test("refused value " .. source, function()
		equal((refused(source):gsub("%-nan", "-nan"):gsub("^y.lua:5: set: nan", "y.lua:5: set: -nan")), "y.lua:5: " .. wanted)
	end)
end

test("durations are milliseconds", function()
	local cases = { ["500ms"] = 500, ["30s"] = 30000, ["1h30m"] = 5400000, ["2d"] = 172800000, ["1m0s"] = 60000 }
	for source, ms in pairs(cases) do
		equal(world.body("return { hold '" .. source .. "' }")[1].hold_ms, ms)
	end
	for _, source in ipairs { "", "30", "s", "30m1h", "1.5h", "-1s", "1 s", "30S", "1s1s", "999999999999999s" } do
		equal(world.build("return { hold '" .. source .. "' }").ok, false, source)
	end
end)

test("counts of each are resolved", function()
	local list = "{ 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25 }"
	local each = world.body("return { each(" .. list .. ", function(i) return hold '1s' end, "
		.. "{ batches = { 1, '10%', '50%', 'all' }, hold = '1s', at_once = '10%', max_failures = 2 }) }")[1]
	equal(each.batches, setmetatable({ 1, 3, 13, 25 }, kit.json.array_mt))
	equal(each.at_once, 3)
	equal(each.max_failures, 2)
	equal(each.branches[25].item, "25")
end)

test("thresholds are decimal texts, equals has values", function()
	local body = world.body([[local up = t.prom:value("up")
		return { check(up:below(300)), check(up:above(0.25)), check(up:equals(1)), check(up:equals(0.5)), check(up:equals("x")),
			check(up:at_most(percent(3))), check(up:below(t.prom:value("down"))), check(up:between(1, 2)), check(up:equals(baseline)) }]])
	local than = {}
	for i, node in ipairs(body) do
		than[i] = kit.json.encode(node.predicate.than or node.predicate)
	end
	equal(table.concat(than, " "), '"300" "0.25" 1 {"$decimal":"0.5"} "x" {"$percent":{"n":"3"}} {"$reading":1} '
		.. '{"of":[{"op":"at_least","reading":0,"than":"1"},{"op":"at_most","reading":0,"than":"2"}],"op":"all"} {"$baseline":true}')
end)
