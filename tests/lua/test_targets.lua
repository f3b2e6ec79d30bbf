-- Targets and registers of every kind: types, arguments, the way over http, escapes.
local kit = require "kit"
local world = require "world"

local test, equal, json = kit.test, kit.equal, kit.json

local ALL = [[plan { name = "x", kind = "shift", summary = "s", owner = "o", targets = { ha = { haproxy = "ha" }, web = { http = "web" },
	etcd = { etcd = "etcd" }, redis = { redis = "redis" }, file = { file = "file" }, exec = { exec = "exec" }, prom = { prometheus = "prom" },
	pg = { pgbouncer = "pg" }, k8s = { kubernetes = "k8s" }, dns = { powerdns = "dns" }, nacos = { nacos = "nacos" },
	many = { haproxy = { tier = "edge" }, at_least = 1, at_most = 20 } } }
function apply(p, t) return { %s } end]]

local kinds = { ha = "haproxy", web = "http", etcd = "etcd", redis = "redis", file = "file", exec = "exec", prom = "prometheus",
	pg = "pgbouncer", k8s = "kubernetes", dns = "powerdns", nacos = "nacos" }

local function build(body)
	local targets = { many = world.numbered("haproxy", "m", 12, function(i)
		return { zone = i <= 6 and "a" or "b" }
	end) }
	for name, kind in pairs(kinds) do
		targets[name] = world.list(kind, { name })
	end
	return kit.evaluate { verb = "build", file = "y.lua", script = ALL:format(body), modules = {}, params = {}, targets = targets, calls = {} }
end

local registers = {
	['set(t.ha:weight("b/s"), 1)'] = '{"args":["b/s"],"target":"ha","type":"haproxy.weight"}',
	['set(t.ha:state("b/s"), "drain")'] = '{"args":["b/s"],"target":"ha","type":"haproxy.state"}',
	['set(t.ha:map("limits.map", "acme/"), 1)'] = '{"args":["limits.map","acme/"],"target":"ha","type":"haproxy.map"}',
	['set(t.ha:maxconn("web"), 1)'] = '{"args":["web"],"target":"ha","type":"haproxy.maxconn"}',
	['set(t.ha:frontend("web"), true)'] = '{"args":["web"],"target":"ha","type":"haproxy.frontend"}',
	['set(t.etcd:key("/a b"), "x")'] = '{"args":["/a b"],"target":"etcd","type":"etcd.key"}',
	['set(t.redis:key("k"), "x")'] = '{"args":["k"],"target":"redis","type":"redis.key"}',
	['set(t.redis:hash("k", 5), "x")'] = '{"args":["k","5"],"target":"redis","type":"redis.hash"}',
	['set(t.file:fragment("a.conf"), "x")'] = '{"args":["a.conf"],"target":"file","type":"file.fragment"}',
	['set(t.pg:paused("orders"), true)'] = '{"args":["orders"],"target":"pg","type":"pgbouncer.paused"}',
	['set(t.web:json("/a?x=1", "/b"), 1)'] = '{"args":["/a?x=1","/b"],"http":{"path":"/a?x=1","pointer":"/b","read":"/a?x=1",'
		.. '"version":"etag","write":"put"},"target":"web","type":"http"}',
	['set(t.web:json("/a", "", { write = "merge-patch" }), 1)'] = '{"args":["/a","#"],"http":{"path":"/a","pointer":"","read":"/a",'
		.. '"version":"etag","write":"merge-patch"},"target":"web","type":"http"}',
	['set(t.k8s:replicas("shop/web"), 3)'] = '{"args":["shop/web"],"http":{'
		.. '"check":"/apis/apps/v1/namespaces/shop/deployments/web/scale?dryRun=All",'
		.. '"path":"/apis/apps/v1/namespaces/shop/deployments/web/scale","pointer":"/spec/replicas",'
		.. '"read":"/apis/apps/v1/namespaces/shop/deployments/web/scale","version":"/metadata/resourceVersion","write":"merge-patch"},'
		.. '"target":"k8s","type":"kubernetes.replicas"}',
	['check(t.k8s:ready("shop/web"):equals(3))'] = '{"args":["shop/web"],"http":{"pointer":"/status/readyReplicas",'
		.. '"read":"/apis/apps/v1/namespaces/shop/deployments/web"},"target":"k8s","type":"kubernetes.ready"}',
	['set(t.dns:rrset("shop.example.com.", "A"), { ttl = 30, records = array { "192.0.2.1" } })'] =
		'{"args":["shop.example.com.","A"],"http":{"path":"/api/v1/servers/localhost/zones/example.com.","pointer":"/rrsets/0",'
		.. '"read":"/api/v1/servers/localhost/zones/example.com.?rrset_name=shop.example.com.&rrset_type=A","write":"powerdns-rrset"},'
		.. '"target":"dns","type":"powerdns.rrset"}',
	['check(t.dns:ttl("a.b.example.", "A", { zone = "example." }):at_most(300))'] =
		'{"args":["a.b.example.","A"],"http":{"pointer":"/rrsets/0/ttl",'
		.. '"read":"/api/v1/servers/localhost/zones/example.?rrset_name=a.b.example.&rrset_type=A"},"target":"dns","type":"powerdns.ttl"}',
	['set(t.nacos:config("PAY_GROUP", "flow:1"), "x")'] = '{"args":["PAY_GROUP","flow:1"],"http":{"path":"/nacos/v1/cs/configs","pointer":"",'
		.. '"read":"/nacos/v1/cs/configs?group=PAY_GROUP&dataId=flow%3A1","version":"md5","write":"nacos-config"},'
		.. '"target":"nacos","type":"nacos.config"}',
}
for body, wanted in pairs(registers) do
	test("register of " .. body, function()
		equal(json.encode(kit.ok(build(body)).graph.registers[1]), wanted)
	end)
