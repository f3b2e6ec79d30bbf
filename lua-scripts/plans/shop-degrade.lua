plan {
  name      = "shop/degrade",
  kind      = "degrade",
  summary   = "Switch off what the shop can do without, further only if it must",
  owner     = "shop-team",
  params    = {
    cpu    = { type = "number", default = 0.75, min = 0.3, max = 0.95, help = "busy ratio that is good enough" },
    settle = { type = "duration", default = "3m", min = "1m", max = "15m" },
  },
  targets   = { prom = { prometheus = "prom-main" } },
  switches  = { "shop/*" },
  objective = "10m",
  expires   = "4h",
}

local function cpu(t) return t.prom:value('avg(instance:cpu_busy:ratio1m{service="shop"})') end

function apply(p, t)
  local calm = cpu(t):below(p.cpu):lasting("1m")
  return {
    step "level 1: nobody notices" {
      set(switch "shop/recommendations", false),
      set(switch "shop/history", false),
      set(switch "shop/batch-import", false),
    },
    choose(calm, {
      within = p.settle,
      no = {
        step "level 2: fewer comforts" { set(switch "shop/reviews", false), set(switch "shop/images", "small") },
        choose(calm, {
          within = p.settle,
          no = {
            gate("Level 3 makes search worse and coupons fail. Go on?", { role = "commander", within = "10m" }),
            step "level 3: only buying" { set(switch "shop/search", "titles-only"), set(switch "shop/coupons", false) },
          },
        }),
      },
    }),
    wait(calm, { within = "15m" }),
  }
end

function restore(p, t)
  local calm = cpu(t):below(p.cpu):lasting("2m")
  local names = { "coupons", "search", "images", "reviews", "batch-import", "history", "recommendations" }
  return {
    each(names, function(name) return { set(switch("shop/" .. name), baseline), wait(calm, { within = "15m" }) } end),
  }
end
