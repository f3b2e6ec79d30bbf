-- Faults of a plan, with the place where they are. A place is one integer: the number of the chunk
-- times 2^24, plus the line; 0 = unknown.
local host, use = ...

-- `fallback`: the place when no code of the plan is calling, as after apply has returned.
local fault = { fallback = 0 }
local files = {}
local find_place = host.place
local mark = {}

local LINE_BITS = 24

-- Gives a text of a plan or a module its chunk name.
function fault.chunk_name(file)
	files[#files + 1] = file
	return "=#" .. #files
end

-- The place of the plan's code that is calling.
function fault.here()
	return find_place() or fault.fallback
end

function fault.file(place)
	return files[place >> LINE_BITS]
end

function fault.line(place)
	return place & ((1 << LINE_BITS) - 1)
end

-- The place of another line in the same file.
function fault.at_line(place, line)
	return (place >> LINE_BITS << LINE_BITS) + line
end

local texts = {}

function fault.text(place)
	local known = texts[place]
	if not known then
		known = (fault.file(place) or "?") .. ":" .. fault.line(place)
		texts[place] = known
	end
	return known
end

-- The first line of a text that was loaded under this display name.
function fault.first_line(file)
	for number = #files, 1, -1 do
		if files[number] == file then
			return (number << LINE_BITS) + 1
		end
	end
	return 0
end

-- A fault as the daemon gets it. Messages that Lua made may hold any bytes of the plan.
function fault.row(one, file)
	local message = string.gsub(one.message, "[%c\127]", function(char)
		return char == "\n" and "\\n" or char == "\t" and " " or string.format("\\x%02X", string.byte(char))
	end)
	if #message > 2000 then
		message = string.sub(message, 1, 2000) .. "..."
	end
	return { file = fault.file(one.place) or file or "plan.lua", line = fault.line(one.place), message = use("text").clean(message) }
end

-- Ends the evaluation with one fault; without a place: where the plan is now.
function fault.raise(message, place)
	error({ mark = mark, { place = place or fault.here(), message = message } }, 0)
end

-- A list of faults that are found together; `faults:done()` raises when there are any.
function fault.list()
	local list = { mark = mark }
	function list.add(place, message)
		list[#list + 1] = { place = place, message = message }
	end
	function list.done()
		if #list > 0 then
			error(list, 0)
		end
	end
	return list
end

-- Lua's own words, where a sentence more helps.
local hints = {
	{ "^'}' expected", "is a comma missing at the end of the line before?" },
	{ "^'%)' expected", "is a comma missing between two arguments?" },
	{ "^attempt to compare .*table", "a reading is compared by :below, :above, :equals ..." },
	{ "^not enough memory", "too much is made at once" },
}

local function explain(message)
	for _, hint in ipairs(hints) do
		if string.find(message, hint[1]) then
			return message .. " (" .. hint[2] .. ")"
		end
	end
	return message
end

local function from_text(message, at)
	local number, line, rest = string.match(message, "^#(%d+):(%d+): (.*)$")
	if number and #line <= 7 then
		local known = files[tonumber(number)] ~= nil
		return { place = known and (tonumber(number) << LINE_BITS) + tonumber(line) or 0, message = explain(rest) }
	end
	local own = string.match(message, "^prelude/[%w_]+%.lua:%d+: (.*)$")
	return { place = at or fault.fallback, message = explain(own or message) }
end

-- What host.call or host.load gave as an error, as a list of faults.
function fault.caught(value, at)
	if type(value) == "table" and rawget(value, "mark") == mark then
		return value
	end
	if type(value) == "string" then
		return { mark = mark, from_text(value, at) }
	end
	local message = "error: <" .. type(value) .. ">"
	if type(value) == "number" or type(value) == "boolean" or value == nil then
		message = "error: " .. tostring(value)
	end
	return { mark = mark, { place = at or fault.fallback, message = message } }
end

return fault
