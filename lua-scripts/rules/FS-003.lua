local lib = require "lib"

local WALKERS = lib.set { "find", "fd", "xargs", "parallel" }

-- The program that decides what the command works on, or nil.
local function walker(command)
	if WALKERS[command.program] then
		return command.program
	end
	for _, wrapper in ipairs(command.wrappers) do
		if WALKERS[wrapper] then
			return wrapper
		end
	end
	return nil
end

local function first_change(command)
	for _, impact in ipairs(command.impacts) do
		if lib.mutates(impact) then
			return impact
		end
	end
	return nil
end

return {
	id = "FS-003", severity = "H", tier = "ENFORCE", on_error = "block", waivable = "approver", owner = "sre",
	title = "find changes what it finds",
	looks_at = "find with -delete, with -exec of something that changes, or with -fprintf; also what xargs runs",
	why = "What it will act on is decided when it runs; a reviewer sees the question, not the list.",
	suggestion = "List first, review the list, and act on the list: attach it as a file that is pinned by its digest.",
	doc = "docs/rules.md#fs-003",
	check = function(input, report)
		lib.commands(input, function(command, step)
			local name = walker(command)
			if not name or command.proof == "read" then
				return
			end
			local impact = first_change(command)
			local what = impact and ": " .. impact.verb .. (impact.object ~= "" and " under " .. lib.what(impact) or "") or ""
			report(lib.finding(step, command, impact and impact.object or "", name .. " acts on an unbounded set" .. what))
		end)
	end,
	tests = {
		fires = {
			{
				name = "-delete", objects = { "/srv/shop" }, messages = { "find acts on an unbounded set: delete under /srv/shop" },
				input = lib.change("find /srv/shop -delete", { verb = "delete", object = "/srv/shop", scope = "recursive" }),
			},
			{
				name = "-exec of something that changes",
				input = lib.change("chmod 600", { verb = "grant", object = "/srv/shop", scope = "many" }, { command = { wrappers = { "find" } } }),
			},
			{
				name = "-exec of something that is not proved", messages = { "find acts on an unbounded set" },
				input = lib.change("frob", nil, { command = { wrappers = { "sudo", "find" }, proof = "unproved" } }),
			},
			{
				name = "xargs", messages = { "xargs acts on an unbounded set: kill" },
				input = lib.change("kill", { verb = "kill", kind = "process", object = "", scope = "unknown" }, { command = { wrappers = { "xargs" } } }),
			},
		},
		quiet = {
			{ name = "find that prints", input = lib.change("find /srv -name x", { verb = "list", object = "/srv" }, { command = { proof = "read" } }) },
			{
				name = "find -exec of a read",
				input = lib.change("grep x", { verb = "read", object = "/srv" }, { command = { proof = "read", wrappers = { "find" } } }),
			},
			{ name = "a delete without find", input = lib.change("rm /srv/a", { verb = "delete", object = "/srv/a" }) },
		},
	},
}
