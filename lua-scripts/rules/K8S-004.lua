local lib = require "lib"

local WRITES = lib.set { "apply", "write", "configure", "create" }

-- What of manifest and difference is not attached with its digest.
local function missing(step)
	local bound = {}
	for _, content in ipairs(step.contents) do
		bound[content.role] = true
	end
	if not bound.manifest then
		return bound.diff and "no manifest attached" or "neither manifest nor diff attached"
	end
	return not bound.diff and "no diff attached" or nil
end

return {
	id = "K8S-004", severity = "H", tier = "ENFORCE", on_error = "block", waivable = "approver", owner = "platform",
	title = "manifest without its difference",
	looks_at = "apply, replace, patch and edit without an attached manifest and its server-side diff",
	why = "A manifest says what will be, not what goes away: the field that another team set is overwritten unseen.",
	suggestion = "Attach the manifest and the output of `kubectl diff --server-side` against the cluster that is meant.",
	doc = "docs/rules.md#k8s-004",
	check = function(input, report)
		lib.impacts(input, function(impact, command, step)
			local lack = impact.kind == "k8s" and WRITES[impact.verb] and missing(step)
			if lack then
				report(lib.finding(step, command, impact.object, lack .. ": " .. impact.verb .. " of " .. lib.what(impact)))
			end
		end)
	end,
	tests = {
		fires = {
			{
				name = "nothing attached", objects = { "k8s:main/shop/deployment/web" },
				messages = { "neither manifest nor diff attached: apply of k8s:main/shop/deployment/web" },
				input = lib.change("kubectl apply", { verb = "apply", kind = "k8s", object = "k8s:main/shop/deployment/web" }),
			},
			{
				name = "the manifest alone", messages = { "no diff attached: apply of a k8s that is not known" },
				input = lib.change("kubectl apply", { verb = "apply", kind = "k8s", object = "" }, { step = { contents = { { role = "manifest" } } } }),
			},
		},
		quiet = {
			{
				name = "both attached",
				input = lib.change("kubectl apply", { verb = "apply", kind = "k8s" }, { step = { contents = { { role = "diff" }, { role = "manifest" } } } }),
			},
			{ name = "a scaling", input = lib.change("kubectl scale", { verb = "scale", kind = "k8s" }) },
			{ name = "apply of something else", input = lib.change("sysctl -p", { verb = "apply", kind = "kernel" }) },
		},
	},
}
