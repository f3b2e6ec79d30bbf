plan {
  name      = "checkout/drain-zone",
  kind      = "shift",
  summary   = "Move checkout's traffic out of one zone",
  owner     = "edge-team",
  runbook   = "https://wiki.example/drain-zone",
  params    = {
    zone   = { type = "enum", values = { "a", "b" }, help = "the zone to empty" },
    stages = { type = "list", of = { type = "integer", min = 0, max = 90, unit = "%" }, default = { 75, 50, 25, 0 } },
    hold   = { type = "duration", default = "30s", min = "5s", max = "10m" },
  },
  targets   = {
    edges = { haproxy = { tier = "edge", service = "checkout" }, at_least = 2, at_most = 8 },
    prom  = { prometheus = "prom-main" },
  },
  objective = "10m",
  expires   = "2h",
  on_drift  = "reapply",                  -- HAProxy forgets weights when it restarts
  drill     = { canary = { stages = { 75 } }, lasts = "10m" },
}

local function errors(t) return t.prom:value('job:error_ratio:rate1m{job="checkout"}') end

function apply(p, t)
  local other = p.zone == "a" and "b" or "a"
  local busy  = t.prom:value('zone_busy_ratio{zone="${zone}"}', { zone = other })
  local left  = t.prom:value('zone_rps{job="checkout",zone="${zone}"}', { zone = p.zone })
  local last  = p.stages[#p.stages]
  return {
    step "the other zone has room" { check(busy:below(0.7)) },
    step "drain" {
      rollback_if(errors(t):above(0.01):lasting("15s")),
      pause_if(busy:above(0.9)),
      ramp(t.edges:weight("checkout/zone-" .. p.zone), { to = percent(p.stages), hold = p.hold }),
    },
    wait(left:at_most(percent(last + 3)):lasting("30s"), { within = "5m" }),   -- the traffic followed
  }
end

function restore(p, t)
  return {
    step "let it back in" {
      rollback_if(errors(t):above(0.01):lasting("15s")),
      ramp(t.edges:weight("checkout/zone-" .. p.zone), { to = percent { 10, 50, 100 }, hold = "1m" }),
    },
  }
end
