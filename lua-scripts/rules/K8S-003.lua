local lib = require "lib"

-- The name of a node: of "k8s:main//node/n1" or "n1".
local function node_name(object)
	local at = lib.k8s(object)
	return at.name ~= "" and at.name or object
end

local function zone_of(input, name)
	for _, zone in ipairs(input.context.inventory.zones) do
		if lib.has(zone.targets, name) then
			return zone.name
		end
	end
	return nil
end

local function is_eviction(impact)
	return (impact.verb == "drain" or impact.verb == "evict") and (impact.kind == "k8s" or impact.kind == "host")
end

-- What is evicted: the number of nodes, whether there may be more, and the zones by name.
local function survey(input)
	local seen = { count = 0, is_open = false, zones = {} }
	local names = {}
	lib.impacts(input, function(impact)
		if not is_eviction(impact) then
			return
		elseif impact.scope ~= "one" or impact.object == "" then
			seen.is_open = true
		elseif not names[impact.object] then
			names[impact.object] = true
			seen.count = seen.count + 1
			local zone = zone_of(input, node_name(impact.object))
			if zone and not lib.has(seen.zones, zone) then
				seen.zones[#seen.zones + 1] = zone
			end
		end
	end)
	return seen
end

return {
	id = "K8S-003", severity = "H", tier = "ENFORCE", on_error = "block", waivable = "approver", owner = "platform",
	title = "evicts more nodes than the budget",
	looks_at = "drain, cordon and taint of more nodes than the budget, or in more than one zone",
	why = "What ran there must fit elsewhere, and two zones at once take away the room to fail.",
	suggestion = "Drain one node after the other, in one zone, and wait until its pods run elsewhere.",
	doc = "docs/rules.md#k8s-003",
	check = function(input, report)
		local seen, budget = survey(input), input.context.limits.drained_nodes or 1
		local why
		if seen.is_open then
			why = "evicts a number of nodes that is not known"
		elseif seen.count > budget then
			why = "evicts " .. lib.count(seen.count, "node") .. ", the budget is " .. budget
		elseif #seen.zones > 1 then
			why = "evicts " .. lib.count(seen.count, "node") .. " in the zones " .. lib.join(seen.zones)
		end
		lib.impacts(input, function(impact, command, step)
			if why and is_eviction(impact) then
				report(lib.finding(step, command, impact.object, why))
			end
		end)
	end,
	tests = {
		fires = {
			{
				name = "two nodes", objects = { "k8s:main//node/n1", "k8s:main//node/n2" },
				messages = { "evicts 2 nodes, the budget is 1", "evicts 2 nodes, the budget is 1" },
				input = lib.change("kubectl drain n1 n2", {
					{ verb = "drain", kind = "k8s", object = "k8s:main//node/n1" },
					{ verb = "drain", kind = "k8s", object = "k8s:main//node/n2" },
				}),
			},
			{
				name = "two zones within the budget",
				messages = { "evicts 2 nodes in the zones a, b", "evicts 2 nodes in the zones a, b" },
				input = lib.change("kubectl drain n1 n2",
					{ { verb = "drain", kind = "k8s", object = "k8s:main//node/n1" }, { verb = "drain", kind = "k8s", object = "n2" } },
					{ context = { limits = { drained_nodes = 5 }, inventory = { zones = { { name = "a", targets = { "n1" } }, { name = "b", targets = { "n2" } } } } } }),
			},
			{
				name = "by a selector", messages = { "evicts a number of nodes that is not known" },
				input = lib.change("kubectl drain -l x", { verb = "drain", kind = "k8s", object = "k8s:main//node/", scope = "many" }),
			},
		},
		quiet = {
			{ name = "one node", input = lib.change("kubectl drain n1", { verb = "drain", kind = "k8s", object = "k8s:main//node/n1" }) },
			{
				name = "the same node twice",
				input = lib.change("kubectl drain n1", { { verb = "drain", kind = "k8s", object = "n1" }, { verb = "drain", kind = "k8s", object = "n1" } }),
			},
			{
				name = "no limit is set, one node",
				input = lib.change("kubectl drain n1", { verb = "drain", kind = "k8s", object = "n1" }, { context = { limits = {} } }),
			},
		},
	},
}
