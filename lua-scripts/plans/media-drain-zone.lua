local zones  = require "zones"
local health = require "health"
local steps  = require "steps"

plan {
  name      = "media/drain-zone",
  kind      = "shift",
  summary   = "Move the media servers' traffic out of one zone, with the shared steps",
  owner     = "media-team",
  params    = {
    zone = { type = "enum", values = { "a", "b" }, help = "the zone to empty" },
    hold = { type = "duration", default = "20s", min = "5s", max = "5m", help = "between two stages" },
  },
  targets   = {
    edges = { haproxy = { tier = "edge", service = "media" }, at_least = 2, at_most = 8 },
    prom  = { prometheus = "prom-main" },
  },
  objective = "5m",
  expires   = "4h",
  on_drift  = "reapply",
}

local function weight(p, t) return t.edges:weight("media/zone-" .. p.zone) end

function apply(p, t)
  return {
    step "the other zone has room" { check(health.has_room(t.prom, zones.other(p.zone))) },
    steps.drain(weight(p, t), { to = percent { 50, 0 }, hold = p.hold, guard = health.failing(t.prom, "media") }),
    wait(health.traffic(t.prom, "media", p.zone):below(percent(5)), { within = "5m" }),   -- the traffic followed
  }
end

function restore(p, t)
  return { steps.refill(weight(p, t), { hold = "1m", guard = health.failing(t.prom, "media") }) }
end
