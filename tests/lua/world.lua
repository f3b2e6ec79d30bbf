-- The made-up inventory that the fourteen plans are built against, and inputs for `build`.
local kit = require "kit"
local json = kit.json

local world = {}

local function list(kind, names, labels)
	local rows = setmetatable({}, json.array_mt)
	for i, name in ipairs(names) do
		rows[i] = { name = name, kind = kind, labels = labels and labels(i, name) or {} }
	end
	return rows
end

local function numbered(kind, stem, count, labels)
	local names = {}
	for i = 1, count do
		names[i] = string.format("%s-%02d", stem, i)
	end
	return list(kind, names, labels)
end

world.list, world.numbered = list, numbered

local prom = list("prometheus", { "prom-main" })
local zones = { "a", "b" }
local sites = { "north", "south" }

local function by_zone(i)
	return { service = "shop", zone = zones[i] }
end

local function by_site(i)
	return { service = "orders", site = sites[i] }
end

-- What each plan of lua-scripts/plans is built with, by its name.
world.plans = {
	["checkout/drain-zone"] = { params = { zone = "a" }, targets = { edges = numbered("haproxy", "edge", 3), prom = prom } },
	["shop/shift-share"] = { params = {}, targets = { web = numbered("file", "web", 4), prom = prom } },
	["shop/dns-shift"] = { params = { to = "west" }, targets = { dns = list("powerdns", { "dns-main" }), prom = prom } },
	["orders/switch-read-site"] = { params = { to = "north" },
		targets = { stores = list("etcd", { "store-n", "store-s" }, by_site), prom = prom } },
	["api/limit-tenants"] = { params = { tenants = "acme,globex", path = "/search" },
		targets = { edges = numbered("haproxy", "edge", 3), prom = prom } },
	["shop/degrade"] = { params = {}, targets = { prom = prom } },
	["feed/stop-fanout"] = { params = {}, targets = { caches = numbered("redis", "cache", 3), prom = prom } },
	["shop/scale-up-zone"] = { params = { leaving = "a" },
		targets = { clusters = list("kubernetes", { "k8s-a", "k8s-b" }, by_zone), prom = prom } },
	["orders/failover-assist"] = { params = { standby = "pg-b" },
		targets = { pools = numbered("pgbouncer", "pool", 2), ops = list("exec", { "pg-ops" }), prom = prom } },
	["ranker/serve-version"] = { params = { version = "41" }, targets = { hosts = numbered("http", "rank", 40), prom = prom } },
	["pay/flow-rules"] = { params = { reviewed = "9a0364b9e99bb480dd25e1f0284c8555" },
		targets = { nacos = list("nacos", { "nacos-main" }), prom = prom } },
	["dc/evacuate"] = { params = { zone = "a" }, targets = { gslb = list("etcd", { "gslb-store" }), prom = prom } },
	["checkout/drain-zone-drill"] = { params = { zone = "b", stay = "2m" }, targets = { prom = prom } },
	["media/drain-zone"] = { params = { zone = "b" }, targets = { edges = numbered("haproxy", "edge", 2), prom = prom },
		modules = { "zones", "health", "steps" } },
	["catalog/protect-cold-cache"] = { params = {}, targets = { edges = numbered("haproxy", "edge", 2), prom = prom } },
}

world.names = {}
for name in pairs(world.plans) do
	world.names[#world.names + 1] = name
end
table.sort(world.names)

function world.file_of(name)
	return name:gsub("/", "-") .. ".lua"
end

function world.script_of(name)
	return kit.read(kit.root .. "/lua-scripts/plans/" .. world.file_of(name))
end

function world.modules_of(name)
	local modules = {}
	for _, module in ipairs(world.plans[name].modules or {}) do
		modules[module] = kit.read(kit.root .. "/lua-scripts/library/" .. module .. ".lua")
	end
	return modules
end

-- Every plan as `calls` has it.
function world.calls()
	local calls = {}
	for _, name in ipairs(world.names) do
		calls[name] = {
			file = world.file_of(name), script = world.script_of(name), modules = world.modules_of(name),
			version = "sha256:" .. ("0"):rep(64), targets = world.plans[name].targets,
		}
	end
	return calls
end

-- A build input for one of the fourteen.
function world.input(name, action)
	local row = world.plans[name]
	return {
		verb = "build", file = world.file_of(name), script = world.script_of(name), modules = world.modules_of(name),
		action = action or "apply",
		params = row.params, targets = row.targets, calls = world.calls(),
	}
end

local HEAD = 'plan { name = "x/y", kind = "shift", summary = "s", owner = "o", '
	.. 'params = { zone = { type = "enum", values = { "a", "b" }, default = "a" } }, '
	.. 'targets = { edges = { haproxy = { tier = "edge" }, at_most = 4 }, prom = { prometheus = "prom-main" }, '
	.. 'ops = { exec = "pg-ops" }, web = { http = "web-main" }, stores = { etcd = { service = "orders" }, at_most = 2 } },\n'
	.. '  switches = { "shop/*" }, calls = { "checkout/drain-zone" } }\n\nfunction apply(p, t)\n'

-- A plan whose apply's body begins on line 5.
function world.plan_with(body)
	return HEAD .. body .. "\nend\n"
end

function world.targets()
	return {
		edges = numbered("haproxy", "edge", 3), prom = prom, ops = list("exec", { "pg-ops" }), web = list("http", { "web-main" }),
		stores = list("etcd", { "store-n", "store-s" }, by_site),
	}
end

-- Builds a plan with this body of apply; returns the output and its bytes.
function world.build(body, changes)
	local input = {
		verb = "build", file = "y.lua", script = world.plan_with(body), modules = {}, action = "apply", params = {},
		targets = world.targets(), calls = world.calls(),
	}
	for key, item in pairs(changes or {}) do
		input[key] = item
	end
	return kit.evaluate(input)
end

-- The nodes of a body of apply.
function world.body(body, changes)
	return kit.ok(world.build(body, changes)).graph.body
end

return world
