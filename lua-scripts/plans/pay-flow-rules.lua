plan {
  name      = "pay/flow-rules",
  kind      = "limit",
  summary   = "Push payment flow rules to Nacos, only over the version that was reviewed",
  owner     = "pay-team",
  params    = {
    qps      = { type = "integer", default = 200, min = 10, max = 5000, unit = "1/s", help = "limit of the refund path" },
    reviewed = { type = "string", pattern = "%x+", max = 32, help = "md5 of the content that was reviewed",
                 example = "9a0364b9e99bb480dd25e1f0284c8555" },
  },
  targets   = {
    nacos = { nacos = "nacos-main" },
    prom  = { prometheus = "prom-main" },
  },
  objective = "2m",
  expires   = "12h",
}

function apply(p, t)
  local rules = array {
    { resource = "/pay/refund", grade = 1, count = p.qps, controlBehavior = 0, limitApp = "default" },
    { resource = "/pay/export", grade = 1, count = 1,     controlBehavior = 2, limitApp = "default" },
  }
  local blocked = t.prom:value('sum(rate(sentinel_block_qps{app="pay"}[1m]))')
  local paid    = t.prom:value('sum(rate(pay_succeeded_total[1m]))')
  return {
    step "push" {
      rollback_if(paid:below(percent(90)):lasting("30s")),
      set(t.nacos:config("PAY_GROUP", "pay-flow-rules"), to_json(rules), { if_version = p.reviewed }),
      wait(blocked:above(0), { within = "1m" }),              -- the applications took the rule
      hold("2m"),
    },
  }
end
