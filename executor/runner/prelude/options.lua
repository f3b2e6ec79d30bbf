-- The { options } of a constructor, checked against language.lua.
local _, use = ...
local fault = use "fault"
local language = use "language"
local object = use "object"
local text = use "text"

local options = {}

for _, constructor in ipairs(language.constructors) do
	local rows = constructor.options or {}
	rows.known = {}
	for _, row in ipairs(rows) do
		rows.known[row.name] = row
		rows.has_required = rows.has_required or row.required
	end
end

-- Milliseconds of a duration, text or parameter.
function options.duration_ms(given, what)
	local content = object.of(given)
	if content and content.class == "duration" then
		return content.ms
	end
	local ms, problem = text.duration_ms(given)
	if not ms then
		fault.raise(what .. ": " .. problem)
	end
	return ms
end

function options.positive_ms(given, what)
	local ms = options.duration_ms(given, what)
	if ms == 0 then
		fault.raise(what .. ": zero is no time; " .. text.DURATION_HELP)
	end
	return ms
end

function options.label(given, what, max)
	if type(given) ~= "string" then
		fault.raise(what .. ": a text is needed, not " .. object.describe(given))
	end
	local problem = text.label_problem(given, max)
	if problem then
		fault.raise(what .. ": the text " .. problem)
	end
	return given
end

function options.count(given, total, what)
	local count, problem = text.count(given, total)
	if not count then
		fault.raise(what .. ": " .. problem)
	end
	return count
end

function options.failures(given, what)
	if given == nil then
		return 0
	elseif math.type(given) ~= "integer" or given < 0 then
		fault.raise(what .. ": max_failures: write a count from 0")
	end
	return given
end

local function check_choice(constructor, row, given)
	for _, word in ipairs(row.values) do
		if given == word then
			return
		end
	end
	fault.raise(constructor .. ": " .. row.name .. ": " .. object.describe(given) .. " is no choice"
		.. text.hint(given, row.values, true))
end

-- The options as a plain table: unknown names are errors, required ones must be there.
function options.take(constructor, given)
	local rows = language.by_name.constructors[constructor].options or {}
	if given == nil then
		given = {}
		if not rows.has_required then
			return given
		end
	elseif type(given) ~= "table" or object.of(given) then
		fault.raise(constructor .. ": the options are a table { name = value }, not " .. object.describe(given))
	end
	local known = rows.known or {}
	for key in next, given do
		if type(key) ~= "string" or not known[key] then
			local names = text.sorted_keys(given)
			for _, name in ipairs(names) do
				if not known[name] then
					fault.raise(constructor .. ": " .. text.key(name) .. " is no option" .. text.hint(name, language.names(rows)))
				end
			end
		end
	end
	for _, row in ipairs(rows) do
		if row.required and given[row.name] == nil then
			fault.raise(constructor .. ": " .. row.name .. " is missing: " .. row.help)
		elseif row.values and given[row.name] ~= nil then
			check_choice(constructor, row, given[row.name])
		end
	end
	return given
end

return options
