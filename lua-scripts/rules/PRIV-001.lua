local lib = require "lib"

local ACCOUNTS = {
	"/etc/passwd", "/etc/shadow", "/etc/group", "/etc/gshadow", "/etc/sudoers", "/etc/sudoers.d", "/etc/pam.d", "/etc/security",
	"/etc/ssh", "/etc/nsswitch.conf", "/etc/polkit-1", "/root/.ssh",
}

-- The privilege that changes, in words, or nil.
local function change(impact, protected)
	local object = impact.object
	if impact.kind == "user" or impact.kind == "sudoers" then
		return impact.verb .. " " .. impact.kind .. " " .. (object ~= "" and lib.cut(object, 200) or "(not known)")
	elseif lib.flag(impact, "ssh_keys") or object:sub(-15) == "authorized_keys" then
		return "ssh keys " .. lib.what(impact)
	elseif lib.flag(impact, "setuid") then
		return "setuid " .. lib.what(impact)
	elseif impact.kind == "path" and lib.below(object, ACCOUNTS) then
		return impact.verb .. " " .. lib.what(impact)
	elseif impact.verb == "grant" and impact.kind ~= "path" then
		return "grants rights on " .. lib.what(impact)
	elseif impact.verb == "grant" and lib.flag(impact, "world_writable") then
		return "everybody may write to " .. lib.what(impact)
	elseif impact.verb == "grant" and (impact.scope == "recursive" or lib.flag(impact, "recursive")) then
		local is_system = object == "" or lib.flag(impact, "protected", "under_protected", "root", "dynamic", "emptyable")
			or lib.covers(object, protected) or lib.below(object, protected)
		return is_system and "owner or mode of all below " .. lib.what(impact) or nil
	end
	return nil
end

return {
	id = "PRIV-001", severity = "H", tier = "ENFORCE", on_error = "block", waivable = "approver", owner = "security",
	title = "privilege change",
	looks_at = "users, sudoers, PAM, ssh keys, setuid, chmod 777, chmod -R and chown -R on system paths, GRANT",
	why = "Rights that are given in a hurry stay; a wrong mode on system paths locks everybody out, sudo included.",
	suggestion = "Give rights through the directory service with an end date; name single files for chmod and chown.",
	doc = "docs/rules.md#priv-001",
	check = function(input, report)
		lib.impacts(input, function(impact, command, step)
			local what = lib.mutates(impact) and change(impact, input.context.protected_paths)
			if what then
				report(lib.finding(step, command, impact.object, "privilege change: " .. what))
			end
		end)
	end,
	tests = {
		fires = {
			{
				name = "an account", objects = { "eve" }, messages = { "privilege change: create user eve" },
				input = lib.change("useradd eve", { verb = "create", kind = "user", object = "eve" }),
			},
			{ name = "sudoers that are not known", input = lib.change("visudo", { verb = "write", kind = "sudoers", object = "" }) },
			{
				name = "a key", messages = { "privilege change: ssh keys /srv/shop/.ssh/authorized_keys" },
				input = lib.change("tee -a x", { verb = "append", object = "/srv/shop/.ssh/authorized_keys" }),
			},
			{ name = "setuid", input = lib.change("chmod u+s /srv/x", { verb = "grant", object = "/srv/x", flags = { "setuid" } }) },
			{ name = "PAM", input = lib.change("tee x", { verb = "write", object = "/etc/pam.d/sudo" }) },
			{ name = "GRANT of a database", input = lib.change("mysql -e grant", { verb = "grant", kind = "db", object = "db:/shop" }) },
			{ name = "for everybody", input = lib.change("chmod 777 /srv/x", { verb = "grant", object = "/srv/x", flags = { "world_writable" } }) },
			{
				name = "chown -R of a system path", messages = { "privilege change: owner or mode of all below /usr/lib" },
				input = lib.change("chown -R li /usr/lib", { verb = "grant", object = "/usr/lib", scope = "recursive" }),
			},
			{ name = "chmod -R of a folder around one", input = lib.change("chmod -R go-w /var", { verb = "grant", object = "/var", flags = { "recursive" } }) },
			{
				name = "chmod -R of the site's own", input = lib.change("chmod -R x /vault", { verb = "grant", object = "/vault", scope = "recursive" },
					{ context = { protected_paths = { "/vault" } } }),
			},
		},
		quiet = {
			{ name = "accounts are listed", input = lib.change("getent passwd", { verb = "list", kind = "user" }) },
			{ name = "one file of the service", input = lib.change("chmod 640 /srv/shop/x", { verb = "grant", object = "/srv/shop/x" }) },
			{ name = "all files of the service", input = lib.change("chown -R shop /srv/shop", { verb = "grant", object = "/srv/shop", scope = "recursive" }) },
		},
	},
}
