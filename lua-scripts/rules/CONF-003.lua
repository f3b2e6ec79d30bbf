local lib = require "lib"

local OVER = lib.set { "done", "closed", "success", "succeeded", "failed", "rolled_back", "cancelled", "rejected", "expired" }

return {
	id = "CONF-003", severity = "H", tier = "ENFORCE", on_error = "block", waivable = "approver", owner = "release-management",
	title = "a release is running",
	looks_at = "releases in progress on the same service",
	why = "Two things change at once; when it gets worse nobody knows which to take back.",
	suggestion = "Wait until the release is through its last phase, or stop it first.",
	doc = "docs/rules.md#conf-003",
	check = function(input, report)
		for _, release in ipairs(input.context.releases) do
			if not OVER[release.state] and release.id ~= input.request.id then
				report {
					object = "svc:" .. release.service, seen = release.id .. " is " .. release.state,
					message = "release " .. release.id .. " running on " .. lib.cut(release.service, 200),
				}
			end
		end
		for _, conflict in ipairs(input.context.conflicts) do
			if conflict.kind == "release" and not conflict.coordinated then
				report { object = conflict.object, seen = conflict.change, message = "release " .. conflict.change .. " running on " .. lib.cut(conflict.object, 200) }
			end
		end
	end,
	tests = {
		fires = {
			{
				name = "a release of the service", objects = { "svc:shop" }, messages = { "release REL-9 running on shop" },
				input = { context = { releases = { { id = "REL-9", service = "shop", state = "running" } } } },
			},
			{ name = "a state that is not known", input = { context = { releases = { { state = "paused" } } } } },
			{
				name = "told as a conflict", messages = { "release REL-9 running on svc:shop" },
				input = { context = { conflicts = { { change = "REL-9", object = "svc:shop", kind = "release" } } } },
			},
		},
		quiet = {
			{ name = "it is over", input = { context = { releases = { { state = "done" } } } } },
			{ name = "it is this release itself", input = { request = { id = "REL-9" }, context = { releases = { { id = "REL-9" } } } } },
			{ name = "coordinated", input = { context = { conflicts = { { kind = "release", coordinated = true } } } } },
		},
	},
}
