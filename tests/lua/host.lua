-- The prelude's host in plain Lua, so that the language is tested without the runner: the same
-- table as executor/runner/prelude/README.md describes. Not a jail: it runs our own test plans.
local json = require "json"

local host = { null = json.null, array_mt = json.array_mt, encode = require "encode" }

local function plan_place(level)
	while true do
		local info = debug.getinfo(level, "Sl")
		if not info then
			return nil
		end
		local number = info.source:match("^=#(%d+)$")
		if number and info.currentline > 0 then
			return (tonumber(number) << 24) + info.currentline
		end
		level = level + 1
	end
end

function host.place()
	return plan_place(3)
end

function host.call(f, ...)
	local result = table.pack(xpcall(f, function(message)
		return { message = message, place = plan_place(3) }
	end, ...))
	if result[1] then
		return table.unpack(result, 1, result.n)
	end
	return false, result[2].message, result[2].place
end

function host.is_plain(text)
	return not text:find("[^ -~]")
end

function host.has(text, set)
	return text:find("%c") ~= nil or set ~= "" and text:find("[" .. set:gsub("%p", "%%%0") .. "]") ~= nil
end

-- The runner's wrap makes a C function, so that a tail call keeps the plan's frame. Plain Lua can't;
-- instead `return f(...)` in a plan is kept from being a tail call.
function host.wrap(f)
	return f
end

function host.load(text, chunkname, env)
	text = text:gsub("(%f[%w_]return%s+)([%a_][%w_.:]*%s*[({\"'])", function(word, rest)
		if rest:find("^function%f[^%w_]") or rest:find("^not%f[^%w_]") then
			return nil
		end
		return word .. "nil or " .. rest
	end)
	return load(text, chunkname, "t", env)
end

local function sorted_pairs(fields)
	local meta = debug.getmetatable(fields)
	if meta and meta.__pairs then
		return meta.__pairs(fields)
	end
	local keys = {}
	for key in next, fields do
		if type(key) ~= "string" and type(key) ~= "number" and type(key) ~= "boolean" then
			error("a table with a " .. type(key) .. " as key has no order; use strings, numbers or booleans", 2)
		end
		keys[#keys + 1] = key
	end
	table.sort(keys, function(a, b)
		if type(a) ~= type(b) then
			return type(a) < type(b)
		end
		return a < b
	end)
	local at = 0
	return function()
		at = at + 1
		if keys[at] ~= nil then
			return keys[at], fields[keys[at]]
		end
	end
end

local function pick(from, names)
	local made = {}
	for name in names:gmatch("%S+") do
		made[name] = from[name]
	end
	return made
end

host.plan = {
	base = pick(_G, "assert error ipairs select tonumber tostring type"),
	string = pick(string, "byte char find format gmatch gsub len lower match rep reverse sub upper"),
	table = pick(table, "concat insert move remove sort unpack pack"),
	math = pick(math, "abs ceil floor fmod huge max maxinteger min mininteger modf pi sqrt tointeger type ult"),
}
host.plan.base.pairs = sorted_pairs

local prelude_names = "assert error ipairs next pairs rawequal rawget rawlen rawset select setmetatable getmetatable"
	.. " tonumber tostring type string table math"

-- A fresh prelude: its evaluate function.
function host.open(folder)
	local fresh = setmetatable({}, { __index = host })
	local env = pick(_G, prelude_names)
	function fresh.prelude(name)
		local file = assert(io.open(folder .. "/" .. name .. ".lua"))
		local text = file:read("a")
		file:close()
		return assert(load(text, "=prelude/" .. name .. ".lua", "t", env))
	end
	return fresh.prelude("main")(fresh)
end

return host
