-- One risk rule: its manifest, its environment, and what it reports about an input.
local host, use = ...
local encode = use "encode"
local fault = use "fault"
local language = use "language"
local object = use "object"
local text = use "text"

local rule = {}

local MAX_FINDINGS = 100
local MAX_OBJECT = 1024
local MAX_TEXT = 500

-- The fields of a rule's table: texts with their length, choices, and what is read elsewhere.
local FIELDS = {
	id = { max = 40 }, title = { max = 120 }, owner = { max = 60 }, looks_at = { max = 300 }, why = { max = 400 },
	suggestion = { max = 400 }, doc = { max = 200 }, severity = { choice = { "C", "H", "M", "L" } },
	tier = { choice = { "SHADOW", "WARN", "ENFORCE" } }, on_error = { choice = { "block", "warn" } },
	waivable = { choice = { "none", "approver", "owner" } }, check = { type = "function" }, tests = { type = "table" },
}
local FIELD_NAMES = text.sorted_keys(FIELDS)
local REPORT_NAMES = { "message", "object", "seen", "step" }

-- "FS-001" of "lua-scripts/rules/FS-001.lua".
function rule.stem(file)
	return (string.gsub(string.gsub(tostring(file), "^.*/", ""), "%.lua$", ""))
end

local function field_problem(key, spec, given)
	if given == nil then
		return "is missing"
	elseif spec.type then
		return type(given) ~= spec.type and "must be a " .. spec.type .. ", not " .. object.describe(given) or nil
	elseif type(given) ~= "string" then
		return "must be a text, not " .. object.describe(given)
	elseif spec.max then
		local problem = text.label_problem(given, spec.max)
		return problem and "the text " .. problem or nil
	end
	for _, word in ipairs(spec.choice) do
		if given == word then
			return nil
		end
	end
	return text.quote(given) .. " is no " .. key .. "; write one of " .. table.concat(spec.choice, ", ")
end

-- The line that assigns a field of the rule's own table, else the first one.
local function line_of(source, key)
	local line = 0
	for each in string.gmatch(source .. "\n", "([^\n]*)\n") do
		line = line + 1
		if string.find(each, "^%s*" .. key .. "%s*=") or string.find(each, "^return%s*{.*%f[%w_]" .. key .. "%s*=") then
			return line
		end
	end
	return 1
end

local function id_problem(self, id)
	if not string.find(id, "^[A-Z][A-Z0-9]*%-%d%d%d$") then
		return text.quote(id) .. ' is no id; write it as in "FS-001"'
	elseif id ~= rule.stem(self.file) then
		return text.quote(id) .. " stands in the file " .. text.quote(self.file) .. "; a rule's id is its file's name"
	end
	return nil
end

-- Checks all fields; all problems at once.
local function read_manifest(self, given)
	local faults, first = fault.list(), fault.first_line(self.file)
	if type(given) ~= "table" or object.of(given) then
		fault.raise("the file must return the rule: return { id = ..., check = function(input, report) ... end }", first)
	end
	for key in next, given do
		if not FIELDS[key] then
			faults.add(fault.at_line(first, line_of(self.source, tostring(key))),
				text.key(key) .. " is no field of a rule" .. text.hint(key, FIELD_NAMES))
		end
	end
	for _, key in ipairs(FIELD_NAMES) do
		local problem = field_problem(key, FIELDS[key], given[key])
		if not problem and key == "id" then
			problem = id_problem(self, given.id)
		end
		if problem then
			faults.add(fault.at_line(first, line_of(self.source, key)), key .. ": " .. problem)
		end
		self[key] = given[key]
	end
	table.sort(faults, function(a, b)
		return a.place < b.place or a.place == b.place and a.message < b.message
	end)
	faults.done()
end

local function compile(source, file, env)
	if type(source) ~= "string" then
		fault.raise("the script of " .. text.quote(tostring(file)) .. " is missing", 0)
	end
	local chunk, message = host.load(source, fault.chunk_name(file), env)
	if not chunk then
		error(fault.caught(message), 0)
	end
	return chunk
end

local function require_module(self, name)
	local source = type(name) == "string" and self.modules[name]
	if not source then
		fault.raise("require: there is no module " .. object.describe(name) .. text.hint(name, text.sorted_keys(self.modules), true))
	elseif self.loaded[name] == nil then
		self.loaded[name] = { is_running = true }
		self.loaded[name] = { result = compile(source, name .. ".lua", self.env)() }
	elseif self.loaded[name].is_running then
		fault.raise("require: " .. text.quote(name) .. " requires itself")
	end
	return self.loaded[name].result
