-- Nodes and the lists they stand in; the acts: set, run, check, wait, hold, gate, manual.
local _, use = ...
local fault = use "fault"
local language = use "language"
local object = use "object"
local options = use "options"
local predicate = use "predicate"
local text = use "text"
local value = use "value"

local nodes = {}
local made, made_count = {}, 0

nodes.MAX_TEXT = 1000
nodes.MAX_TITLE = 120

local new_node = object.class("node", {
	__index = function()
		fault.raise "a node has no fields; it is made once and stands in a list"
	end,
})

-- Counts a node that a plan or a selection makes, so that a plan can't fill the memory.
local function spend()
	made_count = made_count + 1
	if made_count > language.limits.nodes then
		fault.raise("the plan makes more than " .. language.limits.nodes .. " nodes")
	end
end

-- A node as a plan holds it. It must come to stand in a list: see nodes.check_placed. Nodes that come
-- often are given with every field that they will have: a table that grows is made anew each time.
function nodes.make(kind, content)
	spend()
	content.kind, content.place = kind, fault.here()
	made[#made + 1] = content
	return new_node(content)
end

function nodes.reset()
	made, made_count = {}, 0
end

-- Every node that was made must stand in a list.
function nodes.check_placed()
	local faults = fault.list()
	for _, content in ipairs(made) do
		if content.class == "unfinished" then
			if not content.is_done then
				faults.add(content.place, content.word .. ": a title needs its { ... }")
			end
		elseif not content.is_placed and #faults < 20 then
			faults.add(content.place, (content.word or content.kind) .. " is made here but stands in no list")
		end
	end
	faults.done()
end

-- step "title", not yet followed by its braces.
nodes.new_unfinished = object.class("unfinished", {
	__call = function(self, ...)
		local content = object.of(self)
		content.is_done = true
		return content.finish(content, ...)
	end,
	__index = function(self)
		fault.raise(object.of(self).word .. ": a title needs its { ... }")
	end,
})

function nodes.watch(content)
	content.place = fault.here()
	made[#made + 1] = content
	return content
end

local advice = {
	predicate = "a predicate alone does nothing; use check(...), wait(...) or a guard",
	register = "a reading alone does nothing; use set(...), or ask it: check(reading:below(0.7))",
	group = "a register alone does nothing; use set(...)",
	action = "an action alone does nothing; use run(...)",
	selection = "a selection alone does nothing; use each(...)",
	target = "a target alone does nothing; use set(target:register(...), value)",
	duration = "a duration alone does nothing; use hold(...)",
}

local function refuse_item(item, what)
	local content = object.of(item)
	if content and content.class == "unfinished" then
		content.is_done = true
		fault.raise(content.word .. ": a title needs its { ... }", content.place)
	elseif content and advice[content.class] then
		fault.raise(what .. ": " .. advice[content.class], content.place)
	elseif type(item) == "function" then
		fault.raise(what .. ": a function stands in the list; call it")
	end
	fault.raise(what .. ": a node is needed here, not " .. object.describe(item))
end

local function add_guard(list, content, what)
	if not list.allows_guards then
		fault.raise(content.word .. ": a guard stands first in a step, a parallel, or apply and restore; not in " .. what, content.place)
	elseif #list.nodes > 0 then
		fault.raise(content.word .. ": a guard stands first in its block, before what it covers", content.place)
	end
	content.is_placed = true
	list.guards = list.guards or {}
	list.guards[#list.guards + 1] = content
end

local gather

-- The last position of a list with holes. Its named entries are options; the first unknown one by name is told.
local function last_position(given, known, what)
	local last, unknown = #given, nil
	for key in next, given do
		if math.type(key) == "integer" then
			last = key > last and key or last
		elseif not (known and known[key]) then
			local shown = text.key(key)
			unknown = unknown and unknown < shown and unknown or shown
		end
	end
	if unknown then
		fault.raise(what .. ": " .. unknown .. " is no option" .. text.hint(string.sub(unknown, 2, -2), text.sorted_keys(known or {})))
	end
	return last < language.limits.nodes and last or language.limits.nodes
end

local function add_item(list, item, what, depth)
	local content = object.of(item)
	if not content and type(item) == "table" then
		gather(list, item, what, depth + 1)
	elseif not content or content.class ~= "node" then
		refuse_item(item, what)
	elseif content.kind == "guard" then
		add_guard(list, content, what)
	else
		content.is_placed = true
		list.nodes[#list.nodes + 1] = content
	end
end

function gather(list, given, what, depth)
	if depth > 32 then
		fault.raise(what .. ": lists are nested too deep")
	end
	for i = 1, last_position(given, depth == 1 and list.options, what) do
		local item = given[i]
		if item then
			add_item(list, item, what, depth)
		elseif item ~= false and item ~= nil then
			refuse_item(item, what)
		end
	end
end

local function check_siblings(list, what)
	local titles = {}
	for i = 1, #list.nodes do
		local content = list.nodes[i]
		if content.kind == "step" then
			if titles[content.title] then
				fault.raise(what .. ": two steps have the title " .. text.quote(content.title), content.place)
			end
			titles[content.title] = true
			if content.needs and not list.is_parallel then
				fault.raise(content.word .. ": needs works only directly inside parallel", content.place)
			end
		end
	end
end

-- What a block was given, as { guards, nodes }: nil and false are skipped, lists in it flattened.
-- `how`: allows_guards, is_parallel, options = { name = true }.
function nodes.list(given, what, how)
	local list = { guards = nil, nodes = {}, allows_guards = how.allows_guards, is_parallel = how.is_parallel, options = how.options }
	if object.of(given) then
		add_item(list, given, what, 1)
	elseif type(given) == "table" then
		gather(list, given, what, 1)
	elseif given then
		refuse_item(given, what)
	end
	check_siblings(list, what)
	return list
end

-- A set as the graph has it, without a proxy of its own: one target of a selection.
local function plain_set(register, wanted, taken, place)
	spend()
	return {
		kind = "set", place = place, register = register, value = wanted,
		if_value = taken.if_value, if_version = taken.if_version,
	}
end

local NO_OPTIONS = {}

local function take_set_options(given)
	if given == nil then
		return NO_OPTIONS
	end
	local taken = options.take("set", given)
	local version = taken.if_version
	if version ~= nil and (type(version) ~= "string" or text.prose_problem(version, nodes.MAX_TEXT)) then
		fault.raise("set: if_version: a text is needed, not " .. object.describe(version))
	elseif version ~= nil and taken.if_value ~= nil then
		fault.raise "set: if_value and if_version exclude each other"
	end
	local expected = taken.if_value
	if expected ~= nil then
		expected = value.wanted(expected, "set: if_value")
		if type(expected) == "table" and (expected.class == "percent" or expected.class == "rest") then
			fault.raise "set: if_value: a fixed value, baseline or absent is needed"
		end
	end
	return { if_value = expected, if_version = version }
end

-- One each over the members of a group, all at once.
local function set_group(members, wanted, taken)
	local place = fault.here()
	local branches = {}
	for i, register in ipairs(members) do
		branches[i] = { item = register.target, nodes = { plain_set(register, wanted, taken, place) } }
	end
	return { branches = branches, at_once = #branches, max_failures = 0, word = "set" }
end

local function set(register, given, given_options)
	local content = object.of(register)
	if not content or (content.class ~= "register" and content.class ~= "group") then
		fault.raise("set: a register is needed, as in t.edges:weight(...), not " .. object.describe(register))
	elseif not content.form.writable then
		fault.raise("set: " .. content.form.name .. " can only be read")
	end
	local wanted = value.wanted(given, "set")
	local taken = take_set_options(given_options)
	if content.members then
		return nodes.make("each", set_group(content.members, wanted, taken))
	end
	return nodes.make("set", {
		kind = "set", class = "node", place = 0, is_placed = false,
		register = content, value = wanted, if_value = taken.if_value, if_version = taken.if_version,
	})
end

-- Either undo or irreversible, and not both.
local function take_undo(what, taken, undo_help)
	if taken.undo == nil and taken.irreversible == nil then
		fault.raise(what .. ": write undo = " .. undo_help .. ", or irreversible = \"why\"")
	elseif taken.undo ~= nil and taken.irreversible ~= nil then
		fault.raise(what .. ": undo and irreversible exclude each other")
	elseif taken.irreversible ~= nil then
		options.label(taken.irreversible, what .. ": irreversible", nodes.MAX_TEXT)
	end
	return taken.undo, taken.irreversible
end

local function need_action(given, what)
	local content = object.of(given)
	if not content or content.class ~= "action" then
		fault.raise(what .. ": an action is needed, as in target:command(...), not " .. object.describe(given))
	end
	return content
end

-- The action that undoes the i-th of a group.
local function undo_of(undo, action, i)
	if not undo then
		return nil
	elseif #undo.list == #action.list then
		return undo.list[i]
	end
	fault.raise "run: undo: it must be for the same targets as the action"
end

local function run(given, given_options)
	local action = need_action(given, "run")
	local taken = options.take("run", given_options)
	local undo, irreversible = take_undo("run", taken, "action")
	undo = undo and need_action(undo, "run: undo")
	local within_ms = options.positive_ms(taken.within or "1m", "run: within")
	local probe = taken.probe ~= nil and predicate.need(taken.probe, "run: probe") or nil
	local function one(i)
		return { kind = "run", action = action.list[i], undo = undo_of(undo, action, i),
			irreversible = irreversible, within_ms = within_ms, probe = probe }
	end
	if not action.is_group then
		return nodes.make("run", one(1))
	end
	local branches, place = {}, fault.here()
	for i, member in ipairs(action.list) do
		spend()
		branches[i] = { item = member.target, nodes = { one(i) } }
		branches[i].nodes[1].place = place
	end
	return nodes.make("each", { branches = branches, at_once = #branches, max_failures = 0, word = "run" })
end

local function check(given)
	local content = predicate.need(given, "check")
	if content.longest_ms then
		fault.raise "check: it looks once, so :lasting can't be; use wait(...)"
	end
	return nodes.make("check", { predicate = content })
end

local function wait(given, given_options)
	local content = predicate.need(given, "wait")
	local taken = options.take("wait", given_options)
	local within_ms = options.positive_ms(taken.within, "wait: within")
	if content.longest_ms and content.longest_ms > within_ms then
		fault.raise("wait: lasting " .. text.duration(content.longest_ms) .. " is longer than within " .. text.duration(within_ms))
	end
	return nodes.make("wait", { predicate = content, within_ms = within_ms })
end

local function hold(given)
	return nodes.make("hold", { hold_ms = options.positive_ms(given, "hold") })
end

local function take_role(taken, what)
	local role = options.label(taken.role, what .. ": role", 60)
	if string.find(role, "%s") then
		fault.raise(what .. ": role: " .. text.quote(role) .. " names no role or group")
	end
	return role, options.positive_ms(taken.within or "30m", what .. ": within")
end

local function gate(question, given_options)
	options.label(question, "gate: the question", nodes.MAX_TEXT)
	local role, within_ms = take_role(options.take("gate", given_options), "gate")
	return nodes.make("gate", { question = question, role = role, within_ms = within_ms })
end

local function manual(task, given_options)
	options.label(task, "manual: the task", nodes.MAX_TEXT)
	local taken = options.take("manual", given_options)
	local role, within_ms = take_role(taken, "manual")
	local undo, irreversible = take_undo("manual", taken, "\"task\"")
	if undo then
		options.label(undo, "manual: undo", nodes.MAX_TEXT)
	end
	return nodes.make("manual", { task = task, role = role, within_ms = within_ms, undo = undo, irreversible = irreversible })
end

-- The set nodes of one stage of a ramp on a register.
function nodes.stage_sets(content, wanted, place)
	if not content.members then
		return { plain_set(content, wanted, {}, place) }
	end
	local group = set_group(content.members, wanted, {})
	group.kind, group.place = "each", place
	return { group }
end

nodes.names = { set = set, run = run, check = check, wait = wait, hold = hold, gate = gate, manual = manual }

for _, action in ipairs { "pause", "abort", "rollback" } do
	nodes.names[action .. "_if"] = function(given)
		local content = predicate.need(given, action .. "_if")
		return nodes.make("guard", { word = action .. "_if", action = action, predicate = content })
	end
end

return nodes
