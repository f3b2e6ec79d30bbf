-- The graph: node fields, numbering and lines, lists, guards, gates, needs, limits.
local kit = require "kit"
local world = require "world"

local test, equal, json = kit.test, kit.equal, kit.json

local function errors(body, changes)
	return table.concat(kit.errors(world.build(body, changes)), "\n")
end

test("nil and false are skipped, lists flattened", function()
	local body = world.body [[local deep = false
		return { deep and hold "1s", nil, { hold "2s", { hold "3s" } }, p.zone == "b" and hold "4s", hold "5s" }]]
	local held = {}
	for i, node in ipairs(body) do
		held[i] = node.hold_ms
	end
	equal(table.concat(held, " "), "2000 3000 5000")
end)

test("a single node is a list of one", function()
	equal(world.body("return hold '1s'")[1].kind, "hold")
end)

test("paths of nodes and guards have their lines", function()
	local output = kit.ok(world.build [[
return {
  pause_if(t.prom:value("up"):below(1)),
  step "a" {
    abort_if(t.prom:value("up"):below(0)),
    hold "1s",
    each({ "x", "y" }, function(n)
      return {
        set(switch("shop/" .. n), false),
        hold "2s",
      }
    end),
  },
  parallel {
    hold "3s",
    step "b" { choose(t.prom:value("up"):equals(1), {
      no = hold "4s",
    }) },
  },
  ramp(t.edges:weight("b/s"), { to = { 50, 0 }, hold = "1s" }),
}]])
	local wanted = {
		g1 = 6, ["1"] = 7, ["1.g1"] = 8, ["1.1"] = 9, ["1.2"] = 10, ["1.2.1.1"] = 12, ["1.2.1.2"] = 13, ["1.2.2.1"] = 12,
		["1.2.2.2"] = 13, ["2"] = 17, ["2.1"] = 18, ["2.2"] = 19, ["2.2.1"] = 19, ["2.2.1.2.1"] = 20, ["3"] = 23,
		["3.1.1"] = 23, ["3.1.1.1.1"] = 23, ["3.1.1.2.1"] = 23, ["3.1.1.3.1"] = 23,
		["3.2.1"] = 23, ["3.2.1.1.1"] = 23, ["3.2.1.2.1"] = 23, ["3.2.1.3.1"] = 23,
	}
	for path, line in pairs(wanted) do
		wanted[path] = "y.lua:" .. line
	end
	equal(json.encode(output.lines), json.encode(wanted))
end)

test("restore stands in the graph of apply, under r.", function()
	local output = kit.ok(kit.evaluate(world.input("checkout/drain-zone")))
	equal(output.graph.restore.guards, nil)
	equal(output.graph.restore.body[1].guards[1].action, "rollback")
	equal(output.lines["r.1.1"], "checkout-drain-zone.lua:44")
	equal(output.lines["r.1.g1"], "checkout-drain-zone.lua:43")
end)

test("registers stand once, in order of first use", function()
	local output = kit.ok(world.build [[local a, b = switch "shop/a", switch "shop/b"
		return { set(b, 1), set(a, 1), set(b, 2), set(switch "shop/a", rest(3, { b })), check(t.prom:value("up"):below(t.prom:value("x"))) }]])
	local names = {}
	for i, register in ipairs(output.graph.registers) do
		names[i] = register.args[1]
	end
	equal(table.concat(names, " "), "shop/b shop/a up x")
end)

test("a set on a selection is each of set, all at once", function()
	local each = world.body('return { set(t.edges:weight("b/s"), 0, { if_value = 100 }) }')[1]
	equal(json.encode(each), '{"at_once":3,"branches":['
		.. '{"body":[{"if_value":100,"kind":"set","register":0,"value":0}],"item":"edge-01"},'
		.. '{"body":[{"if_value":100,"kind":"set","register":1,"value":0}],"item":"edge-02"},'
		.. '{"body":[{"if_value":100,"kind":"set","register":2,"value":0}],"item":"edge-03"}],"kind":"each","max_failures":0}')
end)

