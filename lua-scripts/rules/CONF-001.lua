local lib = require "lib"

return {
	id = "CONF-001", severity = "H", tier = "ENFORCE", on_error = "block", waivable = "approver", owner = "release-management",
	title = "conflicts with another change",
	looks_at = "an object that this change and another live or scheduled one both change",
	why = "Each was approved for the world as it is without the other; together nobody looked at them.",
	suggestion = "Take another time, or name each other as coordinated, in both changes.",
	doc = "docs/rules.md#conf-001",
	check = function(input, report)
		for _, conflict in ipairs(input.context.conflicts) do
			if conflict.kind == "exclusive" and not conflict.coordinated then
				local one_sided = lib.has(input.request.coordinated_with, conflict.change) and "; it does not name this change" or ""
				report {
					object = conflict.object, seen = conflict.change,
					message = "conflicts with " .. conflict.change .. " on " .. lib.cut(conflict.object, 200) .. one_sided,
				}
			end
		end
	end,
	tests = {
		fires = {
			{
				name = "another change", objects = { "host:web-1" }, messages = { "conflicts with CHG-9 on host:web-1" },
				input = { context = { conflicts = { { change = "CHG-9", object = "host:web-1" } } } },
			},
			{
				name = "only this one names the other", messages = { "conflicts with CHG-9 on svc:shop; it does not name this change" },
				input = { request = { coordinated_with = { "CHG-9" } }, context = { conflicts = { { change = "CHG-9", object = "svc:shop" } } } },
			},
		},
		quiet = {
			{ name = "both name each other", input = { context = { conflicts = { { coordinated = true } } } } },
			{ name = "related alone", input = { context = { conflicts = { { kind = "ancestor" } } } } },
		},
	},
}
