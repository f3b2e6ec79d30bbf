local lib = require "lib"

return {
	id = "EXEC-002", severity = "H", tier = "ENFORCE", on_error = "block", waivable = "approver", owner = "security",
	title = "an option runs another program",
	looks_at = "options that start programs: tar --checkpoint-action, ssh -o ProxyCommand, git -c core.*, rsync -e, man -P",
	why = "What the approver reads as data is a program; it is neither analysed nor pinned.",
	suggestion = "Leave the option out, or make what it starts a step of its own.",
	doc = "docs/rules.md#exec-002",
	check = function(input, report)
		lib.commands(input, function(command, step)
			for _, option in ipairs(command.runs) do
				report(lib.finding(step, command, option, lib.word(option) .. " runs a program"))
			end
			if #command.runs > 0 then
				return
			end
			for _, impact in ipairs(command.impacts) do
				if lib.flag(impact, "runs_program") then
					report(lib.finding(step, command, impact.object, "an option of " .. lib.word(command.program) .. " runs a program"))
				end
			end
		end)
	end,
	tests = {
		fires = {
			{
				name = "tar", objects = { "--checkpoint-action=exec=sh" }, messages = { "--checkpoint-action=exec=sh runs a program" },
				input = lib.change("tar -cf x --checkpoint-action=exec=sh .", nil, { command = { runs = { "--checkpoint-action=exec=sh" } } }),
			},
			{
				name = "only the impact says it", messages = { "an option of ssh runs a program" },
				input = lib.change("ssh -F x h", { verb = "login", kind = "host", object = "h", flags = { "runs_program" } }),
			},
		},
		quiet = {
			{ name = "tar alone", input = lib.change("tar -cf x .", { verb = "write", object = "/srv/x" }) },
		},
	},
}
