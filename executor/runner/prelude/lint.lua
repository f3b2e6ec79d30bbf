-- The verb `lint`: builds with each enum value, the defaults and the bounds against made-up targets,
-- and tells what is wrong, unused or unwise.
local host, use = ...
local encode = use "encode"
local fault = use "fault"
local graph = use "graph"
local manifest = use "manifest"
local nodes = use "nodes"
local object = use "object"
local params = use "params"
local script = use "script"
local text = use "text"

local lint = {}
local MADE_UP_MOST = 12

-- Found faults, each once.
local function new_report(file)
	local report = { errors = {}, warnings = {}, seen = {} }
	function report.add(list, one, suffix)
		local row = fault.row(one, file)
		local key = row.file .. ":" .. row.line .. ": " .. row.message
		if not report.seen[key] and #list < 50 then
			report.seen[key] = true
			row.message = row.message .. (suffix or "")
			list[#list + 1] = row
		end
	end
	return report
end

local function made_up_count(row)
	local least = row.at_least or 1
	return math.max(least, math.min(row.at_most or least, MADE_UP_MOST, least + 1))
end

-- Targets for a declaration: as many as it asks for, with its labels.
local function make_up(name, row)
	if row.name then
		return { { name = row.name, is_made_up = true } }
	end
	local list = {}
	for i = 1, made_up_count(row) do
		local labels = {}
		for key, word in next, row.labels do
			labels[key] = word
		end
		list[i] = { name = string.format("%s-%03d", name, i), labels = labels, is_made_up = true }
	end
	return list
end

-- One value that a parameter can have, parsed, or nil.
local function sample(spec, plan)
	if spec.default ~= nil then
		return spec.default
	elseif spec.example ~= nil then
		return spec.example
	elseif spec.type == "enum" then
		return spec.values[1]
	elseif spec.type == "boolean" then
		return true
	elseif spec.type == "target" then
		return make_up(spec.from, plan.manifest.targets[spec.from])[1].name
	elseif spec.type ~= "string" and spec.type ~= "list" then
		return spec.min or spec.max
	end
	return nil
end

-- Further values worth a build.
local function edges(spec)
	if spec.type == "enum" then
		return spec.values
	elseif spec.type == "boolean" then
		return { true, false }
	elseif spec.type == "integer" or spec.type == "number" or spec.type == "duration" then
		local list = {}
		list[#list + 1] = spec.min
		list[#list + 1] = spec.max
		list[#list + 1] = spec.example
		return list
	end
	return { spec.example }
end

-- As params.parse takes it.
local function as_given(spec, parsed)
	if spec.type == "list" then
		local list = {}
		for i, item in ipairs(parsed) do
			list[i] = as_given(spec.of, item)
		end
		return list
	end
	return spec.type == "duration" and text.duration(parsed) or parsed
end

local function copy(fields)
	local made = {}
	for key, item in next, fields do
		made[key] = item
	end
	return made
end

-- The builds to try: { given = parameters, label = what differs }.
local function variations(plan, report)
	local specs = plan.manifest.params
	local base, list = {}, {}
	for _, name in ipairs(text.sorted_keys(specs)) do
		local parsed = sample(specs[name], plan)
		if parsed == nil then
			report.add(report.errors, { place = plan.place, message = "plan: params." .. name .. ": a "
				.. specs[name].type .. " without a default needs an example, so that lint can build with it" })
			return {}
		end
		base[name] = as_given(specs[name], parsed)
	end
	list[1] = { given = base }
	for _, name in ipairs(text.sorted_keys(specs)) do
		local spec = specs[name]
		for _, parsed in ipairs(edges(spec)) do
			local given = copy(base)
			given[name] = as_given(spec, parsed)
			list[#list + 1] = { given = given, label = name .. " = " .. encode.text(params.json(spec, parsed)) }
		end
	end
	return list
end

local function merge_used(into, used)
	for part, names in next, used do
		into[part] = into[part] or {}
		for name in next, names do
			into[part][name] = true
		end
	end
end

local function is_relative_without_floor(than)
	return type(than) == "table" and than.class == "percent" and not than.at_least
end

local function guard_is_unwise(predicate)
	if predicate.op == "above" or predicate.op == "at_least" then
		return is_relative_without_floor(predicate.than)
	end
	for _, child in ipairs(predicate.of or {}) do
		if guard_is_unwise(child) then
			return true
		end
	end
	return false
end

local function look_at_guard(report)
	return function(guard)
		if guard_is_unwise(guard.predicate) then
			report.add(report.warnings, { place = guard.place, message = guard.word
				.. ": a percent of a baseline of 0 is 0; give it at_least = the least value that is bad" })
		end
	end
end

local function fresh_world(input)
	object.reset()
	nodes.reset()
	local world = script.world(input.calls, true)
	world.make_up = make_up
	return world
end

local function load_plan(input, world)
	return script.load(world, { file = input.file, script = input.script, modules = input.modules, targets = input.targets })
end

-- Builds both actions once; returns the graphs' text, to compare.
local function build(input, given, report, used)
	local texts = {}
	for _, action in ipairs { "apply", "restore" } do
		local world = fresh_world(input)
		local plan = load_plan(input, world)
		if plan.actions[action] then
			local made = script.graph(plan, world, action, given, look_at_guard(report))
			texts[#texts + 1] = table.concat((graph.encode(made, plan.place)))
			merge_used(used, plan.used)
		end
	end
	return table.concat(texts, "\n")
end

local function try(input, variation, report, used)
	local ok, result, place = host.call(build, input, variation.given, report, used)
	if ok then
		return result
	end
	for _, one in ipairs(fault.caught(result, place)) do
		report.add(report.errors, one, variation.label and " (built with " .. variation.label .. ")" or "")
	end
	return nil
end

local function report_unused(plan, used, report)
	local function missing(names, part)
		local list = {}
		for _, name in ipairs(names) do
			if not (used[part] and used[part][name]) then
				list[#list + 1] = name
			end
		end
		return list
	end
	for _, name in ipairs(missing(text.sorted_keys(plan.manifest.params), "params")) do
		report.add(report.errors, { place = plan.place, message = "plan: params." .. name .. ": no build reads this parameter" })
	end
	for _, name in ipairs(missing(text.sorted_keys(plan.manifest.targets), "targets")) do
		report.add(report.warnings, { place = plan.place, message = "plan: targets." .. name .. ": no build uses it" })
	end
	for _, name in ipairs(missing(plan.manifest.switches, "switches")) do
		report.add(report.warnings, { place = plan.place, message = "plan: switches: no build uses " .. text.quote(name) })
	end
	for _, name in ipairs(missing(plan.manifest.calls, "calls")) do
		report.add(report.warnings, { place = plan.place, message = "plan: calls: no build uses " .. text.quote(name) })
	end
end

local function report_manifest(plan, report)
	for _, name in ipairs(text.sorted_keys(plan.manifest.params)) do
		local spec = plan.manifest.params[name]
		if (spec.type == "integer" or spec.type == "number") and not (spec.min and spec.max) then
			report.add(report.warnings, { place = plan.place, message = "plan: params." .. name
				.. ": without min and max any number is taken; give both" })
		end
	end
end

-- { ok, errors, warnings, manifest }; raises when the manifest itself is at fault.
function lint.run(input)
	local report, used = new_report(input.file), {}
	local plan = load_plan(input, fresh_world(input))
	local list = variations(plan, report)
	local first
	for i, variation in ipairs(list) do
		local made = try(input, variation, report, used)
		first = i == 1 and made or first
	end
	if first and try(input, list[1], report, used) ~= first then
		report.add(report.errors, { place = plan.place, message = "two builds gave two graphs" })
	end
	if #report.errors == 0 then
		report_unused(plan, used, report)
	end
	report_manifest(plan, report)
	return {
		ok = #report.errors == 0, errors = encode.array(report.errors), warnings = encode.array(report.warnings),
		manifest = manifest.describe(plan.manifest, script.action_names(plan)),
	}
end

return lint
