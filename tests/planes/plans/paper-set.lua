plan {
  name    = "paper/set",
  kind    = "shift",
  summary = "Two weights, one after the other, and a moment at the end",
  owner   = "edge-team",
  params  = {
    server = { type = "string", example = "s1", help = "whose weight" },
    hold   = { type = "duration", default = "1s", min = "1s", max = "10m" },
    to     = { type = "integer", default = 40, min = 0, max = 256 },
  },
  targets = {
    first  = { haproxy = "edge-1" },
    second = { haproxy = "edge-2" },
  },
}

function apply(p, t)
  return {
    step "first" { set(t.first:weight("checkout/" .. p.server), p.to) },
    step "second" { set(t.second:weight("checkout/" .. p.server), p.to) },
    step "look" { hold(p.hold) },
  }
end
