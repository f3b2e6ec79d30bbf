-- Everything a plan may say, once. The constructors check against it, errors name it, `describe`
-- gives it out, and the reference and the CLI's help are printed from it.
local language = {}

-- Fields of plan { ... }, in the order in which they are written.
language.manifest = {
	{ name = "name", form = "text", required = true, help = "the plan's name, as in \"checkout/drain-zone\"" },
	{ name = "kind", form = "kind", required = true, help = "what it is for" },
	{ name = "summary", form = "text", required = true, help = "one sentence that a person in a hurry understands" },
	{ name = "owner", form = "text", required = true, help = "the team that answers for it" },
	{ name = "runbook", form = "URL", help = "the page to read beside it" },
	{ name = "params", form = "{ name = { type = ... } }", default = "{}", help = "the parameters; bound as p.name" },
	{ name = "targets", form = "{ name = { KIND = \"x\" } }", default = "{}",
		help = "what it may touch; bound as t.name. Either one target by name, or a selection by labels with at_most" },
	{ name = "switches", form = "list of names", default = "{}", help = "the switches it may use; \"shop/*\" is allowed" },
	{ name = "calls", form = "list of plans", default = "{}", help = "the plans it may call" },
	{ name = "objective", form = "duration", help = "how long it should take to help" },
	{ name = "expires", form = "duration", default = "24h", help = "how long its effects may stay, at most 72h" },
	{ name = "on_expiry", form = "choice", values = { "ask", "restore" }, default = "ask",
		help = "what happens when they expire" },
	{ name = "on_drift", form = "choice", values = { "show", "reapply" }, default = "show",
		help = "what happens when the world forgets what was set" },
	{ name = "drill", form = "{ canary = { ... }, lasts = duration }",
		help = "it can be rehearsed: parameters of the smallest slice, and for how long (at most 30m)" },
}

language.plan_kinds = {
	{ name = "shift", help = "moves traffic or work elsewhere" },
	{ name = "limit", help = "lets less in" },
	{ name = "degrade", help = "switches off what can be done without" },
	{ name = "composite", help = "calls other plans" },
}

language.target_fields = {
	{ name = "KIND", form = "\"name\" or { label = \"x\" }", help = "one target of that kind, or all that have these labels" },
	{ name = "at_least", form = "count", default = "1", help = "fewer found is an error" },
	{ name = "at_most", form = "count", help = "more found is an error; required with labels" },
}

language.drill_fields = {
	{ name = "canary", form = "{ parameter = value }", help = "parameters of the smallest slice" },
	{ name = "lasts", form = "duration", required = true, help = "a drill ends by itself after this, at most 30m" },
}

-- Fields that every parameter may have, then the types.
language.param_fields = {
	{ name = "type", form = "type", required = true, help = "one of the types below" },
	{ name = "default", form = "value", help = "none = the parameter must be given" },
	{ name = "help", form = "text", help = "shown when it is asked for" },
	{ name = "example", form = "value", help = "a good value; lint builds with it" },
}

language.params = {
	{ name = "enum", lua = "string", fields = { "values" }, help = "one of the values" },
	{ name = "integer", lua = "number", fields = { "min", "max", "unit" }, help = "a whole number" },
	{ name = "number", lua = "number", fields = { "min", "max", "unit" }, help = "a number, also with a short fraction" },
	{ name = "duration", lua = "opaque; goes where a duration goes", fields = { "min", "max" },
		help = "a time with its unit: \"30s\", \"1h30m\"" },
	{ name = "string", lua = "string", fields = { "pattern", "max" },
		help = "text; without a pattern only A-Z a-z 0-9 . _ : @ / -" },
	{ name = "boolean", lua = "boolean", fields = {}, help = "true or false" },
	{ name = "list", lua = "list", fields = { "of", "at_least", "at_most" },
		help = "of a type without its own list; at_least 1 and at_most 100 unless given" },
	{ name = "target", lua = "the target", fields = { "from" }, help = "one target of a declared selection" },
}

language.param_extra = {
	values = "the values of an enum", min = "the least value", max = "the greatest value; of a string its longest (120)",
	unit = "shown after the number", pattern = "Lua pattern for the whole text", of = "the type of a list's items",
	at_least = "fewest items", at_most = "most items", from = "name of a declared selection",
}

local SYNTAX = " ;\\\"'#|`$"

