local lib = require "lib"

return {
	id = "DB-001", severity = "C", tier = "ENFORCE", on_error = "block", waivable = "owner", owner = "dba",
	title = "drops or truncates",
	looks_at = "DROP and TRUNCATE of a database, schema, table or partition",
	why = "It ends all transactions on it and is not in the undo log: only a backup brings the rows back.",
	suggestion = "Rename the table first, drop it weeks later; name the backup that was read back.",
	doc = "docs/rules.md#db-001",
	check = function(input, report)
		lib.impacts(input, function(impact, command, step)
			if impact.kind == "db" and (impact.verb == "drop" or impact.verb == "truncate") then
				local rows = impact.rows and lib.count(impact.rows, "row") or "rows not known"
				local verb = impact.verb == "drop" and "drops " or "empties "
				report(lib.finding(step, command, impact.object, verb .. lib.what(impact) .. " (" .. rows .. ")"))
			end
		end)
	end,
	tests = {
		fires = {
			{
				name = "a table", objects = { "db:orders-1/shop.orders" }, messages = { "drops db:orders-1/shop.orders (81234567 rows)" },
				input = lib.change("mysql -e drop", { verb = "drop", kind = "db", object = "db:orders-1/shop.orders", rows = 81234567 }),
			},
			{
				name = "truncate, and nobody knows how much", messages = { "empties db:/shop.orders (rows not known)" },
				input = lib.change("psql -c truncate", { verb = "truncate", kind = "db", object = "db:/shop.orders" }),
			},
			{
				name = "a database that is not known, and one row", messages = { "drops a db that is not known (1 row)" },
				input = lib.change("mysqladmin drop", { verb = "drop", kind = "db", object = "", rows = 1 }),
			},
		},
		quiet = {
			{ name = "a table is created", input = lib.change("mysql -e create", { verb = "create", kind = "db", object = "db:/shop.x" }) },
			{ name = "a file is truncated", input = lib.change("truncate -s0 x", { verb = "truncate", kind = "path", object = "/srv/x" }) },
		},
	},
}
