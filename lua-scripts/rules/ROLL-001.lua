local lib = require "lib"

return {
	id = "ROLL-001", severity = "H", tier = "ENFORCE", on_error = "block", waivable = "approver", owner = "sre",
	title = "not reversible (可回滚)",
	looks_at = "changes without a rollback step that are not declared irreversible",
	why = "The way back is thought out now or under pressure; at night, by someone else.",
	suggestion = "Add the rollback as a step of its own, tried out in staging; or declare the change irreversible and say why.",
	doc = "docs/rules.md#roll-001",
	check = function(input, report)
		local request = input.request
		if #request.rollback == 0 and not request.declared_irreversible and lib.is_mutating(input) then
			report { seen = "no rollback step", message = "可回滚 missing: no rollback step, and not declared irreversible" }
		end
	end,
	tests = {
		fires = {
			{
				name = "no way back", messages = { "可回滚 missing: no rollback step, and not declared irreversible" },
				input = { request = { rollback = {} } },
			},
			{ name = "a step that was not analysed", input = { request = { rollback = {} }, steps = { { commands = {} } } } },
			{ name = "no step at all, as for a release", input = { request = { rollback = {} }, steps = {} } },
		},
		quiet = {
			{ name = "declared irreversible", input = { request = { rollback = {}, declared_irreversible = true } } },
			{ name = "it only reads", input = { request = { rollback = {} }, steps = { { commands = { { proof = "read" } } } } } },
		},
	},
}
