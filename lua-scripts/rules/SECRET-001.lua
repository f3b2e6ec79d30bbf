local lib = require "lib"

return {
	id = "SECRET-001", severity = "H", tier = "ENFORCE", on_error = "block", waivable = "none", owner = "security",
	title = "a credential in plain text",
	looks_at = "patterns of credentials in arguments, environment and scripts",
	why = "It stays in the request, in the recording and in the process list of every target; from now on it is known.",
	suggestion = "Use a secret reference, and replace the credential that was written here.",
	doc = "docs/rules.md#secret-001",
	check = function(input, report)
		for _, step in ipairs(input.steps) do
			for _, secret in ipairs(step.secrets) do
				report {
					step = step.seq, object = secret.where, seen = "step " .. step.seq .. ", " .. lib.cut(secret.where, 200) .. " (not shown)",
					message = "credential in " .. lib.cut(secret.where, 200) .. ": use a secret reference",
				}
			end
			for _, command in ipairs(step.commands) do
				for _, impact in ipairs(command.impacts) do
					if lib.flag(impact, "plaintext_secret") and #step.secrets == 0 then
						report {
							step = step.seq, object = command.program, seen = lib.word(command.program) .. " (arguments not shown)",
							message = "credential in the arguments of " .. lib.word(command.program) .. ": use a secret reference",
						}
					end
				end
			end
		end
	end,
	tests = {
		fires = {
			{
				name = "in an argument", objects = { "argv 3" }, messages = { "credential in argv 3: use a secret reference" },
				input = { steps = { { secrets = { { where = "argv 3" } } } } },
			},
			{
				name = "the analysis saw it; it is not shown", messages = { "credential in the arguments of mysql: use a secret reference" },
				input = lib.change("mysql -phunter2", { verb = "connect", kind = "db", flags = { "plaintext_secret" } }),
			},
			{
				name = "both say it", objects = { "argv 1" },
				input = lib.change("mysql -phunter2", { verb = "connect", kind = "db", flags = { "plaintext_secret" } },
					{ step = { secrets = { { where = "argv 1" } } } }),
			},
		},
		quiet = {
			{ name = "a reference", input = lib.change("mysql --defaults-file=/run/credentials/x", { verb = "connect", kind = "db" }) },
		},
	},
}
