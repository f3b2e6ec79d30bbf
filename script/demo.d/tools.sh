# shellcheck shell=bash disable=SC2154 # dir, bin: script/demo
# What the acts of the demo share: telling, acting as a person, starting and waiting. Sourced by
# script/demo, which sets dir (the demo's folder), bin (the programs) and pids.

bold='' dim='' off=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
  bold=$'\e[1m' dim=$'\e[2m' off=$'\e[0m'
fi

# --- telling ---

say() { printf '%s\n' "$*"; }
step() { printf '\n%s* %s%s\n' "$bold" "$*" "$off"; }
act() { printf '\n%s=== %s%s\n' "$bold" "$*" "$off"; }
quote() { sed "s/^/  $dim|$off /"; }
fail() {
  printf 'script/demo: %s\n' "$*" >&2
  exit 1
}

# The command as it would be typed, paths of the demo's folder shortened to a name.
type_out() {
  local who=$1 word line=''
  shift
  for word in "$@"; do
    case "$word" in
    *[!A-Za-z0-9_./:=,%@+-]*) word="'$word'" ;;
    esac
    line+=" $word"
  done
  printf '  %s%s$%s%s\n' "$dim" "$who" "${line//"$dir/"/}" "$off"
}

# show WHO COMMAND ...: the command, then what it says, or with brief=N the end of it; its status.
show() {
  local who=$1 status=0
  shift
  type_out "$who" "$@"
  as "$who" "$@" >"$dir/said" 2>&1 || status=$?
  if [ -n "${brief:-}" ]; then
    { echo ... && tail -n "$brief" "$dir/said"; } | quote
  else
    quote <"$dir/said"
  fi
  return "$status"
}

# Must be refused; its message is what we came for.
show_refused() {
  if show "$@"; then
    fail "that should have been refused"
  fi
}

# must_say TEXT: what the last command said has it.
must_say() { grep -qF -- "$1" "$dir/said" || fail "it should have said: $1"; }

# --- acting as a person ---

# as WHO redbutton|rcm WORDS ...: rcm asks the demo's gate, not the one that the host may have.
as() {
  local who=$1 program=$2 verb=${3:-}
  shift 2
  case "$program $verb" in
  "rcm exec" | "rcm check")
    shift
    set -- "$verb" --config "$dir/rcm.conf" "$@"
    ;;
  esac
  RB_SOCKET=$dir/redbutton.sock RB_TOKEN_FILE=$dir/$who.token "$bin/$program" "$@"
}

# quietly WHO COMMAND ...: only a failure is told.
quietly() {
  as "$@" >"$dir/said" 2>&1 || {
    cat "$dir/said" >&2
    fail "${*:2} (as $1) went wrong"
  }
}

# field NAME < JSON
field() { python3 -c 'import json,sys; print(json.load(sys.stdin).get(sys.argv[1]) or "")' "$1"; }

watch() { python3 script/demo.d/watch.py "$dir/topology.json" "$@"; }

add_person() {
  local name=$1 team=$2 role roles=()
  shift 2
  quietly admin redbutton person add "$name" --team "$team"
  for role in "$@"; do
    quietly admin redbutton grant add --person "$name" --role "$role"
    roles+=(--role "$role")
  done
  quietly admin redbutton token create --name demo --expires 1d --person "$name" "${roles[@]}" \
    --write "$dir/$name.token"
}

# --- starting and waiting ---

start() {
  local name=$1
  shift
  "$@" >"$dir/$name.log" 2>&1 </dev/null &
  pids+=($!)
}

# wait_for SECONDS WHAT COMMAND ...: until it ends with 0; says so early when a program has ended.
wait_for() {
  local end=$((SECONDS + $1)) what=$2 pid
  shift 2
  until "$@" >/dev/null 2>&1; do
    for pid in "${pids[@]}"; do
      kill -0 "$pid" 2>/dev/null || {
        tail -n 20 "$dir"/*.log >&2
        fail "a program ended while waiting for $what"
      }
    done
    [ "$SECONDS" -lt "$end" ] || {
      tail -n 20 "$dir"/*.log >&2
      fail "waited in vain for $what"
    }
    sleep 0.2
  done
}

end_all() {
  local status=$? pid
  trap - EXIT
  trap '' INT TERM
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
  [ -z "${dir:-}" ] || rm -rf "$dir"
  exit "$status"
}

free_port() {
  python3 - <<'P'
import socket
for port in (7433, 0):
    try:
        with socket.create_server(("127.0.0.1", port)) as probe:
            print(probe.getsockname()[1])
            break
    except OSError:
        pass
P
}
