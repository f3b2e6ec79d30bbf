-- evaluate(input) -> pieces of the output's canonical JSON. What the verbs do, and errors as data.
local host = ...

local loaded = {}

-- A file of this folder, loaded once.
local function use(name)
	local module = loaded[name]
	if module == nil then
		module = host.prelude(name)(host, use)
		loaded[name] = module
	end
	return module
end

local describe = use "describe"
local encode = use "encode"
local fault = use "fault"
local graph = use "graph"
local lint = use "lint"
local manifest = use "manifest"
local nodes = use "nodes"
local object = use "object"
local rules = use "rules"
local script = use "script"
local text = use "text"

local MAX_ERRORS = 50
local verbs = {}

local function load_plan(input, world)
	return script.load(world, {
		file = input.file, script = input.script, modules = input.modules, targets = input.targets,
	})
end

local function manifest_of(plan)
	return manifest.describe(plan.manifest, script.action_names(plan))
end

function verbs.manifest(input)
	local plan = load_plan(input, script.world({}, false))
	return encode.pieces { manifest = manifest_of(plan), ok = true }
end

local function append(pieces, more)
	table.move(more, 1, #more, #pieces + 1, pieces)
end

local function unused_params(plan)
	local unused = {}
	for _, name in ipairs(text.sorted_keys(plan.manifest.params)) do
		if not plan.used.params[name] then
			unused[#unused + 1] = name
		end
	end
	return encode.array(unused)
end

function verbs.build(input)
	local world = script.world(input.calls, false)
	local plan = load_plan(input, world)
	local made, walk = script.graph(plan, world, input.action or "apply", input.params or {})
	local described, unused = manifest_of(plan), unused_params(plan)
	local place = plan.place
	plan, world, input.targets, input.calls = nil, nil, nil, nil -- luacheck: ignore 311
	object.reset()
	nodes.reset()
	local pieces = { '{"graph":' }
	append(pieces, (graph.encode(made, place)))
	pieces[#pieces + 1] = ',"lines":'
	append(pieces, (encode.pieces(walk.lines)))
	pieces[#pieces + 1] = ',"manifest":'
	append(pieces, (encode.pieces(described)))
	pieces[#pieces + 1] = ',"ok":true,"unused":'
	append(pieces, (encode.pieces(unused)))
	pieces[#pieces + 1] = "}"
	return pieces
end

function verbs.lint(input)
	return encode.pieces(lint.run(input))
end

function verbs.describe()
	return encode.pieces { language = describe.language(), ok = true }
end

for name, run in next, rules do
	verbs[name] = function(input)
		return encode.pieces(run(input))
	end
end

local function error_rows(faults, input)
	local rows, seen = {}, {}
	for _, one in ipairs(faults) do
		local row = fault.row(one, input.file)
		local key = row.file .. ":" .. row.line .. ":" .. row.message
		if not seen[key] and #rows < MAX_ERRORS then
			seen[key] = true
			rows[#rows + 1] = row
		end
	end
	return encode.array(rows)
end

local function run(input)
	local verb = verbs[input.verb]
	if not verb then
		fault.raise("there is no verb " .. tostring(input.verb))
	end
	return verb(input)
end

return function(input)
	local ok, result, place = host.call(run, input)
	if ok then
		return result
	end
	return encode.pieces { errors = error_rows(fault.caught(result, place), input), ok = false }
end
