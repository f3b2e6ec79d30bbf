-- One loaded plan: its environment, require, apply and restore, and call, which loads another.
local host, use = ...
local blocks = use "blocks"
local encode = use "encode"
local environment = use "environment"
local fault = use "fault"
local graph = use "graph"
local language = use "language"
local manifest = use "manifest"
local nodes = use "nodes"
local object = use "object"
local options = use "options"
local params = use "params"
local targets = use "targets"
local text = use "text"

local script = {}

local ACTIONS = { "apply", "restore" }

-- What one evaluation shares: { calls, is_lint, targets = lists for the graph, depth }.
function script.world(calls, is_lint)
	return { calls = calls or {}, is_lint = is_lint, targets = {}, depth = 0, used = {} }
end

local function compile(source, file, env)
	local chunk, message = host.load(source, fault.chunk_name(file), env)
	if not chunk then
		error(fault.caught(message), 0)
	end
	return chunk
end

local function require_module(self, name)
	local source = type(name) == "string" and self.modules[name]
	if not source then
		fault.raise("require: there is no module " .. object.describe(name)
			.. text.hint(name, text.sorted_keys(self.modules), true))
	elseif self.loaded[name] == nil then
		self.loaded[name] = { is_running = true }
		local result = compile(source, name .. ".lua", self.module_env)()
		self.loaded[name] = { result = result }
	elseif self.loaded[name].is_running then
		fault.raise("require: " .. text.quote(name) .. " requires itself")
	end
	return self.loaded[name].result
end

local function take_plan(self, given)
	local place = fault.here()
	if self.manifest then
		fault.raise "plan: it stands here a second time"
	end
	self.manifest = manifest.read(self, given, place)
	self.place = place
end

local function need_manifest(self, what)
	if not self.manifest then
		fault.raise(what .. ": plan { ... } must stand before it")
	end
	return self.manifest
end

local function take_switch(self, name)
	local register, pattern = targets.switch(name, need_manifest(self, "switch").switches)
	self.used.switches[pattern] = true
	return register
end

-- The names that belong to this script alone.
local function own_names(self, world)
	return {
		plan = function(given)
			return take_plan(self, given)
		end,
		require = function(name)
			return require_module(self, name)
		end,
		switch = function(name)
			return take_switch(self, name)
		end,
		call = function(plan, given, given_options)
			return script.call(self, world, plan, given, given_options)
		end,
	}
end

local function define_action(self, key, given)
	for _, action in ipairs(ACTIONS) do
		if key == action then
			if type(given) ~= "function" then
				fault.raise(key .. ": write function " .. key .. "(p, t) ... end")
			end
			self.actions[key] = { make = given, place = fault.here() }
			return given
		end
	end
	fault.raise("globals can't be made; write `local` before " .. text.key(key)
		.. (text.nearest(key, ACTIONS) and text.hint(key, ACTIONS) or ""))
end

-- Loads a plan { file, script, modules, version, targets } and reads its manifest.
function script.load(world, row)
	local self = {
		file = row.file or "plan.lua", source = row.script, modules = row.modules or {}, version = row.version,
		resolved = row.targets or {}, loaded = {}, actions = {}, used = { params = {}, targets = {}, switches = {}, calls = {} },
	}
	local env
	env, self.module_env = environment.new(own_names(self, world), function(key, given)
		return define_action(self, key, given)
	end)
	compile(self.source, self.file, env)()
	if not self.manifest then
		fault.raise("plan { ... } is missing", fault.first_line(self.file))
	elseif not self.actions.apply then
		fault.raise("function apply(p, t) is missing", self.place)
	end
	return self
end

