plan {
  name      = "shop/scale-up-zone",
  kind      = "shift",
  summary   = "Give the surviving zone the pods of both, and prove that they serve",
  owner     = "shop-team",
  params    = {
    leaving = { type = "enum", values = { "a", "b" }, help = "the zone that will be drained afterwards" },
    size    = { type = "integer", default = 110, min = 100, max = 150, unit = "%", help = "of both zones' pods now" },
  },
  targets   = {
    clusters = { kubernetes = { service = "shop" }, at_least = 2, at_most = 2 },
    prom     = { prometheus = "prom-main" },
  },
  objective = "8m",
  expires   = "12h",
}

function apply(p, t)
  local leaving  = t.clusters:one { zone = p.leaving }
  local survivor = t.clusters:one { zone = p.leaving == "a" and "b" or "a" }
  local pods     = survivor:replicas("shop/web")
  local zone     = { zone = survivor.labels.zone }
  local free     = t.prom:value('zone_free_pod_slots{zone="${zone}"}', zone)
  local busy     = t.prom:value('zone_busy_ratio{zone="${zone}"}', zone)

  return {
    step "there is room for them" {
      check(free:at_least(percent(2 * p.size - 100, { of = leaving:replicas("shop/web") }))),   -- the zones are alike
    },
    step "scale up" {
      set(pods, percent(p.size, { of = { pods, leaving:replicas("shop/web") }, at_most = 400, round = "up" })),
      wait(survivor:ready("shop/web"):at_least(pods), { within = "8m" }),
    },
    step "they serve" { wait(busy:below(0.5):lasting("30s"), { within = "3m" }) },
  }
end
