local MAX_STEP_PERCENT = 10

-- What a model's release lacks, as { seen, message }.
local function lacks(model)
	local list = {}
	local function add(seen, message)
		list[#list + 1] = { seen = seen, message = "model gate: " .. message }
	end
	if not model.eval_report then
		add("eval_report", "no evaluation report")
	end
	if model.traffic_step_percent > MAX_STEP_PERCENT then
		local percent = ("%g"):format(model.traffic_step_percent)
		add(percent .. " %", "a traffic step of " .. percent .. " %, " .. MAX_STEP_PERCENT .. " % are the most")
	end
	if model.shadow_period_s <= 0 then
		add("shadow_period_s", "no shadow period")
	end
	if not model.rollback_model or model.rollback_model == "" then
		add("rollback_model", "no model to go back to")
	end
	return list
end

return {
	id = "REL-002", severity = "H", tier = "ENFORCE", on_error = "block", waivable = "approver", owner = "ml-platform",
	title = "a model is published unproved",
	looks_at = "model releases without evaluation report, shadow period or a model to go back to, or in steps of more than 10 % of the traffic",
	why = "A model fails without an error: answers get worse, and only a comparison shows it.",
	suggestion = "Attach the evaluation, let it run in the shadow for a day, go in steps of at most 10 %, keep the old model loaded.",
	doc = "docs/rules.md#rel-002",
	check = function(input, report)
		local release = input.request.release
		for _, lack in ipairs(release and release.model and lacks(release.model) or {}) do
			report { object = "model:" .. release.version_to, seen = lack.seen, message = lack.message }
		end
	end,
	tests = {
		fires = {
			{
				name = "nothing was done", objects = { "model:42", "model:42", "model:42", "model:42" },
				messages = {
					"model gate: no evaluation report", "model gate: a traffic step of 12.5 %, 10 % are the most", "model gate: no shadow period",
					"model gate: no model to go back to",
				},
				input = { request = { release = {
					version_to = "42", model = { eval_report = false, traffic_step_percent = 12.5, shadow_period_s = 0, rollback_model = "" },
				} } },
			},
			{ name = "no way back", input = { request = { release = { model = { rollback_model = null } } } } },
		},
		quiet = {
			{ name = "all of it", input = { request = { release = { model = { traffic_step_percent = 10, shadow_period_s = 1 } } } } },
			{ name = "a release of a program", input = { request = { release = { model = null } } } },
		},
	},
}
