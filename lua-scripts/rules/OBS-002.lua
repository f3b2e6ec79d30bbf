local lib = require "lib"

return {
	id = "OBS-002", severity = "H", tier = "ENFORCE", on_error = "block", waivable = "approver", owner = "sre",
	title = "something is wrong there already",
	looks_at = "open incidents and firing alerts on a target or what it belongs to; alerts that could not be read",
	why = "A change during an incident hides its cause, and its own effect cannot be told from it.",
	suggestion = "Wait until it is over, or link the incident when the change is its remedy.",
	doc = "docs/rules.md#obs-002",
	check = function(input, report)
		if not lib.is_mutating(input) then
			return
		end
		local is_remedy = false
		for _, incident in ipairs(input.context.incidents) do
			is_remedy = is_remedy or incident.linked
			if not incident.linked then
				report {
					object = incident.object, seen = incident.id .. ", severity " .. incident.severity,
					message = "incident " .. incident.id .. " is open on " .. lib.cut(incident.object, 200) .. ": wait or link the incident",
				}
			end
		end
		if is_remedy then -- of what fires
			return
		end
		for _, source in ipairs(input.context.alert_sources) do
			if not source.known then
				report {
					object = source.name, seen = source.name .. " gave no answer",
					message = "which alerts fire is not known, " .. lib.cut(source.name, 200) .. ": " .. lib.cut(source.reason, 200),
				}
			end
		end
		for _, alert in ipairs(input.context.alerts) do
			report {
				object = alert.object, seen = lib.cut(alert.name, 200),
				message = "alert " .. lib.cut(alert.name, 200) .. " is firing on " .. lib.cut(alert.object, 200) .. ": wait or link the incident",
			}
		end
	end,
	tests = {
		fires = {
			{
				name = "an incident", objects = { "svc:pay" }, messages = { "incident INC-7 is open on svc:pay: wait or link the incident" },
				input = { context = { incidents = { { id = "INC-7", object = "svc:pay", severity = "1" } } } },
			},
			{
				name = "an alert", messages = { "alert LatencyHigh is firing on host:web-1: wait or link the incident" },
				input = { context = { alerts = { { name = "LatencyHigh", object = "host:web-1" } } } },
			},
			{
				name = "nobody knows what fires", objects = { "prom-main" }, messages = { "which alerts fire is not known, prom-main: connection refused" },
				input = { context = { alert_sources = { {}, { known = false, reason = "connection refused" } } } },
			},
			{ name = "one of two is linked", objects = { "svc:b" }, input = { context = { incidents = { { linked = true }, { object = "svc:b" } } } } },
		},
		quiet = {
			{ name = "the incident is linked", input = { context = { incidents = { { linked = true } }, alerts = { {} }, alert_sources = { { known = false } } } } },
			{ name = "no alerts are looked at", input = { context = { alert_sources = {} } } },
			{
				name = "it only reads",
				input = { context = { incidents = { {} }, alerts = { {} }, alert_sources = { { known = false } } },
				steps = { { commands = { { proof = "read" } } } } },
			},
		},
	},
}
