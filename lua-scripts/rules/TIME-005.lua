local lib = require "lib"

return {
	id = "TIME-005", severity = "H", tier = "ENFORCE", on_error = "block", waivable = "none", owner = "release-management",
	title = "asks for an exception to a freeze",
	looks_at = "calendars that are closed in the window, of which the change asks an exception",
	why = "A freeze protects an event that cannot be repeated; only who declared it knows what an exception costs.",
	suggestion = "Nothing, when it cannot wait: the group that the calendar names must say yes besides the others. Else move the change.",
	doc = "docs/rules.md#time-005",
	check = function(input, report)
		for _, calendar in ipairs(input.context.calendars) do
			if calendar.state ~= "open" and calendar.exception ~= "" then
				local event = calendar.event ~= "" and calendar.event or calendar.name
				local until_when = calendar.next_us and "until " .. lib.time(calendar.next_us) or "without a known end"
				report {
					object = calendar.name, seen = calendar.name .. " is " .. calendar.state,
					message = "exception to " .. event .. " " .. until_when .. ": the group " .. calendar.exception .. " must say yes",
				}
			end
		end
	end,
	tests = {
		fires = {
			{
				name = "an exception that can be given", objects = { "sales" },
				messages = { "exception to 双11 until 2026-11-11 16:00 UTC: the group sales-leads must say yes" },
				input = {
					context = {
						calendars = { { name = "sales", state = "closed", event = "双11", exception = "sales-leads", next_us = 1794412800000000 } },
					},
				},
			},
			{
				name = "its end is not known", messages = { "exception to audit without a known end: the group auditors must say yes" },
				input = { context = { calendars = { {}, { name = "audit", state = "closed", exception = "auditors", next_us = null } } } },
			},
		},
		quiet = {
			{ name = "closed, and no exception: TIME-001 says so", input = { context = { calendars = { { name = "sales", state = "closed" } } } } },
			{ name = "all open", input = { context = { calendars = { { name = "a" } } } } },
		},
	},
}
