plan {
  name    = "bench/steps",
  kind    = "shift",
  summary = "Thirty steps",
  owner   = "edge-team",
  targets = { edge = { haproxy = "edge-1" } },
}

function apply(p, t)
  local steps = {}
  for i = 1, 30 do
    steps[i] = step("step " .. i) { set(t.edge:weight("checkout/s" .. i), i) }
  end
  return steps
end
