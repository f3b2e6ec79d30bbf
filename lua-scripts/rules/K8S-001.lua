local lib = require "lib"

local WIDE = lib.set { "namespace", "persistentvolume", "persistentvolumeclaim", "customresourcedefinition", "node" }

-- What is deleted at once, in words, or nil.
local function wide(impact)
	local at = lib.k8s(impact.object)
	if WIDE[at.kind] then
		return at.kind .. (at.name ~= "" and " " .. lib.cut(at.name, 100) or "")
	elseif lib.flag(impact, "everything", "all_namespaces", "empty_selector") or impact.scope == "all" or impact.scope == "cluster" then
		return "every " .. (at.kind ~= "" and at.kind or "object that matches")
	elseif at.kind == "" then
		return "objects of a kind that is not known"
	end
	return nil
end

return {
	id = "K8S-001", severity = "C", tier = "ENFORCE", on_error = "block", waivable = "owner", owner = "platform",
	title = "deletes at cluster scope",
	looks_at = "delete of namespace, pv, pvc, crd, node; delete with --all, -A or an empty selector",
	why = "Deleting these takes everything in them along, data of other teams included; it can't be undone from the cluster.",
	suggestion = "Delete named objects in one namespace; export what goes before, and let its owner approve.",
	doc = "docs/rules.md#k8s-001",
	check = function(input, report)
		lib.impacts(input, function(impact, command, step)
			local what = impact.kind == "k8s" and impact.verb == "delete" and wide(impact)
			if what then
				report(lib.finding(step, command, impact.object, "deletes " .. what .. " at cluster scope"))
			end
		end)
	end,
	tests = {
		fires = {
			{
				name = "a namespace", objects = { "k8s:main//namespace/shop" }, messages = { "deletes namespace shop at cluster scope" },
				input = lib.change("kubectl delete ns shop", { verb = "delete", kind = "k8s", object = "k8s:main//namespace/shop" }),
			},
			{
				name = "by the kind's short name, of an object without a cluster", messages = { "deletes persistentvolumeclaim data-0 at cluster scope" },
				input = lib.change("kubectl delete pvc/data-0", { verb = "delete", kind = "k8s", object = "pvc/data-0" }),
			},
			{
				name = "all pods", messages = { "deletes every pod at cluster scope" },
				input = lib.change("kubectl delete pods --all", { verb = "delete", kind = "k8s", object = "k8s:main/shop/pods/", flags = { "everything" } }),
			},
			{
				name = "everywhere",
				input = lib.change("kubectl delete job x -A", { verb = "delete", kind = "k8s", object = "k8s:///job/x", flags = { "all_namespaces" } }),
			},
			{
				name = "an empty selector",
				input = lib.change("kubectl delete job -l=", { verb = "delete", kind = "k8s", object = "k8s:///job/", flags = { "empty_selector" } }),
			},
			{
				name = "what a file names", messages = { "deletes objects of a kind that is not known at cluster scope" },
				input = lib.change("kubectl delete -f x.yaml", { verb = "delete", kind = "k8s", object = "" }),
			},
		},
		quiet = {
			{ name = "one job", input = lib.change("kubectl delete job x", { verb = "delete", kind = "k8s", object = "k8s:main/shop/job/x" }) },
			{ name = "namespaces are listed", input = lib.change("kubectl get ns", { verb = "list", kind = "k8s", object = "k8s:///namespace/", scope = "all" }) },
			{ name = "a pod called node", input = lib.change("kubectl delete pod node", { verb = "delete", kind = "k8s", object = "k8s:main/shop/pod/node" }) },
		},
	},
}
