-- A small JSON reader and a canonical writer of its own, so that the prelude's writer is checked by
-- another one.
local json = { array_mt = {}, null = io.stdout }

local escapes = { b = "\b", f = "\f", n = "\n", r = "\r", t = "\t", ['"'] = '"', ["\\"] = "\\", ["/"] = "/" }

local read

local function skip(text, at)
	return text:find("[^ \t\r\n]", at) or #text + 1
end

local function read_string(text, at)
	local parts = {}
	at = at + 1
	while true do
		local stop = assert(text:find('["\\]', at), "string without end")
		parts[#parts + 1] = text:sub(at, stop - 1)
		if text:sub(stop, stop) == '"' then
			return table.concat(parts), stop + 1
		end
		local char = text:sub(stop + 1, stop + 1)
		if char == "u" then
			parts[#parts + 1] = utf8.char(tonumber(text:sub(stop + 2, stop + 5), 16))
			at = stop + 6
		else
			parts[#parts + 1] = assert(escapes[char], "bad escape")
			at = stop + 2
		end
	end
end

local function read_items(text, at, close, add)
	at = skip(text, at + 1)
	if text:sub(at, at) == close then
		return at + 1
	end
	while true do
		at = skip(text, add(skip(text, at)))
		local char = text:sub(at, at)
		if char == close then
			return at + 1
		end
		assert(char == ",", "expected , or " .. close .. " at " .. at)
		at = at + 1
	end
end

local function read_array(text, at)
	local list = setmetatable({}, json.array_mt)
	return list, read_items(text, at, "]", function(from)
		local item, to = read(text, from)
		list[#list + 1] = item
		return to
	end)
end

local function read_object(text, at)
	local fields = {}
	return fields, read_items(text, at, "}", function(from)
		assert(text:sub(from, from) == '"', "expected a key")
		local key, to = read_string(text, from)
		assert(fields[key] == nil, "key twice: " .. key)
		to = skip(text, to)
		assert(text:sub(to, to) == ":", "expected :")
		fields[key], to = read(text, skip(text, to + 1))
		return to
	end)
end

function read(text, at)
	local char = text:sub(at, at)
	if char == "{" then
		return read_object(text, at)
	elseif char == "[" then
		return read_array(text, at)
	elseif char == '"' then
		return read_string(text, at)
	end
	local word = text:match("^[%w+.-]+", at)
	assert(word, "unexpected at " .. at)
	local known = { ["true"] = true, ["false"] = false, null = json.null }
	if known[word] ~= nil then
		return known[word], at + #word
	end
	return assert(math.tointeger(word) or tonumber(word), "bad word " .. word), at + #word
end

function json.decode(text)
	local value, at = read(text, skip(text, 1))
	assert(skip(text, at) > #text, "more text after the value")
	return value
end

local function quote(word)
	return '"' .. word:gsub('["\\\n\t]', { ['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n", ["\t"] = "\\t" }) .. '"'
end

-- Canonical, or with `indent` for golden files that people read.
function json.encode(value, indent, level)
	level = level or 0
	local line = indent and "\n" .. ("\t"):rep(level + 1) or ""
	local last = indent and "\n" .. ("\t"):rep(level) or ""
	if type(value) == "string" then
		return quote(value)
	elseif value == json.null then
		return "null"
	elseif type(value) ~= "table" then
		assert(math.type(value) ~= "float", "a float")
		return tostring(value)
	end
	local parts = {}
	if getmetatable(value) == json.array_mt then
		for i, item in ipairs(value) do
			parts[i] = line .. json.encode(item, indent, level + 1)
		end
		return #parts == 0 and "[]" or "[" .. table.concat(parts, ",") .. last .. "]"
	end
	local keys = {}
	for key in pairs(value) do
		keys[#keys + 1] = key
	end
	table.sort(keys)
	for i, key in ipairs(keys) do
		parts[i] = line .. quote(key) .. (indent and ": " or ":") .. json.encode(value[key], indent, level + 1)
	end
	return #parts == 0 and "{}" or "{" .. table.concat(parts, ",") .. last .. "}"
end

return json
