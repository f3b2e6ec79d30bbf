local lib = require "lib"

local HARMLESS = lib.set { "connect", "fetch", "login", "listen", "read", "list" }

return {
	id = "NET-004", severity = "C", tier = "ENFORCE", on_error = "block", waivable = "owner", owner = "network",
	title = "may cut access",
	looks_at = "firewall flush or default drop, routes, DNS, BGP, weights of load balancers, interfaces down",
	why = "It can take away the access that would be needed to undo it, rcm's own included.",
	suggestion = "Set a timer that puts the old state back unless it is stopped, and begin on one host with a console at hand.",
	doc = "docs/rules.md#net-004",
	check = function(input, report)
		lib.impacts(input, function(impact, command, step)
			if impact.kind == "net" and lib.mutates(impact) and not HARMLESS[impact.verb] then
				report(lib.finding(step, command, impact.object,
					"may cut access, rcm's own too: " .. impact.verb .. " " .. lib.what(impact) .. " " .. lib.on(step)))
			end
		end)
	end,
	tests = {
		fires = {
			{
				name = "a firewall is emptied", objects = { "iptables" }, messages = { "may cut access, rcm's own too: flush iptables on web-1" },
				input = lib.change("iptables -F", { verb = "flush", kind = "net", object = "iptables" }),
			},
			{ name = "an interface goes down", input = lib.change("ip link set eth0 down", { verb = "stop", kind = "net", object = "eth0" }) },
			{ name = "a route", input = lib.change("ip route del x", { verb = "delete", kind = "net", object = "10.0.0.0/8" }) },
		},
		quiet = {
			{ name = "rules are listed", input = lib.change("iptables -L", { verb = "list", kind = "net" }) },
			{ name = "a connection", input = lib.change("nc web-1 80", { verb = "connect", kind = "net", object = "web-1:80" }) },
			{ name = "a file", input = lib.change("tee x", { verb = "write", object = "/srv/x" }) },
		},
	},
}
