plan {
  name      = "shop/shift-share",
  kind      = "shift",
  summary   = "Send a share of the shop to the standby pool, at nginx",
  owner     = "web-team",
  params    = {
    share = { type = "integer", default = 30, min = 1, max = 99, unit = "%", help = "share for the standby pool" },
  },
  targets   = {
    web  = { file = { tier = "web", service = "shop" }, at_least = 2, at_most = 12 },
    prom = { prometheus = "prom-main" },
  },
  objective = "5m",
  expires   = "4h",
}

function apply(p, t)
  local upstream = fill([[
upstream shop {
    server shop-main.internal:8080    weight=${main};
    server shop-standby.internal:8080 weight=${standby};
}
]], { main = 100 - p.share, standby = p.share })

  local reloaded = t.prom:value("min(nginx_config_last_reload_successful)")
  local errors   = t.prom:value('job:error_ratio:rate1m{job="shop"}')

  return {
    step "the standby pool answers" {
      check(t.prom:value('min(probe_success{job="shop-standby"})'):equals(1)),
      check(reloaded:equals(1)),                  -- an old broken file would fail every later reload
    },
    step "shift" {
      rollback_if(errors:above(percent(200, { at_least = 0.01 })):lasting("30s")),   -- twice what it was
      each(t.web, function(web) return set(web:fragment("shop-upstream.conf"), upstream) end,
           { batches = { 1, "all" }, hold = "1m" }),
    },
    wait(errors:below(0.005):lasting("2m"), { within = "10m" }),
  }
end
