plan {
  name      = "dc/evacuate",
  kind      = "composite",
  summary   = "Empty one data centre: grow the other, move reads, then drain",
  owner     = "sre",
  runbook   = "https://wiki.example/evacuate",
  params    = { zone = { type = "enum", values = { "a", "b" }, help = "the data centre to empty" } },
  targets   = { gslb = { etcd = "gslb-store" }, prom = { prometheus = "prom-main" } },
  calls     = { "checkout/drain-zone", "orders/switch-read-site", "shop/scale-up-zone" },
  objective = "25m",
  expires   = "24h",
}

local function weight(t, site) return t.gslb:key("/gslb/shop/" .. site) end

function apply(p, t)
  local site   = p.zone == "a" and "north" or "south"
  local stays  = p.zone == "a" and "south" or "north"
  local orders = t.prom:value("sum(rate(orders_committed_total[1m]))")

  return {
    pause_if(orders:below(percent(70)):lasting("30s")),
    gate(fill("Evacuate ${site}?", { site = site }), { role = "commander", within = "5m" }),
    parallel {
      step "grow the other side" { call("shop/scale-up-zone", { leaving = p.zone }) },
      step "move the reads"      { call("orders/switch-read-site", { to = stays }) },
      step "drain checkout" { needs = { "grow the other side" }, call("checkout/drain-zone", { zone = p.zone }) },
      step "drain the shop" {
        needs = { "grow the other side", "move the reads" },
        ramp(function(share)
          local leaving, lab = weight(t, site), weight(t, "lab")
          return { set(leaving, share), set(weight(t, stays), rest(100, { leaving, lab })) }
        end, { to = percent { 50, 10, 0 }, hold = "2m" }),
      },
      step "tell the partners" {
        needs = { "drain the shop" },
        manual("Post the evacuation on the partners' status page", { role = "comms", undo = "Post that it is over" }),
      },
    },
    wait(t.prom:value('site_rps{site="${site}"}', { site = site }):below(percent(2)):lasting("2m"), { within = "15m" }),
  }
end

function restore(p, t)
  return {
    gate("Is the site healthy, and has it been for an hour?", { role = "commander" }),
    step "checkout back" { call("checkout/drain-zone", { zone = p.zone }, { action = "restore" }) },
    step "shop back"     { each({ "north", "south" }, function(s) return set(weight(t, s), baseline) end) },
  }
end
