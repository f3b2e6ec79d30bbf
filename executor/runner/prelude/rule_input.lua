-- What a risk rule is given: the shape of its input with the values at which nothing is wrong, a
-- partial input laid over it, and the view through which a rule reads.
local host, use = ...
local encode = use "encode"
local fault = use "fault"
local object = use "object"
local text = use "text"

local rule_input = {}

-- A node of the shape: { form, clean = value, nullable, optional, fields | item }.
local function value(form, clean, more)
	local node = more or {}
	node.form, node.clean = form, clean
	return node
end

local function str(clean)
	return value("text", clean)
end

local function whole(clean)
	return value("integer", clean)
end

local function flag(clean)
	return value("boolean", clean)
end

local function list(item, clean)
	return { form = "list", item = item, clean = clean or {} }
end

local function map(item, clean)
	return { form = "map", item = item, clean = clean or {} }
end

local function fields(members)
	return { form = "object", fields = members, clean = {} }
end

local function nullable(node)
	node.nullable = true
	return node
end

-- Unknown unless it is given.
local function optional(node)
	node.nullable, node.optional, node.clean = true, true, host.null
	return node
end

local words = list(str "")

local impact = fields {
	verb = str "write", kind = str "path", object = str "/srv/shop/release.txt", scope = str "one", mode = str "exclusive",
	proof = str "mutate", flags = words, from = optional(value "number"), to = optional(value "number"),
	rows = optional(whole()),
}

local command = fields {
	program = str "install-release", path = str "/usr/bin/install-release", trusted = nullable(flag(true)), wrappers = words,
	argv = words, environment = words, runs = words, proof = str "mutate", reason = str "", impacts = list(impact),
}

local step = fields {
	seq = whole(1), phase = str "batch", kind = str "exec", runas = str "shop", cwd = str "/srv/shop",
	targets = list(str "web-1", { "web-1" }), environment = map(str ""),
	commands = list(command, { { impacts = { {} } } }),
	texts = list(fields { where = str "argv 1", problems = words }),
	secrets = list(fields { where = str "argv 1" }),
	contents = list(fields { role = str "script", sha256 = str(string.rep("0", 64)) }),
}

local model = fields {
	eval_report = flag(true), traffic_step_percent = value("number", 5), shadow_period_s = whole(3600),
	rollback_model = nullable(str "ranker-41"),
}

local release = fields {
	platform = str "releases", artifact_digest = str("sha256:" .. string.rep("0", 64)), version_from = str "41", version_to = str "42",
	passed_phases = list(str "", { "test", "staging" }), phase = str "canary", tag_mutable = flag(false), model = nullable(model),
}
release.fields.model.clean = host.null

local request = fields {
	id = str "CHG-1", revision = whole(1), type = str "normal", title = str "install release 42", requester = str "li",
	executors = list(str "", { "li" }), services = list(str "", { "shop" }), environment = str "production",
	start_us = whole(1767600000000000), end_us = whole(1767603600000000), zone = str "Asia/Shanghai",
	filed_us = whole(1767500000000000), declared_irreversible = flag(false),
	batches = list(fields {
		seq = whole(1), phase = str "batch", targets = whole(1), percent = value("number", 10), observe_s = whole(600),
		zones = list(str "", { "a" }), whole_shards = words,
	}, {
		{ seq = 1, phase = "canary", targets = 1, percent = 10 },
		{ seq = 2, phase = "batch", targets = 4, percent = 40 },
		{ seq = 3, phase = "full", targets = 5, percent = 50 },
	}),
	target_total = whole(10), service_total = whole(10),
	verification = list(fields { metric = str "error_ratio", baseline_7d = flag(true), window_s = whole(300) }, { {} }),
	rollback = list(fields { kind = str "script" }, { {} }),
	rendering_bytes = whole(600), step_count = whole(1), coordinated_with = words, release = nullable(release),
}
request.fields.release.clean = host.null

