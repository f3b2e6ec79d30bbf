-- Words, names, durations and counts as people write them.
local host = ...

local text = {}

-- Most texts: nothing but printable ASCII, so that no other question needs to be asked.
local is_plain = host.is_plain

-- Edit distance with swapped neighbours as one edit.
local function distance(a, b)
	local before, row = {}, {}
	for j = 0, #b do
		row[j] = j
	end
	for i = 1, #a do
		local above = row
		row = { [0] = i }
		for j = 1, #b do
			local same = string.byte(a, i) == string.byte(b, j)
			local cost = above[j - 1] + (same and 0 or 1)
			cost = math.min(cost, above[j] + 1, row[j - 1] + 1)
			if i > 1 and j > 1 and string.byte(a, i) == string.byte(b, j - 1)
				and string.byte(a, i - 1) == string.byte(b, j) then
				cost = math.min(cost, before[j - 2] + 1)
			end
			row[j] = cost
		end
		before = above
	end
	return row[#b]
end

-- The nearest of `names` (a list), or nil.
function text.nearest(word, names)
	if type(word) ~= "string" or #word > 60 then
		return nil
	end
	local best
	local best_cost = #word <= 3 and 1 or #word <= 8 and 2 or 3
	for _, name in ipairs(names) do
		local cost = #name <= 60 and distance(word, name) or 99
		if cost < best_cost or (cost == best_cost and not best) then
			best, best_cost = name, cost
		end
	end
	return best
end

-- " (did you mean 'x'?)", or what there is, or "".
function text.hint(word, names, quoted)
	local near = text.nearest(word, names)
	if near then
		return quoted and " (did you mean " .. text.quote(near) .. "?)" or " (did you mean '" .. near .. "'?)"
	end
	if #names == 0 or #names > 12 then
		return ""
	end
	return " (there is: " .. table.concat(names, ", ") .. ")"
end

function text.sorted_keys(fields)
	local keys = {}
	for key in next, fields do
		keys[#keys + 1] = tostring(key)
	end
	table.sort(keys)
	return keys
end

local function visible(byte)
	return string.format("\\x%02X", string.byte(byte))
end

-- For messages: in quotes, one line, not too long.
function text.quote(word)
	if #word <= 80 and (is_plain(word) or not string.find(word, "[%c\x7F]")) then
		return '"' .. word .. '"'
	elseif #word > 80 then
		word = string.gsub(string.sub(word, 1, 77), "[\x80-\xBF]*$", "") .. "..."
	end
	word = string.gsub(word, "\n", "\\n")
	return '"' .. string.gsub(word, "[%c\x7F]", visible) .. '"'
end

-- How an error shows a table's key.
function text.key(key)
	if type(key) == "string" then
		return "'" .. string.sub(text.quote(key), 2, -2) .. "'"
	end
	return type(key) == "number" and tostring(key) or "<" .. type(key) .. ">"
end

local utf8_forms = {
	"^[\xC2-\xDF][\x80-\xBF]", "^\xE0[\xA0-\xBF][\x80-\xBF]", "^[\xE1-\xEC\xEE\xEF][\x80-\xBF][\x80-\xBF]",
	"^\xED[\x80-\x9F][\x80-\xBF]", "^\xF0[\x90-\xBF][\x80-\xBF][\x80-\xBF]",
	"^[\xF1-\xF3][\x80-\xBF][\x80-\xBF][\x80-\xBF]", "^\xF4[\x80-\x8F][\x80-\xBF][\x80-\xBF]",
}

local function is_utf8(word)
	local at = string.find(word, "[\x80-\xFF]")
	while at do
		local last
		for _, form in ipairs(utf8_forms) do
			last = select(2, string.find(word, form, at))
			if last then
				break
			end
		end
		if not last then
			return false
		end
		at = string.find(word, "[\x80-\xFF]", last + 1)
	end
	return true
end

-- The text with every byte that is no valid UTF-8 shown as \xNN.
function text.clean(word)
	if is_utf8(word) then
		return word
	end
	return (string.gsub(word, "[\x80-\xFF]", visible))
end

-- What is wrong with a text that goes into the graph, or nil.
function text.problem(word)
	if is_plain(word) then
		return nil
	elseif string.find(word, "[\0-\8\11-\31\127]") then
		return "has control characters"
	elseif not is_utf8(word) then
		return "is no valid UTF-8"
	end
	return nil
end

-- Characters that deceive the eye: controls, directions, zero-width and invisible ones, in rising
-- order. The daemon refuses the same (lib/base/text.c).
local deceptive = {
	{ 0x80, 0x9F }, { 0xAD, 0xAD }, { 0x34F, 0x34F }, { 0x600, 0x605 }, { 0x61C, 0x61C }, { 0x6DD, 0x6DD }, { 0x70F, 0x70F },
	{ 0x115F, 0x1160 }, { 0x17B4, 0x17B5 }, { 0x180B, 0x180F }, { 0x200B, 0x200F }, { 0x2028, 0x202E }, { 0x2060, 0x206F },
	{ 0x3164, 0x3164 }, { 0xFE00, 0xFE0D }, { 0xFEFF, 0xFEFF }, { 0xFFA0, 0xFFA0 }, { 0xFFF0, 0xFFFB }, { 0x110BD, 0x110BD },
	{ 0x1BCA0, 0x1BCA3 }, { 0x1D173, 0x1D17A }, { 0xE0000, 0xE0FFF },
}

-- The code point of one valid UTF-8 sequence.
local function code_point(sequence)
	local first = string.byte(sequence)
	local point = first & (0x7F >> #sequence)
	for i = 2, #sequence do
		point = point << 6 | string.byte(sequence, i) & 0x3F
	end
	return point
end

local function is_in(point, ranges)
	for _, range in ipairs(ranges) do
		if point >= range[1] and point <= range[2] then
			return true
		end
	end
	return false
end

local function is_deceptive(word)
	for sequence in string.gmatch(word, "[\xC2-\xF4][\x80-\xBF]+") do
		if is_in(code_point(sequence), deceptive) then
			return true
		end
	end
	return false
end

-- The text with everything that deceives the eye shown: bytes as \xNN, characters as <U+NNNN>.
function text.visible(word)
	word = string.gsub(text.clean(word), "[%c\x7F]", visible)
	return (string.gsub(word, "[\xC2-\xF4][\x80-\xBF]+", function(sequence)
		local point = code_point(sequence)
		return is_in(point, deceptive) and string.format("<U+%04X>", point) or nil
	end))
end

-- At most `max` bytes of a text that is valid UTF-8; what was cut ends in "...".
function text.shorten(word, max)
	if #word <= max then
		return word
	end
	return (string.gsub(string.sub(word, 1, max - 3), "[\xC2-\xF4]?[\x80-\xBF]*$", "")) .. "..."
end

-- What is wrong with a text for people that may have several lines, or nil.
function text.prose_problem(word, max)
	if word == "" then
		return "is empty"
	elseif #word > max then
		return "is longer than " .. max .. " bytes"
	elseif is_plain(word) then
		return nil
	end
	local problem = text.problem(word)
	if not problem and is_deceptive(word) then
		problem = "has invisible or direction characters"
	end
	return problem
end

-- What is wrong with a text that people read and decide by (title, question, name), or nil.
function text.label_problem(word, max)
	if is_plain(word) and string.byte(word, 1) ~= 32 and string.byte(word, -1) ~= 32 then
		return word == "" and "is empty" or #word > max and text.prose_problem(word, max) or nil
	elseif string.find(word, "%c") then
		return "has control characters"
	elseif string.find(word, "^%s") or string.find(word, "%s$") then
		return "has a blank at its ends"
	end
	return text.prose_problem(word, max)
end

-- Names of plans and switches: words of a-z 0-9 . _ - with at most one slash.
function text.is_path_name(word)
	return type(word) == "string" and #word <= 120 and string.find(word, "^[a-z0-9._-]+/?[a-z0-9._-]*$") ~= nil
		and not string.find(word, "/$")
end

local units = { { "d", 86400000 }, { "h", 3600000 }, { "m", 60000 }, { "s", 1000 }, { "ms", 1 } }
local unit_rank = {}
for rank, unit in ipairs(units) do
	unit_rank[unit[1]] = rank
end

text.DURATION_HELP = 'write a duration with its unit, as in "30s" or "5m"'
local MAX_DURATION_MS = 366 * 86400000

-- "1h30m" -> 5400000, or nil and what is wrong.
function text.duration_ms(word)
	if type(word) ~= "string" then
		return nil, text.DURATION_HELP
	end
	local total, at, rank = 0, 1, 0
	while at <= #word do
		local digits, name, next_at = string.match(word, "^(%d+)(%a+)()", at)
		local unit = unit_rank[name]
		if not unit or unit <= rank or #digits > 12 then
			return nil, text.DURATION_HELP
		end
		total = total + math.tointeger(tonumber(digits)) * units[unit][2]
		rank, at = unit, next_at
	end
	if at == 1 then
		return nil, text.DURATION_HELP
	elseif total > MAX_DURATION_MS then
		return nil, text.quote(word) .. " is longer than a year"
	end
	return total
end

-- The one spelling: 90000 -> "1m30s".
function text.duration(ms)
	if ms == 0 then
		return "0s"
	end
	local parts = {}
	for _, unit in ipairs(units) do
		local count = ms // unit[2]
		if count > 0 then
			parts[#parts + 1] = string.format("%d%s", count, unit[1])
			ms = ms - count * unit[2]
		end
	end
	return table.concat(parts)
end

-- A count of `total` things: 3, "10%" (rounded up, at least 1), "all". Or nil and what is wrong.
function text.count(given, total)
	if math.type(given) == "integer" and given >= 1 then
		return math.min(given, total)
	elseif given == "all" then
		return total
	end
	local digits = type(given) == "string" and string.match(given, "^(%d+)%%$")
	local percent = digits and #digits <= 3 and tonumber(digits)
	if percent and percent >= 1 and percent <= 100 then
		return math.max(1, (total * percent + 99) // 100)
	end
	return nil, 'write a count from 1, a share as in "10%", or "all"'
end

-- An identifier that can be used as p.NAME or t.NAME.
function text.is_identifier(word)
	return type(word) == "string" and #word <= 60 and string.find(word, "^[%a_][%w_]*$") ~= nil
end

return text
