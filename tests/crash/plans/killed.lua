plan {
  name    = "crash/killed",
  kind    = "shift",
  summary = "Every kind of step that writes, with short holds, to be killed anywhere",
  owner   = "edge-team",
  params  = {
    server = { type = "string", example = "s1", help = "whose weights" },
    hold   = { type = "duration", default = "20ms", min = "10ms", max = "10m" },
  },
  targets = {
    edges = { haproxy = { tier = "edge", service = "checkout" }, at_least = 2, at_most = 8 },
    first = { haproxy = "edge-1" },
  },
}

local function weight(of, p, part)
  return of:weight("checkout/" .. p.server .. "-" .. part)
end

function apply(p, t)
  return {
    step "drain" { ramp(weight(t.edges, p, "ramp"), { to = percent { 60, 20 }, hold = p.hold }) },
    step "one" { set(weight(t.first, p, "one"), 40) },
    step "all" { set(weight(t.edges, p, "all"), 10) },
    step "beside" {
      parallel {
        step "left" { set(weight(t.first, p, "left"), 7) },
        step "right" { hold("10ms"), set(weight(t.edges[2], p, "right"), 8) },
      },
    },
    step "look" { hold("20ms") },
  }
end
