local lib = require "lib"

return {
	id = "OBS-001", severity = "H", tier = "ENFORCE", on_error = "block", waivable = "approver", owner = "sre",
	title = "not observable (可监控)",
	looks_at = "changes without a verification metric, and metrics without data in the last seven days",
	why = "Without a metric and its usual values nobody can tell whether the change did harm before users do.",
	suggestion = "Name a metric that users would notice, such as error ratio or latency, and check that it has data.",
	doc = "docs/rules.md#obs-001",
	check = function(input, report)
		if not lib.is_mutating(input) then
			return
		end
		for _, row in ipairs(input.request.verification) do
			if not row.baseline_7d then
				report { object = row.metric, seen = lib.cut(row.metric, 200), message = "可监控 missing: " .. lib.cut(row.metric, 200) .. " has no data in the last 7 days" }
			end
		end
		if #input.request.verification == 0 then
			report { seen = "no verification", message = "可监控 missing: no verification metric" }
		end
	end,
	tests = {
		fires = {
			{ name = "no metric", messages = { "可监控 missing: no verification metric" }, input = { request = { verification = {} } } },
			{
				name = "a metric without data", objects = { "latency_p99" }, messages = { "可监控 missing: latency_p99 has no data in the last 7 days" },
				input = { request = { verification = { {}, { metric = "latency_p99", baseline_7d = false } } } },
			},
		},
		quiet = {
			{ name = "two metrics with data", input = { request = { verification = { { metric = "a" }, { metric = "b" } } } } },
			{ name = "it only reads", input = { request = { verification = {} }, steps = { { commands = { { proof = "read" } } } } } },
		},
	},
}
