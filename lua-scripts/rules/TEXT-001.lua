local lib = require "lib"

return {
	id = "TEXT-001", severity = "C", tier = "ENFORCE", on_error = "block", waivable = "none", owner = "security",
	title = "text deceives the reviewer",
	looks_at = "control and escape characters, writing directions, invisible characters, mixed scripts in a command word, invalid UTF-8",
	why = "What the approver reads is not what runs.",
	suggestion = "Type the text again; bytes that must be there belong into an attached file.",
	doc = "docs/rules.md#text-001",
	check = function(input, report)
		for _, step in ipairs(input.steps) do
			for _, row in ipairs(step.texts) do
				if #row.problems > 0 then
					report {
						step = step.seq, object = row.where, seen = "step " .. step.seq .. ", " .. lib.cut(row.where, 200),
						message = "text deceives the reviewer: " .. lib.cut(row.where, 200) .. " has " .. lib.join(row.problems),
					}
				end
			end
		end
		lib.impacts(input, function(impact, command, step)
			if lib.flag(impact, "encoding") then
				report(lib.finding(step, command, impact.object, "text deceives the reviewer: an argument of "
					.. lib.word(command.program) .. " is no valid UTF-8"))
			end
		end)
	end,
	tests = {
		fires = {
			{
				name = "direction and escape", objects = { "argv 2" }, messages = { "text deceives the reviewer: argv 2 has bidi, control" },
				input = { steps = { { texts = { { where = "argv 2", problems = { "bidi", "control" } } } } } },
			},
			{ name = "the second step", input = { steps = { {}, { texts = { { problems = {} }, { problems = { "mixed_script" } } } } } } },
			{
				name = "bytes that are no text", messages = { "text deceives the reviewer: an argument of cat is no valid UTF-8" },
				input = lib.change("cat x", { verb = "read", flags = { "encoding" } }),
			},
		},
		quiet = {
			{ name = "texts without problems", input = { steps = { { texts = { { where = "argv 2", problems = {} } } } } } },
		},
	},
}
