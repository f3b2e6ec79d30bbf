-- Readings and the questions about them. A reading has no value while the graph is built, so every
-- way to use it as a number is an error that says what to write instead.
local host, use = ...
local fault = use "fault"
local language = use "language"
local object = use "object"
local options = use "options"
local text = use "text"
local value = use "value"

local predicate = {}
local MAX_DEPTH = 12
local NO_VALUE = "a reading has no value while the graph is built; use percent(...), rest(...) or a predicate"

local new_predicate
local methods = {}

local function no_value()
	fault.raise(NO_VALUE)
end

local function is_reading(content)
	return content ~= nil and (content.class == "register" or content.class == "group")
end

local function reading_index(_, key)
	local method = methods[key]
	if method then
		return method
	end
	fault.raise("a reading has no " .. text.key(key) .. text.hint(key, text.sorted_keys(methods)))
end

local reading_meta = { __index = reading_index }
for _, event in ipairs { "add", "sub", "mul", "div", "mod", "pow", "unm", "idiv", "band", "bor", "bxor", "shl", "shr", "bnot",
	"concat", "len", "lt", "le" } do
	reading_meta["__" .. event] = no_value
end

local function copy_meta()
	local copy = {}
	for event, handler in next, reading_meta do
		copy[event] = handler
	end
	return copy
end

-- One register or reading: { type, target?, args, http?, name, writable }.
predicate.new_register = object.class("register", copy_meta())
-- That register on each target of a selection: { members = contents, name, writable }.
predicate.new_group = object.class("group", copy_meta())

-- The contents of a register or of each of a group, else an error.
function predicate.registers(given, what)
	local content = object.of(given)
	if not is_reading(content) then
		fault.raise(what .. ": a register or a reading is needed, not " .. object.describe(given))
	end
	return content.members or { content }
end

