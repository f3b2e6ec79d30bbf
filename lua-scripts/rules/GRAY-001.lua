local lib = require "lib"

local function first_of(batches)
	local first
	for _, batch in ipairs(batches) do
		if not first or batch.seq < first.seq then
			first = batch
		end
	end
	return first
end

return {
	id = "GRAY-001", severity = "H", tier = "ENFORCE", on_error = "block", waivable = "approver", owner = "sre",
	title = "not gradual (可灰度)",
	looks_at = "a change of more than one target whose first batch is larger than one host and than 5 %",
	why = "Without a small first batch the first sign of a mistake comes from all users at once.",
	suggestion = "Begin with a batch of one host or at most 5 %, observe it, then go on.",
	doc = "docs/rules.md#gray-001",
	check = function(input, report)
		local request = input.request
		if request.target_total <= 1 or not lib.is_mutating(input) then
			return
		end
		local first = first_of(request.batches)
		if not first then
			report { seen = "no batches", message = "可灰度 missing: " .. request.target_total .. " targets and no batches" }
		elseif first.targets > 1 and first.percent > 5 then
			report {
				seen = "batch " .. first.seq .. ": " .. first.targets .. " of " .. request.target_total,
				message = "可灰度 missing: the first batch holds " .. first.targets .. " of " .. request.target_total .. " targets",
			}
		end
	end,
	tests = {
		fires = {
			{
				name = "no batches at all", messages = { "可灰度 missing: 12 targets and no batches" },
				input = { request = { target_total = 12, batches = {} } },
			},
			{
				name = "a first batch of half", messages = { "可灰度 missing: the first batch holds 5 of 10 targets" },
				input = { request = { batches = { { seq = 2, targets = 5, percent = 50 }, { seq = 1, targets = 5, percent = 50 } } } },
			},
		},
		quiet = {
			{ name = "one host", input = { request = { batches = { { targets = 1, percent = 10 }, { targets = 9, percent = 90 } } } } },
			{ name = "five in a hundred", input = { request = { target_total = 100, batches = { { targets = 5, percent = 5 }, { targets = 95, percent = 95 } } } } },
			{ name = "one target", input = { request = { target_total = 1, batches = {} } } },
			{
				name = "it only reads",
				input = { steps = { { commands = { { proof = "read" } } } }, request = { target_total = 500, batches = {} } },
			},
		},
	},
}
