plan {
  name      = "api/limit-tenants",
  kind      = "limit",
  summary   = "Cap the request rate of some tenants, or of one path",
  owner     = "edge-team",
  params    = {
    tenants = { type = "list", of = { type = "string", pattern = "[a-z0-9-]+", max = 40 }, at_most = 50, example = { "acme" } },
    path    = { type = "string", pattern = "/[a-z0-9/_-]*", default = "/", help = "prefix; / is everything" },
    rps     = { type = "integer", default = 50, min = 0, max = 10000, unit = "1/s" },
  },
  targets   = {
    edges = { haproxy = { tier = "edge" }, at_least = 2, at_most = 8 },
    prom  = { prometheus = "prom-main" },
  },
  objective = "1m",
  expires   = "6h",
  on_drift  = "reapply",
}

function apply(p, t)
  local refused = t.prom:value('edge:refused_ratio:rate1m')
  local function limit_on(edge)
    return each(p.tenants, function(tenant)
      return set(edge:map("limits.map", tenant .. p.path), p.rps)
    end)
  end
  return {
    step "one edge, then all" {
      pause_if(refused:above(0.2)),
      each(t.edges, limit_on, { batches = { 1, "all" }, hold = "20s", max_failures = 1 }),
    },
  }
end
