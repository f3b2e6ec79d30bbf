-- The verbs on risk rules: `rules` evaluates a set of them on one input, `rules_list` says what they
-- are, `rules_test` runs their own tests, `rules_input` gives the input in which nothing is wrong. A
-- rule's fault stays its own.
local host, use = ...
local encode = use "encode"
local fault = use "fault"
local object = use "object"
local rule = use "rule"
local rule_input = use "rule_input"
local text = use "text"

local rules = {}

local MAX_RULES = 500
local ERROR_RULE = "rule_error" -- what findings are called that say that a rule failed
local TEST_NAMES = { "input", "messages", "name", "objects" }

local function by_stem(a, b)
	local left, right = rule.stem(a.file), rule.stem(b.file)
	return left < right or left == right and tostring(a.file) < tostring(b.file)
end

-- The rules that are asked for, in the order of their ids.
local function rows_of(input)
	local rows = {}
	if type(input.rules) ~= "table" or #input.rules == 0 then
		fault.raise "rules: a list of { file, script } is needed"
	elseif #input.rules > MAX_RULES then
		fault.raise("rules: more than " .. MAX_RULES)
	end
	for i, row in ipairs(input.rules) do
		if type(row) ~= "table" or type(row.file) ~= "string" or type(row.script) ~= "string" then
			fault.raise("rules: number " .. i .. " is no { file, script }")
		end
		rows[i] = row
	end
	table.sort(rows, by_stem)
	return rows
end

-- A rule, or nil and faults. `seen` holds the names that came before.
local function load_rule(row, modules, seen)
	local stem = rule.stem(row.file)
	if seen[stem] then
		return nil, { { place = 0, message = text.quote(stem) .. " comes twice" } }
	end
	seen[stem] = true
	local ok, result, place = host.call(rule.load, row, modules)
	if ok then
		return result
	end
	return nil, fault.caught(result, place)
end

