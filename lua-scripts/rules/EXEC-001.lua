local lib = require "lib"

-- Why a program is not trusted, or nil. A bare name that nobody has resolved yet is resolved, and
-- judged, at the gate.
local function distrust(command, trusted_dirs)
	if command.trusted == false then
		return "it is outside the trusted folders, or others may write to it"
	elseif command.trusted == nil and command.path ~= "" then
		local folder = lib.parent(command.path)
		if not folder then
			return "its path is not absolute"
		elseif not lib.has_path(trusted_dirs, folder) then
			return "its folder is not trusted"
		end
	end
	return nil
end

return {
	id = "EXEC-001", severity = "H", tier = "ENFORCE", on_error = "block", waivable = "approver", owner = "security",
	title = "untrusted program",
	looks_at = "programs outside the trusted folders, writable by others than root, or of unknown content",
	why = "Whoever can write the program decides what the approved words do.",
	suggestion = "Install it as a package, or attach it to the change so that its digest is approved with it.",
	doc = "docs/rules.md#exec-001",
	check = function(input, report)
		lib.commands(input, function(command, step)
			local reason = distrust(command, input.context.trusted_dirs)
			if reason then
				local path = command.path ~= "" and command.path or command.program
				report(lib.finding(step, command, path, "untrusted program " .. lib.cut(path, 200) .. ": " .. reason))
			end
		end)
	end,
	tests = {
		fires = {
			{
				name = "the host says no", objects = { "/usr/local/bin/fix" },
				messages = { "untrusted program /usr/local/bin/fix: it is outside the trusted folders, or others may write to it" },
				input = lib.change("fix", nil, { command = { path = "/usr/local/bin/fix", trusted = false } }),
			},
			{
				name = "nobody looked, and the folder is no trusted one",
				input = lib.change("x", nil, { command = { path = "/usr/bin/../../tmp/x", trusted = null } }),
			},
			{
				name = "below a trusted folder is not in it",
				input = lib.change("x", nil, { command = { path = "/usr/bin/mine/x", trusted = null } }),
			},
			{
				name = "a relative path", messages = { "untrusted program ./x: its path is not absolute" },
				input = lib.change("./x", nil, { command = { path = "./x", trusted = null } }),
			},
		},
		quiet = {
			{ name = "the host says yes, wherever it is", input = lib.change("x", nil, { command = { path = "/opt/x", trusted = true } }) },
			{ name = "nobody looked, and the folder is trusted", input = lib.change("rm", nil, { command = { trusted = null } }) },
			{ name = "a bare name before the gate", input = lib.change("rm", nil, { command = { path = "", trusted = null } }) },
			{
				name = "a trusted folder of the site",
				input = lib.change("x", nil, { command = { path = "/opt/tools/x", trusted = null }, context = { trusted_dirs = { "/opt/tools/" } } }),
			},
		},
	},
}
