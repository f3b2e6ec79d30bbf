local lib = require "lib"

-- Names of the dynamic loader: ld.so, ld-linux-x86-64.so.2, ld-2.36.so
local function is_loader(name)
	return name == "ld.so" or name:sub(1, 3) == "ld-" and name:find(".so", 1, true) ~= nil
end

local function how(command)
	if is_loader(command.program) then
		return command.program
	end
	for _, wrapper in ipairs(command.wrappers) do
		if is_loader(wrapper) then
			return wrapper
		end
	end
	for _, impact in ipairs(command.impacts) do
		if lib.flag(impact, "loader") then
			return command.program
		elseif lib.flag(impact, "inline_code") then
			return command.program .. " with program text on its command line"
		end
	end
	return nil
end

return {
	id = "EXEC-003", severity = "H", tier = "ENFORCE", on_error = "block", waivable = "approver", owner = "security",
	title = "a loader or an interpreter starts something else",
	looks_at = "the dynamic loader, or an interpreter with program text as an argument, that starts another binary",
	why = "Records and rules see the loader's name, not the program that runs.",
	suggestion = "Call the program by its own path; make program text a script that is pinned by its digest.",
	doc = "docs/rules.md#exec-003",
	check = function(input, report)
		lib.commands(input, function(command, step)
			local by = how(command)
			if by then
				report(lib.finding(step, command, command.program, "loader indirection: by " .. lib.cut(by, 200)))
			end
		end)
	end,
	tests = {
		fires = {
			{
				name = "the loader by its name", messages = { "loader indirection: by ld-linux-x86-64.so.2" },
				input = lib.change("ld-linux-x86-64.so.2 /tmp/x", nil, { command = { proof = "unproved" } }),
			},
			{ name = "peeled as a wrapper", input = lib.change("x", nil, { command = { wrappers = { "sudo", "ld.so" } } }) },
			{
				name = "an interpreter with text", messages = { "loader indirection: by perl with program text on its command line" },
				input = lib.change("perl -e exec", { verb = "exec", kind = "process", flags = { "inline_code" } }),
			},
			{ name = "the analysis knows it", input = lib.change("frob", { verb = "exec", kind = "process", flags = { "loader" } }) },
		},
		quiet = {
			{ name = "a script file", input = lib.change("python3 /srv/shop/x.py", { verb = "exec", kind = "process" }) },
			{ name = "the linker", input = lib.change("ld -o x x.o", { verb = "write", object = "/srv/x" }) },
			{ name = "the loader's cache", input = lib.change("ldconfig", { verb = "write", object = "/srv/x" }) },
		},
	},
}