local function append(list, more)
	table.move(more, 1, #more, #list + 1, list)
end

-- A failed rule blocks unless it says otherwise; one that can't be read can't say.
local function add_faults(answer, row, faults, on_error)
	local stem = text.shorten(text.visible(rule.stem(row.file)), 60)
	local blocks = on_error ~= "warn"
	for _, one in ipairs(faults) do
		local error_row = fault.row(one, row.file)
		error_row.file, error_row.rule, error_row.blocks = text.visible(error_row.file), stem, blocks
		answer.errors[#answer.errors + 1] = error_row
	end
	if blocks and #faults > 0 then
		local first = fault.row(faults[1], row.file)
		answer.findings[#answer.findings + 1] = {
			rule = ERROR_RULE, object = stem, seen = text.visible(first.file) .. ":" .. first.line,
			message = text.shorten("the rule " .. stem .. " failed: " .. text.visible(first.message), 500),
		}
	end
end

-- One rule at a time: nothing of it is kept but what it reported, so that the next has the memory.
local function evaluate(answer, row, input, seen)
	local one, faults = load_rule(row, input.modules, seen)
	if not one then
		return add_faults(answer, row, faults)
	end
	answer.rules[#answer.rules + 1] = rule.describe(one)
	local findings, problem = rule.run(one, rule_input.view(input.input))
	append(answer.findings, findings)
	if problem then
		add_faults(answer, row, problem, one.on_error)
	end
end

function rules.rules(input)
	local answer = { ok = true, rules = encode.array {}, findings = encode.array {}, errors = encode.array {} }
	local seen = {}
	rule_input.view(input.input)
	for _, row in ipairs(rows_of(input)) do
		evaluate(answer, row, input, seen)
	end
	return answer
end

-- What each rule is, from its text alone; what can't be read is an error.
function rules.rules_list(input)
	local answer = { ok = true, rules = encode.array {}, findings = encode.array {}, errors = encode.array {} }
	local seen = {}
	for _, row in ipairs(rows_of(input)) do
		local one, faults = load_rule(row, input.modules, seen)
		if one then
			answer.rules[#answer.rules + 1] = rule.describe(one)
		else
			add_faults(answer, row, faults)
		end
	end
	return answer
end

local function list_of_texts(given)
	if type(given) ~= "table" or object.of(given) then
		return false
	end
	for key, item in next, given do
		if math.type(key) ~= "integer" or key > #given or type(item) ~= "string" then
			return false
		end
	end
	return true
end

local function check_test(test)
	if type(test) ~= "table" or object.of(test) then
		fault.raise("a test is written { name = ..., input = { ... } }")
	end
	for key in next, test do
		if key ~= "name" and key ~= "input" and key ~= "objects" and key ~= "messages" then
			fault.raise(text.key(key) .. " is no field of a test" .. text.hint(key, TEST_NAMES))
		end
	end
	if type(test.name) ~= "string" or text.label_problem(test.name, 120) then
		fault.raise "name: what the test is about, in one line"
	end
	for _, key in ipairs { "objects", "messages" } do
		if test[key] ~= nil and not list_of_texts(test[key]) then
			fault.raise(key .. ": write a list of texts, in the order of the findings")
		end
	end
end

local function compare(test, findings)
	for _, what in ipairs { "object", "message" } do
		local wanted, got = test[what .. "s"], {}
		for i, finding in ipairs(findings) do
			got[i] = finding[what]
		end
		if wanted and table.concat(wanted, "\n") ~= table.concat(got, "\n") then
			fault.raise(what .. "s: wanted " .. text.quote(table.concat(wanted, " | ")) .. ", got " .. text.quote(table.concat(got, " | ")))
		end
	end
end

-- One test of a rule: its findings; raises when they are not as they should be.
local function run_test(one, test, is_fire, notes)
	check_test(test)
	local raw = rule_input.over_clean(test.input or {}, notes.set)
	local findings, faults = rule.run(one, rule_input.view(raw, notes.used))
	if faults then
		error(faults, 0)
	elseif is_fire and #findings == 0 then
		fault.raise "it should fire and is quiet"
	elseif not is_fire and #findings > 0 then
		fault.raise("it should be quiet and says " .. text.quote(findings[1].message))
	end
	compare(test, findings)
	return findings
end

local function add_test_faults(answer, one, name, faults)
	for _, each in ipairs(faults) do
		local row = fault.row(each, one.file)
		row.rule, row.message = one.id, text.shorten(text.visible(name) .. ": " .. row.message, 1000)
		answer.errors[#answer.errors + 1] = row
	end
end

local function run_list(answer, one, kind, notes)
	local list = one.tests[kind]
	if type(list) ~= "table" or object.of(list) or #list == 0 then
		local message = "there is none that " .. (kind == "fires" and "fires" or "stays quiet")
		return add_test_faults(answer, one, "tests", { { place = fault.fallback, message = message } })
	end
	for i = 1, #list do
		local given = type(list[i]) == "table" and list[i].name
		local name = kind .. " " .. i .. (type(given) == "string" and ", " .. text.quote(given) or "")
		local ok, result, place = host.call(run_test, one, list[i], kind == "fires", notes)
		if not ok then
			add_test_faults(answer, one, name, fault.caught(result, place))
		else
			notes.count = notes.count + 1
			notes.example = notes.example or result[1]
			append(notes.findings, result)
		end
	end
end

local function lint_clean(answer, one, notes)
	local findings, faults = rule.run(one, rule_input.view(rule_input.over_clean({}), notes.used))
	if faults then
		add_test_faults(answer, one, "the input in which nothing is wrong", faults)
	elseif #findings > 0 then
		add_test_faults(answer, one, "the input in which nothing is wrong",
			{ { place = fault.fallback, message = "it fires: " .. text.quote(findings[1].message) } })
	end
end

-- What makes a test's command a whole one, also for a rule that looks at a part of it.
local function describes_command(path)
	local member = string.match(path, "^steps%[%]%.commands%[%]%.(%l+)") or ""
	return member == "program" or member == "argv" or member == "proof"
		or member == "impacts" and not string.find(path, "%.flags%[%]$") and not string.find(path, "%.from$")
			and not string.find(path, "%.to$") and not string.find(path, "%.rows$")
end

-- What tests give and the rule never reads is a test that says something else than it seems to.
local function lint_unused(answer, one, notes)
	for _, path in ipairs(text.sorted_keys(notes.set)) do
		if not notes.used[path] and not describes_command(path) then
			add_test_faults(answer, one, "tests",
				{ { place = fault.fallback, message = "they give " .. path .. ", which the rule never reads" } })
		end
	end
end

-- Words that come of a value that was not there.
local function lint_messages(answer, one, notes)
	for _, finding in ipairs(notes.findings) do
		for _, word in ipairs { "%f[%w]nil%f[%W]", "<table>", "<function>", "  " } do
			if string.find(finding.message, word) then
				return add_test_faults(answer, one, "message",
					{ { place = fault.fallback, message = "it reads badly: " .. text.quote(finding.message) } })
			end
		end
	end
end

local function lint_tests(answer, one)
	for key in next, one.tests do
		if key ~= "fires" and key ~= "quiet" then
			add_test_faults(answer, one, "tests", { { place = fault.fallback, message = text.key(key) .. " is neither fires nor quiet" } })
		end
	end
end

local function test_rule(answer, row, modules, seen)
	local one, faults = load_rule(row, modules, seen)
	if not one then
		return add_test_faults(answer, { file = row.file, id = rule.stem(row.file) }, "rule", faults)
	end
	local notes = { set = {}, used = {}, findings = {}, count = 0 }
	lint_tests(answer, one)
	lint_clean(answer, one, notes)
	run_list(answer, one, "fires", notes)
	run_list(answer, one, "quiet", notes)
	lint_unused(answer, one, notes)
	lint_messages(answer, one, notes)
	local described = rule.describe(one)
	described.tests, described.example = notes.count, notes.example or host.null
	answer.rules[#answer.rules + 1] = described
end

function rules.rules_test(input)
	local answer = { rules = encode.array {}, errors = encode.array {} }
	local seen = {}
	for _, row in ipairs(rows_of(input)) do
		test_rule(answer, row, input.modules, seen)
	end
	answer.ok = #answer.errors == 0
	return answer
end

function rules.rules_input()
	return { ok = true, input = rule_input.over_clean {} }
end

return rules
