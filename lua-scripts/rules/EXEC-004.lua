local lib = require "lib"

local DETACHING = lib.set { "nohup", "setsid", "disown", "systemd-run", "at", "batch", "cron", "crontab", "daemonize", "start-stop-daemon", "tmux", "screen" }

local function detaches(command)
	for _, wrapper in ipairs(command.wrappers) do
		if DETACHING[wrapper] then
			return wrapper
		end
	end
	if DETACHING[command.program] and command.proof ~= "read" then
		return command.program
	end
	for _, impact in ipairs(command.impacts) do
		if lib.flag(impact, "deferred") then
			return command.program
		end
	end
	return nil
end

return {
	id = "EXEC-004", severity = "H", tier = "ENFORCE", on_error = "block", waivable = "approver", owner = "security",
	title = "continues after the session",
	looks_at = "runs that are put off or leave the process tree: at, cron, systemd-run, nohup, setsid, disown",
	why = "What runs later or elsewhere is neither recorded nor stopped with the change, and outlives its window.",
	suggestion = "Run it in the foreground as a step with a time limit; what must run by a schedule is configuration, changed as such.",
	doc = "docs/rules.md#exec-004",
	check = function(input, report)
		lib.commands(input, function(command, step)
			local by = detaches(command)
			if by then
				report(lib.finding(step, command, command.program, lib.word(command.program) .. " continues after the session, by " .. lib.word(by)))
			end
		end)
	end,
	tests = {
		fires = {
			{
				name = "nohup", objects = { "rebuild" }, messages = { "rebuild continues after the session, by nohup" },
				input = lib.change("rebuild", nil, { command = { wrappers = { "sudo", "nohup" } } }),
			},
			{ name = "at", input = lib.change("at now", nil, { command = { proof = "unproved" } }) },
			{ name = "the analysis knows it", input = lib.change("frob", { verb = "exec", kind = "process", flags = { "deferred" } }) },
		},
		quiet = {
			{ name = "the table of cron is listed", input = lib.change("crontab -l", { verb = "list" }, { command = { proof = "read" } }) },
			{ name = "in the foreground", input = lib.change("rebuild", { verb = "exec", kind = "process" }, { command = { wrappers = { "timeout" } } }) },
		},
	},
}
