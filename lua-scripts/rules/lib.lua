-- What rules share: walking over the commands of a change, words for findings, paths, Kubernetes
-- objects and times. Pure: it keeps nothing. Patterns are only used on texts of bounded length.
local lib = {}

local MAX_WORD = 200
local MAX_LINE = 300

-- Whether a list of the input holds the word.
function lib.has(list, word)
	for _, item in ipairs(list) do
		if item == word then
			return true
		end
	end
	return false
end

-- A set of words, for tables of names.
function lib.set(words)
	local made = {}
	for _, word in ipairs(words) do
		made[word] = true
	end
	return made
end

-- The first of the flags that an impact has, or nil.
function lib.flag(impact, ...)
	for i = 1, select("#", ...) do
		local word = select(i, ...)
		if lib.has(impact.flags, word) then
			return word
		end
	end
	return nil
end

-- Whether an impact may change something: what is not proved to be a read may.
function lib.mutates(impact)
	return impact.mode ~= "shared" or impact.proof ~= "read"
end

-- Calls visit(command, step) for each command of the change.
function lib.commands(input, visit)
	for _, step in ipairs(input.steps) do
		for _, command in ipairs(step.commands) do
			visit(command, step)
		end
	end
end

-- Calls visit(impact, command, step) for each impact of the change.
function lib.impacts(input, visit)
	lib.commands(input, function(command, step)
		for _, impact in ipairs(command.impacts) do
			visit(impact, command, step)
		end
	end)
end

-- Whether the change may change something. A step without analysed commands may.
function lib.is_mutating(input)
	if #input.steps == 0 then
		return true
	end
	for _, step in ipairs(input.steps) do
		if #step.commands == 0 then
			return true
		end
		for _, command in ipairs(step.commands) do
			if command.proof ~= "read" then
				return true
			end
		end
	end
	return false
end

-- At most `max` bytes of a text; a character at the cut goes too.
function lib.cut(word, max)
	if #word <= max then
		return word
	end
	local last = max - 3
	while last > 0 and word:byte(last + 1) >= 0x80 and word:byte(last + 1) < 0xC0 do
		last = last - 1
	end
	return word:sub(1, last) .. "..."
end

-- A word of a command as it could be typed again.
function lib.word(word)
	local short = lib.cut(word, MAX_WORD)
	if short == "" or short:find("[^%w%-_./:=@%%+,~]") then
		return "'" .. short .. "'"
	end
	return short
end

