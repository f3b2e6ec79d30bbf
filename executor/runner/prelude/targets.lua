-- Targets, selections of them, and the registers, readings and actions that they have by kind.
local host, use = ...
local fault = use "fault"
local language = use "language"
local object = use "object"
local predicate = use "predicate"
local presets = use "presets"
local text = use "text"
local value = use "value"
local options = use "options"

local targets = {}
local kinds = {} -- name -> { names = list, methods = {name -> function} }

local MAX_ARGUMENT = 4096
local MAX_ARGUMENTS = 64

local new_action = object.class("action", {})

local function shape(row)
	return row.example or row.name
end

local function need_text(given, name)
	if type(given) == "number" and math.type(given) == "integer" then
		return string.format("%d", given)
	elseif type(given) ~= "string" then
		fault.raise(name .. ": a text is needed, not " .. object.describe(given))
	end
	return given
end

-- One argument as text, or an error that shows it.
local function take_argument(given, row, name)
	if given == row.last_good and given ~= nil then
		return given
	elseif given == nil then
		fault.raise(name .. ": " .. row.name .. " is missing, as in " .. text.quote(shape(row)))
	end
	local word = need_text(given, name)
	if row.refuse and host.has(word, row.refuse) or word ~= "" and text.prose_problem(word, MAX_ARGUMENT) then
		fault.raise(name .. ": " .. text.quote(word) .. " has characters that are refused here")
	elseif row.allow and not string.find(word, row.allow) or row.first and word ~= "" and string.sub(word, 1, 1) ~= row.first then
		fault.raise(name .. ": " .. text.quote(word) .. " is no " .. row.name .. "; write one as in " .. text.quote(shape(row)))
	elseif word == "" and not row.first then
		fault.raise(name .. ": " .. row.name .. " is empty")
	end
	row.last_good = word -- mostly the next target has the same
	return word
end

local quotes = { ['"'] = "double", ["'"] = "single", ["`"] = "raw" }

-- In which quotes the end of a PromQL text stands, or nil.
local function quotes_at_end(before)
	local open
	local i = 1
	while i <= #before do
		local char = string.sub(before, i, i)
		if open and char == "\\" and open ~= "`" then
			i = i + 1
		elseif open == char then
			open = nil
		elseif not open and quotes[char] then
			open = char
		end
		i = i + 1
	end
	return open
end

local function escape_query(word, name, before)
	local open = quotes_at_end(before)
	if not open and string.find(word, "[^%w_:.]") or open == "`" and string.find(word, "`") then
		fault.raise("value: ${" .. name .. "}: " .. text.quote(word) .. " has characters that are refused here")
	elseif open and open ~= "`" then
		word = string.gsub(word, "[\\\n" .. open .. "]", { ["\\"] = "\\\\", ["\n"] = "\\n", [open] = "\\" .. open })
	end
	return word
end

local function take_query(given, names)
	local query = value.fill(given, names, "value", escape_query)
	if not string.find(query, "%S") then
		fault.raise "value: the query is empty"
	elseif text.prose_problem(query, MAX_ARGUMENT) then
		fault.raise("value: the query " .. text.prose_problem(query, MAX_ARGUMENT))
	end
	return query
end

-- The options that a register's constructor takes: `write` of http, `zone` of powerdns.
local writes = { put = true, ["merge-patch"] = true, ["json-patch"] = true }

local NO_OPTIONS = {}

local function take_options(row, given)
	if given == nil then
		return NO_OPTIONS
	elseif not row.options or type(given) ~= "table" or object.of(given) then
		fault.raise(row.name .. ": it takes " .. #row.args .. (#row.args == 1 and " argument" or " arguments")
			.. ", not " .. object.describe(given) .. " after them")
	end
	for _, key in ipairs(text.sorted_keys(given)) do
		if key ~= row.options[1] then
			fault.raise(row.name .. ": " .. text.key(key) .. " is no option" .. text.hint(key, row.options))
		end
	end
	if given.write ~= nil and not writes[given.write] then
		fault.raise(row.name .. ": write: " .. object.describe(given.write)
			.. ' is no choice; write "put", "merge-patch" or "json-patch"')
	elseif given.zone ~= nil then
		take_argument(given.zone, row.args[1], row.name)
	end
	return given
end

