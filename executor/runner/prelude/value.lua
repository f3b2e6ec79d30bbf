-- Values: what a plan writes, as what stands in the graph. Integers stay integers; a fraction is
-- {"$decimal": "0.5"}; what depends on the world is a relative form (percent, rest, baseline).
local _, use = ...
local encode = use "encode"
local fault = use "fault"
local object = use "object"
local text = use "text"

-- Contents of relative forms have this key, which no value of a plan can have.
local FORM = {}

local value = { FORM = FORM }
local MAX_DEPTH = 16

-- A number as text, or nil: integers, and fractions that %.15g gives back exactly, without exponent.
function value.decimal(number)
	local integer = math.tointeger(number)
	if integer then
		return string.format("%d", integer)
	end
	local short = string.format("%.15g", number)
	if string.find(short, "[^%d.-]") or tonumber(short) ~= number then
		return nil
	end
	return short
end

local function number_problem(number)
	if number ~= number or number == math.huge or number == -math.huge then
		return "is no number that a graph can hold"
	end
	return "is no short decimal; round it, or compute in integers"
end

local function show(number)
	return string.format("%.17g", number)
end

-- A threshold: decimal text.
function value.threshold(number, what)
	return value.decimal(number) or fault.raise(what .. ": " .. show(number) .. " " .. number_problem(number))
end

local function from_number(number, what)
	local integer = math.tointeger(number)
	if integer then
		return integer
	end
	local short = value.decimal(number)
	if not short then
		fault.raise(what .. ": " .. show(number) .. " " .. number_problem(number))
	end
	return { ["$decimal"] = short }
end

local function from_string(word, what)
	local problem = text.problem(word)
	if problem then
		fault.raise(what .. ": " .. text.quote(word) .. " " .. problem)
	end
	return word
end

local from_any

local function count_entries(given)
	local count = 0
	for _ in next, given do
		count = count + 1
	end
	return count
end

local function from_list(given, what, depth)
	local list = {}
	for i = 1, #given do
		list[i] = from_any(given[i], what, depth + 1)
	end
	return encode.array(list)
end

local function from_fields(given, what, depth)
	local fields = {}
	for key, item in next, given do
		if type(key) ~= "string" then
			fault.raise(what .. ": a table is either a list or has names, not both, and a list has no holes")
		elseif string.sub(key, 1, 1) == "$" then
			fault.raise(what .. ": " .. text.key(key) .. ": names that begin with $ are the graph's own")
		end
		fields[from_string(key, what)] = from_any(item, what, depth + 1)
	end
	return fields
end

local function from_table(given, what, depth)
	local count = count_entries(given)
	if count == 0 then
		fault.raise(what .. ": {} could be a list or an object; write array {} or object {}")
	elseif count == #given then
		return from_list(given, what, depth)
	end
	return from_fields(given, what, depth)
end

local function from_object(content, given, what)
	if content.class == "array" or content.class == "object" then
		return content.json
	elseif content.class == "null" then
		return encode.null
	elseif content.class == "list" then
		return from_list(content.items, what, 1)
	elseif content.class == "duration" then
		fault.raise(what .. ": a duration is no value here; give a number, or its text by fill(\"${x}\", { x = ... })")
	end
	fault.raise(what .. ": " .. object.describe(given) .. " can't stand inside a value")
end

function from_any(given, what, depth)
	if depth > MAX_DEPTH then
		fault.raise(what .. ": the value is nested deeper than " .. MAX_DEPTH .. " levels")
	end
	local form = type(given)
	if form == "number" then
		return from_number(given, what)
	elseif form == "string" then
		return from_string(given, what)
	elseif form == "boolean" then
		return given
	elseif form == "table" then
		local content = object.of(given)
		return content and from_object(content, given, what) or from_table(given, what, depth)
	elseif given == nil then
		fault.raise(what .. ": the value is nil; to delete it write absent, for JSON's null write null")
	end
	fault.raise(what .. ": a " .. form .. " is no value")
end

