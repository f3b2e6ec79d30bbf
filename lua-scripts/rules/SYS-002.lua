local lib = require "lib"

local KERNEL = { "/proc", "/sys", "/etc/sysctl.conf", "/etc/sysctl.d", "/etc/modprobe.d", "/etc/modules", "/lib/modules" }

return {
	id = "SYS-002", severity = "H", tier = "ENFORCE", on_error = "block", waivable = "approver", owner = "sre",
	title = "kernel state",
	looks_at = "sysctl, /proc, /sys, limits of a running service, kernel modules",
	why = "It holds for the whole host at once, is forgotten by a reboot, and a wrong value can stop it where nobody logs in any more.",
	suggestion = "Set it by configuration management on one host, reboot that host, then go on.",
	doc = "docs/rules.md#sys-002",
	check = function(input, report)
		lib.impacts(input, function(impact, command, step)
			if not lib.mutates(impact) then
				return
			end
			local is_kernel = impact.kind == "kernel" or impact.kind == "path" and lib.below(impact.object, KERNEL)
			if is_kernel or impact.kind == "process" and impact.verb == "configure" then
				report(lib.finding(step, command, impact.object, "kernel state: " .. impact.verb .. " " .. lib.what(impact) .. " " .. lib.on(step)))
			end
		end)
	end,
	tests = {
		fires = {
			{
				name = "sysctl", objects = { "vm.swappiness" }, messages = { "kernel state: configure vm.swappiness on web-1" },
				input = lib.change("sysctl -w vm.swappiness=1", { verb = "configure", kind = "kernel", object = "vm.swappiness" }),
			},
			{ name = "a write below /proc", input = lib.change("tee /proc/sysrq-trigger", { verb = "write", object = "/proc/sysrq-trigger" }) },
			{ name = "limits of a process", input = lib.change("prlimit -p 1", { verb = "configure", kind = "process", object = "1" }) },
			{ name = "a module", input = lib.change("modprobe x", { verb = "install", kind = "kernel", object = "x" }) },
		},
		quiet = {
			{ name = "a value is read", input = lib.change("sysctl vm.swappiness", { verb = "read", kind = "kernel", object = "vm.swappiness" }) },
			{ name = "a process is read", input = lib.change("cat /proc/1/status", { verb = "read", object = "/proc/1/status" }) },
			{ name = "a folder of like name", input = lib.change("tee /process/x", { verb = "write", object = "/process/x" }) },
		},
	},
}
