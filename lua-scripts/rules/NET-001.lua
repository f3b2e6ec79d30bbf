local lib = require "lib"

return {
	id = "NET-001", severity = "H", tier = "ENFORCE", on_error = "block", waivable = "approver", owner = "security",
	title = "remote code",
	looks_at = "fetch and run (curl | sh), installing from a URL",
	why = "What runs is what the other side sends at that moment: it was not reviewed and may differ by target.",
	suggestion = "Fetch it first, attach it to the change with its digest, and install it from the package registry of the company.",
	doc = "docs/rules.md#net-001",
	check = function(input, report)
		lib.impacts(input, function(impact, command, step)
			local is_url = impact.kind == "url" or impact.object:find("://", 1, true)
			if lib.flag(impact, "fetch_and_run") then
				report(lib.finding(step, command, impact.object, "remote code: runs what " .. lib.what(impact) .. " gives"))
			elseif (impact.verb == "install" or impact.verb == "exec" or impact.verb == "apply") and is_url then
				report(lib.finding(step, command, impact.object, "remote code: " .. impact.verb .. " from " .. lib.what(impact)))
			end
		end)
	end,
	tests = {
		fires = {
			{
				name = "curl | sh", objects = { "https://get.example/x.sh" }, messages = { "remote code: runs what https://get.example/x.sh gives" },
				input = lib.change("sh", { verb = "exec", kind = "url", object = "https://get.example/x.sh", flags = { "fetch_and_run" } }),
			},
			{
				name = "a package by URL", messages = { "remote code: install from https://x.example/a.deb" },
				input = lib.change("dpkg -i", { verb = "install", kind = "package", object = "https://x.example/a.deb" }),
			},
			{ name = "a manifest by URL", input = lib.change("kubectl apply", { verb = "apply", kind = "k8s", object = "https://x.example/a.yaml" }) },
		},
		quiet = {
			{ name = "a package of the registry", input = lib.change("apt-get install nginx", { verb = "install", kind = "package", object = "nginx" }) },
			{ name = "fetching alone", input = lib.change("curl -O x", { verb = "fetch", kind = "url", object = "https://x.example/a" }) },
		},
	},
}