local function one_reading(content, what)
	if content.members and #content.members > 1 then
		fault.raise(what .. ": compare with one reading, not with " .. #content.members)
	end
	return content.members and content.members[1] or content
end

local function threshold(given, what)
	local content = object.of(given)
	if is_reading(content) then
		return { [value.FORM] = true, class = "reading", register = one_reading(content, what) }
	elseif content and content.class == "percent" then
		return content
	elseif type(given) == "number" then
		return value.threshold(given, what)
	elseif type(given) == "string" then
		fault.raise(what .. ": a number is needed, not a text; a text is compared by :equals")
	end
	fault.raise(what .. ": a number, a reading or percent(...) is needed, not " .. object.describe(given))
end

local function equal_value(given, what)
	local content = object.of(given)
	if is_reading(content) then
		return { [value.FORM] = true, class = "reading", register = one_reading(content, what) }
	end
	local wanted = value.wanted(given, what)
	if type(wanted) == "table" and wanted.class == "rest" then
		fault.raise(what .. ": rest(...) is a value to set, not to compare with")
	end
	return wanted
end

local function ask(content, op, than)
	if not content.members then
		return new_predicate { op = op, reading = content, than = than, place = fault.here(), depth = 1 }
	elseif #content.members == 1 then
		return ask(content.members[1], op, than)
	end
	local of = {}
	for i, member in ipairs(content.members) do
		of[i] = { class = "predicate", op = op, reading = member, than = than, depth = 1 }
	end
	return new_predicate { op = "all", of = of, place = fault.here(), depth = 2 }
end

local function need_self(self, name)
	local content = object.of(self)
	if not is_reading(content) then
		fault.raise(name .. ": write reading:" .. name .. "(...), with a colon")
	end
	return content
end

for _, op in ipairs { "below", "above", "at_least", "at_most" } do
	methods[op] = host.wrap(function(self, given)
		return ask(need_self(self, op), op, threshold(given, op))
	end)
end

methods.equals = host.wrap(function(self, given)
	return ask(need_self(self, "equals"), "equals", equal_value(given, "equals"))
end)

methods.between = host.wrap(function(self, low, high)
	local content = need_self(self, "between")
	if type(low) == "number" and type(high) == "number" and low > high then
		fault.raise("between: " .. low .. " is more than " .. high)
	end
	local first = ask(content, "at_least", threshold(low, "between"))
	return predicate.combine("all", { first, ask(content, "at_most", threshold(high, "between")) })
end)

local function lasting(self, given)
	local content = object.of(self)
	if not content or content.class ~= "predicate" then
		fault.raise "lasting: write predicate:lasting(...), with a colon"
	elseif content.lasting_ms then
		fault.raise "lasting: it stands here twice"
	end
	local ms = options.positive_ms(given, "lasting")
	return new_predicate {
		op = content.op, reading = content.reading, than = content.than, of = content.of,
		place = content.place, depth = content.depth, lasting_ms = ms, longest_ms = math.max(ms, content.longest_ms or 0),
	}
end

local predicate_methods = { lasting = host.wrap(lasting) }

new_predicate = object.class("predicate", {
	__index = function(_, key)
		local method = predicate_methods[key]
		if method then
			return method
		elseif methods[key] then
			fault.raise("'" .. key .. "' asks about a reading; this is a predicate already")
		end
		fault.raise("a predicate has no " .. text.key(key) .. text.hint(key, { "lasting" }))
	end,
})

-- all { ... }, any { ... }, none { ... }
function predicate.combine(op, given)
	if type(given) ~= "table" or object.of(given) then
		fault.raise(op .. ": write " .. op .. " { predicate, predicate }")
	end
	local of, depth, longest_ms = {}, 0, nil
	for i = 1, #given do
		local content = predicate.need(given[i], op)
		of[i] = content
		depth = math.max(depth, content.depth)
		if content.longest_ms then
			longest_ms = math.max(longest_ms or 0, content.longest_ms)
		end
	end
	for key in next, given do
		if math.type(key) ~= "integer" then
			fault.raise(op .. ": " .. text.key(key) .. " is no option; it takes predicates only")
		end
	end
	if #of == 0 then
		fault.raise(op .. ": it needs one predicate at least")
	elseif depth >= MAX_DEPTH then
		fault.raise(op .. ": predicates are nested deeper than " .. MAX_DEPTH .. " levels")
	end
	return new_predicate { op = op, of = of, place = fault.here(), depth = depth + 1, longest_ms = longest_ms }
end

-- The contents of a predicate, else an error.
function predicate.need(given, what)
	local content = object.of(given)
	if content and content.class == "predicate" then
		return content
	elseif is_reading(content) then
		fault.raise(what .. ": a reading is no predicate yet; ask it, as in reading:below(0.7)")
	end
	fault.raise(what .. ": a predicate is needed, as in reading:below(0.7), not " .. object.describe(given))
end

local new_percent = object.class("percent", {})
local new_rest = object.class("rest", {})
local new_percents = object.class("percents", {
	__index = function(self, key)
		return object.of(self).items[key]
	end,
	__len = function(self)
		return #object.of(self).items
	end,
})

local function register_list(given, what)
	local content = object.of(given)
	if is_reading(content) then
		return predicate.registers(given, what)
	elseif type(given) ~= "table" or content then
		fault.raise(what .. ": write a list of registers, { a, b }, not " .. object.describe(given))
	end
	local list = {}
	for i = 1, #given do
		for _, register in ipairs(predicate.registers(given[i], what)) do
			list[#list + 1] = register
		end
	end
	if #list == 0 then
		fault.raise(what .. ": the list is empty")
	end
	return list
end

local function bound(given, what)
	if given == nil then
		return nil
	elseif type(given) ~= "number" then
		fault.raise(what .. ": a number is needed, not " .. object.describe(given))
	end
	return value.threshold(given, what)
end

local function one_percent(number, taken)
	if type(number) ~= "number" then
		fault.raise("percent: a number is needed, not " .. object.describe(number))
	elseif number < 0 or number > 100000 then
		fault.raise("percent: " .. tostring(number) .. " is outside 0 to 100000")
	end
	local low, high = taken.at_least, taken.at_most
	local content = {
		[value.FORM] = true, number = value.threshold(number, "percent"), round = taken.round,
		at_least = bound(low, "percent: at_least"), at_most = bound(high, "percent: at_most"),
		of = taken.of ~= nil and register_list(taken.of, "percent: of") or nil,
	}
	if low and high and low > high then
		fault.raise("percent: at_least is more than at_most")
	end
	return new_percent(content)
end

-- percent(n, {}), percent { 50, 10, 0 }, percent(p.stages)
local function percent(given, given_options)
	local taken = options.take("percent", given_options)
	if type(given) == "number" then
		return one_percent(given, taken)
	end
	local content = object.of(given)
	local numbers = content and content.items or given
	if type(numbers) ~= "table" or (content and not content.items) then
		fault.raise("percent: a number or a list of numbers is needed, not " .. object.describe(given))
	elseif #numbers == 0 then
		fault.raise "percent: the list is empty"
	end
	for key in next, numbers do
		if math.type(key) ~= "integer" then
			fault.raise("percent: options stand in braces of their own: percent(n, { " .. tostring(key) .. " = ... })")
		end
	end
	local items = {}
	for i = 1, #numbers do
		items[i] = one_percent(numbers[i], taken)
	end
	return new_percents { items = items }
end

local function rest(total, registers)
	if type(total) ~= "number" then
		fault.raise("rest: the total is a number, not " .. object.describe(total))
	end
	return new_rest { [value.FORM] = true, total = value.threshold(total, "rest"), of = register_list(registers, "rest") }
end

predicate.names = { percent = percent, rest = rest }
for _, row in ipairs(language.constructors) do
	if row.group == "predicate" then
		predicate.names[row.name] = function(given)
			return predicate.combine(row.name, given)
		end
	end
end

return predicate
