local lib = require "lib"

local function is_interactive(command)
	if command.reason == "interactive_shell" then
		return true
	end
	for _, impact in ipairs(command.impacts) do
		if lib.flag(impact, "interactive") then
			return true
		end
	end
	return false
end

return {
	id = "EXEC-008", severity = "H", tier = "ENFORCE", on_error = "block", waivable = "approver", owner = "security",
	title = "a shell as the approved command",
	looks_at = "shells and consoles without commands of their own: bash, mysql without -e, python without a file, kubectl exec -it sh",
	why = "Whoever approves it signs a blank cheque: nothing that is typed later is known, analysed or bound.",
	suggestion = "File the commands that will be typed, or ask for a session grant, which is recorded and watched.",
	doc = "docs/rules.md#exec-008",
	check = function(input, report)
		lib.commands(input, function(command, step)
			if is_interactive(command) then
				local way = step.kind == "shell" and "; it is recorded and watched" or "; ask for a session grant"
				report(lib.finding(step, command, command.program,
					"blank cheque: " .. lib.word(command.program) .. " takes its commands from the keyboard" .. way))
			end
		end)
	end,
	tests = {
		fires = {
			{
				name = "a shell", objects = { "bash" }, messages = { "blank cheque: bash takes its commands from the keyboard; ask for a session grant" },
				input = lib.change("bash", nil, { command = { proof = "unproved", reason = "interactive_shell" } }),
			},
			{
				name = "a session that was asked for", messages = { "blank cheque: bash takes its commands from the keyboard; it is recorded and watched" },
				input = lib.change("bash", nil, { command = { proof = "unproved", reason = "interactive_shell" }, step = { kind = "shell" } }),
			},
			{
				name = "a console of a database",
				input = lib.change("mysql shop", { verb = "connect", kind = "db", flags = { "interactive" } }),
			},
		},
		quiet = {
			{ name = "a statement", input = lib.change("mysql -e x", { verb = "update", kind = "db" }) },
			{ name = "another reason", input = lib.change("frob", nil, { command = { reason = "opaque" } }) },
		},
	},
}
