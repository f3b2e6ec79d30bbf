local lib = require "lib"

local LEAVES = lib.set { "chroot", "unshare", "nsenter", "setns", "bwrap", "machinectl", "systemd-nspawn", "pivot_root" }

local function leaves(command)
	for _, wrapper in ipairs(command.wrappers) do
		if LEAVES[wrapper] then
			return wrapper
		end
	end
	if LEAVES[command.program] then
		return command.program
	end
	for _, impact in ipairs(command.impacts) do
		if lib.flag(impact, "namespace") then
			return command.program
		end
	end
	return nil
end

return {
	id = "PRIV-003", severity = "H", tier = "ENFORCE", on_error = "block", waivable = "approver", owner = "security",
	title = "leaves the watched namespace",
	looks_at = "chroot, unshare, nsenter, setns",
	why = "Inside another namespace paths, processes and addresses mean something else than what was approved and is recorded.",
	suggestion = "Do it from the host with full paths, or by the tool of the container platform.",
	doc = "docs/rules.md#priv-003",
	check = function(input, report)
		lib.commands(input, function(command, step)
			local by = leaves(command)
			if by then
				report(lib.finding(step, command, by, "leaves the watched namespace by " .. lib.word(by)))
			end
		end)
	end,
	tests = {
		fires = {
			{
				name = "nsenter before a read", objects = { "nsenter" }, messages = { "leaves the watched namespace by nsenter" },
				input = lib.change("ip addr", { verb = "read", kind = "net" }, { command = { wrappers = { "sudo", "nsenter" }, proof = "read" } }),
			},
			{ name = "chroot alone", input = lib.change("chroot /srv/root", nil, { command = { proof = "unproved" } }) },
			{ name = "the analysis knows it", input = lib.change("frob", { verb = "exec", kind = "process", flags = { "namespace" } }) },
		},
		quiet = {
			{ name = "another wrapper", input = lib.change("ls", { verb = "list" }, { command = { wrappers = { "sudo", "nice", "timeout" } } }) },
		},
	},
}
