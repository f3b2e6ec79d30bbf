plan {
  name      = "feed/stop-fanout",
  kind      = "degrade",
  summary   = "Stop the feed's fan-out workers in every cache cluster",
  owner     = "feed-team",
  params    = {
    queue = { type = "enum", values = { "all", "celebrity", "backfill" }, default = "celebrity" },
  },
  targets   = {
    caches = { redis = { role = "cache" }, at_least = 3, at_most = 3 },
    prom   = { prometheus = "prom-main" },
  },
  objective = "30s",
  expires   = "1h",
  on_expiry = "restore",
}

function apply(p, t)
  local depth = t.prom:value('max(feed_queue_depth{queue="${queue}"})', { queue = p.queue })
  return {
    step "stop the workers" {
      each(t.caches, function(cache) return set(cache:hash("feed:stop", p.queue), "1") end,
           { at_once = "all", max_failures = 1 }),     -- two of three already help
    },
    wait(depth:below(percent(100)):lasting("30s"), { within = "5m" }),   -- it no longer grows
  }
end
