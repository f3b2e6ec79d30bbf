-- From nodes to the graph: numbering, the register table, lines, limits, and the checks that need
-- the whole tree: irreversible acts and gates, two writers in a parallel.
local _, use = ...
local encode = use "encode"
local fault = use "fault"
local language = use "language"
local text = use "text"
local value = use "value"

local graph = {}
local limits = language.limits
local array = encode.array

-- A walk over body and restore of one graph. `place`: where to say what concerns the whole plan.
function graph.new(place)
	return {
		place = place, lines = {}, registers = array {}, index = {}, written = {},
		effects = 0, count = 0, guard_count = 0, faults = fault.list(), on_guard = nil,
	}
end

local last_text, last_quoted

-- A text as JSON; mostly the next one is the same.
local function quoted(word)
	if word ~= last_text then
		last_text, last_quoted = word, encode.quote(word)
	end
	return last_quoted
end

-- A register as it stands in the table. What registers of one form share is written once.
local function register_text(form, target)
	local before, after = form.text_before, form.text_after
	if not before then
		before = '{"args":' .. encode.text(form.args) .. (form.http and ',"http":' .. encode.text(form.http) or "")
		after = ',"type":"' .. form.type .. '"}'
		form.text_before, form.text_after = before, after
	end
	return target and before .. ',"target":' .. quoted(target) .. after or before .. after
end

local function register_index(walk, register)
	local form = register.form
	local of_form, target = walk.index[form.key], register.target or ""
	local at = of_form and of_form[target]
	if at then
		return at
	end
	at = #walk.registers
	walk.registers[at + 1] = encode.raw(register_text(form, register.target))
	if of_form then
		of_form[target] = at
	else
		walk.index[form.key] = { [target] = at }
	end
	return at
end

local function register_list(walk, list)
	local positions = {}
	for i, register in ipairs(list) do
		positions[i] = register_index(walk, register)
	end
	return array(positions)
end

local forms = {
	percent = function(walk, content)
		return { ["$percent"] = {
			n = content.number, round = content.round, at_least = content.at_least, at_most = content.at_most,
			of = content.of and register_list(walk, content.of) or nil,
		} }
	end,
	rest = function(walk, content)
		return { ["$rest"] = { total = content.total, of = register_list(walk, content.of) } }
	end,
	baseline = function()
		return { ["$baseline"] = true }
	end,
	absent = function()
		return { ["$absent"] = true }
	end,
	reading = function(walk, content)
		return { ["$reading"] = register_index(walk, content.register) }
	end,
}

-- JSON as it is, or a relative form written out.
local function value_of(walk, given)
	if type(given) == "table" and given[value.FORM] then
		return forms[given.class](walk, given)
	end
	return given
end

local function predicate_of(walk, content)
	local made = { op = content.op, lasting_ms = content.lasting_ms }
	if content.of then
		local of = {}
		for i, child in ipairs(content.of) do
			of[i] = predicate_of(walk, child)
		end
		made.of = array(of)
	else
		made.reading = register_index(walk, content.reading)
		made.than = value_of(walk, content.than)
	end
	return made
end

local function maybe_predicate(walk, content)
	return content and predicate_of(walk, content) or nil
end

local function describe_register(register)
	return register.form.name .. " " .. table.concat(register.form.args, " ") .. (register.target and " on " .. register.target or "")
end

