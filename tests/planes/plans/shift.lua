plan {
  name     = "test/shift",
  kind     = "shift",
  summary  = "把机房的流量移走",
  owner    = "tests",
  params   = {
    zone = { type = "enum", values = { "a", "b" }, help = "the zone to empty" },
    hold = { type = "duration", default = "1s", min = "500ms", max = "1m" },
  },
  targets  = {
    edges = { haproxy = { tier = "edge", service = "checkout" }, at_least = 2, at_most = 8 },
    prom  = { prometheus = "prom-main" },
  },
  on_drift = "reapply",
}

function apply(p, t)
  local errors = t.prom:value('job:error_ratio:rate1m{job="checkout"}')
  return {
    step "drain" {
      pause_if(errors:above(0.9)),
      ramp(t.edges:weight("checkout/zone-" .. p.zone), { to = percent { 75, 50, 25, 0 }, hold = p.hold }),
    },
  }
end

function restore(p, t)
  return {
    step "back" {
      ramp(t.edges:weight("checkout/zone-" .. p.zone), { to = percent { 50, 100 }, hold = "500ms" }),
    },
  }
end
