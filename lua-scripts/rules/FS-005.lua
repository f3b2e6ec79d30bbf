local lib = require "lib"

local ALWAYS = {
	"/etc", "/boot", "/usr", "/lib", "/lib64", "/bin", "/sbin", "/root", "/var/spool/cron", "/var/lib/redbutton", "/run/systemd",
}

return {
	id = "FS-005", severity = "H", tier = "ENFORCE", on_error = "block", waivable = "approver", owner = "sre",
	title = "writes a protected path",
	looks_at = "any write to a protected path: /etc, cron, units, sudoers, ssh, ld.so.*, rcm's own, and those of the site",
	why = "These files decide what the host runs, who may log in and what is watched; a slip there outlives the change.",
	suggestion = "Change them by configuration management, or attach the new content and write only that file.",
	doc = "docs/rules.md#fs-005",
	check = function(input, report)
		lib.impacts(input, function(impact, command, step)
			local is_path = impact.kind == "path" or impact.object:sub(1, 1) == "/"
			if not is_path or not lib.mutates(impact) then
				return
			end
			if lib.flag(impact, "protected", "under_protected", "ssh_keys") or lib.below(impact.object, ALWAYS)
				or lib.below(impact.object, input.context.protected_paths) then
				report(lib.finding(step, command, impact.object, impact.verb .. ": writes protected path " .. lib.what(impact)))
			end
		end)
	end,
	tests = {
		fires = {
			{
				name = "a file of cron", objects = { "/etc/cron.d/shop" }, messages = { "write: writes protected path /etc/cron.d/shop" },
				input = lib.change("tee /etc/cron.d/shop", { verb = "write", object = "/etc/cron.d/shop" }),
			},
			{
				name = "a path of the site", objects = { "/srv/vault/x" },
				input = lib.change("cp x /srv/vault/x", { verb = "copy", object = "/srv/vault/x" }, { context = { protected_paths = { "/srv/vault" } } }),
			},
			{
				name = "a path that climbs into it",
				input = lib.change("tee x", { verb = "write", object = "/srv/../etc/ld.so.preload" }),
			},
			{
				name = "the analysis knows it by its content of links",
				input = lib.change("tee x", { verb = "append", object = "/srv/link", flags = { "under_protected" } }),
			},
			{
				name = "keys of ssh", messages = { "append: writes protected path a path that is not known" },
				input = lib.change("tee -a x", { verb = "append", object = "", flags = { "ssh_keys" } }),
			},
			{
				name = "sudoers by their own kind",
				input = lib.change("visudo", { verb = "write", kind = "sudoers", object = "/etc/sudoers.d/shop" }),
			},
			{
				name = "two in one command", objects = { "/etc/a", "/etc/b" },
				input = lib.change("mv /etc/a /etc/b", { { verb = "move", object = "/etc/a" }, { verb = "write", object = "/etc/b" } }),
			},
		},
		quiet = {
			{ name = "reading it", input = lib.change("cat /etc/hosts", { verb = "read", object = "/etc/hosts" }) },
			{ name = "a name that begins alike", input = lib.change("tee /etcetera", { verb = "write", object = "/etcetera" }) },
			{ name = "a folder of the service", input = lib.change("tee /srv/shop/x", { verb = "write", object = "/srv/shop/x" }) },
		},
	},
}
