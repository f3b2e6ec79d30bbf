local lib = require "lib"

local WORDS = { monitor = "monitoring or audit", gate = "rcm's gate", clock = "the clock" }

local UNITS = {
	auditd = "monitor", ["systemd-journald"] = "monitor", rsyslog = "monitor", ["syslog-ng"] = "monitor", prometheus = "monitor",
	alertmanager = "monitor", ["node_exporter"] = "monitor", ["prometheus-node-exporter"] = "monitor", telegraf = "monitor",
	filebeat = "monitor", fluentd = "monitor", ["fluent-bit"] = "monitor", vector = "monitor", falco = "monitor", osqueryd = "monitor",
	["zabbix-agent"] = "monitor", ["datadog-agent"] = "monitor", redbuttond = "gate", ["redbutton-gate"] = "gate", rcm = "gate",
	chrony = "clock", chronyd = "clock", ntp = "clock", ntpd = "clock", ["systemd-timesyncd"] = "clock", ptp4l = "clock",
}

local PATHS = {
	{ "monitor", { "/etc/audit", "/etc/rsyslog.conf", "/etc/rsyslog.d", "/etc/prometheus", "/etc/alertmanager", "/var/log/audit", "/etc/systemd/journald.conf" } },
	{ "gate", { "/etc/redbutton", "/etc/rcm", "/etc/sudo.conf", "/usr/libexec/sudo", "/run/redbutton", "/var/lib/redbutton" } },
	{ "clock", { "/etc/chrony", "/etc/ntp.conf", "/etc/ntpsec", "/etc/systemd/timesyncd.conf", "/etc/localtime" } },
}

local GENTLE = lib.set { "start", "reload" }

-- Which of our eyes an impact blinds, or nil.
local function blinds(impact)
	if WORDS[impact.kind] then
		return impact.kind
	elseif impact.kind == "unit" or impact.kind == "process" then
		return not GENTLE[impact.verb] and UNITS[lib.unit(impact.object)] or nil
	elseif impact.kind == "path" or impact.object:sub(1, 1) == "/" then
		for _, row in ipairs(PATHS) do
			if lib.below(impact.object, row[2]) then
				return row[1]
			end
		end
	end
	return nil
end

return {
	id = "SYS-003", severity = "C", tier = "ENFORCE", on_error = "block", waivable = "owner", owner = "security",
	title = "blinds the gate",
	looks_at = "stops or edits of monitoring, audit, the recorder, rcm's gate, and time synchronisation",
	why = "What follows is done unseen, and records of a wrong time prove nothing.",
	suggestion = "Change them through their own team's repository, one at a time, with a second pair of eyes on the records.",
	doc = "docs/rules.md#sys-003",
	check = function(input, report)
		lib.impacts(input, function(impact, command, step)
			local eye = lib.mutates(impact) and blinds(impact)
			if eye then
				report(lib.finding(step, command, impact.object, "blinds the gate: " .. impact.verb .. " " .. lib.what(impact) .. " (" .. WORDS[eye] .. ")"))
			end
		end)
	end,
	tests = {
		fires = {
			{
				name = "audit is stopped", objects = { "auditd" }, messages = { "blinds the gate: stop auditd (monitoring or audit)" },
				input = lib.change("systemctl stop auditd", { verb = "stop", kind = "unit", object = "auditd" }),
			},
			{ name = "a silence", input = lib.change("amtool silence add", { verb = "create", kind = "monitor", object = "silence" }) },
			{
				name = "the plugin's line in sudo.conf", messages = { "blinds the gate: write /etc/sudo.conf (rcm's gate)" },
				input = lib.change("tee /etc/sudo.conf", { verb = "write", object = "/etc/sudo.conf" }),
			},
			{
				name = "the daemon is killed by name",
				input = lib.change("pkill redbuttond", { verb = "kill", kind = "process", object = "redbuttond", scope = "many" }),
			},
			{ name = "the clock is set", input = lib.change("date -s x", { verb = "configure", kind = "clock", object = "" }) },
			{
				name = "time synchronisation is masked",
				input = lib.change("systemctl mask chronyd.service", { verb = "disable", kind = "unit", object = "chronyd.service" }),
			},
		},
		quiet = {
			{ name = "audit is read", input = lib.change("ausearch -m x", { verb = "read", kind = "monitor" }) },
			{ name = "it is started", input = lib.change("systemctl start auditd", { verb = "start", kind = "unit", object = "auditd" }) },
			{ name = "another unit", input = lib.change("systemctl stop reports", { verb = "stop", kind = "unit", object = "reports" }) },
			{ name = "another file of /etc", input = lib.change("tee /etc/hosts", { verb = "write", object = "/etc/hosts" }) },
		},
	},
}
