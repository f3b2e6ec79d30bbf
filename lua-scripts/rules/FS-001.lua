local lib = require "lib"

-- The path that is lost, or nil. Below a protected path it is FS-005's concern.
local function lost(impact, input)
	if impact.verb ~= "delete" or impact.kind ~= "path" then
		return nil
	elseif not (impact.scope == "recursive" or lib.flag(impact, "recursive", "force")) then
		return nil
	end
	return (lib.flag(impact, "protected", "root") or lib.covers(impact.object, input.context.protected_paths)) and true
end

return {
	id = "FS-001", severity = "C", tier = "ENFORCE", on_error = "block", waivable = "owner", owner = "sre",
	title = "deletes a protected path recursively or by force",
	looks_at = "recursive or forced delete whose resolved operand is a protected path or a folder around one",
	why = "What was deleted so comes back from a backup only, on every target at once.",
	suggestion = "Name the files below the path that are meant, move them aside first, and delete them after the change proved good.",
	doc = "docs/rules.md#fs-001",
	check = function(input, report)
		lib.impacts(input, function(impact, command, step)
			if lost(impact, input) then
				local how = (impact.scope == "recursive" or lib.flag(impact, "recursive")) and " recursively " or " by force "
				report(lib.finding(step, command, impact.object, "deletes " .. lib.what(impact) .. how .. lib.on(step)))
			end
		end)
	end,
	tests = {
		fires = {
			{
				name = "rm -rf of a protected path on three targets", objects = { "/data" },
				messages = { "deletes /data recursively on 3 targets" },
				input = lib.change("rm -rf /data", { verb = "delete", object = "/data", scope = "recursive", flags = { "recursive", "force" } },
					{ step = { targets = { "db-1", "db-2", "db-3" } } }),
			},
			{
				name = "a folder around a protected path", objects = { "/var" },
				input = lib.change("rm -r /var", { verb = "delete", object = "/var", scope = "recursive" }),
			},
			{
				name = "the same path written otherwise, through wrappers",
				input = lib.change("rm -r /srv/../data//*", { verb = "delete", object = "/srv/../data//*", scope = "recursive", flags = { "glob" } },
					{ command = { wrappers = { "sudo", "nice" } } }),
			},
			{
				name = "a file by force that the analysis knows to be protected",
				messages = { "deletes /srv/shop/ledger by force on web-1" },
				input = lib.change("rm -f /srv/shop/ledger", { verb = "delete", object = "/srv/shop/ledger", flags = { "force", "protected" } }),
			},
			{
				name = "root itself",
				input = lib.change("rm -rf /", { verb = "delete", object = "/", scope = "recursive", flags = { "recursive", "force" } }),
			},
			{
				name = "a find that deletes",
				input = lib.change("find /data -delete", { verb = "delete", object = "/data", scope = "recursive" }),
			},
		},
		quiet = {
			{
				name = "a folder of the service alone",
				input = lib.change("rm -rf /srv/shop/releases/40", { verb = "delete", object = "/srv/shop/releases/40", scope = "recursive" }),
			},
			{
				name = "a name that only begins like a protected one",
				input = lib.change("rm -rf /data-old", { verb = "delete", object = "/data-old", scope = "recursive" }),
			},
			{ name = "one file without force", input = lib.change("rm /data", { verb = "delete", object = "/data" }) },
			{ name = "reading it all", input = lib.change("ls -R /data", { verb = "list", object = "/data", scope = "recursive" }) },
		},
	},
}
