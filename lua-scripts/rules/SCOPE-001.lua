local lib = require "lib"

local ALL = lib.set { "", "*", "all", "ALL", "any" }

local function is_open(name)
	return ALL[name] or name:find("*", 1, true) or name:find("?", 1, true)
end

return {
	id = "SCOPE-001", severity = "H", tier = "ENFORCE", on_error = "block", waivable = "approver", owner = "sre",
	title = "unbounded targets",
	looks_at = "targets by a wildcard, all, or an empty selector; steps without a target; commands on everything",
	why = "What it will act on grows with the inventory, and nobody approved the hosts that come later.",
	suggestion = "Name the targets, or a group that is resolved when the change is filed.",
	doc = "docs/rules.md#scope-001",
	check = function(input, report)
		for _, step in ipairs(input.steps) do
			if #step.targets == 0 then
				report { step = step.seq, seen = "no targets", message = "unbounded targets: step " .. step.seq .. " names none" }
			end
			for _, name in ipairs(step.targets) do
				if is_open(name) then
					report { step = step.seq, object = name, seen = "target " .. lib.word(name), message = "unbounded targets: " .. lib.word(name) }
				end
			end
		end
		lib.impacts(input, function(impact, command, step)
			local flag = lib.mutates(impact) and lib.flag(impact, "everything", "empty_selector", "all_namespaces")
			if flag or lib.mutates(impact) and (impact.scope == "all" or impact.scope == "cluster") then
				report(lib.finding(step, command, impact.object, "unbounded targets: " .. impact.verb .. " of every " .. impact.kind))
			end
		end)
	end,
	tests = {
		fires = {
			{ name = "a wildcard", objects = { "web-*" }, messages = { "unbounded targets: 'web-*'" }, input = { steps = { { targets = { "web-1", "web-*" } } } } },
			{ name = "no target", messages = { "unbounded targets: step 1 names none" }, input = { steps = { { targets = {} } } } },
			{
				name = "a command on everything", messages = { "unbounded targets: restart of every k8s" },
				input = lib.change("kubectl rollout restart", { verb = "restart", kind = "k8s", flags = { "everything" } }),
			},
			{ name = "the whole cluster", input = lib.change("kubectl label", { verb = "write", kind = "k8s", scope = "cluster" }) },
		},
		quiet = {
			{ name = "named targets", input = { steps = { { targets = { "web-1", "all-in-one" } } } } },
			{ name = "everything is listed", input = lib.change("kubectl get -A", { verb = "list", kind = "k8s", scope = "all", flags = { "all_namespaces" } }) },
		},
	},
}
