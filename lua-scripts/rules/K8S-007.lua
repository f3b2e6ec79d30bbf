local lib = require "lib"

local CONTROL = lib.set {
	"role", "clusterrole", "rolebinding", "clusterrolebinding", "secret", "validatingwebhookconfiguration",
	"mutatingwebhookconfiguration", "validatingadmissionpolicy", "validatingadmissionpolicybinding", "customresourcedefinition",
	"networkpolicy", "apiservice", "serviceaccount", "podsecuritypolicy", "priorityclass", "storageclass", "certificatesigningrequest",
}

return {
	id = "K8S-007", severity = "H", tier = "ENFORCE", on_error = "block", waivable = "approver", owner = "platform",
	title = "control-plane object",
	looks_at = "changes of RBAC, secrets, admission webhooks, CRDs and network policies; reading a secret",
	why = "They decide what everybody else in the cluster may do, and a webhook that fails stops every deployment.",
	suggestion = "Let the platform team apply it from their repository; give a secret by reference.",
	doc = "docs/rules.md#k8s-007",
	check = function(input, report)
		lib.impacts(input, function(impact, command, step)
			local kind = impact.kind == "k8s" and lib.k8s(impact.object).kind
			if kind and CONTROL[kind] and (lib.mutates(impact) or kind == "secret" and impact.verb ~= "list") then
				report(lib.finding(step, command, impact.object, "control-plane object: " .. impact.verb .. " " .. lib.what(impact)))
			elseif kind and impact.verb == "grant" then
				report(lib.finding(step, command, impact.object, "control-plane object: grants rights on " .. lib.what(impact)))
			end
		end)
	end,
	tests = {
		fires = {
			{
				name = "a role", objects = { "k8s:main/shop/rolebinding/ops" }, messages = { "control-plane object: create k8s:main/shop/rolebinding/ops" },
				input = lib.change("kubectl create rolebinding ops", { verb = "create", kind = "k8s", object = "k8s:main/shop/rolebinding/ops" }),
			},
			{ name = "a plural", input = lib.change("kubectl delete networkpolicies x", { verb = "delete", kind = "k8s", object = "k8s:m/s/networkpolicies/x" }) },
			{ name = "a secret is read", input = lib.change("kubectl get secret x -o yaml", { verb = "read", kind = "k8s", object = "k8s:m/s/secret/x" }) },
			{ name = "rights by a verb", input = lib.change("kubectl auth reconcile", { verb = "grant", kind = "k8s", object = "" }) },
		},
		quiet = {
			{ name = "a deployment", input = lib.change("kubectl apply", { verb = "apply", kind = "k8s", object = "k8s:m/s/deployment/x" }) },
			{ name = "roles are read", input = lib.change("kubectl get role x", { verb = "read", kind = "k8s", object = "k8s:m/s/role/x" }) },
			{ name = "secrets are listed", input = lib.change("kubectl get secrets", { verb = "list", kind = "k8s", object = "k8s:m/s/secret/" }) },
		},
	},
}
