local lib = require "lib"

return {
	id = "DB-002", severity = "C", tier = "ENFORCE", on_error = "block", waivable = "owner", owner = "dba",
	title = "UPDATE or DELETE of a whole table",
	looks_at = "UPDATE and DELETE without WHERE, or with a WHERE that is always true",
	why = "Every row is changed in one transaction: locks, replication lag, and no way back but a restore.",
	suggestion = "Name the rows by a WHERE on an indexed column; to empty a table on purpose file it as such, with a backup.",
	doc = "docs/rules.md#db-002",
	check = function(input, report)
		lib.impacts(input, function(impact, command, step)
			local flag = lib.flag(impact, "no_where", "constant_where")
			if impact.kind == "db" and (impact.verb == "update" or impact.verb == "delete") and flag then
				local how = flag == "no_where" and "without WHERE" or "by a WHERE that is always true"
				report(lib.finding(step, command, impact.object, impact.verb .. " touches the whole table " .. lib.what(impact) .. " " .. how))
			end
		end)
	end,
	tests = {
		fires = {
			{
				name = "no WHERE", objects = { "db:orders-1/shop.orders" },
				messages = { "update touches the whole table db:orders-1/shop.orders without WHERE" },
				input = lib.change("mysql -e update", { verb = "update", kind = "db", object = "db:orders-1/shop.orders", flags = { "no_where" } }),
			},
			{
				name = "WHERE 1=1",
				input = lib.change("mysql -e delete", { verb = "delete", kind = "db", object = "db:/shop.orders", flags = { "constant_where" } }),
			},
		},
		quiet = {
			{ name = "with a WHERE", input = lib.change("mysql -e update", { verb = "update", kind = "db", object = "db:/shop.orders" }) },
			{
				name = "a SELECT of all",
				input = lib.change("mysql -e select", { verb = "select", kind = "db", object = "db:/shop.orders", flags = { "no_where" } }),
			},
		},
	},
}