-- The names of the functions that a script has.
function script.action_names(self)
	local names = {}
	for _, action in ipairs(ACTIONS) do
		if self.actions[action] then
			names[#names + 1] = action
		end
	end
	return names
end

local function missing_problem(spec)
	local problem = "it is missing"
	if spec.help then
		problem = problem .. " (" .. spec.help .. ")"
	end
	if spec.type == "enum" then
		return problem .. "; give one of " .. table.concat(spec.values, ", ")
	elseif spec.example ~= nil then
		return problem .. "; give one as in " .. encode.text(params.json(spec, spec.example))
	end
	return problem .. "; give a value of type " .. spec.type
end

-- Checks all given parameters; returns them parsed, with defaults. All problems at once.
local function parse_params(self, given, place, prefix)
	local faults, specs, parsed = fault.list(), self.manifest.params, {}
	for _, name in ipairs(text.sorted_keys(given)) do
		if not specs[name] then
			faults.add(place, prefix .. "the plan has no parameter " .. text.key(name) .. text.hint(name, text.sorted_keys(specs)))
		end
	end
	for _, name in ipairs(text.sorted_keys(specs)) do
		local spec, problem = specs[name], nil
		if given[name] ~= nil and given[name] ~= host.null then
			parsed[name], problem = params.parse(spec, given[name])
		elseif spec.default ~= nil then
			parsed[name] = spec.default
		else
			problem = missing_problem(spec)
		end
		if problem then
			faults.add(place, prefix .. "parameter " .. name .. ": " .. problem)
		end
	end
	faults.done()
	return parsed
end

-- `t`, and the lists for the graph.
local function bind_targets(self, world, prefix)
	local bound = {}
	for _, name in ipairs(text.sorted_keys(self.manifest.targets)) do
		local row = self.manifest.targets[name]
		local list = self.resolved[name] or (world.is_lint and world.make_up(name, row)) or {}
		local least, most = row.at_least or 1, row.at_most or 1
		if #list < least or #list > most then
			fault.raise("targets." .. name .. ": the inventory gives " .. #list .. ", and " .. least
				.. (most > least and " to " .. most or "") .. " are asked for", self.place)
		end
		bound[name] = targets.bind(name, row, list)
		local members = {}
		for i, target in ipairs(list) do
			members[i] = encode.raw('{"name":' .. encode.quote(target.name) .. "}")
		end
		world.targets[prefix .. name] = { selector = row.labels, list = encode.array(members) }
	end
	return bound
end

local function find_target(bound, place)
	return function(from, name)
		local names = {}
		for i = 1, #bound[from] do
			names[i] = bound[from][i].name
			if names[i] == name then
				return bound[from][i]
			end
		end
		fault.raise("parameter: " .. text.quote(name) .. " is no target of " .. from .. text.hint(name, names, true), place)
	end
end

-- A table for the plan that notes what is read of it.
local function noting(fields, used, what)
	local read = {}
	return object.read_only(read, function(key)
		if fields[key] == nil then
			fault.raise(what .. " has no " .. text.key(key) .. text.hint(key, text.sorted_keys(fields)))
		end
		used[key], read[key] = true, fields[key]
		return fields[key]
	end)
end

-- Gives the script its p and t, from parameters as given. Returns the parameters for the graph.
function script.bind(self, world, given, place, prefix, target_prefix)
	local parsed = parse_params(self, given, place, prefix)
	local bound = bind_targets(self, world, target_prefix)
	local values, json = {}, {}
	for name, spec in next, self.manifest.params do
		values[name] = params.lua(spec, parsed[name], find_target(bound, place))
		json[name] = params.json(spec, parsed[name])
	end
	self.p = noting(values, self.used.params, "params")
	self.t = noting(bound, self.used.targets, "targets")
	return json
end

-- The guards and nodes that one of the functions returns.
function script.run(self, action)
	local entry = self.actions[action]
	if not entry then
		fault.raise(self.manifest.name .. " has no function " .. action .. "(p, t)", self.place)
	end
	fault.fallback = entry.place
	local returned = entry.make(self.p, self.t)
	if returned == nil then
		fault.raise(action .. ": the function returned no node (is `return` missing?)", entry.place)
	end
	local list = nodes.list(returned, action, { allows_guards = true })
	if #list.nodes == 0 then
		fault.raise(action .. ": it holds nothing", entry.place)
	end
	return list
end

local function need_child(self, world, plan)
	local listed = need_manifest(self, "call").calls
	if type(plan) ~= "string" then
		fault.raise("call: the name of a plan is needed, not " .. object.describe(plan))
	end
	for _, name in ipairs(listed) do
		if name == plan then
			self.used.calls[name] = true
			if not world.calls[plan] and not world.is_lint then
				fault.raise("call: there is no active version of the plan " .. text.quote(plan))
			end
			return world.calls[plan]
		end
	end
	fault.raise("call: " .. text.quote(plan) .. " is not in the manifest's calls" .. text.hint(plan, listed, true))
end

local function plain_params(given)
	if given == nil then
		return {}
	elseif type(given) ~= "table" or object.of(given) then
		fault.raise("call: the parameters are a table { name = value }, not " .. object.describe(given))
	end
	local plain = {}
	for key, item in next, given do
		plain[tostring(key)] = params.plain(item)
	end
	return plain
end

-- call("plan", { params }, { action = ... })
function script.call(self, world, plan, given, given_options)
	local row = need_child(self, world, plan)
	local taken = options.take("call", given_options)
	local plain, place, action = plain_params(given), fault.here(), taken.action or "apply"
	if not row then
		return nodes.make("call", { plan = plan, version = "", action = action, params = {}, list = { nodes = {} } })
	elseif world.depth >= language.limits.call_depth then
		fault.raise("call: plans call each other deeper than " .. language.limits.call_depth)
	end
	world.depth = world.depth + 1
	local child = script.load(world, row)
	if child.manifest.name ~= plan then
		fault.raise("call: " .. text.quote(plan) .. " turned out to be " .. text.quote(child.manifest.name))
	elseif not child.actions[action] then
		fault.raise("call: " .. text.quote(plan) .. " has no function " .. action, place)
	end
	local json = script.bind(child, world, plain, place, "call: " .. plan .. ": ", plan .. "/")
	local list = script.run(child, action)
	world.depth = world.depth - 1
	return nodes.make("call", { plan = plan, version = row.version or "", action = action, params = json, list = list })
end

-- The graph of one action, as a table; also the walk with its lines. For apply with restore in it.
function script.graph(self, world, action, given, on_guard)
	local json = script.bind(self, world, given, self.place, "", "")
	local list = script.run(self, action)
	local back = action == "apply" and self.actions.restore and script.run(self, "restore") or nil
	nodes.check_placed()
	local walk = graph.new()
	walk.on_guard = on_guard
	local made = { format = 1, plan = self.manifest.name, action = action, params = json, targets = world.targets }
	made.guards, made.body = graph.section(walk, list, "")
	if action == "apply" and self.manifest.drill and walk.guard_count == 0 then
		walk.faults.add(self.place, "plan: drill: a drill needs a guard that ends it; put rollback_if(...), abort_if(...) or pause_if(...) first in a block")
	end
	if back then
		local section = {}
		section.guards, section.body = graph.section(walk, back, "r.")
		made.restore = section
	end
	walk.faults.done()
	made.registers = walk.registers
	return made, walk
end

-- Constructors that belong to no script.
environment.share(blocks.names)
environment.share(nodes.names)
environment.share(use("predicate").names)
environment.share(use("value").names)

return script