-- Remembers who writes what in the branches that run at the same time.
local function note_write(walk, scope, register, at, node)
	while scope do
		local seen = scope.seen[at]
		if not seen then
			scope.seen[at] = { scope.child }
		elseif seen[#seen] ~= scope.child then
			for _, before in ipairs(seen) do
				if not scope.is_after(before, scope.child) and not scope.is_reported then
					scope.is_reported = true
					walk.faults.add(node.place, scope.word .. ": " .. scope.name(before) .. " and " .. scope.name(scope.child)
						.. " both set " .. describe_register(register) .. "; " .. scope.advice)
					break
				end
			end
			seen[#seen + 1] = scope.child
		end
		scope = scope.above
	end
end

local function count_effect(walk, node)
	walk.effects = walk.effects + 1
	if walk.effects > limits.effects then
		fault.raise("the graph has more than " .. limits.effects .. " effects", node.place)
	end
end

local function check_irreversible(walk, node, state)
	if not node.irreversible then
		return
	end
	if not state.gated then
		walk.faults.add(node.place, node.kind .. ": irreversible, so a gate must stand before it")
	end
	for _, guard in ipairs(state.rollbacks) do
		if not guard.is_reported then
			guard.is_reported = true
			walk.faults.add(guard.place, "rollback_if: its block holds something irreversible (line " .. fault.line(node.place)
				.. "), which can't be undone; use pause_if or abort_if")
		end
	end
end

local last_limits = {}

-- How long and deep the text may be, with faults at a place.
local function limits_at(place)
	if last_limits.place ~= place then
		last_limits = {
			place = place, max_bytes = limits.graph_bytes, max_depth = limits.depth,
			too_long = function()
				fault.raise("the graph has more than 8 MB", place)
			end,
			too_deep = function()
				fault.raise("the graph is nested deeper than " .. limits.depth .. " levels", place)
			end,
		}
	end
	return last_limits
end

-- The fields that a node of each kind may have.
local orders = {
	set = encode.order { "kind", "register", "value", "if_value", "if_version" },
	run = encode.order { "kind", "action", "within_ms", "probe", "undo", "irreversible" },
	check = encode.order { "kind", "predicate" },
	wait = encode.order { "kind", "predicate", "within_ms" },
	hold = encode.order { "kind", "hold_ms" },
	gate = encode.order { "kind", "question", "role", "within_ms" },
	manual = encode.order { "kind", "task", "role", "within_ms", "undo", "irreversible" },
	step = encode.order { "kind", "title", "needs", "guards", "body" },
	parallel = encode.order { "kind", "at_once", "max_failures", "guards", "body" },
	each = encode.order { "kind", "branches", "at_once", "batches", "hold_ms", "max_failures" },
	ramp = encode.order { "kind", "stages", "hold_ms", "go_if", "within_ms", "back_if", "forward_only" },
	choose = encode.order { "kind", "predicate", "within_ms", "yes", "no" },
	call = encode.order { "kind", "plan", "version", "action", "params", "guards", "body" },
}

local writers = {}
local write_list

-- A state is what holds at a place: gated, rollbacks, scope (parallels above), depth.
local function below(state, depth, scope)
	return { gated = state.gated, rollbacks = state.rollbacks, scope = scope or state.scope, depth = state.depth + depth }
end

local function write_guards(walk, guards, prefix, state)
	if not guards then
		return nil
	end
	local made = {}
	for i, guard in ipairs(guards) do
		walk.lines[prefix .. "g" .. i] = fault.text(guard.place)
		walk.guard_count = walk.guard_count + 1
		made[i] = { action = guard.action, predicate = predicate_of(walk, guard.predicate) }
		if walk.on_guard then
			walk.on_guard(guard)
		end
		if guard.action == "rollback" then
			local rollbacks = { table.unpack(state.rollbacks) }
			rollbacks[#rollbacks + 1] = guard
			state.rollbacks = rollbacks
		end
	end
	return array(made)
end

function writers.set(walk, node, _, state)
	count_effect(walk, node)
	local at = register_index(walk, node.register)
	if state.scope then
		note_write(walk, state.scope, node.register, at, node)
	end
	return {
		kind = "set",
		register = at, value = value_of(walk, node.value),
		if_value = node.if_value ~= nil and value_of(walk, node.if_value) or nil, if_version = node.if_version,
	}
end

local function action_of(action)
	return action and { target = action.target, type = action.type, argv = action.argv and array(action.argv),
		path = action.path, body = action.body } or nil
end

function writers.run(walk, node, _, state)
	count_effect(walk, node)
	check_irreversible(walk, node, state)
	return {
		kind = "run",
		action = action_of(node.action), undo = action_of(node.undo), irreversible = node.irreversible,
		within_ms = node.within_ms, probe = maybe_predicate(walk, node.probe),
	}
end

function writers.check(walk, node)
	return { kind = "check", predicate = predicate_of(walk, node.predicate) }
end

function writers.wait(walk, node)
	return { kind = "wait", predicate = predicate_of(walk, node.predicate), within_ms = node.within_ms }
end

function writers.hold(_, node)
	return { kind = "hold", hold_ms = node.hold_ms }
end

function writers.gate(_, node, _, state)
	state.gated = true
	return { kind = "gate", question = node.question, role = node.role, within_ms = node.within_ms }
end

function writers.manual(walk, node, _, state)
	count_effect(walk, node)
	check_irreversible(walk, node, state)
	return { kind = "manual", task = node.task, role = node.role, within_ms = node.within_ms, undo = node.undo, irreversible = node.irreversible }
end

function writers.step(walk, node, path, state)
	local inner, list, prefix = below(state, 2), node.list, path .. "."
	local guards = write_guards(walk, list.guards, prefix, inner)
	local body = write_list(walk, list.nodes, prefix, inner)
	state.gated = inner.gated
	return { kind = "step", title = node.title, needs = node.needs_at and array(node.needs_at) or nil, guards = guards, body = body }
end

local function child_name(node)
	return function(i)
		local child = node.list.nodes[i]
		return child.title and "step " .. text.quote(child.title) or "child " .. i
	end
end

local write_node

function writers.parallel(walk, node, path, state)
	local inner = below(state, 2)
	local guards = write_guards(walk, node.list.guards, path .. ".", inner)
	inner.scope = {
		above = state.scope, seen = {}, word = "parallel", name = child_name(node),
		advice = "give the later one `needs`, or set it once",
		is_after = function(before, after)
			return node.closure[after][before]
		end,
	}
	local body, gated = {}, {}
	for i, child in ipairs(node.list.nodes) do
		inner.scope.child = i
		inner.gated = state.gated
		for before in next, node.closure[i] do
			inner.gated = inner.gated or gated[before]
		end
		body[i] = write_node(walk, child, path .. "." .. i, inner)
		gated[i] = inner.gated
	end
	for i = 1, #gated do
		state.gated = state.gated or gated[i]
	end
	return { kind = "parallel", at_once = node.at_once, max_failures = node.max_failures, guards = guards, body = array(body) }
end

local function never()
	return false
end

-- Branches of each: with more than one at a time no two may write one register.
function writers.each(walk, node, path, state)
	local scope = node.at_once > 1 and {
		above = state.scope, seen = {}, word = "each", is_after = never, advice = "set it once, outside",
		name = function(i)
			return text.quote(node.branches[i].item)
		end,
	} or nil
	local branches, all_gated = {}, true
	for i, branch in ipairs(node.branches) do
		local inner = below(state, 4, scope)
		if scope then
			scope.child = i
		end
		local body = write_list(walk, branch.nodes, path .. "." .. i .. ".", inner)
		local text_of_body = encode.part(body, limits_at(node.place), state.depth + 4)
		branches[i] = encode.raw('{"body":' .. text_of_body .. ',"item":' .. encode.quote(branch.item) .. "}") -- a fifth of the tables
		all_gated = all_gated and inner.gated
	end
	state.gated = state.gated or all_gated
	return {
		kind = "each",
		branches = array(branches), at_once = node.at_once, batches = node.batches and array(node.batches) or nil,
		hold_ms = node.hold_ms, max_failures = node.max_failures,
	}
end

function writers.ramp(walk, node, path, state)
	local go_if, back_if = maybe_predicate(walk, node.go_if), maybe_predicate(walk, node.back_if)
	local stages, inner = {}, below(state, 4)
	for i, stage in ipairs(node.stages) do
		stages[i] = { at = value_of(walk, stage.at), body = write_list(walk, stage.nodes, path .. "." .. i .. ".", inner) }
	end
	state.gated = inner.gated
	return {
		kind = "ramp",
		stages = array(stages), hold_ms = node.hold_ms, within_ms = node.within_ms, go_if = go_if, back_if = back_if,
		forward_only = node.forward_only,
	}
end

function writers.choose(walk, node, path, state)
	local predicate = predicate_of(walk, node.predicate)
	local yes_state, no_state = below(state, 2), below(state, 2)
	local yes = write_list(walk, node.yes, path .. ".1.", yes_state)
	local no = write_list(walk, node.no, path .. ".2.", no_state)
	state.gated = yes_state.gated and no_state.gated
	return { kind = "choose", predicate = predicate, within_ms = node.within_ms, yes = yes, no = no }
end

function writers.call(walk, node, path, state)
	local inner = below(state, 2)
	local guards = write_guards(walk, node.list.guards, path .. ".", inner)
	local body = write_list(walk, node.list.nodes, path .. ".", inner)
	state.gated = inner.gated
	return { kind = "call", plan = node.plan, version = node.version, action = node.action, params = node.params, guards = guards, body = body }
end

function write_node(walk, node, path, state)
	local kind, place, count = node.kind, node.place, walk.count + 1
	walk.lines[path], walk.count = fault.text(place), count
	if count > limits.nodes then
		fault.raise("the graph has more than " .. limits.nodes .. " nodes", place)
	elseif state.depth > limits.depth - 4 then
		fault.raise("blocks are nested too deep here", place)
	end
	return setmetatable(writers[kind](walk, node, path, state), orders[kind])
end

-- The first positions as text: a number that is joined to a text is printed anew each time.
local digits = {}
for i = 1, 64 do
	digits[i] = tostring(i)
end

function write_list(walk, list, prefix, state)
	local count = #list
	if count == 0 then
		return array {}
	end
	local made = { write_node(walk, list[1], prefix .. "1", state) }
	for i = 2, count do
		made[i] = write_node(walk, list[i], prefix .. (digits[i] or i), state)
	end
	return made
end

-- Guards and nodes of apply or restore; `prefix` is "" or "r.".
function graph.section(walk, list, prefix)
	local state = { gated = false, rollbacks = {}, depth = 2 }
	local guards = write_guards(walk, list.guards, prefix, state)
	return guards, write_list(walk, list.nodes, prefix, state)
end

-- The canonical pieces of a graph, within the limits.
function graph.encode(made, place)
	return encode.pieces(made, limits_at(place))
end

return graph
