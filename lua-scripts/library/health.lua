-- What plans ask of Prometheus again and again. The rules' names are those of docs/plan-language.md;
-- a site with other names keeps its own copy of this file.
--
--   local health = require "health"
--   rollback_if(health.failing(t.prom, "checkout"))
--   check(health.has_room(t.prom, "b"))

local health = {}

-- Share of failed requests of a job, 0 to 1.
function health.error_ratio(prom, job)
	return prom:value('job:error_ratio:rate1m{job="${job}"}', { job = job })
end

-- True when a job fails more than `limit` (0.01) of its requests for 15 seconds.
function health.failing(prom, job, limit)
	return health.error_ratio(prom, job):above(limit or 0.01):lasting("15s")
end

-- Busy share of a zone, 0 to 1.
function health.busy(prom, zone)
	return prom:value('zone_busy_ratio{zone="${zone}"}', { zone = zone })
end

-- True when a zone can take the load of another one that is as large.
function health.has_room(prom, zone, limit)
	return health.busy(prom, zone):below(limit or 0.45)
end

-- Requests per second of a job in a zone.
function health.traffic(prom, job, zone)
	return prom:value('zone_rps{job="${job}",zone="${zone}"}', { job = job, zone = zone })
end

return health
