-- Opaque objects. What a plan holds of a node, a register or a predicate is an empty table with a
-- locked metatable; its contents are in a table that only the prelude reaches.
local host, use = ...
local fault = use "fault"

local object = {}
local contents = {}

-- How errors call an object, where "a CLASS" would not do.
local nouns = {
	register = "a register or reading", group = "a register of a selection", percent = "percent(...)", percents = "a list of percents",
	rest = "rest(...)", action = "an action", array = "an array", object = "an object", null = "null", baseline = "baseline",
	absent = "absent",
}

local function refuse_change()
	fault.raise "this can't be changed; make a new one"
end

-- A class of objects. `meta` gives further metamethods; returns the constructor.
function object.class(name, meta)
	meta.__metatable = "locked"
	meta.__name = name
	meta.__newindex = refuse_change
	meta.__call = meta.__call or function(self)
		fault.raise(object.describe(self) .. " can't be called (is a comma missing before what follows it?)")
	end
	for event, handler in next, meta do
		if event ~= "__index" and type(handler) == "function" then
			meta[event] = host.wrap(handler)
		end
	end
	return function(content)
		local proxy = setmetatable({}, meta)
		content.class = name
		contents[proxy] = content
		return proxy
	end
end

-- The contents of an object of ours, or nil for everything else: only proxies are keys here.
function object.of(value)
	return contents[value]
end

function object.is(value, class)
	local content = object.of(value)
	return content ~= nil and content.class == class
end

-- A table that can be read only; `missing(key)` is asked for what it has not.
function object.read_only(fields, missing)
	return setmetatable({}, {
		__metatable = "locked",
		__newindex = refuse_change,
		__index = function(_, key)
			local value = fields[key]
			if value == nil then
				return missing(key)
			end
			return value
		end,
	})
end

-- How an error calls a value that a plan gave where something else belongs.
function object.describe(value)
	local content = object.of(value)
	if content then
		if content.class == "unfinished" then
			return content.word .. " without its { ... }"
		end
		return nouns[content.class] or "a " .. content.class
	end
	if value == nil then
		return "nothing"
	elseif type(value) == "string" then
		return use("text").quote(value)
	elseif type(value) == "number" or type(value) == "boolean" then
		return tostring(value)
	end
	return "a " .. type(value)
end

-- Forgets all objects: between two builds of lint.
function object.reset()
	contents = {}
end

return object