test("a predicate on a selection means all of them", function()
	local check = world.body('return { check(t.edges:weight("b/s"):equals(0)) }')[1]
	equal(check.predicate.op, "all")
	equal(#check.predicate.of, 3)
end)

test("needs are positions, and let a sibling write the same", function()
	local parallel = world.body [[return { parallel { at_once = 1, max_failures = 1,
		step "a" { set(switch "shop/x", 0) }, step "b" { needs = { "a" }, hold "1s" }, step "c" { needs = { "b" }, set(switch "shop/x", 1) } } }]][1]
	equal(json.encode(parallel.body[3].needs), "[1]")
	equal(parallel.at_once, 1)
	equal(parallel.max_failures, 1)
end)

test("a gate before, in a needed step, or in each branch of a choice, covers what is irreversible", function()
	local run = 'run(t.ops:command("promote"), { irreversible = "forks" })'
	local gate = 'gate("go?", { role = "x" })'
	for _, body in ipairs {
		gate .. ", " .. run,
		'step "a" { ' .. gate .. " }, step \"b\" { " .. run .. " }",
		'parallel { step "a" { ' .. gate .. ' }, step "b" { needs = { "a" }, ' .. run .. " } }",
		"parallel { " .. gate .. ', hold "1s" }, ' .. run,
		'choose(t.prom:value("up"):equals(1), { yes = ' .. gate .. ", no = " .. gate .. " }), " .. run,
		"each({ 1, 2 }, function() return { " .. gate .. " } end), " .. run,
	} do
		equal(errors("return { " .. body .. " }"), "")
	end
end)

test("every problem of the whole graph is told", function()
	equal(errors [[return {
		rollback_if(t.prom:value("up"):below(1)),
		run(t.ops:command("a"), { irreversible = "x" }),
		manual("b", { role = "y", irreversible = "z" }) }]], [[
y.lua:7: run: irreversible, so a gate must stand before it
y.lua:6: rollback_if: its block holds something irreversible (line 7), which can't be undone; use pause_if or abort_if
y.lua:8: manual: irreversible, so a gate must stand before it]])
end)

test("actions have their arguments and options", function()
	local body = world.body [[return {
		run(t.ops:command("move", "--to", 5), { undo = t.ops:command("back"), within = "2m", probe = t.prom:value("up"):equals(1) }),
		run(t.web:post("/v1/x", { a = 0.5 }), { undo = t.web:post("/v1/y", object {}) }) }]]
	equal(json.encode(body), '[{"action":{"argv":["move","--to","5"],"target":"pg-ops","type":"exec.command"},"kind":"run",'
		.. '"probe":{"op":"equals","reading":0,"than":1},"undo":{"argv":["back"],"target":"pg-ops","type":"exec.command"},"within_ms":120000},'
		.. '{"action":{"body":{"a":{"$decimal":"0.5"}},"path":"/v1/x","target":"web-main","type":"http.post"},"kind":"run",'
		.. '"undo":{"body":{},"path":"/v1/y","target":"web-main","type":"http.post"},"within_ms":60000}]')
end)

test("a ramp with feedback has all its fields", function()
	local ramp = world.body [[local up = t.prom:value("up")
		return { ramp(function(v) return { set(switch "shop/x", v), set(switch "shop/y", 100 - v) } end, { to = { 25, 50 }, hold = "1m",
			go_if = up:equals(1):lasting("10s"), within = "5m", back_if = up:equals(0) }) }]][1]
	equal(ramp.forward_only, nil)
	equal(ramp.within_ms, 300000)
	equal(ramp.go_if.lasting_ms, 10000)
	equal(ramp.back_if.op, "equals")
	equal(json.encode(ramp.stages[2]), '{"at":50,"body":[{"kind":"set","register":1,"value":50},{"kind":"set","register":2,"value":50}]}')
end)

test("more than 20,000 effects are refused", function()
	local many = "local list = {} for i = 1, 201 do list[i] = 'n' .. i end "
		.. "return { each(list, function(a) return each(list, function(b) return set(switch('shop/' .. a .. b), 1) end) end) }"
	equal(errors(many), "y.lua:5: the graph has more than 20000 effects")
end)

test("more than 60,000 nodes are refused", function()
	equal(errors("local list = {} for i = 1, 60001 do list[i] = hold '1s' end return list"), "y.lua:5: the plan makes more than 60000 nodes")
end)

test("nodes shared into a great graph are refused", function()
	local body = "local x = hold '1s' for i = 1, 20 do x = { step 'a' { x }, step 'b' { x } } end return x"
	equal(errors(body), "y.lua:5: the graph has more than 60000 nodes")
end)

test("a graph of more than 8 MB is refused", function()
	equal(errors("local s = string.rep('x', 1000000) local list = {} for i = 1, 9 do list[i] = set(switch('shop/' .. i), s) end return list"),
		"y.lua:1: the graph has more than 8 MB")
end)

test("deep nesting is refused", function()
	equal(errors("local x = hold '1s' for i = 1, 40 do x = step('s' .. i) { x } end return { x }"), "y.lua:5: blocks are nested too deep here")
	equal(errors("local v = { 1 } for i = 1, 20 do v = { v } end return { set(switch 'shop/x', v) }"),
		"y.lua:5: set: the value is nested deeper than 16 levels")
	equal(errors("local v = t.prom:value('up'):below(1) for i = 1, 20 do v = all { v } end return { check(v) }"),
		"y.lua:5: all: predicates are nested deeper than 12 levels")
end)

test("nested steps up to the limit give JSON of at most 64 levels", function()
	local output, bytes = world.build("local x = hold '1s' for i = 1, 28 do x = step('s' .. i) { x } end return { x }")
	kit.ok(output)
	local depth, most = 0, 0
	for char in bytes:gsub('"[^"]*"', ""):gmatch("[%[%]{}]") do
		depth = depth + ((char == "[" or char == "{") and 1 or -1)
		most = math.max(most, depth)
	end
	assert(most <= 65, most)
end)

test("titles can be Chinese, but not deceptive", function()
	equal(world.body("return { step '摘除机房' { hold '1s' } }")[1].title, "摘除机房")
	equal(errors("return { step 'a\u{202E}b' { hold '1s' } }"), "y.lua:5: step: the text has invisible or direction characters")
	equal(errors("return { step 'a\\nb' { hold '1s' } }"), "y.lua:5: step: the text has control characters")
	equal(errors("return { step '' { hold '1s' } }"), "y.lua:5: step: the text is empty")
	equal(errors("return { step ' a' { hold '1s' } }"), "y.lua:5: step: the text has a blank at its ends")
end)