local function take_arguments(row, ...)
	if row.query then
		return { take_query(...) }, NO_OPTIONS
	end
	local rows, name = row.args, row.name
	local args = { take_argument((...), rows[1], name) }
	for i = 2, #rows do
		args[i] = take_argument((select(i, ...)), rows[i], name)
	end
	return args, take_options(row, (select(#rows + 1, ...)))
end

-- What registers of one kind and one method share: the graph's type, its arguments and its way over
-- http. Kept for the last arguments, since many targets have the same.
local function make_form(row, type_name, args, taken)
	local key = type_name .. "\0" .. (#args == 1 and args[1] or table.concat(args, "\0")) .. "\0" .. (taken.write or taken.zone or "")
	local form = row.last_form
	if not form or form.key ~= key then
		local preset = presets[type_name]
		form = { key = key, name = row.name, type = type_name, args = args, http = preset and preset(args, taken) or nil,
			writable = row.writable }
		if args[2] == "" then
			form.args = { args[1], "#" } -- the whole document, as in a URL's fragment: no argument is empty
		end
		row.last_form = form
	end
	return form
end

local function register_of(self, _, row, type_name, ...)
	local args, taken = take_arguments(row, ...)
	local form = make_form(row, type_name, args, taken)
	if self.class == "target" then
		return predicate.new_register { class = "register", form = form, target = self.name }
	end
	local members = {}
	for i, target in ipairs(self.items) do
		members[i] = { class = "register", form = form, target = object.of(target).name }
	end
	return predicate.new_group { form = form, members = members }
end

local function more_arguments(row, args, ...)
	if select("#", ...) > MAX_ARGUMENTS then
		fault.raise(row.name .. ": it has more than " .. MAX_ARGUMENTS .. " arguments")
	end
	for i = #row.args + 1, select("#", ...) do
		args[i] = take_argument((select(i, ...)), row.more, row.name)
	end
	return args
end

local function action_of(self, proxy, row, type_name, ...)
	local args = {}
	for i, arg in ipairs(row.args) do
		args[i] = take_argument((select(i, ...)), arg, row.name)
	end
	local action = { type = type_name }
	if row.more then
		action.argv = more_arguments(row, args, ...)
	else
		action.path = args[1]
		action.body = value.literal((select(2, ...)), row.name)
	end
	local list = {}
	for i, target in ipairs(self.items or { proxy }) do
		list[i] = { target = object.of(target).name, type = type_name, argv = action.argv, path = action.path, body = action.body }
	end
	return new_action { name = row.name, list = list, is_group = self.items ~= nil }
end

local function method(kind, row, make)
	local type_name = kind.name == "http" and row.name == "json" and "http" or kind.name .. "." .. row.name
	local preset_name = kind.name .. "." .. row.name
	presets[type_name] = presets[preset_name]
	return host.wrap(function(self, ...)
		local content = object.of(self)
		if not content or content.kind ~= kind.name then
			fault.raise(row.name .. ": write targets:" .. row.name .. "(...), with a colon")
		end
		return make(content, self, row, type_name, ...)
	end)
end

for _, kind in ipairs(language.kinds) do
	local entry = { names = {}, methods = {} }
	local parts = { { kind.registers, register_of, true }, { kind.readings, register_of, false }, { kind.actions, action_of, false } }
	for _, part in ipairs(parts) do
		for _, row in ipairs(part[1] or {}) do
			row.writable = part[3]
			entry.names[#entry.names + 1] = row.name
			entry.methods[row.name] = method(kind, row, part[2])
		end
	end
	kinds[kind.name] = entry
end

local AN = { etcd = true, exec = true, http = true }

local function refuse_method(content, key)
	local names = { table.unpack(kinds[content.kind].names) }
	local one = content.class == "target"
	for _, name in ipairs(one and { "name", "labels" } or { "where", "one", "first" }) do
		names[#names + 1] = name
	end
	fault.raise((one and (AN[content.kind] and "this is an " or "this is a ") or "these are ") .. content.kind
		.. (one and " target: it has no " or " targets: they have no ") .. text.key(key) .. text.hint(key, names))
end

local function labels_view(target)
	return object.read_only(target.labels, function(key)
		if target.is_made_up and type(key) == "string" then
			target.labels[key] = "made-up"
			return "made-up"
		end
		fault.raise(target.name .. " has no label " .. text.key(key) .. text.hint(key, text.sorted_keys(target.labels)))
	end)
end

local function target_index(self, key)
	local content = object.of(self)
	local method_of_kind = kinds[content.kind].methods[key]
	if method_of_kind then
		return method_of_kind
	elseif key == "name" then
		return content.name
	elseif key == "labels" then
		content.labels_view = content.labels_view or labels_view(content)
		return content.labels_view
	end
	refuse_method(content, key)
end

local new_target = object.class("target", { __index = target_index })

local new_selection

local function need_labels(given, what)
	if type(given) ~= "table" or object.of(given) or next(given) == nil then
		fault.raise(what .. ": write selection:" .. what .. ' { label = "x" }')
	end
	for _, key in ipairs(text.sorted_keys(given)) do
		if type(given[key]) ~= "string" then
			fault.raise(what .. ": " .. key .. ": a label is a text, not " .. object.describe(given[key]))
		end
	end
	return given
end

local function has_labels(target, wanted)
	for key, word in next, wanted do
		if target.labels[key] ~= word then
			return false
		end
	end
	return true
end

-- Made-up targets of lint take the labels that are asked of them, as long as they have no others.
local function take_label(target, wanted)
	if not target.is_made_up then
		return false
	end
	for key, word in next, wanted do
		if target.labels[key] ~= nil and target.labels[key] ~= word then
			return false
		end
	end
	for key, word in next, wanted do
		target.labels[key] = word
	end
	return true
end

local function matching(selection, wanted)
	local found = {}
	for _, proxy in ipairs(selection.items) do
		if has_labels(object.of(proxy), wanted) then
			found[#found + 1] = proxy
		end
	end
	for _, proxy in ipairs(#found == 0 and selection.items or {}) do
		if take_label(object.of(proxy), wanted) then
			return { proxy }
		end
	end
	return found
end

local function labels_text(wanted)
	local words = {}
	for i, key in ipairs(text.sorted_keys(wanted)) do
		words[i] = key .. " = " .. text.quote(wanted[key])
	end
	return table.concat(words, ", ")
end

local function need_selection(self, name)
	local content = object.of(self)
	if not content or content.class ~= "selection" then
		fault.raise(name .. ": write selection:" .. name .. "(...), with a colon")
	end
	return content
end

local function narrow(selection, items)
	return new_selection { kind = selection.kind, declared = selection.declared, items = items }
end

local selection_methods = {
	where = host.wrap(function(self, given)
		local selection = need_selection(self, "where")
		local found = matching(selection, need_labels(given, "where"))
		if #found == 0 then
			fault.raise("where: none of the " .. #selection.items .. " targets of " .. selection.declared .. " has " .. labels_text(given))
		end
		return narrow(selection, found)
	end),
	one = host.wrap(function(self, given)
		local selection = need_selection(self, "one")
		local found = matching(selection, need_labels(given, "one"))
		if #found ~= 1 then
			fault.raise("one: " .. #found .. " of the " .. #selection.items .. " targets of " .. selection.declared
				.. " have " .. labels_text(given) .. "; it must be exactly one")
		end
		return found[1]
	end),
	first = host.wrap(function(self, given)
		local selection = need_selection(self, "first")
		local count = options.count(given, #selection.items, "first")
		return narrow(selection, { table.unpack(selection.items, 1, count) })
	end),
}

new_selection = object.class("selection", {
	__len = function(self)
		return #object.of(self).items
	end,
	__index = function(self, key)
		local content = object.of(self)
		if math.type(key) == "integer" then
			return content.items[key]
		elseif key == "name" or key == "labels" then
			fault.raise("this is a selection of " .. #content.items .. " targets; take one by :one { ... } or each(...) for its " .. key)
		end
		return selection_methods[key] or kinds[content.kind].methods[key] or refuse_method(content, key)
	end,
})

local function bind_target(row, kind)
	return new_target { kind = kind, name = row.name, labels = row.labels or {}, is_made_up = row.is_made_up }
end

-- The objects of one declaration: `list` as the daemon resolved it, sorted by name.
function targets.bind(declared, declaration, list)
	local items = {}
	for i, row in ipairs(list) do
		items[i] = bind_target(row, declaration.kind)
	end
	if declaration.name then
		return items[1]
	end
	return new_selection { kind = declaration.kind, declared = declared, items = items }
end

-- switch "name", for a script whose manifest lists `patterns`.
function targets.switch(name, patterns)
	if type(name) ~= "string" then
		fault.raise("switch: write switch \"name\", not " .. object.describe(name))
	elseif not text.is_path_name(name) then
		fault.raise("switch: " .. text.quote(name) .. " is no name; write it as in \"shop/reviews\"")
	end
	for _, pattern in ipairs(patterns) do
		local prefix = string.match(pattern, "^(.*)%*$")
		if pattern == name or (prefix and string.sub(name, 1, #prefix) == prefix) then
			return predicate.new_register {
				form = { key = "switch\0" .. name, name = "switch", type = "switch", args = { name }, writable = true },
			}, pattern
		end
	end
	fault.raise("switch: " .. text.quote(name) .. " is not in the manifest's switches" .. text.hint(name, patterns, true))
end

return targets
