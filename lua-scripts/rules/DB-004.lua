local lib = require "lib"

-- What is done to the whole server, in words, or nil.
local function deed(impact)
	if impact.verb == "flush" then
		return "empties"
	elseif impact.verb == "configure" then
		return "sets variables of"
	elseif impact.verb == "stop" or impact.verb == "restart" then
		return impact.verb == "stop" and "stops" or "restarts"
	elseif impact.verb == "kill" and (impact.scope ~= "one" or impact.object == "") then
		return "ends many connections of"
	end
	return nil
end

return {
	id = "DB-004", severity = "C", tier = "ENFORCE", on_error = "block", waivable = "owner", owner = "dba",
	title = "global state of a database",
	looks_at = "FLUSHALL, FLUSHDB, CONFIG SET, SHUTDOWN, SET GLOBAL, KILL of many",
	why = "It holds for every user of the server at once, and a restart forgets it or makes it permanent.",
	suggestion = "Set it for one session, or in the configuration with a reload; delete keys by a prefix, in batches.",
	doc = "docs/rules.md#db-004",
	check = function(input, report)
		lib.impacts(input, function(impact, command, step)
			local what = impact.kind == "db" and deed(impact)
			if what then
				report(lib.finding(step, command, impact.object, "global state: " .. what .. " " .. lib.what(impact)))
			end
		end)
	end,
	tests = {
		fires = {
			{
				name = "FLUSHALL", objects = { "db:cache-1/" }, messages = { "global state: empties db:cache-1/" },
				input = lib.change("redis-cli flushall", { verb = "flush", kind = "db", object = "db:cache-1/", scope = "all" }),
			},
			{ name = "SET GLOBAL", input = lib.change("mysql -e set", { verb = "configure", kind = "db", object = "db:/max_connections" }) },
			{ name = "SHUTDOWN", input = lib.change("redis-cli shutdown", { verb = "stop", kind = "db" }) },
			{ name = "KILL of many", input = lib.change("mysql -e kill", { verb = "kill", kind = "db", object = "db:/", scope = "many" }) },
			{ name = "KILL of what is not known", input = lib.change("mysql -e kill", { verb = "kill", kind = "db", object = "" }) },
		},
		quiet = {
			{ name = "KILL of one", input = lib.change("mysql -e kill", { verb = "kill", kind = "db", object = "db:/connection/4711" }) },
			{ name = "a unit is stopped", input = lib.change("systemctl stop x", { verb = "stop", kind = "unit", object = "x" }) },
			{ name = "a read", input = lib.change("redis-cli info", { verb = "read", kind = "db" }) },
		},
	},
}
