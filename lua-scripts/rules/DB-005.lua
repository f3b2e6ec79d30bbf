local lib = require "lib"

local DEFAULT_LIMIT = 1000000

return {
	id = "DB-005", severity = "H", tier = "ENFORCE", on_error = "block", waivable = "approver", owner = "dba",
	title = "ALTER that locks a large table",
	looks_at = "ALTER on a table over the size limit, or of unknown size, without an online tool with a throttle",
	why = "A rebuild holds the table for as long as it is large, and the replicas do it again one after the other.",
	suggestion = "Use gh-ost or pt-online-schema-change, throttled by the replicas' lag, or ALGORITHM=INPLACE, LOCK=NONE; declare the rows.",
	doc = "docs/rules.md#db-005",
	check = function(input, report)
		local limit = input.context.limits.table_rows or DEFAULT_LIMIT
		lib.impacts(input, function(impact, command, step)
			if impact.kind ~= "db" or impact.verb ~= "alter" or lib.flag(impact, "online") then
				return
			elseif not impact.rows or impact.rows > limit then
				local rows = impact.rows and lib.count(impact.rows, "row") or "rows not known"
				report(lib.finding(step, command, impact.object, "locks " .. lib.what(impact) .. " (" .. rows .. ", the limit is " .. limit .. ")"))
			end
		end)
	end,
	tests = {
		fires = {
			{
				name = "a large table", objects = { "db:/shop.orders" }, messages = { "locks db:/shop.orders (90000000 rows, the limit is 1000000)" },
				input = lib.change("mysql -e alter", { verb = "alter", kind = "db", object = "db:/shop.orders", rows = 90000000 }),
			},
			{
				name = "a table of unknown size", messages = { "locks db:/shop.orders (rows not known, the limit is 5)" },
				input = lib.change("mysql -e alter", { verb = "alter", kind = "db", object = "db:/shop.orders" }, { context = { limits = { table_rows = 5 } } }),
			},
		},
		quiet = {
			{ name = "a small table", input = lib.change("mysql -e alter", { verb = "alter", kind = "db", rows = 400 }) },
			{ name = "by an online tool", input = lib.change("gh-ost", { verb = "alter", kind = "db", rows = 90000000, flags = { "online" } }) },
		},
	},
}
