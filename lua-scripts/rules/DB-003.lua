local lib = require "lib"

local DEFAULT_LIMIT = 1000

return {
	id = "DB-003", severity = "H", tier = "ENFORCE", on_error = "block", waivable = "approver", owner = "dba",
	title = "many rows in one statement",
	looks_at = "estimated or declared affected rows over the limit without batches; an UPDATE or DELETE whose rows nobody declared",
	why = "One large transaction holds its locks to the end and stops every replica for as long.",
	suggestion = "Change the rows in batches with a pause between them, and declare how many rows a batch has.",
	doc = "docs/rules.md#db-003",
	check = function(input, report)
		local limit = input.context.limits.affected_rows or DEFAULT_LIMIT
		lib.impacts(input, function(impact, command, step)
			local is_change = impact.verb == "update" or impact.verb == "delete"
			if impact.kind ~= "db" or not (is_change or impact.verb == "insert") or lib.flag(impact, "batched") then
				return
			elseif impact.rows and impact.rows > limit then
				report(lib.finding(step, command, impact.object,
					lib.count(impact.rows, "row") .. " in one statement on " .. lib.what(impact) .. ", the limit is " .. limit))
			elseif not impact.rows and is_change then
				report(lib.finding(step, command, impact.object,
					"how many rows the " .. impact.verb .. " on " .. lib.what(impact) .. " changes is not known, the limit is " .. limit))
			end
		end)
	end,
	tests = {
		fires = {
			{
				name = "too many", objects = { "db:/shop.orders" }, messages = { "5000 rows in one statement on db:/shop.orders, the limit is 1000" },
				input = lib.change("mysql -e update", { verb = "update", kind = "db", object = "db:/shop.orders", rows = 5000 }),
			},
			{
				name = "not known", messages = { "how many rows the delete on db:/shop.orders changes is not known, the limit is 10" },
				input = lib.change("mysql -e delete", { verb = "delete", kind = "db", object = "db:/shop.orders" }, { context = { limits = { affected_rows = 10 } } }),
			},
			{
				name = "an import, without a limit of the site",
				input = lib.change("mysql -e insert", { verb = "insert", kind = "db", rows = 1001 }, { context = { limits = {} } }),
			},
		},
		quiet = {
			{ name = "as many as may be", input = lib.change("mysql -e update", { verb = "update", kind = "db", rows = 1000 }) },
			{ name = "in batches", input = lib.change("pt-archiver", { verb = "delete", kind = "db", rows = 5000000, flags = { "batched" } }) },
			{ name = "one row is inserted", input = lib.change("mysql -e insert", { verb = "insert", kind = "db" }) },
			{ name = "a file is deleted", input = lib.change("rm x", { verb = "delete", kind = "path", object = "/srv/x" }) },
		},
	},
}
