plan {
  name      = "catalog/protect-cold-cache",
  kind      = "limit",
  summary   = "Keep the crowd away from a cold cache; let it back as fast as the cache warms",
  owner     = "catalog-team",
  params    = {
    floor = { type = "integer", default = 5, min = 1, max = 10, unit = "%", help = "of the normal limit, at first" },
  },
  targets   = {
    edges = { haproxy = { tier = "edge" }, at_least = 2, at_most = 8 },
    prom  = { prometheus = "prom-main" },
  },
  objective = "1m",
  expires   = "3h",
  on_drift  = "reapply",
}

local function load(t) return t.prom:value("max(db_active_connections / db_max_connections)") end

function apply(p, t)
  return {
    step "almost shut the door" { set(t.edges:maxconn("catalog"), percent(p.floor, { at_least = 10 })) },
    wait(load(t):below(0.6):lasting("30s"), { within = "10m" }),
  }
end

function restore(p, t)
  local hits = t.prom:value('cache_hit_ratio:rate1m{cache="catalog"}')
  return {
    step "open as the cache warms" {
      pause_if(load(t):above(0.95)),
      ramp(t.edges:maxconn("catalog"), {
        to      = percent { 10, 20, 35, 50, 75, 100 },
        hold    = "1m",                                          -- at least this long at each stage
        go_if   = all { hits:above(0.8), load(t):below(0.7) }:lasting("30s"),
        within  = "20m",                                         -- a stage that takes longer asks a person
        back_if = load(t):above(0.85):lasting("10s"),               -- one stage back
      }),
    },
  }
end