-- Characters that an argument refuses, beside control characters, or the shape it must have (`allow`).
local server = { name = "server", refuse = SYNTAX, example = "checkout/zone-a" }
local frontend = { name = "frontend", refuse = SYNTAX .. "/", example = "catalog" }
local path = { name = "path", allow = "^/[%w%-._~!$&()*+,;=:@/%%?]*$", example = "/v1/models/ranker" }
local pointer = { name = "pointer", allow = "^[^%c]*$", first = "/", example = "/version" }
local workload = { name = "workload", allow = "^[a-z0-9][a-z0-9-]*/[a-z0-9][a-z0-9.-]*$", example = "shop/web" }
local dns_name = { name = "name", allow = "^[%w_*][%w_.*-]*%.$", example = "shop.example.com." }
local dns_type = { name = "type", allow = "^[A-Z][A-Z0-9]*$", example = "A" }
local nacos_group = { name = "group", allow = "^[%w_.:-]+$", example = "PAY_GROUP" }
local nacos_id = { name = "id", allow = "^[%w_.:-]+$", example = "pay-flow-rules" }

language.kinds = {
	{
		name = "haproxy",
		help = "HAProxy's runtime API. It forgets when it restarts: think of on_drift = \"reapply\".",
		registers = {
			{ name = "weight", args = { server }, help = "weight of a server \"backend/server\", 0 to 256" },
			{ name = "state", args = { server }, help = "ready, drain or maint of a server \"backend/server\"" },
			{ name = "map", args = { { name = "file", refuse = SYNTAX, example = "limits.map" },
				{ name = "key", refuse = SYNTAX, example = "acme/" } }, help = "value of a key in a map file" },
			{ name = "maxconn", args = { frontend }, help = "most connections of a frontend" },
			{ name = "frontend", args = { frontend }, help = "a frontend enabled or not: true or false" },
		},
	},
	{
		name = "http",
		help = "A JSON document over HTTP: one value in it, by a JSON pointer.",
		registers = {
			{ name = "json", args = { path, pointer }, options = { "write" },
				help = "the value at a pointer of the document at a path; write = \"put\" (default), \"merge-patch\", \"json-patch\"" },
		},
		actions = {
			{ name = "post", args = { path }, body = true, help = "one POST with a body" },
		},
	},
	{
		name = "etcd",
		help = "etcd's key-value store.",
		registers = { { name = "key", args = { { name = "key", refuse = "", example = "/orders/read-site" } }, help = "value of a key" } },
	},
	{
		name = "redis",
		help = "Redis.",
		registers = {
			{ name = "key", args = { { name = "key", refuse = "", example = "feed:stop" } }, help = "value of a key" },
			{ name = "hash", args = { { name = "key", refuse = "", example = "feed:stop" },
				{ name = "field", refuse = "", example = "backfill" } }, help = "field of a hash" },
		},
	},
	{
		name = "file",
		help = "A fragment of configuration; the target has its own check and reload.",
		registers = { { name = "fragment", args = { { name = "name", allow = "^[%w_][%w_.-]*$", example = "shop-upstream.conf" } },
			help = "text of a file in the target's folder" } },
	},
	{
		name = "exec",
		help = "Programs that the target allows.",
		actions = {
			{ name = "command", args = { { name = "program", allow = "^[%w_][%w_.-]*$", example = "promote" } },
				more = { name = "argument", refuse = "", example = "pg-b" }, help = "one run of a program with arguments, never a shell" },
		},
	},
	{
		name = "prometheus",
		help = "Prometheus, for reading.",
		readings = {
			{ name = "value", query = true, args = { { name = "query", example = "up{job=\"shop\"}" } },
				help = "the one sample of an instant query; ${name} in it is replaced and escaped" },
		},
	},
	{
		name = "pgbouncer",
		help = "PgBouncer's admin console.",
		registers = { { name = "paused", args = { { name = "database", allow = "^[%w_][%w_.-]*$", example = "orders" } },
			help = "a database paused or not: true or false" } },
	},
	{
		name = "kubernetes", preset = true,
		help = "Kubernetes' API, over http.",
		registers = { { name = "replicas", args = { workload }, help = "wanted pods of a deployment \"namespace/name\"" } },
		readings = { { name = "ready", args = { workload }, help = "ready pods of a deployment \"namespace/name\"" } },
	},
	{
		name = "powerdns", preset = true,
		help = "PowerDNS' API, over http. A name's zone is what follows its first label, unless zone says otherwise.",
		registers = { { name = "rrset", args = { dns_name, dns_type }, options = { "zone" },
			help = "a record set: { ttl = seconds, records = array { ... } }" } },
		readings = { { name = "ttl", args = { dns_name, dns_type }, options = { "zone" }, help = "the TTL of a record set in seconds" } },
	},
	{
		name = "nacos", preset = true,
		help = "Nacos' configuration centre, over http.",
		registers = { { name = "config", args = { nacos_group, nacos_id }, help = "text of a configuration ; its version is its md5" } },
	},
}

