# shellcheck shell=bash disable=SC2154 # dir, bin: script/demo
# Act one, redbutton: a plan is registered, approved, run and undone. Sourced by script/demo.

plan=checkout/drain-zone
plan_file=lua-scripts/plans/checkout-drain-zone.lua

# The approval that waits; there must be one.
waiting() {
  as bob redbutton approval list --json |
    python3 -c 'import json,sys; rows=json.load(sys.stdin); print(rows[0]["id"] if len(rows) == 1 else "")'
}

register_plan() {
  local approval
  step "alice registers $plan_file and asks for approval of that version"
  show alice redbutton plan add "$plan_file"
  quietly alice redbutton plan submit "$plan"
  approval=$(waiting)
  [ -n "$approval" ] || fail "the version waits for no approval"
  step "She may not approve it herself, although she is an approver"
  show_refused alice redbutton approval approve "$approval" --yes
  step "bob reads it and approves; alice activates it"
  quietly bob redbutton approval approve "$approval" --yes --reason "read the script and its runbook"
  say "  approved by bob"
  show alice redbutton plan activate "$plan"
}

drain() {
  local approval
  step "Before: who answers?"
  watch share "before" --expect 50
  step "What would it change? A preview reads and writes nothing"
  show alice redbutton preview "$plan" zone=a hold=5s
  step "alice starts it; it touches production, so it waits for a second person (class R2)"
  as alice redbutton run "$plan" zone=a hold=5s --yes --no-follow --json --reason "zone a is sick" >"$dir/run.json"
  run=$(field id <"$dir/run.json")
  say "  execution $run is $(field state <"$dir/run.json")"
  [ "$(field state <"$dir/run.json")" = PENDING_APPROVAL ] || fail "it did not wait for approval"
  approval=$(field approval <"$dir/run.json")
  show_refused alice redbutton approval approve "$approval" --yes
  step "bob approves exactly that graph, and it starts by itself"
  quietly bob redbutton approval approve "$approval" --yes --reason "go"
  step "The ramp: each weight is held 5 s under its guards; then zone a must stay empty for 30 s"
  watch ramp -- "$bin/redbutton" execution show "$run" --json --socket "$dir/redbutton.sock" \
    --token-file "$dir/alice.token"
  watch share "after" --expect 0
  step "What is in effect now"
  show alice redbutton effects
}

roll_back() {
  step "Back again: undo, newest first, to the values from before"
  show alice redbutton execution rollback "$run" --reason "zone a is well"
  sleep 4
  watch share "after the rollback" --expect 50
}

play_plan() {
  act "Act one, redbutton: a plan that was approved moves the traffic, and undoes it"
  register_plan
  drain
  roll_back
}
