local lib = require "lib"

local AT_LEAST = 5
local PERCENT = 20

return {
	id = "SCOPE-002", severity = "H", tier = "ENFORCE", on_error = "block", waivable = "approver", owner = "sre",
	title = "blast radius",
	looks_at = "batches of more than 5 targets and more than 20 % of the service's",
	why = "What goes wrong in a batch goes wrong on all of it; the rest must carry the load.",
	suggestion = "Make the batches smaller: at most a fifth of the service at once.",
	doc = "docs/rules.md#scope-002",
	check = function(input, report)
		local request = input.request
		if not lib.is_mutating(input) then
			return
		end
		local total = request.service_total > 0 and request.service_total or request.target_total
		local function look(targets, name)
			if targets > AT_LEAST and targets * 100 > PERCENT * total then
				local percent = total > 0 and targets * 100 // total or 100
				report {
					object = lib.join(request.services, 3), seen = name .. ": " .. targets .. " of " .. total,
					message = "blast radius " .. percent .. " %: " .. name .. " holds " .. targets .. " of " .. total .. " targets",
				}
			end
		end
		for _, batch in ipairs(request.batches) do
			look(batch.targets, "batch " .. batch.seq)
		end
		if #request.batches == 0 then
			look(request.target_total, "the change")
		end
	end,
	tests = {
		fires = {
			{
				name = "half of a service", objects = { "shop" }, messages = { "blast radius 50 %: batch 2 holds 50 of 100 targets" },
				input = { request = { service_total = 100, batches = { { targets = 20 }, { targets = 50 } } } },
			},
			{
				name = "no batches, and nobody knows the service", messages = { "blast radius 100 %: the change holds 6 of 6 targets" },
				input = { request = { target_total = 6, service_total = 0, batches = {} } },
			},
			{ name = "just more than a fifth", input = { request = { service_total = 100, batches = { { targets = 21 } } } } },
		},
		quiet = {
			{ name = "a fifth", input = { request = { service_total = 100, batches = { { targets = 20 } } } } },
			{ name = "five of six", input = { request = { service_total = 6, batches = { { targets = 5 } } } } },
			{
				name = "it only reads",
				input = { request = { service_total = 100, batches = { { targets = 100 } } }, steps = { { commands = { { proof = "read" } } } } },
			},
		},
	},
}
