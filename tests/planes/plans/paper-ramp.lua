plan {
  name    = "paper/ramp",
  kind    = "shift",
  summary = "Empty one server in steps",
  owner   = "edge-team",
  params  = {
    server = { type = "string", example = "s1", help = "whose weight" },
    hold   = { type = "duration", default = "1s", min = "1s", max = "1m" },
  },
  targets = { edges = { haproxy = { tier = "edge", service = "checkout" }, at_least = 1, at_most = 8 } },
}

function apply(p, t)
  return {
    step "drain" { ramp(t.edges:weight("checkout/" .. p.server), { to = percent { 75, 50, 25, 0 }, hold = p.hold }) },
  }
end

function restore(p, t)
  return {
    step "back" { ramp(t.edges:weight("checkout/" .. p.server), { to = percent { 50, 100 }, hold = "1s" }) },
  }
end