end

local refused = {
	['set(t.ha:weight("b/s\\n"), 1)'] = 'weight: "b/s\\n" has characters that are refused here',
	['set(t.ha:map("limits.map", "a b"), 1)'] = 'map: "a b" has characters that are refused here',
	["set(t.ha:weight(), 1)"] = 'weight: server is missing, as in "checkout/zone-a"',
	['set(t.ha:weight(""), 1)'] = "weight: server is empty",
	['set(t.ha:weight("a", "b"), 1)'] = 'weight: it takes 1 argument, not "b" after them',
	["set(t.ha:weight({}), 1)"] = "weight: a text is needed, not a table",
	['set(t.file:fragment("../x"), "x")'] = 'fragment: "../x" is no name; write one as in "shop-upstream.conf"',
	['set(t.k8s:replicas("shop"), 1)'] = 'replicas: "shop" is no workload; write one as in "shop/web"',
	['set(t.dns:rrset("shop.example.com", "A"), { ttl = 1 })'] = 'rrset: "shop.example.com" is no name; write one as in "shop.example.com."',
	['set(t.web:json("/a", "/b", { wirte = "put" }), 1)'] = "json: 'wirte' is no option (did you mean 'write'?)",
	['set(t.web:json("/a", "/b", { write = "post" }), 1)'] =
		'json: write: "post" is no choice; write "put", "merge-patch" or "json-patch"',
	['run(t.exec:command("../sh"), { undo = t.exec:command("x") })'] = 'command: "../sh" is no program; write one as in "promote"',
	['set(t.etcd:kee("x"), 1)'] = "this is an etcd target: it has no 'kee' (did you mean 'key'?)",
	['check(t.prom:value(""):equals(1))'] = "value: the query is empty",
	['set(t.many:first(0):weight("x"), 1)'] = 'first: write a count from 1, a share as in "10%", or "all"',
	['each(t.many:where { zone = 5 }, function() return hold "1s" end)'] = "where: zone: a label is a text, not 5",
	['t.many.where { zone = "a" }'] = "where: write selection:where(...), with a colon",
}
for body, wanted in pairs(refused) do
	test("refused " .. body, function()
		equal(table.concat(kit.errors(build(body)), "\n"), "y.lua:5: " .. wanted)
	end)
end

test("selections narrow by label and count", function()
	local output = kit.ok(build [[set(t.many:where { zone = "b" }:first(2):weight("x"), 1), set(t.many:first("10%"):weight("y"), #t.many),
		set(t.many[12]:weight("z"), t.many[1].labels.zone)]])
	local body = output.graph.body
	equal(#body[1].branches, 2)
	equal(body[1].branches[2].item, "m-08")
	equal(#body[2].branches, 2) -- 10 % of 12, rounded up
	equal(body[2].branches[1].body[1].value, 12)
	equal(body[3].value, "a")
end)

test("names in queries are escaped where they stand", function()
	local function query(source)
		return kit.ok(build("check(t.prom:value(" .. source .. "):equals(1))")).graph.registers[1].args[1]
	end
	equal(query [['x{a="${v}"}', { v = 'q"u\\o' }]], [[x{a="q\"u\\o"}]])
	equal(query [["x{a='${v}'}", { v = "it's" }]], [[x{a='it\'s'}]])
	equal(query [['x{a=`${v}`}', { v = 'a"b' }]], [[x{a=`a"b`}]])
	equal(query [['x > ${n} and ${m}{a="}"}', { n = 0.5, m = "job:rate1m" }]], [[x > 0.5 and job:rate1m{a="}"}]])
	for _, source in ipairs { [['x > ${v}', { v = "1 or vector(1)" }]], [['x{a=`${v}`}', { v = "a`b" }]], [['x{a="${v}"}']] } do
		equal(build("check(t.prom:value(" .. source .. "):equals(1))").ok, false, source)
	end
end)
