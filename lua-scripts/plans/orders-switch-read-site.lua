plan {
  name      = "orders/switch-read-site",
  kind      = "shift",
  summary   = "Read orders from the other site once its replica has caught up",
  owner     = "storage-team",
  params    = {
    to      = { type = "enum", values = { "north", "south" }, help = "the site to read from" },
    max_lag = { type = "number", default = 2, min = 0, max = 60, unit = "s" },
  },
  targets   = {
    stores = { etcd = { service = "orders" }, at_least = 2, at_most = 2 },
    prom   = { prometheus = "prom-main" },
  },
  objective = "5m",
  expires   = "24h",
}

function apply(p, t)
  local sites = { north = t.stores:one { site = "north" }, south = t.stores:one { site = "south" } }
  local from  = p.to == "north" and "south" or "north"
  local lag   = t.prom:value('orders_replica_lag_seconds{site="${site}"}', { site = p.to })
  local stale = t.prom:value('orders_stale_reads:rate1m{site="${site}"}', { site = p.to })

  return {
    step "the replica has caught up" {
      wait(lag:at_most(p.max_lag):lasting("20s"), { within = "5m" }),
    },
    step "switch the readers" {
      abort_if(lag:above(10 * p.max_lag)),
      set(sites[p.to]:key("/orders/read-site"), p.to, { if_value = from }),
      hold("15s"),
      set(sites[from]:key("/orders/read-site"), p.to, { if_value = from }),
    },
    step "nobody reads old data" { wait(stale:equals(0):lasting("1m"), { within = "5m" }) },
  }
end
