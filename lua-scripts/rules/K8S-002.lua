local lib = require "lib"

local WORKLOADS = lib.set { "deployment", "statefulset", "daemonset", "replicaset", "replicationcontroller", "rollout" }
local HALF = 0.5

local function number(value)
	return value and ("%g"):format(value) or "?"
end

-- Why a scaling is a drop, or nil. From what to what is not always known.
local function drop(impact)
	if impact.to == nil then
		return "?→?, how many will run is not known"
	elseif impact.to == 0 then
		return number(impact.from) .. "→0"
	elseif impact.from == nil then
		return "?→" .. number(impact.to) .. ", how many run now is not known"
	elseif math.abs(impact.to - impact.from) > HALF * impact.from then
		return number(impact.from) .. "→" .. number(impact.to)
	end
	return nil
end

-- How many workloads the change restarts; many when that is not known.
local function count_restarts(input)
	local seen, count = {}, 0
	lib.impacts(input, function(impact)
		if impact.kind == "k8s" and impact.verb == "restart" then
			if impact.scope ~= "one" or impact.object == "" then
				count = count + 2
			elseif not seen[impact.object] then
				seen[impact.object] = true
				count = count + 1
			end
		end
	end)
	return count
end

return {
	id = "K8S-002", severity = "H", tier = "ENFORCE", on_error = "block", waivable = "approver", owner = "platform",
	title = "capacity drops",
	looks_at = "scale to 0, delete of a workload, rollout restart of more than one, replicas changed by more than 50 %",
	why = "Less capacity than traffic is an outage; more at once starves the neighbours.",
	suggestion = "Go in steps of at most half, observe between them, and restart one workload after the other.",
	doc = "docs/rules.md#k8s-002",
	check = function(input, report)
		local restarts = count_restarts(input)
		lib.impacts(input, function(impact, command, step)
			if impact.kind ~= "k8s" then
				return
			end
			local message
			if impact.verb == "scale" and drop(impact) then
				message = "capacity drop " .. drop(impact) .. " of " .. lib.what(impact)
			elseif impact.verb == "delete" and WORKLOADS[lib.k8s(impact.object).kind] then
				message = "capacity drop: deletes " .. lib.what(impact)
			elseif impact.verb == "restart" and restarts > 1 then
				message = "capacity drop: restarts more than one workload, among them " .. lib.what(impact)
			end
			if message then
				report(lib.finding(step, command, impact.object, message))
			end
		end)
	end,
	tests = {
		fires = {
			{
				name = "to zero", objects = { "k8s:main/shop/deployment/web" }, messages = { "capacity drop 6→0 of k8s:main/shop/deployment/web" },
				input = lib.change("kubectl scale", { verb = "scale", kind = "k8s", object = "k8s:main/shop/deployment/web", from = 6, to = 0 }),
			},
			{
				name = "by more than half", messages = { "capacity drop 10→4 of web" },
				input = lib.change("kubectl scale", { verb = "scale", kind = "k8s", object = "web", from = 10, to = 4 }),
			},
			{ name = "twice as many", input = lib.change("kubectl scale", { verb = "scale", kind = "k8s", object = "web", from = 10, to = 20 }) },
			{
				name = "from an unknown number", messages = { "capacity drop ?→4, how many run now is not known of web" },
				input = lib.change("kubectl scale", { verb = "scale", kind = "k8s", object = "web", to = 4 }),
			},
			{ name = "to an unknown number", input = lib.change("kubectl scale", { verb = "scale", kind = "k8s", object = "web", from = 4 }) },
			{ name = "a workload goes", input = lib.change("kubectl delete deploy web", { verb = "delete", kind = "k8s", object = "k8s:main/shop/deploy/web" }) },
			{
				name = "two restarts", objects = { "k8s:m/s/deployment/a", "k8s:m/s/deployment/b" },
				input = lib.change("kubectl rollout restart a b", {
					{ verb = "restart", kind = "k8s", object = "k8s:m/s/deployment/a" }, { verb = "restart", kind = "k8s", object = "k8s:m/s/deployment/b" },
				}),
			},
			{
				name = "a restart of all",
				input = lib.change("kubectl rollout restart deploy", { verb = "restart", kind = "k8s", object = "k8s:m/s/deployment/", scope = "all" }),
			},
		},
		quiet = {
			{ name = "by half", input = lib.change("kubectl scale", { verb = "scale", kind = "k8s", object = "web", from = 10, to = 5 }) },
			{ name = "one restart", input = lib.change("kubectl rollout restart", { verb = "restart", kind = "k8s", object = "k8s:m/s/deployment/a" }) },
			{ name = "a pod goes", input = lib.change("kubectl delete pod", { verb = "delete", kind = "k8s", object = "k8s:m/s/pod/a-1" }) },
			{
				name = "two units of a host restart",
				input = lib.change("systemctl restart a b", { { verb = "restart", kind = "unit", object = "a" }, { verb = "restart", kind = "unit", object = "b" } }),
			},
		},
	},
}