-- A value as data: JSON, or the contents of a relative form, which graph.lua writes out.
function value.literal(given, what)
	local content = object.of(given)
	if content and content.class == "percents" then
		fault.raise(what .. ": a list of percents has many values; use it in ramp's `to`, or take one by [i]")
	end
	return from_any(given, what, 1)
end

function value.wanted(given, what)
	if math.type(given) == "integer" then
		return given
	end
	local content = object.of(given)
	if content and content[FORM] then
		return content
	end
	return value.literal(given, what)
end

local function list_index(self, key)
	local content = object.of(self)
	if math.type(key) == "integer" then
		return content.items[key]
	end
	fault.raise("a list has no " .. text.key(key) .. "; it has [i], # and ipairs")
end

local function list_length(self)
	return #object.of(self).items
end

value.new_list = object.class("list", { __index = list_index, __len = list_length })

local new_array = object.class("array", { __index = list_index, __len = list_length })
local new_object = object.class("object", {
	__index = function(self, key)
		return object.of(self).items[key]
	end,
})
local new_null = object.class("null", {})
local new_baseline = object.class("baseline", {})
local new_absent = object.class("absent", {})

local function copy(given)
	local items = {}
	for key, item in next, given do
		items[key] = item
	end
	return items
end

local function need_table(given, what)
	local content = object.of(given)
	if content and content.items then
		return content.items
	elseif type(given) ~= "table" or content then
		fault.raise(what .. ": write " .. what .. " { ... }, not " .. object.describe(given))
	end
	return given
end

function value.array(given)
	local items = copy(need_table(given, "array"))
	if count_entries(items) ~= #items then
		fault.raise "array: a list has no names and no holes"
	end
	return new_array { items = items, json = from_list(items, "array", 1) }
end

function value.object(given)
	local items = copy(need_table(given, "object"))
	return new_object { items = items, json = from_fields(items, "object", 1) }
end

function value.to_json(given)
	return encode.text(value.literal(given, "to_json"))
end

local function fill_text(given, name, what)
	local content = object.of(given)
	if content and content.class == "duration" then
		return text.duration(content.ms)
	elseif type(given) == "string" or type(given) == "boolean" then
		return tostring(given)
	elseif type(given) == "number" then
		return value.threshold(given, what .. ": " .. name)
	end
	fault.raise(what .. ": " .. name .. ": a text or a number is needed, not " .. object.describe(given))
end

-- Replaces each ${name}; `escape(word, name, before)` may refuse or quote what goes in.
function value.fill(template, names, what, escape)
	if type(template) ~= "string" then
		fault.raise(what .. ": a text is needed, not " .. object.describe(template))
	end
	if names ~= nil and (type(names) ~= "table" or object.of(names)) then
		fault.raise(what .. ": the second argument is a table: { name = x }")
	end
	local used, parts, at = {}, {}, 1
	while true do
		local first, last, name = string.find(template, "%${([%w_]*)}", at)
		if not first then
			break
		end
		local given = names and names[name]
		if given == nil then
			fault.raise(what .. ": ${" .. name .. "} is not given"
				.. text.hint(name, names and text.sorted_keys(names) or {}))
		end
		used[name] = true
		parts[#parts + 1] = string.sub(template, at, first - 1)
		local word = fill_text(given, name, what)
		parts[#parts + 1] = escape and escape(word, name, string.sub(template, 1, first - 1)) or word
		at = last + 1
	end
	for _, name in ipairs(names and text.sorted_keys(names) or {}) do
		if not used[name] then
			fault.raise(what .. ": the text has no ${" .. name .. "}" .. text.hint(name, text.sorted_keys(used)))
		end
	end
	parts[#parts + 1] = string.sub(template, at)
	return from_string(table.concat(parts), what)
end

-- The constants of a script: made anew for each build.
function value.constants()
	return {
		null = new_null { },
		baseline = new_baseline { [FORM] = true },
		absent = new_absent { [FORM] = true },
	}
end

value.names = {
	array = value.array,
	object = value.object,
	to_json = value.to_json,
	fill = function(template, names)
		return value.fill(template, names, "fill")
	end,
}

return value
