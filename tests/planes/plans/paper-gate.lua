plan {
  name    = "paper/gate",
  kind    = "shift",
  summary = "A weight after a person's yes",
  owner   = "edge-team",
  params  = { server = { type = "string", example = "s1", help = "whose weight" } },
  targets = { first = { haproxy = "edge-1" } },
}

function apply(p, t)
  return {
    step "ask" { gate("go on?", { role = "commander" }) },
    step "act" { set(t.first:weight("checkout/" .. p.server), 40) },
  }
end