local context = fields {
	now_us = whole(1767596400000000),
	calendars = list(fields {
		name = str "production", state = str "open", event = str "", exception = str "", next_us = nullable(whole(1767700000000000)),
	}, { {} }),
	conflicts = list(fields { change = str "CHG-2", object = str "host:web-1", kind = str "exclusive", coordinated = flag(false) }),
	incidents = list(fields { id = str "INC-1", object = str "svc:shop", severity = str "2", linked = flag(false) }),
	alerts = list(fields { name = str "ErrorsHigh", object = str "svc:shop" }),
	alert_sources = list(fields { name = str "prom-main", known = flag(true), reason = str "" }, { {} }),
	releases = list(fields { id = str "REL-1", service = str "shop", state = str "running" }),
	follow_ups = list(fields { change = str "CHG-3", person = str "wang", team = str "shop", overdue = flag(false) }),
	limits = map(whole(0), { affected_rows = 1000, table_rows = 1000000, drained_nodes = 1 }),
	protected_paths = list(str "", { "/boot", "/data", "/etc", "/root", "/usr", "/var/lib", "/var/spool/cron" }),
	tier0_units = list(str "", { "mysqld", "nginx" }),
	trusted_dirs = list(str "", { "/bin", "/sbin", "/usr/bin", "/usr/sbin" }),
	inventory = fields { zones = list(fields { name = str "a", targets = list(str "", { "web-1" }) }, { {} }) },
}

local shape = fields { request = request, steps = list(step, { {} }), context = context }

local function type_problem(node, given)
	local form, kind = node.form, type(given)
	if form == "text" and kind ~= "string" then
		return "a text"
	elseif form == "integer" and math.type(given) ~= "integer" then
		return "an integer"
	elseif form == "number" and kind ~= "number" then
		return "a number"
	elseif form == "boolean" and kind ~= "boolean" then
		return "true or false"
	elseif (form == "list" or form == "map" or form == "object") and (kind ~= "table" or object.of(given)) then
		return form == "list" and "a list" or "a table"
	end
	return nil
end

local function join(path, key)
	return path == "" and key or path .. "." .. key
end

-- What a default can't say: it follows from other fields.
local function derive(path, given, made)
	if path == "steps[].commands[]" and given.path == nil and given.program then
		made.path = "/usr/bin/" .. made.program
	elseif path == "steps[].commands[].impacts[]" and given.verb and (given.verb == "read" or given.verb == "list") then
		made.mode = given.mode or "shared"
		made.proof = given.proof or "read"
	end
	if made.seq and not given.seq then
		made.seq = made.position
	end
	made.position = nil
	return made
end

local lay

local function lay_list(node, given, path, notes)
	local made = {}
	for key in next, given do
		if math.type(key) ~= "integer" or key < 1 or key > #given then
			fault.raise(path .. ": write a list { ... }, without names and holes")
		end
	end
	for i = 1, #given do
		made[i] = lay(node.item, given[i], path .. "[]", notes, i)
	end
	return encode.array(made)
end

local function lay_map(node, given, path, notes)
	local made = {}
	for key, item in next, given do
		if type(key) ~= "string" then
			fault.raise(path .. ": write { name = value }")
		end
		made[key] = lay(node.item, item, path .. ".*", notes)
	end
	return made
end

local function lay_object(node, given, path, notes, position)
	local made = { position = position }
	for _, key in ipairs(text.sorted_keys(given)) do
		if not node.fields[key] then
			fault.raise("there is no " .. text.key(join(path, key)) .. text.hint(key, text.sorted_keys(node.fields)))
		end
	end
	for key, member in next, node.fields do
		if given[key] == nil then
			made[key] = lay(member, member.clean, join(path, key), nil)
		else
			made[key] = lay(member, given[key], join(path, key), notes)
		end
	end
	return derive(path, given, made)
end

