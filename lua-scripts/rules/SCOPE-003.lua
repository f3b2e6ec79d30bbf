local lib = require "lib"

local function zones_of(input)
	local names = {}
	for _, zone in ipairs(input.context.inventory.zones) do
		if #zone.targets > 0 then
			names[#names + 1] = zone.name
		end
	end
	return names
end

return {
	id = "SCOPE-003", severity = "H", tier = "ENFORCE", on_error = "block", waivable = "approver", owner = "sre",
	title = "no failure isolation",
	looks_at = "batches that hold two zones or regions, or all replicas of a shard",
	why = "Zones and replicas are there so that one may fail; a batch across them takes that away.",
	suggestion = "One zone a batch, and never all replicas of a shard in the same one.",
	doc = "docs/rules.md#scope-003",
	check = function(input, report)
		local request = input.request
		if not lib.is_mutating(input) then
			return
		end
		for _, batch in ipairs(request.batches) do
			if #batch.zones > 1 then
				local zones = lib.join(batch.zones)
				report { object = zones, seen = "batch " .. batch.seq .. ": " .. zones,
					message = "no failure isolation: batch " .. batch.seq .. " holds the zones " .. zones }
			end
			for _, shard in ipairs(batch.whole_shards) do
				report { object = shard, seen = "batch " .. batch.seq .. ": " .. lib.cut(shard, 200),
					message = "no failure isolation: batch " .. batch.seq .. " holds all replicas of " .. lib.cut(shard, 200) }
			end
		end
		local zones = #request.batches == 0 and request.target_total > 1 and zones_of(input) or {}
		if #zones > 1 then
			report { object = lib.join(zones), seen = "no batches", message = "no failure isolation: no batches, and the zones " .. lib.join(zones) }
		end
	end,
	tests = {
		fires = {
			{
				name = "two zones", objects = { "a, b" }, messages = { "no failure isolation: batch 2 holds the zones a, b" },
				input = { request = { batches = { {}, { zones = { "a", "b" } } } } },
			},
			{
				name = "all replicas", objects = { "orders-7" }, messages = { "no failure isolation: batch 1 holds all replicas of orders-7" },
				input = { request = { batches = { { whole_shards = { "orders-7" } } } } },
			},
			{
				name = "no batches", messages = { "no failure isolation: no batches, and the zones a, b" },
				input = {
					request = { batches = {}, target_total = 2 },
					context = { inventory = { zones = { { name = "a", targets = { "x" } }, { name = "b", targets = { "y" } } } } },
				},
			},
		},
		quiet = {
			{ name = "zone by zone", input = { request = { batches = { { zones = { "a" } }, { zones = { "b" } } } } } },
			{
				name = "it only reads",
				input = { request = { batches = { { zones = { "a", "b" } } } }, steps = { { commands = { { proof = "read" } } } } },
			},
			{ name = "one target", input = { request = { batches = {}, target_total = 1 } } },
		},
	},
}
