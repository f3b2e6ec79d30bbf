-- host.encode in plain Lua: canonical JSON, as executor/runner/encode.c writes it.
local json = require "json"

local escapes = { ['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n", ["\t"] = "\\t" }

local function quote(word)
	return '"' .. word:gsub('["\\\n\t]', escapes) .. '"'
end

local write

local function put(writer, word)
	writer[#writer + 1] = word
	writer.bytes = writer.bytes + #word
	if writer.bytes > writer.max_bytes then
		error({ refusal = "long" }, 0)
	end
end

local function write_array(writer, list, depth)
	put(writer, "[")
	for i = 1, #list do
		put(writer, i == 1 and "" or ",")
		write(writer, list[i], depth + 1)
	end
	put(writer, "]")
end

local function keys_of(fields, mark)
	local keys = {}
	for key in next, fields do
		assert(type(key) == "string", "an object has no text as key")
		keys[#keys + 1] = key
	end
	table.sort(keys)
	return mark or keys
end

local function write_object(writer, fields, depth, mark)
	local separator = "{"
	for _, key in ipairs(keys_of(fields, mark)) do
		if fields[key] ~= nil then
			put(writer, separator .. quote(key) .. ":")
			write(writer, fields[key], depth + 1)
			separator = ","
		end
	end
	put(writer, separator == "{" and "{}" or "}")
end

function write(writer, value, depth)
	local form = math.type(value) or type(value)
	if form == "table" then
		local mark = getmetatable(value)
		if mark == writer.raw_mt then
			return put(writer, value[1])
		elseif depth > writer.max_depth then
			error({ refusal = "deep" }, 0)
		elseif mark == writer.array_mt or #value > 0 then
			return write_array(writer, value, depth)
		end
		return write_object(writer, value, depth, mark)
	elseif form == "string" then
		put(writer, quote(value))
	elseif form == "integer" or form == "boolean" then
		put(writer, tostring(value))
	elseif value == json.null then
		put(writer, "null")
	else
		error("a " .. form .. " can't be encoded", 0)
	end
end

return function(value, array_mt, raw_mt, depth, max_depth, max_bytes, joined)
	local writer = { array_mt = array_mt, raw_mt = raw_mt, max_depth = max_depth, max_bytes = max_bytes, bytes = 0 }
	local ok, problem = pcall(write, writer, value, depth)
	if ok and joined then
		return table.concat(writer)
	elseif ok then
		return { table.concat(writer) }, writer.bytes
	elseif type(problem) == "table" then
		return nil, problem.refusal
	end
	error(problem, 0)
end
