-- The risk rules of lua-scripts/rules pass their own tests, and the verbs keep rules apart.
local kit = require "kit"
local ruleset = require "ruleset"

local test, equal, json = kit.test, kit.equal, kit.json

local function list(items)
	return setmetatable(items, json.array_mt)
end

-- A rule's text; `fields` replaces or adds fields ("" takes one away), `body` is that of check.
local function rule_text(body, fields)
	local all = {
		id = '"A-001"', severity = '"H"', tier = '"ENFORCE"', on_error = '"block"', waivable = '"owner"', owner = '"sre"',
		title = '"t"', looks_at = '"l"', why = '"w"', suggestion = '"s"', doc = '"d"', tests = "{}",
		check = "function(input, report) " .. body .. "\nend",
	}
	for key, value in pairs(fields or {}) do
		all[key] = value
	end
	local parts = {}
	for key, value in pairs(all) do
		parts[#parts + 1] = value ~= "" and key .. " = " .. value .. "," or nil
	end
	table.sort(parts)
	return "return {\n" .. table.concat(parts, "\n") .. "\n}"
end

local clean = kit.evaluate { verb = "rules_input" }.input

local function file(id, body, fields)
	fields = fields or {}
	fields.id = fields.id or '"' .. id .. '"'
	return { file = "rules/" .. id .. ".lua", script = rule_text(body, fields) }
end

local function evaluate(files, input)
	return kit.ok(kit.evaluate { verb = "rules", rules = list(files), modules = ruleset.modules(), input = input or clean })
end

-- What one rule is told about a mistake in its body.
local function error_of(body, fields)
	local output = evaluate { file("A-001", body, fields) }
	equal(output.findings[1] and output.findings[1].rule, "rule_error")
	equal(output.findings[1].object, "A-001")
	return output.errors[1].message
end

test("all rules pass their own tests and the lint of rules", function()
	local output = kit.evaluate(ruleset.test_input())
	equal(kit.errors(output), list {})
	equal(#output.rules, #ruleset.names())
end)

test("the list says what each rule is, and which cannot be read", function()
	local files = ruleset.files()
	files[#files + 1] = file("A-001", "input.nothing()")
	files[#files + 1] = { file = "rules/A-002.lua", script = "return {" }
	local output = kit.ok(kit.evaluate { verb = "rules_list", rules = files, modules = ruleset.modules() })
	equal(#output.rules, #ruleset.names() + 1)
	equal(output.rules[1].id, "A-001")
	equal(output.rules[1].severity, "H")
	equal(#output.errors, 1)
	equal(output.errors[1].rule, "A-002")
end)

test("nothing fires on the input in which nothing is wrong", function()
	local output = evaluate(ruleset.files())
	equal(output.findings, list {})
	equal(output.errors, list {})
	equal(#output.rules, #ruleset.names())
end)

test("findings come in the order of the ids, whatever the order of the files", function()
	local body = 'report { message = "first", object = "x", seen = "y", step = 1 } report { message = "second" }'
	local output, bytes = evaluate { file("B-001", body), file("A-001", body) }
	equal(output.rules[1].id, "A-001")
	equal(output.findings[1], { rule = "A-001", object = "x", seen = "y", step = 1, message = "first" })
	equal(output.findings[4], { rule = "B-001", object = "", seen = "", message = "second" })
	local _, other = evaluate { file("A-001", body), file("B-001", body) }
	equal(bytes, other)
end)

test("a rule's fault hides neither its own findings nor another's", function()
	local output = evaluate { file("A-001", 'report { message = "seen" } local x = input.nothing.more'), file("B-001", 'report { message = "b" }') }
	equal(#output.findings, 3)
	equal(output.findings[1].message, "seen")
	equal(output.findings[2].rule, "rule_error")
	equal(output.findings[3].message, "b")
	equal(output.errors[1].rule, "A-001")
	equal(output.errors[1].blocks, true)
	equal(output.errors[1].file, "rules/A-001.lua")
	assert(output.errors[1].line > 1)
end)

test("on_error = warn blocks nothing", function()
	local output = evaluate { file("A-001", "error 'x'", { on_error = '"warn"' }) }
	equal(output.findings, list {})
	equal(output.errors[1].blocks, false)
	equal(output.errors[1].message, "x")
end)

test("a rule that can't be read blocks", function()
	for _, script in ipairs { "return {", "return 5", "local x = nil .. 1", "return { id = 'A-001' }", "" } do
		local output = evaluate { { file = "A-001.lua", script = script }, file("B-001", 'report { message = "b" }') }
		equal(output.findings[1].rule, "rule_error", script)
		equal(output.findings[1].object, "A-001")
		equal(output.findings[2].message, "b")
		equal(#output.rules, 1)
	end
end)

local manifest_mistakes = {
	{ { suggestion = "" }, "suggestion: is missing" },
	{ { severity = '"X"' }, 'severity: "X" is no severity; write one of C, H, M, L' },
	{ { tier = '"enforce"' }, 'tier: "enforce" is no tier; write one of SHADOW, WARN, ENFORCE' },
	{ { on_error = '"allow"' }, 'on_error: "allow" is no on_error; write one of block, warn' },
	{ { waivable = '"yes"' }, 'waivable: "yes" is no waivable; write one of none, approver, owner' },
	{ { id = '"A-002"' }, 'id: "A-002" stands in the file "rules/A-001.lua"; a rule\'s id is its file\'s name' },
	{ { id = '"a1"' }, 'id: "a1" is no id; write it as in "FS-001"' },
	{ { sugestion = '"x"' }, "'sugestion' is no field of a rule (did you mean 'suggestion'?)" },
	{ { check = '"x"' }, 'check: must be a function, not "x"' },
	{ { title = '"a\\u{202e}b"' }, "title: the text has invisible or direction characters" },
	{ { owner = "5" }, "owner: must be a text, not 5" },
	{ { why = '"' .. ("x"):rep(401) .. '"' }, "why: the text is longer than 400 bytes" },
}
for _, row in ipairs(manifest_mistakes) do
	test("manifest: " .. row[2], function()
		equal(error_of("", row[1]), row[2])
	end)
end

test("all that is wrong with a manifest is told at once, at its line", function()
	local output = evaluate { file("A-001", "", { severity = "1", suggestion = "", nonsense = "2" }) }
	equal(#output.errors, 3)
	equal(output.errors[3].message, "severity: must be a text, not 1")
	equal(output.errors[3].line, 10)
end)

local body_mistakes = {
	{ "input.request.title = 'x'", "the input can only be read" },
	{ "input.steps[1].commands[1].impacts[9] = {}", "the input can only be read" },
	{ "input.new = 1", "the input can only be read" },
	{ "return input.request.titel", "the input has no 'request.titel' (did you mean 'title'?)" },
	{ "return input.steps.seq", "the input's steps is a list: it has no 'seq'" },
	{ "return true", "check: it returns true; what it finds goes to report { ... }" },
	{ "report 'x'", 'report: write report { object = ..., seen = ..., message = ... }, not "x"' },
	{ "report(input)", "report: write report { object = ..., seen = ..., message = ... }, not a table" },
	{ "report { message = ' ' }", "report: message is empty" },
	{ "report { message = 'x', rule = 'FS-001' }", "report: 'rule' is no field of a finding (there is: message, object, seen, step)" },
	{ "report { message = 'x', severity = 'L' }", "report: 'severity' is no field of a finding (there is: message, object, seen, step)" },
	{ "report { message = 'x', step = '1' }", 'report: step: the number of a step is needed, not "1"' },
	{ "report { message = 'x', object = {} }", "report: object: a text is needed, not a table" },
	{ "x = 1", "globals can't be made; write `local` before 'x'" },
	{ "os.execute 'id'", "'os' is no name here: a rule has its input and the module that it requires" },
	{ "setmetatable({}, {})", "'setmetatable' is no name here: a rule has its input and the module that it requires" },
	{ "string.upper = nil", "this can't be changed; make a new one" },
	{ "local s = string.dump", "string has no 'dump'" },
	{ "require 'other'", 'require: there is no module "other" (there is: lib)' },
	{ "report {}", "report: message: a text is needed, not nothing" },
}
for _, row in ipairs(body_mistakes) do
	test("check: " .. row[1], function()
		equal(error_of(row[1]):sub(1, #row[2]), row[2])
	end)
end

test("a module is fresh for each rule", function()
	local body = 'local lib = require "lib" if lib.poison then report { message = "poisoned" } end lib.poison = true'
	equal(evaluate({ file("A-001", body), file("B-001", body) }).findings, list {})
end)

test("the same finding twice is one, and too many are counted", function()
	local output = evaluate { file("A-001", 'for i = 1, 300 do report { message = "m" .. (i + 1) // 2 } end') }
	equal(#output.findings, 101)
	equal(output.findings[100].message, "m100")
	equal(output.findings[101].message, "and 101 findings more of this rule")
end)

test("long texts are cut, characters stay whole, deceptive ones are shown", function()
	local output = evaluate { file("A-001", [[
		report { message = ("灰"):rep(400) }
		report { message = "a\u{202e}b\27[31m\0\xff", seen = "\u{200b}", object = "x\ny" }
	]]) }
	equal(#output.findings[1].message <= 500, true)
	equal(output.findings[1].message:sub(-6), "灰...")
	equal(output.findings[2].message, "a\\xE2\\x80\\xAEb\\x1B[31m\\x00\\xFF")
	equal(output.findings[2].seen, "<U+200B>")
	equal(output.findings[2].object, "x\\x0Ay")
end)

test("an input that is not as it should be is a fault of the rule that reads it", function()
	local broken = { request = { title = 5 }, steps = list {} }
	local output = evaluate({
		file("A-001", "local x = input.request.title"), file("B-001", "local x = input.context.now_us"),
		file("C-001", "local x = #input.steps"),
	}, broken)
	equal(output.errors[1].message, "the input's request.title: a text is needed, not 5")
	equal(output.errors[2].message, "the input lacks context (all fields are always there)")
	equal(#output.errors, 2)
end)

test("null is nil for a rule, and so is what is optional", function()
	equal(evaluate({ file("A-001", [[
		local impact = input.steps[1].commands[1].impacts[1]
		if input.request.release ~= nil or impact.rows ~= nil or impact.from then report { message = "x" } end
		for key in pairs(impact) do if key == "rows" then report { message = "x" } end end
		for i, step in ipairs(input.steps) do if step.seq ~= i then report { message = "x" } end end
	]]) }).findings, list {})
end)

local function tested(tests, body)
	return kit.evaluate { verb = "rules_test", modules = ruleset.modules(), rules = list {
		file("A-001", body or 'if input.request.type == "release" then report { message = "x", object = "o" } end', { tests = tests }) } }
end

local QUIET = 'quiet = { { name = "q", input = { request = { type = "normal" } } } }'

local test_mistakes = {
	{ "{ " .. QUIET .. " }", "tests: there is none that fires" },
	{ '{ fires = { { name = "f", input = { request = { type = "release" } } } } }', "tests: there is none that stays quiet" },
	{ '{ fires = { { name = "f" } }, ' .. QUIET .. " }", 'fires 1, "f": it should fire and is quiet' },
	{ '{ fires = { { name = "f", input = { request = { tipe = "x" } } } }, ' .. QUIET .. " }",
		'fires 1, "f": there is no \'request.tipe\' (did you mean \'type\'?)' },
	{ '{ fires = { { name = "f", input = { request = { type = 5 } } } }, ' .. QUIET .. " }",
		'fires 1, "f": request.type: a text is needed, not 5' },
	{ '{ fires = { { name = "f", objects = { "p" }, input = { request = { type = "release" } } } }, ' .. QUIET .. " }",
		'fires 1, "f": objects: wanted "p", got "o"' },
	{ '{ fires = { { name = "f", messages = { "p" }, input = { request = { type = "release" } } } }, ' .. QUIET .. " }",
		'fires 1, "f": messages: wanted "p", got "x"' },
	{ '{ fires = { { name = "f", input = { request = { type = "release", zone = "UTC" } } } }, ' .. QUIET .. " }",
		"tests: they give request.zone, which the rule never reads" },
	{ '{ fires = { { nam = "f" } }, ' .. QUIET .. " }", "fires 1: 'nam' is no field of a test (did you mean 'name'?)" },
	{ '{ fires = { { name = "f", input = { steps = { a = 1 } } } }, ' .. QUIET .. " }",
		'fires 1, "f": steps: write a list { ... }, without names and holes' },
	{ '{ fire = {}, ' .. QUIET .. " }", "tests: 'fire' is neither fires nor quiet" },
}
for _, row in ipairs(test_mistakes) do
	test("tests of a rule: " .. row[2], function()
		local output = tested(row[1])
		equal(output.ok, false)
		equal(output.errors[1].message, row[2])
	end)
end

test("a rule that fires where nothing is wrong is refused", function()
	local output = tested('{ fires = { { name = "f" } }, quiet = { { name = "q" } } }', 'report { message = "x" }')
	equal(output.errors[1].message, 'the input in which nothing is wrong: it fires: "x"')
	equal(output.errors[2].message, 'quiet 1, "q": it should be quiet and says "x"')
end)

test("a rule's tests that pass give their number and an example", function()
	local output = tested('{ fires = { { name = "f", input = { request = { type = "release" } } } }, ' .. QUIET .. " }")
	equal(kit.errors(output), list {})
	equal(output.rules[1].tests, 2)
	equal(output.rules[1].example.message, "x")
end)

test("the verbs say what they need", function()
	equal(kit.evaluate({ verb = "rules", input = clean }).errors[1].message, "rules: a list of { file, script } is needed")
	equal(kit.evaluate({ verb = "rules", rules = list { { file = "x" } }, input = clean }).errors[1].message, "rules: number 1 is no { file, script }")
	equal(kit.evaluate({ verb = "rules", rules = list { file("A-001", "") } }).errors[1].message, "the input is missing")
	local output = evaluate { file("A-001", ""), file("A-001", "") }
	equal(output.findings[1].message, 'the rule A-001 failed: "A-001" comes twice')
end)

test("docs/rules.md is what script/rules-doc writes", function()
	local pipe = assert(io.popen("lua5.4 '" .. kit.root .. "/script/rules-doc' --print"))
	local text = pipe:read("a")
	equal(pipe:close(), true, "script/rules-doc failed")
	if text ~= kit.read(kit.root .. "/docs/rules.md") then
		error("it is out of date: run script/rules-doc", 0)
	end
end)

-- The rules of severity C and H that the design names; nobody loses one by accident.
local NAMES = [[
CONF-001 CONF-003 DB-001 DB-002 DB-003 DB-004 DB-005 DB-006 EMG-001 EXEC-001 EXEC-002 EXEC-003 EXEC-004 EXEC-005 EXEC-008
FS-001 FS-002 FS-003 FS-005 FS-006 GRAY-001 K8S-001 K8S-002 K8S-003 K8S-004 K8S-005 K8S-007 NET-001 NET-003 NET-004
OBS-001 OBS-002 PRIV-001 PRIV-003 PRIV-004 REL-001 REL-002 ROLL-001 SCOPE-001 SCOPE-002 SCOPE-003 SECRET-001 SYS-001
SYS-002 SYS-003 TEXT-001 TEXT-002 TIME-001 TIME-005
]]

test("every rule is there, with its documents", function()
	local found = {}
	for _, rule in ipairs(kit.evaluate(ruleset.test_input()).rules) do
		found[rule.id] = true
		equal(rule.doc, "docs/rules.md#" .. rule.id:lower())
	end
	for name in NAMES:gmatch("%S+") do
		equal(found[name], true, name)
	end
end)
