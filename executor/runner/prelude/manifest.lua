-- plan { ... }: the manifest. All that is wrong with it is told at once, each at its line.
local _, use = ...
local encode = use "encode"
local fault = use "fault"
local language = use "language"
local object = use "object"
local params = use "params"
local text = use "text"

local manifest = {}

-- The line on which a field stands: the first one from the plan's line on that assigns it, below
-- the lines of the fields around it.
local function line_of(lines, line, keys)
	for _, key in ipairs(keys) do
		if not string.find(key, "^[%w_]+$") then
			return line
		end
		local found
		for i = line, #lines do
			if string.find(lines[i], "%f[%w_]" .. key .. "%s*=") then
				found = i
				break
			end
		end
		if not found then
			return line
		end
		line = found
	end
	return line
end

-- What complains about one field: with the path of its names and the message.
local function complainer(script, place, faults)
	local lines = {}
	return function(keys, message)
		if #lines == 0 then
			for each in string.gmatch(script.source .. "\n", "([^\n]*)\n") do
				lines[#lines + 1] = each
			end
		end
		local line = line_of(lines, fault.line(place), keys)
		faults.add(fault.at_line(place, line), "plan: " .. message)
	end
end

local readers = {}

function readers.text(given, row)
	local max = row.name == "summary" and 300 or 120
	if type(given) ~= "string" then
		return nil, "a text is needed, not " .. object.describe(given)
	end
	local problem = text.label_problem(given, max)
	if problem then
		return nil, "the text " .. problem
	elseif row.name == "name" and not text.is_path_name(given) then
		return nil, text.quote(given) .. ' is no name; write a-z 0-9 . _ - and at most one /, as in "checkout/drain-zone"'
	end
	return given
end

function readers.kind(given)
	if type(given) ~= "string" or not language.by_name.plan_kinds[given] then
		return nil, object.describe(given) .. " is no kind of plan" .. text.hint(given, language.names(language.plan_kinds))
	end
	return given
end

function readers.URL(given)
	if type(given) ~= "string" or not string.find(given, "^https?://[%w][%w.:-]*[/%w%-._~!$&()*+,;=:@%%?#]*$") or #given > 500 then
		return nil, object.describe(given) .. ' is no URL; write it as in "https://wiki.example/page"'
	end
	return given
end

function readers.duration(given, row)
	local ms, problem = text.duration_ms(given)
	if not ms then
		return nil, problem
	elseif ms == 0 then
		return nil, "zero is no time"
	elseif row.name == "expires" and ms > language.limits.expires_ms then
		return nil, text.quote(given) .. " is longer than 72h"
	end
	return ms
end

function readers.choice(given, row)
	for _, word in ipairs(row.values) do
		if given == word then
			return word
		end
	end
	return nil, object.describe(given) .. " is no choice" .. text.hint(given, row.values)
end

local function read_names(given, allow_star)
	if type(given) ~= "table" or object.of(given) then
		return nil, 'write a list of names, { "name" }'
	end
	local names = {}
	for key in next, given do
		if math.type(key) ~= "integer" or key > #given then
			return nil, 'write a list of names, { "name" }'
		end
	end
	for i = 1, #given do
		local word = given[i]
		local stem = type(word) == "string" and (allow_star and string.gsub(word, "%*$", "") or word)
		if not stem or not (text.is_path_name(stem) or allow_star and (stem == "" or string.find(stem, "^[a-z0-9._-]*/$"))) then
			return nil, object.describe(word) .. " is no name"
		end
		names[i] = word
	end
	return encode.array(names)
end

readers["list of names"] = function(given)
	return read_names(given, true)
end

readers["list of plans"] = function(given)
	return read_names(given, false)
end

local function read_labels(given)
	if next(given) == nil then
		return nil, "an empty selection would be all of them; name labels"
	end
	local labels = {}
	for key, word in next, given do
		if type(key) ~= "string" or text.label_problem(key, 60) then
			return nil, "labels are written { label = \"x\" }"
		elseif type(word) ~= "string" or text.label_problem(word, 120) then
			return nil, key .. ": a label is a text, not " .. object.describe(word)
		end
		labels[key] = word
	end
	return labels
end

local function read_count(given, name, complain)
	if given ~= nil and (math.type(given) ~= "integer" or given < 1 or given > 100000) then
		complain({ name }, name .. ": write a count from 1")
		return nil
	end
	return given
end

local function read_selection(kind, given, made, complain)
	local labels, problem = read_labels(given[kind])
	if not labels then
		return complain({ kind }, kind .. ": " .. problem)
	end
	made.labels = labels
	made.at_least = read_count(given.at_least, "at_least", complain) or 1
	made.at_most = read_count(given.at_most, "at_most", complain)
	if given.at_most == nil then
		complain({ kind }, "at_most is missing: the most targets that these labels may give")
	elseif made.at_most and made.at_least > made.at_most then
		complain({ "at_least" }, "at_least is more than at_most")
	end
end

-- { KIND = "name" } or { KIND = { label = "x" }, at_least =, at_most = }
local function read_target(given, complain)
	if type(given) ~= "table" or object.of(given) then
		return complain({}, "write { KIND = \"name\" } or { KIND = { label = \"x\" }, at_most = n }")
	end
	local kind
	for _, key in ipairs(text.sorted_keys(given)) do
		if language.by_name.kinds[key] then
			if kind then
				return complain({ key }, "two kinds, " .. kind .. " and " .. key .. "; a declaration has one")
			end
			kind = key
		elseif not language.by_name.target_fields[key] or key == "KIND" then
			local known = language.names(language.kinds)
			known[#known + 1], known[#known + 2] = "at_least", "at_most"
			return complain({ key }, text.key(key) .. " is no kind of target" .. text.hint(key, known))
		end
	end
	if not kind then
		return complain({}, "no kind of target (there is: " .. table.concat(language.names(language.kinds), ", ") .. ")")
	end
	local made, wanted = { kind = kind }, given[kind]
	if type(wanted) == "string" then
		made.name = wanted
		if text.label_problem(wanted, 120) then
			complain({ kind }, kind .. ": the name " .. text.label_problem(wanted, 120))
		elseif given.at_least ~= nil or given.at_most ~= nil then
			complain({ kind }, "at_least and at_most belong to a selection by labels")
		end
	elseif type(wanted) == "table" and not object.of(wanted) then
		read_selection(kind, given, made, complain)
	else
		complain({ kind }, kind .. ": write a name or { label = \"x\" }")
	end
	return made
end

-- Rows by identifier, each read by `read(given, complain)`.
local function read_rows(given, field, complain, read)
	local rows = {}
	if type(given) ~= "table" or object.of(given) then
		complain({ field }, field .. ": write { name = { ... } }")
		return rows
	end
	for _, key in ipairs(text.sorted_keys(given)) do
		local function complain_row(keys, message)
			complain({ field, key, table.unpack(keys) }, field .. "." .. key .. ": " .. message)
		end
		if not text.is_identifier(key) or given[key] == nil then
			complain({ field }, field .. ": " .. text.key(key) .. " is no name; letters, digits and _ only")
		else
			rows[key] = read(given[key], complain_row)
		end
	end
	return rows
end

local function read_param(given, complain)
	return params.declare(given, function(message, key)
		complain({ key }, message)
	end)
end

local function read_canary(given, specs, complain)
	if given == nil then
		return nil
	elseif type(given) ~= "table" or object.of(given) then
		return complain({ "drill", "canary" }, "drill.canary: write { parameter = value }")
	end
	local canary = {}
	for _, key in ipairs(text.sorted_keys(given)) do
		local spec = specs[key]
		if not spec then
			complain({ "drill", "canary" }, "drill.canary: there is no parameter " .. text.key(key) .. text.hint(key, text.sorted_keys(specs)))
		else
			local parsed, problem = params.parse(spec, given[key])
			if parsed == nil then
				complain({ "drill", "canary" }, "drill.canary: " .. key .. ": " .. problem)
			else
				canary[key] = params.json(spec, parsed)
			end
		end
	end
	return canary
end

local function read_drill(given, specs, complain)
	if type(given) ~= "table" or object.of(given) then
		return complain({ "drill" }, "drill: write { canary = { ... }, lasts = \"10m\" }")
	end
	for _, key in ipairs(text.sorted_keys(given)) do
		if not language.by_name.drill_fields[key] then
			complain({ "drill" }, "drill: " .. text.key(key) .. " is no field" .. text.hint(key, language.names(language.drill_fields)))
		end
	end
	local ms, problem = text.duration_ms(given.lasts)
	if given.lasts == nil then
		complain({ "drill" }, "drill: lasts is missing: a drill ends by itself after this time")
	elseif not ms then
		complain({ "drill" }, "drill: lasts: " .. problem)
	elseif ms == 0 or ms > language.limits.drill_ms then
		complain({ "drill" }, "drill: lasts: " .. text.quote(given.lasts) .. " is outside 1s to 30m")
	end
	return { canary = read_canary(given.canary, specs, complain), lasts_ms = ms }
end

local function check_from(made, complain)
	for _, name in ipairs(text.sorted_keys(made.params)) do
		local spec = made.params[name]
		local declared = spec.from and made.targets[spec.from]
		if spec.from and not (declared and declared.labels) then
			complain({ "params", name, "from" }, "params." .. name .. ": from: " .. text.key(spec.from)
				.. " is no declared selection" .. text.hint(spec.from, text.sorted_keys(made.targets)))
		end
	end
end

local function read_fields(given, made, complain)
	for _, row in ipairs(language.manifest) do
		local reader = readers[row.form]
		local wanted = given[row.name]
		if reader and wanted ~= nil then
			local taken, problem = reader(wanted, row)
			if taken == nil then
				complain({ row.name }, row.name .. ": " .. problem)
			end
			made[row.name] = taken
		elseif row.required and wanted == nil then
			complain({}, row.name .. " is missing: " .. row.help)
		elseif reader and row.default then
			made[row.name] = row.default
		end
	end
end

-- The manifest of a script from what stands in plan { ... }, called at `place`.
function manifest.read(script, given, place)
	local faults = fault.list()
	local complain = complainer(script, place, faults)
	if type(given) ~= "table" or object.of(given) then
		fault.raise("plan: write plan { name = \"...\", ... }", place)
	end
	for _, key in ipairs(text.sorted_keys(given)) do
		if not language.by_name.manifest[key] then
			complain({ key }, text.key(key) .. " is no field" .. text.hint(key, language.names(language.manifest)))
		end
	end
	local made = {}
	read_fields(given, made, complain)
	made.expires = type(made.expires) == "number" and made.expires or text.duration_ms("24h")
	made.switches = type(made.switches) == "table" and made.switches or encode.array {}
	made.calls = type(made.calls) == "table" and made.calls or encode.array {}
	made.params = read_rows(given.params or {}, "params", complain, read_param)
	made.targets = read_rows(given.targets or {}, "targets", complain, read_target)
	if given.drill ~= nil then
		made.drill = read_drill(given.drill, made.params, complain)
	end
	if #faults == 0 then
		check_from(made, complain)
	end
	faults.done()
	return made
end

-- A manifest as the daemon gets it.
function manifest.describe(made, actions)
	local specs, declared = {}, {}
	for name, spec in next, made.params do
		specs[name] = params.describe(spec)
	end
	for name, row in next, made.targets do
		declared[name] = { kind = row.kind, name = row.name, labels = row.labels, at_least = row.at_least, at_most = row.at_most }
	end
	return {
		name = made.name, kind = made.kind, summary = made.summary, owner = made.owner, runbook = made.runbook,
		params = specs, targets = declared, switches = made.switches, calls = made.calls,
		objective_ms = made.objective, expires_ms = made.expires, on_expiry = made.on_expiry, on_drift = made.on_drift,
		drill = made.drill, actions = encode.array(actions),
	}
end

return manifest
