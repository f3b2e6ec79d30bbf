-- Canonical JSON: UTF-8, no white space, keys sorted by byte, integers only. Texts were checked
-- when they came in (text.problem), so four escapes are enough. host.encode writes it.
local host = ...

local encode = { null = host.null }

local MAX_DEPTH = 200
local array_mt = {}
local raw_mt = {}

-- Marks a list as one, so that an empty one is [] and not {}.
function encode.array(list)
	return setmetatable(list, array_mt)
end

function encode.is_array(list)
	return #list > 0 or getmetatable(list) == array_mt
end

-- A text that is canonical JSON already and goes out as it is.
function encode.raw(word)
	return setmetatable({ word }, raw_mt)
end

-- A mark for objects that have only these fields, put on by setmetatable: the fields in their order.
function encode.order(keys)
	table.sort(keys)
	return keys
end

local function refuse(limits, what)
	if what == "long" then
		limits.too_long()
	elseif limits then
		limits.too_deep()
	end
	error("nested too deep", 0)
end

-- The pieces of the text, and its length. `limits` (optional): max_bytes, too_long(), max_depth,
-- too_deep(): functions that raise.
function encode.pieces(value, limits)
	local pieces, bytes = host.encode(value, array_mt, raw_mt, 1, limits and limits.max_depth or MAX_DEPTH,
		limits and limits.max_bytes or math.maxinteger, false)
	if not pieces then
		refuse(limits, bytes)
	end
	return pieces, bytes
end

-- A part of a text, at its depth, as one string.
function encode.part(value, limits, depth)
	local word, bytes = host.encode(value, array_mt, raw_mt, depth, limits.max_depth, limits.max_bytes, true)
	return word or refuse(limits, bytes)
end

function encode.text(value)
	return host.encode(value, array_mt, raw_mt, 1, MAX_DEPTH, math.maxinteger, true) or refuse(nil, "deep")
end

encode.quote = encode.text

return encode
