plan {
  name      = "ranker/serve-version",
  kind      = "shift",
  summary   = "Make every ranking server serve one model version",
  owner     = "ranking-team",
  params    = {
    version = { type = "integer", min = 1, max = 999999, example = 41, help = "usually the one before" },
    share   = { type = "integer", default = 100, min = 1, max = 100, unit = "%", help = "of the servers" },
    hold    = { type = "duration", default = "2m", min = "30s", max = "30m" },
  },
  targets   = {
    hosts = { http = { service = "ranker" }, at_least = 30, at_most = 60 },
    prom  = { prometheus = "prom-main" },
  },
  objective = "15m",
  expires   = "48h",
  drill     = { canary = { share = 1 }, lasts = "15m" },
}

function apply(p, t)
  local errors = t.prom:value('job:error_ratio:rate1m{job="ranker"}')
  local p99    = t.prom:value('job:latency:p99{job="ranker"}')

  local function serve(host)
    local model = "/v1/models/ranker"
    return {
      check(host:json(model .. "/versions/" .. p.version, "/state"):equals("AVAILABLE")),
      set(host:json(model .. "/serving", "/version"), p.version),
      wait(host:json(model .. "/serving", "/ready"):equals(true), { within = "90s" }),
    }
  end

  return {
    step "load it everywhere" {
      rollback_if(any { errors:above(0.005), p99:above(percent(130)) }:lasting("30s")),
      each(t.hosts:first(p.share .. "%"), serve,
           { batches = { 1, "10%", "all" }, at_once = 10, hold = p.hold, max_failures = 2 }),
    },
  }
end
