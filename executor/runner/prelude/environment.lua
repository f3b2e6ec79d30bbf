-- The names that a plan sees: the language, and Lua's functions as the runner restricts them. A plan
-- reads them through a locked table; it can neither replace one nor make a new one.
local host, use = ...
local fault = use "fault"
local language = use "language"
local object = use "object"
local text = use "text"
local value = use "value"

local environment = {}
local shared = {}

-- Makes constructors known to all scripts.
function environment.share(names)
	for name, make in next, names do
		shared[name] = host.wrap(make)
	end
end

local function library(name)
	return object.read_only(host.plan[name], function(key)
		fault.raise(name .. " has no " .. text.key(key) .. text.hint(key, text.sorted_keys(host.plan[name])))
	end)
end

-- Lua's own names that are not there, and what to use.
local absent = {
	["print"] = "nothing is printed; the graph is the only result",
	["pcall"] = "errors end the evaluation; they can't be caught",
	["os"] = "a plan has no clock and no environment", ["io"] = "a plan has no files",
	["next"] = "use pairs", ["coroutine"] = "a plan has no coroutines",
	["load"] = "code is not made at run time; use require",
	["setmetatable"] = "a plan has no metatables", ["getmetatable"] = "a plan has no metatables",
	["debug"] = "a plan has no debug library", ["utf8"] = "a plan has no utf8 library",
}

local function missing(names, key)
	if absent[key] then
		fault.raise("'" .. key .. "' is no name here: " .. absent[key])
	end
	local known = text.sorted_keys(names)
	fault.raise(text.key(key) .. " is no name here" .. text.hint(key, known))
end

-- The environment of a script and that of its modules. `define(key, value)` is asked about every
-- global that the script makes, and returns what is kept under that name.
function environment.new(own, define)
	local names = {}
	for name, item in next, shared do
		names[name] = item
	end
	for name, item in next, value.constants() do
		names[name] = item
	end
	for name, make in next, own do
		names[name] = host.wrap(make)
	end
	for _, name in ipairs(language.lua_names) do
		local item = host.plan.base[name]
		if item then
			names[name] = item
		elseif host.plan[name] then
			names[name] = library(name)
		end
	end
	setmetatable(names, { __index = missing })
	local env = setmetatable({}, {
		__metatable = "locked", __index = names,
		__newindex = function(_, key, given)
			if rawget(names, key) ~= nil and key ~= "apply" and key ~= "restore" then
				fault.raise(text.key(key) .. " is a name of the language; write `local` before it")
			end
			names[key] = define(key, given)
		end,
	})
	local module_env = setmetatable({}, {
		__metatable = "locked",
		__index = function(_, key)
			if key == "plan" or key == "apply" or key == "restore" then
				fault.raise("a module has no " .. text.key(key) .. "; it returns what it offers")
			end
			return names[key]
		end,
		__newindex = function(_, key)
			fault.raise("globals can't be made; write `local` before " .. text.key(key))
		end,
	})
	return env, module_env
end

return environment
