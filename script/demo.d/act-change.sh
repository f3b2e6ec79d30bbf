# shellcheck shell=bash disable=SC2154 # dir, sudo_uid: script/demo
# Act two, rcm: what an engineer does by hand goes through the gate. Sourced by script/demo.

# Who this host is to the gate: the demo needs neither a machine id nor host keys of sshd.
host_identity=host:00000000000000000000000000000d02/SHA256:$(printf 'A%.0s' {1..43})
script=zone-weight.py

# The uids that rcm may see here: ours, and whoever became root.
our_uids() {
  local login
  login=$(cat /proc/self/loginuid 2>/dev/null || true)
  [ "$login" = 4294967295 ] && login=
  printf '%s\n' 0 "$login" "$sudo_uid" | sort -nu | sed '/^$/d'
}

prepare_gate() {
  local uid
  step "alice's way to production now: a shell on the edges' host. The gate of that host, and who is who"
  quietly admin redbutton target add edge-host --kind host --address "$host_identity" \
    --environment production --service checkout
  for uid in $(our_uids); do quietly admin redbutton peer map "$uid" alice; done
  add_person carol checkout-team approver
  quietly admin redbutton group add checkout-owners
  quietly admin redbutton group add-member checkout-owners carol
  quietly alice rcm incident open "search is slow" --severity 3 --environment production --service checkout
  install -m 0644 /dev/stdin "$dir/rcm.conf" <<C
socket = $dir/gate.sock
gate-key = $(as admin rcm gate key)
recordings = $dir/recordings
C
  say "  this account is alice's; carol owns checkout; an incident is open there: INC-1, search is slow"
  install -m 0777 "script/demo.d/$script" "$dir/$script"
  edges=("$dir/edge-1.sock" "$dir/edge-2.sock")
  say "  her script, $script, sets a zone's weight over HAProxy's runtime API"
  step "By hand, as she used to? The gate cannot see what it would do, so it does not run"
  show_refused alice rcm exec -- "$dir/$script" zone-a 25 "${edges[@]}"
  must_say "deny[15 opaque]"
  step "What only looks needs nobody"
  show alice rcm exec -- ls "$dir/edge-1.sock"
}

file_change() {
  step "She files a change: script and arguments, where, when, and what must hold afterwards"
  show alice rcm new --title "Three quarters of zone a to zone b" --environment production --service checkout \
    --target edge-host --start "$(date -u +%FT%TZ)" --end "$(date -u -d '+1 hour' +%FT%TZ)" --observe 8s \
    --verify 'zone b has room: zone_busy_ratio{zone="b"} < 0.45 over 3s on prom-main' \
    --timeout 1m --script "$dir/$script" -- zone-a 25 "${edges[@]}"
  change=CHG-1
  step "Its risk is looked at. One rule she can mend; the other one asks for an owner of checkout"
  show alice rcm submit "$change"
  must_say "ROLL-001"
  must_say "OBS-002"
  step "Until it is approved, it does not run"
  show_refused alice rcm exec "$change" --step 1
  must_say "not_approved"
}

mend_change() {
  step "She adds the way back: the same script. A new revision, assessed anew"
  brief=1 show alice rcm edit "$change" --rollback "$script zone-a 100 ${edges[*]}"
  show alice rcm submit "$change"
  if grep -qF "ROLL-001" "$dir/said"; then
    fail "the rule still says that there is no way back"
  fi
  step "She may not approve it herself, although she is an approver"
  brief=2 show_refused alice rcm approve "$change" --yes
  must_say "self_approval"
}

approve_change() {
  local digest
  step "bob reads what will run: one argument a line, the script whole. What he approves is this digest"
  show bob rcm render "$change"
  digest=$(as bob rcm render "$change" --json | field revision_digest)
  quietly bob rcm approve "$change" --yes --digest "$digest" --reason "read it"
  quietly carol rcm approve "$change" --yes --digest "$digest" --reason "the incident is another matter"
  [ "$(as alice rcm show "$change" --json | field state)" = approved ] || fail "it is not approved"
  say "  approved by bob and, for checkout-owners, by carol: $digest"
}

refuse_others() {
  step "An argument that differs in one byte: 24 for 25"
  show_refused alice rcm exec "$change" --step 1 -- "$dir/$script" zone-a 24 "${edges[@]}"
  must_say "deny[14 fingerprint_mismatch]"
  step "A script that differs in one byte"
  sed -i 's/weight {int/weight -{int/' "$dir/$script"
  show_refused alice rcm exec "$change" --step 1 -- "$dir/$script" zone-a 25 "${edges[@]}"
  must_say "deny[14 content_mismatch]"
  watch share "nothing moved" --expect 50
}

run_step() {
  step "The step as it was approved runs, from a sealed copy: the file on disk is still the spoilt one"
  show alice rcm exec "$change" --step 1
  sleep 4
  watch share "a quarter left" --expect 20
  step "It was recorded"
  show alice rcm recording "$(find "$dir/recordings" -name '*.cast')"
  step "Once means once"
  show_refused alice rcm exec "$change" --step 1
}

has_verdict() { [ "$(as alice rcm show "$change" --json | field verdict)" = "$1" ]; }

verify_and_undo() {
  step "The metric that was approved with it, read from Prometheus after 8 s: zone b has no room for this"
  wait_for 40 "the verdict" has_verdict failed
  show alice rcm show "$change" | sed -n '/^[^|]*| METRIC/,$p; /| state:/p; /| verdict:/p'
  step "So back, through the gate, without a new approval: it was approved with the change"
  show alice rcm exec "$change" --phase rollback
  sleep 4
  watch share "after the rollback" --expect 50
  show alice rcm list
  [ "$(as alice rcm show "$change" --json | field result)" = rolled_back ] || fail "it is not rolled back"
}

play_change() {
  act "Act two, rcm: what is done by hand is filed, approved byte by byte, and only that runs"
  prepare_gate
  file_change
  mend_change
  approve_change
  refuse_others
  run_step
  verify_and_undo
}
