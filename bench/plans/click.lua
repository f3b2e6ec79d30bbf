plan {
  name    = "bench/click",
  kind    = "shift",
  summary = "One effect: a weight",
  owner   = "edge-team",
  params  = { to = { type = "integer", default = 40, min = 0, max = 256 } },
  targets = { edge = { haproxy = "edge-1" } },
}

function apply(p, t)
  return { step "set" { set(t.edge:weight("checkout/s1"), p.to) } }
end
