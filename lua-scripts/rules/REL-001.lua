local lib = require "lib"

local PHASES = { "test", "staging", "canary", "batch", "full" }

-- The earlier phases that were not passed; nil when the phase is not known.
local function skipped(release)
	local missing = {}
	for _, phase in ipairs(PHASES) do
		if phase == release.phase then
			return missing
		elseif not lib.has(release.passed_phases, phase) then
			missing[#missing + 1] = phase
		end
	end
	return nil
end

local function is_digest(word)
	return #word == 71 and word:find("^sha256:[0-9a-f]+$") ~= nil
end

return {
	id = "REL-001", severity = "H", tier = "ENFORCE", on_error = "block", waivable = "approver", owner = "release-management",
	title = "a release skips a phase",
	looks_at = "releases whose artifact did not pass the earlier phases, has a tag that can move, or no digest",
	why = "What was not seen with little traffic is seen with all of it, and a tag may be another artifact tomorrow.",
	suggestion = "Pass the phases in their order with the same digest, and release by digest.",
	doc = "docs/rules.md#rel-001",
	check = function(input, report)
		local release = input.request.release
		if not release then
			return
		end
		local object = release.artifact_digest
		local missing = skipped(release)
		if not missing then
			local phase = lib.word(release.phase)
			report { object = object, seen = "phase " .. phase, message = "phase " .. phase .. " is not known: what is before it can't be checked" }
		elseif #missing > 0 then
			report {
				object = object, seen = "phase " .. release.phase .. ", passed: " .. (#release.passed_phases > 0 and lib.join(release.passed_phases, 10) or "none"),
				message = "skip of " .. table.concat(missing, ", ") .. " before " .. release.phase,
			}
		end
		if release.tag_mutable then
			report { object = object, seen = lib.cut(release.version_to, 200), message = "the tag " .. lib.word(release.version_to) .. " can be moved" }
		end
		if not is_digest(object) then
			report { object = object, seen = lib.word(object), message = "the artifact has no digest sha256:..." }
		end
	end,
	tests = {
		fires = {
			{
				name = "staging was skipped", messages = { "skip of staging before canary" },
				input = { request = { release = { phase = "canary", passed_phases = { "test" } } } },
			},
			{
				name = "straight to all", messages = { "skip of test, staging, canary, batch before full" },
				input = { request = { release = { phase = "full", passed_phases = {} } } },
			},
			{ name = "latest", messages = { "the tag latest can be moved" }, input = { request = { release = { version_to = "latest", tag_mutable = true } } } },
			{ name = "no digest", messages = { "the artifact has no digest sha256:..." }, input = { request = { release = { artifact_digest = "shop:42" } } } },
			{
				name = "a phase of another platform", messages = { "phase blue is not known: what is before it can't be checked" },
				input = { request = { release = { phase = "blue" } } },
			},
		},
		quiet = {
			{ name = "phase by phase", input = { request = { release = { phase = "batch", passed_phases = { "canary", "staging", "test" } } } } },
			{ name = "the first phase", input = { request = { release = { phase = "test", passed_phases = {} } } } },
			{ name = "no release", input = { request = { release = null } } },
		},
	},
}