-- `given` over the clean values of `node`; leaves that are given are noted in `notes` by path.
function lay(node, given, path, notes, position)
	if given == host.null and node.nullable then
		return host.null
	end
	local problem = type_problem(node, given)
	if problem then
		fault.raise(path .. ": " .. problem .. " is needed, not " .. object.describe(given))
	elseif node.form == "list" then
		return lay_list(node, given, path, notes)
	elseif node.form == "map" then
		return lay_map(node, given, path, notes)
	elseif node.form == "object" then
		return lay_object(node, given, path, notes, position)
	end
	if notes then
		notes[path] = true
	end
	return given
end

-- A whole input: the clean one with what is given laid over it. Lists that are given replace lists.
function rule_input.over_clean(given, notes)
	if type(given) ~= "table" or object.of(given) then
		fault.raise("input: write a table { request = { ... } }, not " .. object.describe(given))
	end
	return lay(shape, given, "", notes)
end

local function refuse_write()
	fault.raise "the input can only be read"
end

local view_of

-- What stands under a key of the input; raises where the input is not as the shape says.
local function read(view, key, node, found, path, is_open)
	if found == host.null then
		found = nil
	end
	if found == nil then
		if not (node.nullable or is_open) then
			fault.raise("the input lacks " .. path .. " (all fields are always there)")
		end
		return nil
	end
	local problem = type_problem(node, found)
	if problem then
		fault.raise("the input's " .. path .. ": " .. problem .. " is needed, not " .. object.describe(found))
	elseif type(found) ~= "table" then
		return found
	end
	local known = view.children[key]
	if not known then
		known = view_of(node, found, path, view.used)
		view.children[key] = known
	end
	return known
end

local function read_field(view, key)
	local node = view.node.fields[key]
	local path = join(view.path, tostring(key))
	if not node then
		fault.raise("the input has no " .. text.key(path) .. text.hint(key, text.sorted_keys(view.node.fields)))
	end
	view.used[path] = true
	return read(view, key, node, view.raw[key], path, false)
end

local function read_item(view, key)
	if view.node.form == "map" then
		view.used[view.path .. ".*"] = true
		return read(view, key, view.node.item, type(key) == "string" and view.raw[key] or nil, view.path .. ".*", true)
	elseif math.type(key) ~= "integer" then
		fault.raise("the input's " .. view.path .. " is a list: it has no " .. text.key(key))
	end
	view.used[view.path .. "[]"] = true
	return read(view, key, view.node.item, view.raw[key], view.path .. "[]", key < 1 or key > #view.raw)
end

local function keys_of(view)
	if view.node.form == "object" then
		return text.sorted_keys(view.node.fields)
	elseif view.node.form == "map" then
		return text.sorted_keys(view.raw)
	end
	local keys = {}
	for i = 1, #view.raw do
		keys[i] = i
	end
	return keys
end

-- `pairs` of a view: keys in their one order, members that are null left out.
local function walk(proxy, view)
	local keys, at = keys_of(view), 0
	return host.wrap(function()
		while at < #keys do
			at = at + 1
			local item = proxy[keys[at]]
			if item ~= nil then
				return keys[at], item
			end
		end
		return nil
	end), proxy, nil
end

-- A table of the input as a rule sees it: its metatable is locked and it can't be written to. Paths
-- that are read are noted in `used`.
function view_of(node, raw, path, used)
	local view = { node = node, raw = raw, path = path, used = used, children = {} }
	local find = node.form == "object" and read_field or read_item
	return setmetatable({}, {
		__metatable = "locked",
		__index = host.wrap(function(_, key)
			return find(view, key)
		end),
		__newindex = host.wrap(refuse_write),
		__len = host.wrap(function()
			used[path .. "[]"] = true
			return #raw
		end),
		__pairs = host.wrap(function(proxy)
			return walk(proxy, view)
		end),
	})
end

-- The view of a whole input, as JSON gave it or as over_clean made it.
function rule_input.view(raw, used)
	if type(raw) ~= "table" then
		fault.raise("the input is missing")
	end
	return view_of(shape, raw, "", used or {})
end

return rule_input