-- A command in one line. Where the step holds a secret, no argument is shown.
function lib.line(command, step)
	local words = {}
	for _, wrapper in ipairs(command.wrappers) do
		words[#words + 1] = lib.word(wrapper)
	end
	words[#words + 1] = lib.word(command.program)
	if #step.secrets > 0 then
		words[#words + 1] = "(arguments not shown: they hold a secret)"
		return table.concat(words, " ")
	end
	local length = 0
	for _, argument in ipairs(command.argv) do
		words[#words + 1] = lib.word(argument)
		length = length + #words[#words]
		if length > MAX_LINE then
			break
		end
	end
	return lib.cut(table.concat(words, " "), MAX_LINE)
end

-- A finding about one command of a step.
function lib.finding(step, command, object, message)
	return { step = step.seq, object = object, seen = lib.line(command, step), message = message }
end

-- "1 target", "3 targets"
function lib.count(number, noun)
	return number .. " " .. noun .. (number == 1 and "" or "s")
end

-- "on web-1", "on 3 targets"
function lib.on(step)
	if #step.targets == 1 then
		return "on " .. lib.cut(step.targets[1], MAX_WORD)
	end
	return "on " .. lib.count(#step.targets, "target")
end

-- What an impact is about, in words: its object, or what kind of thing is not known.
function lib.what(impact)
	if impact.object == "" then
		return "a " .. impact.kind .. " that is not known"
	end
	return lib.cut(impact.object, MAX_WORD)
end

-- Names of a list of the input in one text: "a, b and 3 more".
function lib.join(list, max)
	local words = {}
	for i, item in ipairs(list) do
		if i > (max or 5) then
			words[#words] = words[#words] .. " and " .. lib.count(#list - i + 1, "other")
			break
		end
		words[i] = lib.cut(item, MAX_WORD)
	end
	return table.concat(words, ", ")
end

-- The folders of an absolute path: "/data//x/../y/*" -> { "data", "y" }. nil when it is not absolute.
function lib.parts(path)
	if path:sub(1, 1) ~= "/" then
		return nil
	end
	local parts, at = {}, 2
	while at <= #path do
		local stop = path:find("/", at, true) or #path + 1
		local part = path:sub(at, stop - 1)
		if part == ".." then
			parts[#parts] = nil
		elseif part ~= "" and part ~= "." and part ~= "*" then
			parts[#parts + 1] = part
		end
		at = stop + 1
	end
	return parts
end

-- Whether `above` is `below` or a folder around it; both as parts.
local function is_around(above, below)
	if #above > #below then
		return false
	end
	for i = 1, #above do
		if above[i] ~= below[i] then
			return false
		end
	end
	return true
end

-- The first of the paths that is `path` or lies below it, or nil.
function lib.covers(path, paths)
	local parts = lib.parts(path)
	for _, other in ipairs(parts and paths or {}) do
		local theirs = lib.parts(other)
		if theirs and is_around(parts, theirs) then
			return other
		end
	end
	return nil
end

-- The first of the paths that is `path` or a folder around it, or nil.
function lib.below(path, paths)
	local parts = lib.parts(path)
	for _, other in ipairs(parts and paths or {}) do
		local theirs = lib.parts(other)
		if theirs and is_around(theirs, parts) then
			return other
		end
	end
	return nil
end

-- The folder of an absolute path, as parts; nil when it is not absolute or has none.
function lib.parent(path)
	local parts = lib.parts(path)
	if not parts or #parts == 0 then
		return nil
	end
	parts[#parts] = nil
	return parts
end

-- Whether a list of folders holds exactly this one, given as parts.
function lib.has_path(folders, parts)
	for _, folder in ipairs(folders) do
		local theirs = lib.parts(folder)
		if theirs and #theirs == #parts and is_around(theirs, parts) then
			return true
		end
	end
	return false
end

-- "nginx" of "unit:nginx.service", "nginx.service" or "nginx".
function lib.unit(object)
	if object:sub(1, 5) == "unit:" then
		object = object:sub(6)
	end
	if object:sub(-8) == ".service" then
		object = object:sub(1, -9)
	end
	return object
end

local k8s_short = {
	ns = "namespace", pv = "persistentvolume", pvc = "persistentvolumeclaim", crd = "customresourcedefinition",
	no = "node", deploy = "deployment", sts = "statefulset", ds = "daemonset", rs = "replicaset", netpol = "networkpolicy",
	sa = "serviceaccount", po = "pod", svc = "service",
}

local function singular(kind)
	kind = kind:lower()
	if k8s_short[kind] then
		return k8s_short[kind]
	elseif kind:sub(-3) == "ies" then
		return kind:sub(1, -4) .. "y"
	elseif kind:sub(-4) == "sses" then
		return kind:sub(1, -3)
	elseif kind:sub(-1) == "s" and kind:sub(-2) ~= "ss" then
		return kind:sub(1, -2)
	end
	return kind
end

-- The parts of "k8s:CLUSTER/NAMESPACE/KIND/NAME"; what is missing is "".
function lib.k8s(object)
	local parts, at = {}, object:sub(1, 4) == "k8s:" and 5 or 1
	while #parts < 3 do
		local stop = object:find("/", at, true)
		if not stop then
			break
		end
		parts[#parts + 1] = object:sub(at, stop - 1)
		at = stop + 1
	end
	parts[#parts + 1] = object:sub(at)
	if #parts == 2 then -- KIND/NAME alone
		parts = { "", "", parts[1], parts[2] }
	elseif #parts == 1 then
		parts = { "", "", parts[1], "" }
	end
	return { cluster = parts[1], namespace = parts[2], kind = singular(parts[3] or ""), name = parts[4] or "" }
end

local NOT_PRODUCTION = lib.set { "staging", "test", "testing", "dev", "development", "sandbox" }

-- Everything that is not known to be something else is production.
function lib.is_production(input)
	return not NOT_PRODUCTION[input.request.environment]
end

-- Microseconds since 1970 as "2026-01-05 08:00 UTC".
function lib.time(us)
	local minutes = us // 60000000
	local days, rest = minutes // 1440, minutes % 1440
	local shifted = days + 719468 -- days since 0000-03-01
	local era = shifted // 146097
	local day_of_era = shifted % 146097
	local year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36524 - day_of_era // 146096) // 365
	local day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
	local month = (5 * day_of_year + 2) // 153
	local day = day_of_year - (153 * month + 2) // 5 + 1
	month = month < 10 and month + 3 or month - 9
	local year = year_of_era + era * 400 + (month <= 2 and 1 or 0)
	return string.format("%04d-%02d-%02d %02d:%02d UTC", year, month, day, rest // 60, rest % 60)
end

-- For tests: a partial input of one step with one command. `line` is split at blanks; `impact` is one
-- or a list; `more` = { command = , step = , request = , context = } with what else is to be given.
function lib.change(line, impact, more)
	more = more or {}
	local command, step = {}, {}
	for key, item in pairs(more.command or {}) do
		command[key] = item
	end
	for key, item in pairs(more.step or {}) do
		step[key] = item
	end
	command.argv = {}
	for word in line:gmatch("%S+") do
		if not command.program then
			command.program = word
		else
			command.argv[#command.argv + 1] = word
		end
	end
	command.impacts = impact and (impact[1] and impact or { impact }) or {}
	step.commands = { command }
	return { steps = { step }, request = more.request, context = more.context }
end

return lib
