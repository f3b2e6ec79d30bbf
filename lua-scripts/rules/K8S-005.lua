local lib = require "lib"

local ENTERS = lib.set { "exec", "connect", "login", "copy", "listen" }

return {
	id = "K8S-005", severity = "H", tier = "ENFORCE", on_error = "block", waivable = "approver", owner = "platform",
	title = "enters a pod in production",
	looks_at = "kubectl exec, attach, cp, port-forward and debug in a production namespace",
	why = "What is done inside is seen by neither the cluster's audit nor the gate, and goes with the next restart.",
	suggestion = "Change the image or the configuration; to look, read logs and metrics; else ask for a session grant.",
	doc = "docs/rules.md#k8s-005",
	check = function(input, report)
		if not lib.is_production(input) then
			return
		end
		lib.impacts(input, function(impact, command, step)
			local is_inside = impact.kind == "k8s" or impact.kind == "container" and lib.has(command.wrappers, "kubectl")
			if is_inside and ENTERS[impact.verb] then
				report(lib.finding(step, command, impact.object, "enters a pod: " .. impact.verb .. " " .. lib.what(impact)))
			end
		end)
	end,
	tests = {
		fires = {
			{
				name = "exec", objects = { "k8s:main/shop/pod/web-1" }, messages = { "enters a pod: exec k8s:main/shop/pod/web-1" },
				input = lib.change("kubectl exec web-1", { verb = "exec", kind = "k8s", object = "k8s:main/shop/pod/web-1" }),
			},
			{
				name = "a port is forwarded",
				input = lib.change("kubectl port-forward web-1", { verb = "connect", kind = "k8s", object = "k8s:main/shop/pod/web-1" }),
			},
			{
				name = "an environment that nobody knows",
				input = lib.change("kubectl cp", { verb = "copy", kind = "k8s" }, { request = { environment = "live-2" } }),
			},
			{
				name = "a command that was peeled",
				input = lib.change("sh -c id", { verb = "exec", kind = "container", object = "web-1" }, { command = { wrappers = { "kubectl" } } }),
			},
		},
		quiet = {
			{ name = "in staging", input = lib.change("kubectl exec web-1", { verb = "exec", kind = "k8s" }, { request = { environment = "staging" } }) },
			{ name = "logs", input = lib.change("kubectl logs web-1", { verb = "read", kind = "k8s" }) },
			{ name = "a container of a host", input = lib.change("docker exec", { verb = "exec", kind = "container" }) },
		},
	},
}
