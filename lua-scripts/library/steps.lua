-- Steps that many plans share.
--
--   local steps = require "steps"
--   steps.drain(t.edges:weight("shop/zone-a"), { to = percent { 50, 0 }, hold = "30s", guard = health.failing(t.prom, "shop") })

local steps = {}

-- A ramp under a guard that undoes the run.
function steps.drain(register, how)
	return step(how.title or "drain") {
		rollback_if(how.guard),
		ramp(register, { to = how.to, hold = how.hold }),
	}
end

-- Back to what was there, in three stages, under the same guard.
function steps.refill(register, how)
	return step(how.title or "let it back in") {
		rollback_if(how.guard),
		ramp(register, { to = percent { 10, 50, 100 }, hold = how.hold }),
	}
end

return steps
