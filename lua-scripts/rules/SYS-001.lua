local lib = require "lib"

local STOPS = lib.set { "stop", "disable", "kill", "signal", "restart" }

local function is_tier0(object, units)
	for _, unit in ipairs(units) do
		if lib.unit(unit) == lib.unit(object) then
			return true
		end
	end
	return false
end

-- What stops, in words, or nil. A tier-0 unit may be restarted; not stopped, killed or disabled.
local function stopped(impact, units)
	local is_open = impact.object == "" or impact.scope ~= "one" or lib.flag(impact, "glob", "dynamic", "everything")
	if impact.kind == "host" then
		return (impact.verb == "restart" and "restarts" or "stops") .. " the host"
	elseif impact.kind == "process" and (impact.verb == "kill" or impact.verb == "signal") then
		return is_open and "ends processes by a pattern" .. (impact.object ~= "" and ": " .. lib.what(impact) or "") or nil
	elseif impact.kind == "unit" and impact.verb ~= "restart" then
		if is_open then
			return "stops units that are not named" .. (impact.object ~= "" and ": " .. lib.what(impact) or "")
		end
		return is_tier0(impact.object, units) and "stops " .. lib.cut(lib.unit(impact.object), 200) or nil
	end
	return nil
end

return {
	id = "SYS-001", severity = "H", tier = "ENFORCE", on_error = "block", waivable = "approver", owner = "sre",
	title = "stops a host or a tier-0 unit",
	looks_at = "reboot, halt, init, kill -9 -1, pkill by a pattern, stop or disable of a tier-0 unit",
	why = "It takes capacity away at once, and what does not start again is found out during the change.",
	suggestion = "Drain the host or the unit first, go one by one, and check that it is back before the next.",
	doc = "docs/rules.md#sys-001",
	check = function(input, report)
		lib.impacts(input, function(impact, command, step)
			local what = STOPS[impact.verb] and stopped(impact, input.context.tier0_units)
			if what then
				report(lib.finding(step, command, impact.object, what .. " " .. lib.on(step)))
			end
		end)
	end,
	tests = {
		fires = {
			{
				name = "a reboot", messages = { "restarts the host on 2 targets" },
				input = lib.change("reboot", { verb = "restart", kind = "host", object = "" }, { step = { targets = { "a", "b" } } }),
			},
			{
				name = "a tier-0 unit by its long name", objects = { "mysqld.service" }, messages = { "stops mysqld on web-1" },
				input = lib.change("systemctl stop mysqld.service", { verb = "stop", kind = "unit", object = "mysqld.service" }),
			},
			{
				name = "a tier-0 unit of the site is disabled",
				input = lib.change("systemctl disable pay", { verb = "disable", kind = "unit", object = "pay" }, { context = { tier0_units = { "pay.service" } } }),
			},
			{
				name = "pkill", messages = { "ends processes by a pattern: java on web-1" },
				input = lib.change("pkill java", { verb = "kill", kind = "process", object = "java", scope = "many" }),
			},
			{ name = "kill -9 -1", input = lib.change("kill -9 -1", { verb = "kill", kind = "process", object = "-1", scope = "all" }) },
			{ name = "units by a pattern", input = lib.change("systemctl stop my*", { verb = "stop", kind = "unit", object = "my*", flags = { "glob" } }) },
		},
		quiet = {
			{ name = "another unit", input = lib.change("systemctl stop reports", { verb = "stop", kind = "unit", object = "reports" }) },
			{ name = "a restart of a tier-0 unit", input = lib.change("systemctl restart nginx", { verb = "restart", kind = "unit", object = "nginx" }) },
			{ name = "one process", input = lib.change("kill 4711", { verb = "kill", kind = "process", object = "4711" }) },
			{ name = "a reload", input = lib.change("systemctl reload nginx", { verb = "reload", kind = "unit", object = "nginx" }) },
		},
	},
}