language.selection = {
	{ name = "where", write = "selection:where { label = \"x\" }", help = "those with these labels; never none" },
	{ name = "one", write = "selection:one { label = \"x\" }", help = "the one with these labels; exactly one" },
	{ name = "first", write = "selection:first(2)", help = "the first by name: a count, or a share as in \"10%\"" },
}

language.predicates = {
	{ name = "below", write = "reading:below(x)", help = "less than a number, another reading (now) or percent(...)" },
	{ name = "above", write = "reading:above(x)", help = "more than it" },
	{ name = "at_least", write = "reading:at_least(x)", help = "not less than it" },
	{ name = "at_most", write = "reading:at_most(x)", help = "not more than it" },
	{ name = "equals", write = "reading:equals(v)", help = "exactly this value: number, text, true, false ..." },
	{ name = "between", write = "reading:between(a, b)", help = "from a to b, both included" },
	{ name = "lasting", write = "predicate:lasting(\"30s\")", help = "true without a break for so long" },
}

local within_30m = { name = "within", form = "duration", default = "30m", help = "no answer after this pauses the run" }
local role = { name = "role", form = "role or group", required = true, help = "who may answer" }

-- group: act, block, guard, predicate, value. Options are what the braces at the end may hold.
language.constructors = {
	{ name = "set", group = "act", write = "set(register, value, {})", graph = "set; on a selection each of set",
		help = "Write a register. Undone by writing back what was there.",
		refused = "not writable; the value is nil or {}",
		options = {
			{ name = "if_value", form = "value", help = "only when the register holds this" },
			{ name = "if_version", form = "text", help = "only over this version" },
		} },
	{ name = "run", group = "act", write = "run(action, {})", graph = "run",
		help = "Do something that is no register: a program, a POST.",
		refused = "neither or both of undo and irreversible; irreversible without a gate before it",
		options = {
			{ name = "undo", form = "action", help = "the action that takes it back" },
			{ name = "irreversible", form = "text", help = "why it can't be taken back" },
			{ name = "within", form = "duration", default = "1m", help = "no answer after this is in doubt" },
			{ name = "probe", form = "predicate", help = "true once it was done; without it a person says so after a crash" },
		} },
	{ name = "check", group = "act", write = "check(predicate)", graph = "check",
		help = "True now, or the step fails.", refused = "the predicate has :lasting" },
	{ name = "wait", group = "act", write = "wait(predicate, { within = \"5m\" })", graph = "wait",
		help = "Until true, or the step fails.", refused = "no within; lasting longer than within",
		options = { { name = "within", form = "duration", required = true, help = "at most so long" } } },
	{ name = "hold", group = "act", write = "hold(\"30s\")", graph = "hold",
		help = "Stay here for a while.", refused = "zero, or no unit" },
	{ name = "gate", group = "act", write = "gate(\"question?\", { role = \"commander\" })", graph = "gate",
		help = "A person's yes.", refused = "no role", options = { role, within_30m } },
	{ name = "manual", group = "act", write = "manual(\"task\", { role = \"dba\", undo = \"task\" })", graph = "manual",
		help = "Something a person does by hand.", refused = "as run",
		options = {
			role, within_30m,
			{ name = "undo", form = "text", help = "the task that takes it back" },
			{ name = "irreversible", form = "text", help = "why it can't be taken back" },
		} },
	{ name = "step", group = "block", write = "step \"title\" { ... }", graph = "step",
		help = "A named part of the plan, done in order.",
		refused = "empty; same title twice in a list; needs names no earlier sibling",
		options = { { name = "needs", form = "{ \"title\", ... }", help = "directly inside parallel: earlier siblings to wait for" } } },
	{ name = "parallel", group = "block", write = "parallel { ... }", graph = "parallel",
		help = "Its children at the same time.",
		refused = "fewer than two children; two branches without needs between them set one register",
		options = {
			{ name = "at_once", form = "count", default = "all", help = "so many at a time" },
			{ name = "max_failures", form = "count from 0", default = "0", help = "so many may fail" },
		} },
	{ name = "each", group = "block", write = "each(list, function(item) ... end, {})", graph = "each, one branch an item",
		help = "The same for each target or item.",
		refused = "empty list; nothing returned; last batch not \"all\"; batches without hold",
		options = {
			{ name = "at_once", form = "count", default = "1; with batches all", help = "so many at a time" },
			{ name = "batches", form = "{ 1, \"10%\", \"all\" }", help = "cumulative counts; needs hold" },
			{ name = "hold", form = "duration", help = "between two batches" },
			{ name = "max_failures", form = "count from 0", default = "0", help = "so many may fail" },
		} },
	{ name = "ramp", group = "block", write = "ramp(register, { to = { 75, 50, 0 }, hold = \"30s\" })",
		graph = "ramp, one stage a value",
		help = "One value after another, with time in between. On a register it is forward only: a stage that leads away from the last one is left out.",
		refused = "no to, no hold; go_if without within",
		options = {
			{ name = "to", form = "list", required = true, help = "the stages" },
			{ name = "hold", form = "duration", required = true, help = "the least time at each stage" },
			{ name = "go_if", form = "predicate", help = "the next stage only when true; needs within" },
			{ name = "within", form = "duration", help = "a stage that takes longer asks a person" },
			{ name = "back_if", form = "predicate", help = "one stage back when true" },
		} },
	{ name = "choose", group = "block", write = "choose(predicate, { yes = {}, no = {} })", graph = "choose, both branches",
		help = "One of two branches, by the world at that moment.",
		refused = "neither branch; :lasting without within",
		options = {
			{ name = "yes", form = "list", help = "when it is true" },
			{ name = "no", form = "list", help = "when it is false" },
			{ name = "within", form = "duration", help = "wait so long for yes" },
		} },
	{ name = "call", group = "block", write = "call(\"plan\", { params }, {})", graph = "call, the child's graph inlined",
		help = "Another plan as part of this one.", refused = "not in calls; no such action; deeper than 3",
		options = { { name = "action", form = "choice", values = { "apply", "restore" }, default = "apply", help = "which of its functions" } } },
	{ name = "pause_if", group = "guard", write = "pause_if(predicate)", graph = "guard",
		help = "While its block runs: true pauses the run.", refused = "not first in its block" },
	{ name = "abort_if", group = "guard", write = "abort_if(predicate)", graph = "guard",
		help = "While its block runs: true ends the run and keeps its effects.", refused = "not first in its block" },
	{ name = "rollback_if", group = "guard", write = "rollback_if(predicate)", graph = "guard",
		help = "While its block runs: true undoes the run.", refused = "not first in its block; around something irreversible" },
	{ name = "all", group = "predicate", write = "all { ... }", help = "true when all are; false when one is; else unknown" },
	{ name = "any", group = "predicate", write = "any { ... }", help = "true when one is; false when all are; else unknown" },
	{ name = "none", group = "predicate", write = "none { ... }", help = "true when none is; false when one is; else unknown" },
	{ name = "baseline", group = "value", write = "baseline",
		help = "the register's value before the run began; in restore, before the run that is restored" },
	{ name = "percent", group = "value", write = "percent(n, {})", help = "n % of the baseline; percent { 50, 0 } = a list of them",
		options = {
			{ name = "of", form = "list of registers or readings", help = "of their sum instead, as it was before the run" },
			{ name = "at_least", form = "number", help = "never less than this" },
			{ name = "at_most", form = "number", help = "never more than this" },
			{ name = "round", form = "choice", values = { "down", "up", "nearest" }, default = "down", help = "for a register that takes whole numbers" },
		} },
	{ name = "rest", group = "value", write = "rest(total, { registers })", help = "total less what these hold at that moment" },
	{ name = "absent", group = "value", write = "absent", help = "no value: deletes" },
	{ name = "null", group = "value", write = "null", help = "JSON's null" },
	{ name = "array", group = "value", write = "array { ... }", help = "a list, also an empty one" },
	{ name = "object", group = "value", write = "object { ... }", help = "an object, also an empty one" },
	{ name = "fill", group = "value", write = "fill(text, { name = x })", help = "the text with each ${name} replaced; all must be used and given" },
	{ name = "to_json", group = "value", write = "to_json(value)", help = "canonical JSON as text" },
	{ name = "switch", group = "value", write = "switch \"name\"", help = "the register of a switch of redbutton's own; it has no target" },
}

language.lua_names = { "assert", "error", "ipairs", "math", "pairs", "require", "select", "string", "table", "tonumber", "tostring", "type" }

language.limits = {
	effects = 20000, nodes = 60000, graph_bytes = 8 << 20, depth = 64, call_depth = 3,
	expires_ms = 72 * 3600000, drill_ms = 30 * 60000,
}

-- The same rows by name.
language.by_name = {}
for _, list in ipairs { "manifest", "plan_kinds", "target_fields", "drill_fields", "param_fields", "params", "kinds", "constructors" } do
	local rows = {}
	for _, row in ipairs(language[list]) do
		rows[row.name] = row
	end
	language.by_name[list] = rows
end

function language.names(rows)
	local names = {}
	for i, row in ipairs(rows) do
		names[i] = row.name
	end
	return names
end

return language
