local lib = require "lib"

local CLIENTS = lib.set { "mysql", "mariadb", "psql", "sqlite3", "mongo", "mongosh", "redis-cli", "sqlplus", "sqlcmd", "clickhouse-client" }

return {
	id = "DB-006", severity = "H", tier = "ENFORCE", on_error = "block", waivable = "approver", owner = "dba",
	title = "SQL that runs programs or touches files",
	looks_at = "shell escapes of clients, COPY ... PROGRAM, LOAD_FILE, INTO OUTFILE, xp_cmdshell",
	why = "The statement leaves the database: it runs as the server's or the client's account, unseen by both audits.",
	suggestion = "Export and import by a script step; keep statements to the database.",
	doc = "docs/rules.md#db-006",
	check = function(input, report)
		lib.commands(input, function(command, step)
			if CLIENTS[command.program] and #command.runs > 0 then
				report(lib.finding(step, command, command.program, "SQL runs a program: " .. lib.join(command.runs, 3)))
			end
			for _, impact in ipairs(command.impacts) do
				local flag = impact.kind == "db" and lib.flag(impact, "runs_program", "server_file")
				if flag then
					report(lib.finding(step, command, impact.object,
						(flag == "server_file" and "SQL reads or writes files of the server: " or "SQL runs a program: ") .. lib.what(impact)))
				end
			end
		end)
	end,
	tests = {
		fires = {
			{
				name = "a shell escape of the client", objects = { "mysql" }, messages = { "SQL runs a program: \\! sh" },
				input = lib.change("mysql", nil, { command = { runs = { "\\! sh" } } }),
			},
			{
				name = "COPY PROGRAM", messages = { "SQL runs a program: db:/shop.orders" },
				input = lib.change("psql -c copy", { verb = "read", kind = "db", object = "db:/shop.orders", flags = { "runs_program" } }),
			},
			{
				name = "INTO OUTFILE", messages = { "SQL reads or writes files of the server: db:/shop.orders" },
				input = lib.change("mysql -e select", { verb = "select", kind = "db", object = "db:/shop.orders", flags = { "server_file" } }),
			},
		},
		quiet = {
			{
				name = "another program that runs one",
				input = lib.change("tar", { verb = "write", object = "/srv/x", flags = { "runs_program" } }, { command = { runs = { "-I" } } }),
			},
			{ name = "a statement", input = lib.change("mysql -e update", { verb = "update", kind = "db" }) },
		},
	},
}
