-- Parameters: their declaration, and values from text ("50", "30s", "75,50,25") or JSON. Problems
-- come back as text, so that all of them can be told at once.
local host, use = ...
local encode = use "encode"
local fault = use "fault"
local language = use "language"
local object = use "object"
local text = use "text"
local value = use "value"

local params = {}
local DEFAULT_ALPHABET = "^[%w._:@/-]*$"
local DEFAULT_LENGTH = 120

params.new_duration = object.class("duration", {})

local types = {}

local function trim(word)
	return string.match(word, "^%s*(.-)%s*$")
end

local function quoted_list(words)
	local quoted = {}
	for i, word in ipairs(words) do
		quoted[i] = text.quote(word)
	end
	return table.concat(quoted, ", ")
end

local function show(given)
	if type(given) == "string" then
		return text.quote(given)
	elseif type(given) == "number" or type(given) == "boolean" then
		return tostring(given)
	elseif given == host.null then
		return "null"
	end
	return "a " .. (type(given) == "table" and (#given > 0 and "list" or "table") or type(given))
end

local function range_text(spec, write)
	if spec.min and spec.max then
		return " from " .. write(spec.min) .. " to " .. write(spec.max)
	elseif spec.min then
		return " from " .. write(spec.min)
	end
	return " up to " .. write(spec.max)
end

local function in_range(spec, number, shown, write)
	if (spec.min and number < spec.min) or (spec.max and number > spec.max) then
		return nil, shown .. " is out of bounds; give a value" .. range_text(spec, write)
	end
	return number
end

local function number_text(spec)
	return function(number)
		return value.decimal(number) .. (spec.unit and " " .. spec.unit or "")
	end
end

function types.enum(spec, given)
	for _, word in ipairs(spec.values) do
		if given == word then
			return word
		end
	end
	return nil, show(given) .. " is none of its values; give " .. quoted_list(spec.values)
end

local function from_digits(spec, given, pattern)
	if type(given) ~= "string" then
		return given
	end
	local word = trim(given)
	if spec.unit and #word > #spec.unit and string.sub(word, -#spec.unit) == spec.unit then
		word = trim(string.sub(word, 1, -#spec.unit - 1))
	end
	return #word <= 30 and string.find(word, pattern) and tonumber(word) or given
end

function types.integer(spec, given)
	local number = from_digits(spec, given, "^-?%d+$")
	number = type(number) == "number" and math.tointeger(number)
	if not number then
		return nil, show(given) .. " is no whole number; write digits only, as in 50"
	end
	return in_range(spec, number, show(given), number_text(spec))
end

function types.number(spec, given)
	if type(given) == "table" and type(given["$decimal"]) == "string" then
		given = given["$decimal"] -- as the manifest and the graph write a fraction
	end
	local number = from_digits(spec, given, "^-?%d+%.?%d*$")
	if type(number) ~= "number" or not value.decimal(number) then
		return nil, show(given) .. " is no short number; write it as in 0.75"
	end
	return in_range(spec, math.tointeger(number) or number, show(given), number_text(spec))
end

function types.duration(spec, given)
	local ms, problem = text.duration_ms(type(given) == "string" and trim(given) or given)
	if not ms then
		return nil, show(given) .. ": " .. problem
	end
	return in_range(spec, ms, text.quote(given), text.duration)
end

local credentials = { "^%-%-%-%-%-BEGIN", "^rb_%w%w%w%w%w%w%w%w", "^AKIA%w%w%w%w%w%w%w%w", "^gh[pousr]_%w%w%w%w%w%w%w%w", "^eyJ%w+%.eyJ" }

local function whole(word, pattern)
	local ok, first, last = host.call(host.plan.string.find, word, "^" .. pattern .. "$")
	if not ok then
		return nil, fault.caught(first)[1].message
	end
	return first == 1 and last == #word
end

function types.string(spec, given)
	if type(given) ~= "string" then
		return nil, show(given) .. " is no text"
	elseif #given > (spec.max or DEFAULT_LENGTH) then
		return nil, show(given) .. " is longer than " .. (spec.max or DEFAULT_LENGTH) .. " bytes"
	elseif text.problem(given) then
		return nil, show(given) .. " " .. text.problem(given)
	end
	for _, pattern in ipairs(credentials) do
		if string.find(given, pattern) then
			return nil, "this looks like a credential; parameters are shown and stored, so never give one"
		end
	end
	if not spec.pattern and not string.find(given, DEFAULT_ALPHABET) then
		return nil, show(given) .. " has characters that are refused; allowed are A-Z a-z 0-9 . _ : @ / -"
	elseif spec.pattern and not whole(given, spec.pattern) then
		return nil, show(given) .. " does not match its pattern " .. spec.pattern
			.. (type(spec.example) == "string" and "; give one as in " .. text.quote(spec.example) or "")
	end
	return given
end

local booleans = { ["true"] = true, yes = true, ["false"] = false, no = false }

function types.boolean(_, given)
	if type(given) == "string" and booleans[given] ~= nil then
		given = booleans[given]
	end
	if type(given) ~= "boolean" then
		return nil, show(given) .. " is neither true nor false"
	end
	return given
end

-- "75,50,25", or a JSON list of texts and numbers as text.
local function split(word)
	local inner = string.match(trim(word), "^%[(.*)%]$") or word
	local items = {}
	if trim(inner) == "" then
		return items
	end
	for item in string.gmatch(inner .. ",", "([^,]*),") do
		items[#items + 1] = string.match(trim(item), '^"(.*)"$') or trim(item)
	end
	return items
end

local function is_sequence(given)
	if type(given) ~= "table" then
		return false
	end
	for key in next, given do
		if math.type(key) ~= "integer" or key < 1 or key > #given then
			return false
		end
	end
	return true
end

function types.list(spec, given)
	local items = type(given) == "string" and split(given) or given
	if not is_sequence(items) then
		return nil, show(given) .. " is no list; write it as in a,b,c"
	elseif #items < spec.at_least or #items > spec.at_most then
		return nil, "it has " .. #items .. " items; give " .. spec.at_least .. " to " .. spec.at_most
	end
	local parsed = {}
	for i, item in ipairs(items) do
		local problem
		parsed[i], problem = params.parse(spec.of, item)
		if parsed[i] == nil then
			return nil, "item " .. i .. ": " .. problem
		end
	end
	return parsed
end

function types.target(_, given)
	if type(given) ~= "string" or text.label_problem(given, 120) then
		return nil, show(given) .. " is no target's name"
	end
	return given
end

-- A given value in the form of its type, or nil and what is wrong and what to do.
function params.parse(spec, given)
	return types[spec.type](spec, given)
end

local function json_number(number)
	return math.tointeger(number) or { ["$decimal"] = value.decimal(number) }
end

-- A parsed value as JSON: in the graph and the manifest.
function params.json(spec, parsed)
	if spec.type == "number" then
		return json_number(parsed)
	elseif spec.type == "duration" then
		return text.duration(parsed)
	elseif spec.type == "list" then
		local list = {}
		for i, item in ipairs(parsed) do
			list[i] = params.json(spec.of, item)
		end
		return encode.array(list)
	end
	return parsed
end

-- A parsed value as a plan sees it; `find_target(from, name)` gives the target.
function params.lua(spec, parsed, find_target)
	if spec.type == "duration" then
		return params.new_duration { ms = parsed }
	elseif spec.type == "target" then
		return find_target(spec.from, parsed)
	elseif spec.type == "list" then
		local items = {}
		for i, item in ipairs(parsed) do
			items[i] = params.lua(spec.of, item, find_target)
		end
		return value.new_list { items = items }
	end
	return parsed
end

-- What a plan passes in call(...): durations, lists and targets become what params.parse takes.
function params.plain(given)
	local content = object.of(given)
	if not content then
		if type(given) ~= "table" then
			return given
		end
		content = { items = given }
	elseif content.class == "duration" then
		return text.duration(content.ms)
	elseif content.class == "target" then
		return content.name
	end
	if not content.items or content.class == "selection" or content.class == "percents" then
		fault.raise("call: a parameter can't be " .. object.describe(given))
	end
	local list = {}
	for key, item in next, content.items do
		list[key] = params.plain(item)
	end
	return list
end

-- Declarations.

local function known_fields(row)
	local names = language.names(language.param_fields)
	for _, name in ipairs(row.fields) do
		names[#names + 1] = name
	end
	return names
end

local function contains(list, word)
	for _, item in ipairs(list) do
		if item == word then
			return true
		end
	end
	return false
end

local checks = {}

function checks.values(_, given)
	if not is_sequence(given) or #given == 0 then
		return nil, "write a list of texts"
	end
	local seen = {}
	for _, word in ipairs(given) do
		if type(word) ~= "string" or text.label_problem(word, 120) then
			return nil, show(word) .. " is no value; values are texts"
		elseif seen[word] then
			return nil, show(word) .. " stands there twice"
		end
		seen[word] = true
	end
	return { table.unpack(given) } -- a copy: the plan still holds its own
end

local function bound(spec, given)
	if spec.type == "duration" then
		return text.duration_ms(given)
	elseif spec.type == "string" then
		if math.type(given) ~= "integer" or given < 1 or given > 4096 then
			return nil, "write a length from 1 to 4096"
		end
		return given
	elseif type(given) ~= "number" or not value.decimal(given) or (spec.type == "integer" and not math.tointeger(given)) then
		return nil, show(given) .. " is no " .. spec.type
	end
	return math.tointeger(given) or given
end

checks.min = bound
checks.max = bound

function checks.unit(_, given)
	if type(given) ~= "string" or text.label_problem(given, 20) then
		return nil, "write a short text, as in \"%\""
	end
	return given
end

function checks.help(_, given)
	if type(given) ~= "string" or text.label_problem(given, 500) then
		return nil, "write one line of text"
	end
	return given
end

function checks.pattern(_, given)
	if type(given) ~= "string" or given == "" then
		return nil, "write a Lua pattern, as in \"[a-z0-9-]+\""
	end
	local _, problem = whole("", given)
	return not problem and given or nil, problem
end

local function check_count(_, given)
	if math.type(given) ~= "integer" or given < 0 or given > 10000 then
		return nil, "write a count from 0 to 10000"
	end
	return given
end

checks.at_least = check_count
checks.at_most = check_count

function checks.from(_, given)
	if not text.is_identifier(given) then
		return nil, "write the name of a declared selection"
	end
	return given
end

local defaults = { at_least = 1, at_most = 100 }

-- What can be wrong with a type's fields only together.
local function check_together(spec, complain)
	if spec.type == "enum" and not spec.values then
		complain("an enum needs values = { ... }", "values")
	elseif spec.type == "list" and not spec.of then
		complain("a list needs of = { type = ... }", "of")
	elseif spec.type == "target" and not spec.from then
		complain("a target needs from = the name of a declared selection", "from")
	elseif spec.min and spec.max and spec.min > spec.max then
		complain("min is more than max", "min")
	elseif spec.type == "list" and spec.at_least > spec.at_most then
		complain("at_least is more than at_most", "at_least")
	end
end

local function take_samples(spec, given, complain)
	for _, field in ipairs { "example", "default" } do
		if given[field] ~= nil then
			local parsed, problem = params.parse(spec, given[field])
			if parsed == nil then
				complain(field .. ": " .. problem, field)
			end
			spec[field] = parsed
		end
	end
end

local declare

local function take_field(spec, key, given, complain)
	if key == "of" then
		if type(given) ~= "table" or given.type == "list" or given.type == "target" then
			complain("of: write { type = ... }, of a type other than list and target", "of")
			return
		end
		spec.of = declare(given, function(message, field)
			complain("of: " .. message, field)
		end)
		return
	end
	local taken, problem = checks[key](spec, given)
	if taken == nil then
		complain(key .. ": " .. problem, key)
	end
	spec[key] = taken
end

-- A declared parameter as a spec, or nil; `complain(message, field)` is told of each problem.
function declare(given, complain)
	if type(given) ~= "table" or object.of(given) then
		complain("write { type = ... }")
		return nil
	end
	local row = language.by_name.params[given.type]
	if not row then
		complain(given.type == nil and "type is missing" or show(given.type) .. " is no type"
			.. text.hint(given.type, language.names(language.params)), "type")
		return nil
	end
	local bad = false
	local function note(message, field)
		bad = true
		complain(message, field)
	end
	local spec, known = { type = given.type }, known_fields(row)
	for _, key in ipairs(text.sorted_keys(given)) do
		if not contains(known, key) then
			note(text.key(key) .. " is no field of type " .. given.type .. text.hint(key, known), key)
		elseif key ~= "type" and key ~= "default" and key ~= "example" then
			take_field(spec, key, given[key], note)
		end
	end
	for name, default in next, defaults do
		if spec[name] == nil and contains(row.fields, name) then
			spec[name] = default
		end
	end
	if not bad then
		check_together(spec, note)
	end
	if not bad then
		take_samples(spec, given, note)
	end
	return not bad and spec or nil
end

params.declare = declare

local function as_number(given)
	return given and json_number(given)
end

-- A spec as the manifest shows it: durations in milliseconds.
function params.describe(spec)
	local made = {
		type = spec.type, help = spec.help, unit = spec.unit, pattern = spec.pattern, at_least = spec.at_least,
		at_most = spec.at_most, from = spec.from, values = spec.values and encode.array { table.unpack(spec.values) },
		of = spec.of and params.describe(spec.of) or nil,
	}
	if spec.type == "duration" then
		made.default_ms, made.min_ms, made.max_ms = spec.default, spec.min, spec.max
	else
		made.min, made.max = as_number(spec.min), as_number(spec.max)
		if spec.default ~= nil then
			made.default = params.json(spec, spec.default)
		end
	end
	if spec.example ~= nil then
		made.example = params.json(spec, spec.example)
	end
	return made
end

return params
