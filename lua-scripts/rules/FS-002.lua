local lib = require "lib"

local WORDS = {
	root = "can become /", emptyable = "can become /", dynamic = "is only known when it runs",
	glob = "is expanded when it runs",
}

return {
	id = "FS-002", severity = "C", tier = "ENFORCE", on_error = "block", waivable = "owner", owner = "sre",
	title = "recursive delete of something that can become /",
	looks_at = "recursive delete whose operand is not literal, can be empty, or reaches the root",
	why = "A variable that is empty or a pattern that matches more than was thought has emptied whole disks.",
	suggestion = "Write each path out in full; what has to be computed belongs into a script that checks its value first.",
	doc = "docs/rules.md#fs-002",
	check = function(input, report)
		lib.impacts(input, function(impact, command, step)
			local is_recursive = impact.scope == "recursive" or lib.flag(impact, "recursive")
			local flag = lib.flag(impact, "root", "emptyable", "dynamic", "glob")
			if impact.verb == "delete" and impact.kind == "path" and is_recursive and flag then
				report(lib.finding(step, command, impact.object,
					"operand " .. (impact.object == "" and "(not known)" or lib.word(impact.object)) .. " " .. WORDS[flag]))
			end
		end)
	end,
	tests = {
		fires = {
			{
				name = "a variable before a slash", messages = { "operand '$X/' can become /" },
				input = lib.change("rm -rf $X/", { verb = "delete", object = "$X/", scope = "recursive", flags = { "recursive", "dynamic", "emptyable" } }),
			},
			{
				name = "a pattern", messages = { "operand '/srv/*' is expanded when it runs" },
				input = lib.change("rm -rf /srv/*", { verb = "delete", object = "/srv/*", flags = { "recursive", "glob" } }),
			},
			{
				name = "what is deleted comes from a pipe", messages = { "operand (not known) is only known when it runs" },
				input = lib.change("rm -rf", { verb = "delete", object = "", scope = "recursive", flags = { "dynamic" } },
					{ command = { wrappers = { "xargs" } } }),
			},
		},
		quiet = {
			{
				name = "a literal path",
				input = lib.change("rm -rf /srv/shop/old", { verb = "delete", object = "/srv/shop/old", scope = "recursive", flags = { "recursive" } }),
			},
			{ name = "one file by a pattern", input = lib.change("rm /srv/shop/*.tmp", { verb = "delete", object = "/srv/shop/*.tmp", flags = { "glob" } }) },
			{
				name = "a recursive read of a pattern",
				input = lib.change("grep -r x /srv/*", { verb = "read", object = "/srv/*", scope = "recursive", flags = { "recursive", "glob" } }),
			},
		},
	},
}
