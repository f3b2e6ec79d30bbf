local lib = require "lib"

local TEAM_LIMIT = 2

return {
	id = "EMG-001", severity = "H", tier = "ENFORCE", on_error = "block", waivable = "owner", owner = "duty-manager",
	title = "an emergency is still to be reviewed",
	looks_at = "emergencies while the person owes a follow-up, or the team more than two, or one is overdue",
	why = "Who skips approvals again and again without a review has no approvals.",
	suggestion = "Write the follow-up first; it takes minutes. The duty manager may let this one pass.",
	doc = "docs/rules.md#emg-001",
	check = function(input, report)
		local request, teams = input.request, {}
		if request.type ~= "emergency" then
			return
		end
		for _, owed in ipairs(input.context.follow_ups) do
			local is_own = owed.person == request.requester or lib.has(request.executors, owed.person)
			teams[owed.team] = (teams[owed.team] or 0) + 1
			if is_own or owed.overdue then
				report {
					object = owed.change, seen = owed.change .. " of " .. lib.cut(owed.person, 100) .. (owed.overdue and ", overdue" or ""),
					message = "close the follow-up of " .. owed.change .. " first",
				}
			elseif teams[owed.team] == TEAM_LIMIT + 1 then
				report {
					object = owed.team, seen = "more than " .. TEAM_LIMIT .. " open follow-ups",
					message = "the team " .. lib.cut(owed.team, 100) .. " owes more than " .. TEAM_LIMIT .. " follow-ups; close that of " .. owed.change .. " first",
				}
			end
		end
	end,
	tests = {
		fires = {
			{
				name = "the requester owes one", objects = { "CHG-3" }, messages = { "close the follow-up of CHG-3 first" },
				input = { request = { type = "emergency", requester = "wang" }, context = { follow_ups = { { change = "CHG-3", person = "wang" } } } },
			},
			{
				name = "an executor owes one",
				input = { request = { type = "emergency", executors = { "li", "zhao" } }, context = { follow_ups = { { person = "zhao" } } } },
			},
			{
				name = "another's is overdue", objects = { "CHG-4" },
				input = { request = { type = "emergency" }, context = { follow_ups = { { change = "CHG-4", overdue = true } } } },
			},
			{
				name = "the third of the team", objects = { "shop" },
				messages = { "the team shop owes more than 2 follow-ups; close that of CHG-6 first" },
				input = { request = { type = "emergency" }, context = { follow_ups = { { change = "CHG-4" }, { change = "CHG-5" }, { change = "CHG-6" } } } },
			},
		},
		quiet = {
			{ name = "no emergency", input = { request = { requester = "wang" }, context = { follow_ups = { { overdue = true } } } } },
			{ name = "two of the team", input = { request = { type = "emergency" }, context = { follow_ups = { {}, {} } } } },
			{
				name = "three of different teams",
				input = { request = { type = "emergency" }, context = { follow_ups = { { team = "a" }, { team = "b" }, { team = "c" } } } },
			},
		},
	},
}
