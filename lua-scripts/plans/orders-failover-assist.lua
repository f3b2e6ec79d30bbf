plan {
  name      = "orders/failover-assist",
  kind      = "shift",
  summary   = "Hold the clients at PgBouncer while a DBA promotes the standby",
  owner     = "dba",
  runbook   = "https://wiki.example/orders-failover",
  params    = {
    standby = { type = "string", pattern = "pg%-[a-z0-9]+", example = "pg-b", help = "the server that becomes primary" },
  },
  targets   = {
    pools = { pgbouncer = { db = "orders" }, at_least = 2, at_most = 4 },
    ops   = { exec = "pg-ops" },
    prom  = { prometheus = "prom-main" },
  },
  objective = "5m",
  expires   = "72h",
}

function apply(p, t)
  local lag     = t.prom:value('pg_replication_lag_bytes{server="${server}"}', { server = p.standby })
  local primary = t.prom:value('pg_is_primary{server="${server}"}', { server = p.standby })
  local paused  = t.pools:paused("orders")
  return {
    step "the standby is close" { check(lag:below(16777216)) },
    step "hold the clients" { set(paused, true) },
    step "promote" {
      wait(lag:equals(0), { within = "30s" }),
      gate(fill("Writes are held. Promote ${server}?", { server = p.standby }), { role = "dba", within = "2m" }),
      manual("Fence the old primary at its host", { role = "dba", within = "2m", undo = "Lift the fence, stay read-only" }),
      run(t.ops:command("promote", p.standby), { irreversible = "the timeline forks", within = "1m" }),
      wait(primary:equals(1), { within = "1m" }),
    },
    step "point the pools and let go" {
      run(t.ops:command("point-pools", p.standby), { undo = t.ops:command("point-pools", "--previous") }),
      set(paused, false),
    },
    wait(t.prom:value("sum(rate(orders_committed_total[1m]))"):at_least(percent(80)), { within = "5m" }),
  }
end
