-- Canonical JSON: UTF-8, no white space, keys sorted by byte, integers only. Texts were checked
-- when they came in (text.problem), so four escapes are enough.
local host = ...

local encode = { null = host.null }

local array_mt = {}
local PIECE = 2000

-- Marks a list as one, so that an empty one is [] and not {}.
function encode.array(list)
	return setmetatable(list, array_mt)
end

function encode.is_array(list)
	return #list > 0 or getmetatable(list) == array_mt
end

local escapes = { ['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n", ["\t"] = "\\t" }

local function quote(word)
	if string.find(word, '["\\\n\t]') then
		word = string.gsub(word, '["\\\n\t]', escapes)
	end
	return '"' .. word .. '"'
end

local function sort(keys, count)
	if count > 12 then
		return table.sort(keys)
	end
	for i = 2, count do
		local key = keys[i]
		local j = i - 1
		while j > 0 and keys[j] > key do
			keys[j + 1] = keys[j]
			j = j - 1
		end
		keys[j + 1] = key
	end
end

local function flush(writer)
	local piece = table.concat(writer.parts, "", 1, writer.count)
	writer.pieces[#writer.pieces + 1] = piece
	writer.bytes = writer.bytes + #piece
	writer.count = 0
	if writer.bytes > writer.max_bytes then
		writer.too_long()
	end
end

local function put(writer, word)
	local count = writer.count + 1
	writer.parts[count] = word
	writer.count = count
	if count >= PIECE then
		flush(writer)
	end
end

local key_texts = {}

-- A key with its colon; ours come again and again.
local function key_text(key)
	local known = key_texts[key]
	if not known then
		known = quote(key) .. ":"
		key_texts[key] = known
	end
	return known
end

local raw_mt = {}

-- A text that is canonical JSON already and goes out as it is.
function encode.raw(word)
	return setmetatable({ word }, raw_mt)
end

local write

local function write_array(writer, list, depth)
	for i = 1, #list do
		put(writer, i == 1 and "[" or ",")
		write(writer, list[i], depth + 1)
	end
	put(writer, #list == 0 and "[]" or "]")
end

-- Objects of ours that come often have their fields, sorted, by their kind.
local function write_known(writer, fields, order, depth)
	local separator = "{"
	for i = 1, #order do
		local key = order[i]
		local item = fields[key]
		if item ~= nil then
			put(writer, separator)
			put(writer, key_text(key))
			write(writer, item, depth + 1)
			separator = ","
		end
	end
	put(writer, "}")
end

-- A mark for objects that have only these fields; put on by setmetatable.
function encode.order(keys)
	table.sort(keys)
	return { order = keys }
end

local function write_object(writer, fields, depth)
	local keys, count = {}, 0
	for key in next, fields do
		count = count + 1
		keys[count] = key
	end
	sort(keys, count)
	for i = 1, count do
		local key = keys[i]
		put(writer, i == 1 and "{" or ",")
		put(writer, key_text(key))
		write(writer, fields[key], depth + 1)
	end
	put(writer, count == 0 and "{}" or "}")
end

function write(writer, value, depth)
	local form = type(value)
	if form == "string" then
		put(writer, quote(value))
	elseif form == "table" then
		local mark = getmetatable(value)
		if mark == raw_mt then
			return put(writer, value[1])
		elseif depth > writer.max_depth then
			writer.too_deep()
		end
		if mark == array_mt or #value > 0 then
			write_array(writer, value, depth)
		elseif mark then
			write_known(writer, value, mark.order, depth)
		else
			write_object(writer, value, depth)
		end
	elseif math.type(value) == "integer" then
		put(writer, string.format("%d", value))
	elseif form == "boolean" then
		put(writer, value and "true" or "false")
	elseif value == encode.null then
		put(writer, "null")
	else
		error("a " .. (math.type(value) or form) .. " can't be encoded", 0)
	end
end

local part_writer = { parts = {} }

-- A part of a text, at its depth, as one string. Not to be called while another part is written.
function encode.part(value, limits, depth)
	local writer = part_writer
	writer.count, writer.pieces, writer.bytes = 0, {}, 0
	writer.max_bytes, writer.too_long = limits.max_bytes, limits.too_long
	writer.max_depth, writer.too_deep = limits.max_depth, limits.too_deep
	write(writer, value, depth)
	if #writer.pieces == 0 then
		return table.concat(writer.parts, "", 1, writer.count)
	end
	flush(writer)
	return table.concat(writer.pieces)
end

encode.quote = quote

-- The pieces of the text, and its length. `limits` (optional): max_bytes, too_long(), max_depth,
-- too_deep(): functions that raise.
function encode.pieces(value, limits)
	local writer = {
		parts = {}, count = 0, pieces = {}, bytes = 0,
		max_bytes = limits and limits.max_bytes or math.maxinteger,
		too_long = limits and limits.too_long,
		max_depth = limits and limits.max_depth or 200,
		too_deep = limits and limits.too_deep or function()
			error("nested too deep", 0)
		end,
	}
	write(writer, value, 1)
	flush(writer)
	return writer.pieces, writer.bytes
end

function encode.text(value)
	return table.concat(encode.pieces(value))
end

return encode
