plan {
  name      = "shop/dns-shift",
  kind      = "shift",
  summary   = "Point the shop's name at the other site",
  owner     = "network-team",
  params    = {
    to      = { type = "enum", values = { "east", "west" }, help = "the site that takes the traffic" },
    old_ttl = { type = "duration", default = "5m", min = "30s", max = "1h", help = "the TTL that resolvers may still hold" },
  },
  targets   = {
    dns  = { powerdns = "dns-main" },
    prom = { prometheus = "prom-main" },
  },
  objective = "15m",
  expires   = "12h",
}

local NAME = "shop.example.com."
local ADDRESS = {
  east = array { "192.0.2.10", "192.0.2.11" },
  west = array { "198.51.100.10", "198.51.100.11" },
}

function apply(p, t)
  local from = p.to == "east" and "west" or "east"
  local left = t.prom:value('site_rps{site="${site}"}', { site = from })
  return {
    step "as we assume" {
      check(t.dns:ttl(NAME, "A"):at_most(300)),
      check(t.prom:value('site_busy_ratio{site="${site}"}', { site = p.to }):below(0.5)),
    },
    step "shorten the TTL" {
      set(t.dns:rrset(NAME, "A"), { ttl = 30, records = ADDRESS[from] },
          { if_value = { ttl = 300, records = ADDRESS[from] } }),
      hold(p.old_ttl),
    },
    step "move the name" {
      rollback_if(t.prom:value('site_error_ratio{site="${site}"}', { site = p.to }):above(0.02):lasting("30s")),
      set(t.dns:rrset(NAME, "A"), { ttl = 30, records = ADDRESS[p.to] }),
      wait(left:below(percent(5)), { within = "15m" }),         -- of what it was
    },
  }
end
