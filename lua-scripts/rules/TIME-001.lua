local lib = require "lib"

return {
	id = "TIME-001", severity = "C", tier = "ENFORCE", on_error = "block", waivable = "owner", owner = "release-management",
	title = "inside a closed calendar",
	looks_at = "calendars that match the change and are closed",
	why = "A freeze protects an event that cannot be repeated; whoever declared it is not asked by this change.",
	suggestion = "Move the change behind the freeze, or ask the calendar's own approvers for an exception: `--exception CALENDAR --exception-reason TEXT`.",
	doc = "docs/rules.md#time-001",
	check = function(input, report)
		for _, calendar in ipairs(input.context.calendars) do
			if calendar.state ~= "open" and calendar.exception == "" then
				local event = calendar.event ~= "" and calendar.event or calendar.name
				local until_when = calendar.next_us and "until " .. lib.time(calendar.next_us) or "without a known end"
				report {
					object = calendar.name, seen = calendar.name .. " is " .. calendar.state,
					message = "frozen by " .. event .. " " .. until_when,
				}
			end
		end
	end,
	tests = {
		fires = {
			{
				name = "a freeze with an end", objects = { "sales" }, messages = { "frozen by 双11 until 2026-11-11 16:00 UTC" },
				input = { context = { calendars = { { name = "sales", state = "closed", event = "双11", next_us = 1794412800000000 } } } },
			},
			{
				name = "one of two, and its end is not known", messages = { "frozen by audit without a known end" },
				input = { context = { calendars = { {}, { name = "audit", state = "closed", next_us = null } } } },
			},
			{ name = "a state that is not known is not open", input = { context = { calendars = { { name = "a", state = "stale" } } } } },
		},
		quiet = {
			{
				name = "an exception was asked for: TIME-005 says who must give it",
				input = { context = { calendars = { { name = "sales", state = "closed", event = "双11", exception = "sales-leads" } } } },
			},
			{ name = "all open", input = { context = { calendars = { { name = "a" }, { name = "b" } } } } },
			{ name = "no calendar matches", input = { context = { calendars = {} } } },
		},
	},
}
