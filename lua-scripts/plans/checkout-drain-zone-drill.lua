plan {
  name      = "checkout/drain-zone-drill",
  kind      = "composite",
  summary   = "Rehearse the drain on a slice, stay there a while, come back",
  owner     = "edge-team",
  params    = {
    zone  = { type = "enum", values = { "a", "b" } },
    slice = { type = "integer", default = 10, min = 10, max = 50, unit = "%", help = "share that leaves" },
    stay  = { type = "duration", default = "5m", min = "1m", max = "15m" },
  },
  targets   = { prom = { prometheus = "prom-main" } },
  calls     = { "checkout/drain-zone" },
  objective = "20m",
  expires   = "1h",
  on_expiry = "restore",
  drill     = { lasts = "25m" },
}

function apply(p, t)
  local firing = t.prom:value('count(ALERTS{alertstate="firing",severity="page"}) or vector(0)')
  local left   = t.prom:value('zone_rps{job="checkout",zone="${zone}"}', { zone = p.zone })
  local slice  = { zone = p.zone, stages = { 100 - p.slice }, hold = "10s" }
  return {
    rollback_if(firing:above(0)),
    step "a quiet moment" { check(firing:equals(0)) },
    step "drain a slice" { call("checkout/drain-zone", slice), hold(p.stay) },
    step "and back" {
      call("checkout/drain-zone", slice, { action = "restore" }),              -- its ramp only goes up from where we are
      wait(left:at_least(percent(95)), { within = "5m" }),
    },
  }
end