end

-- Lua's names as the runner restricts them, `require` and `null`; nothing can be added.
local function new_environment(self)
	local names = { null = host.null, require = host.wrap(function(name)
		return require_module(self, name)
	end) }
	for _, name in ipairs(language.lua_names) do
		if host.plan.base[name] then
			names[name] = host.plan.base[name]
		elseif host.plan[name] then
			names[name] = object.read_only(host.plan[name], function(key)
				fault.raise(name .. " has no " .. text.key(key) .. text.hint(key, text.sorted_keys(host.plan[name])))
			end)
		end
	end
	return setmetatable({}, {
		__metatable = "locked",
		__index = function(_, key)
			if names[key] == nil then
				fault.raise(text.key(key) .. " is no name here: a rule has its input and the module that it requires"
					.. text.hint(key, text.sorted_keys(names)))
			end
			return names[key]
		end,
		__newindex = function(_, key)
			fault.raise("globals can't be made; write `local` before " .. text.key(key))
		end,
	})
end

-- A rule in an environment of its own, from { file, script } and the texts of its modules.
function rule.load(row, modules)
	local self = { file = row.file, source = row.script, modules = modules or {}, loaded = {} }
	self.env = new_environment(self)
	fault.fallback = 0
	local chunk = compile(self.source, self.file, self.env)
	fault.fallback = fault.first_line(self.file)
	read_manifest(self, chunk())
	return self
end

-- What the caller is told of a rule.
function rule.describe(self)
	local row = { file = self.file }
	for key, spec in next, FIELDS do
		if not spec.type then
			row[key] = self[key]
		end
	end
	return row
end

local function read_text(given, name, max, needed)
	if given == nil and not needed then
		return ""
	elseif type(given) ~= "string" then
		fault.raise("report: " .. name .. ": a text is needed, not " .. object.describe(given))
	elseif needed and not string.find(given, "%S") then
		fault.raise("report: " .. name .. " is empty")
	end
	return text.shorten(text.visible(text.shorten(given, 4 * max)), max)
end

local function read_step(given)
	if given ~= nil and (math.type(given) ~= "integer" or given < 0) then
		fault.raise("report: step: the number of a step is needed, not " .. object.describe(given))
	end
	return given
end

local function read_report(self, given)
	if type(given) ~= "table" or getmetatable(given) then
		fault.raise("report: write report { object = ..., seen = ..., message = ... }, not " .. object.describe(given))
	end
	for key in next, given do
		if key ~= "message" and key ~= "object" and key ~= "seen" and key ~= "step" then
			fault.raise("report: " .. text.key(key) .. " is no field of a finding" .. text.hint(key, REPORT_NAMES))
		end
	end
	return {
		rule = self.id, step = read_step(given.step), object = read_text(given.object, "object", MAX_OBJECT),
		seen = read_text(given.seen, "seen", MAX_TEXT), message = read_text(given.message, "message", MAX_TEXT, true),
	}
end

local function new_collector(self)
	local collector = { list = {}, known = {}, more = 0 }
	function collector.add(given)
		if #collector.list >= MAX_FINDINGS then
			collector.more = collector.more + 1
			return
		end
		local row = read_report(self, given)
		local key = encode.text(row)
		if collector.known[key] then
			return
		end
		collector.known[key] = true
		collector.list[#collector.list + 1] = row
	end
	return collector
end

-- Runs the rule on a view of an input: its findings, and the faults that ended it or nil. What was
-- reported before a fault counts.
function rule.run(self, view)
	local collector = new_collector(self)
	fault.fallback = fault.first_line(self.file)
	local ok, result, place = host.call(self.check, view, host.wrap(collector.add))
	local faults
	if not ok then
		faults = fault.caught(result, place)
	elseif result ~= nil then
		faults = { { place = fault.fallback, message = "check: it returns " .. object.describe(result) .. "; what it finds goes to report { ... }" } }
	end
	if collector.more > 0 then
		collector.list[#collector.list + 1] = {
			rule = self.id, object = "", seen = collector.more .. " more",
			message = "and " .. collector.more .. " findings more of this rule",
		}
	end
	return collector.list, faults
end

return rule
