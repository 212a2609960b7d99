#!/usr/bin/env bash
# A Compose stack as a newcomer meets it: up with one command, two people chat with netcat, a script reads the
# history with curl, message-service is killed and has kept the message. Needs Docker with Compose, nc and curl, and
# the stack's ports; of a scaled stack more is killed while programs talk, for which it needs cargo. Runs as a project of its own: a stack that is somebody's stays as it is, and nothing is left over.
#
#   e2e/compose.sh docker-compose.yml --scale gateway=2
set -euo pipefail
cd "$(dirname "$0")/.."

# Seconds: the longest that anything below may take to show, on a slow machine.
within=30
start_within=180

file=$1
scale=("${@:2}")

compose() { docker compose --project-name causerie-e2e --file "$file" "$@"; }

say() { printf '%s: %s\n' "$file" "$*"; }

fail() {
  say "FAILED: $*"
  exit 1
}

work=$(mktemp -d)
clients=()

finish() {
  local code=$?
  trap - EXIT
  for client in "${clients[@]}"; do kill "$client" 2>/dev/null || true; done
  if ((code != 0)); then
    for seen in "$work"/*.out; do [[ -e $seen ]] && { say "what $(basename "$seen" .out) saw"; tail -n 40 "$seen"; }; done
    compose ps --all || true
    compose logs --no-color --tail 40 || true
  fi
  compose down --volumes --remove-orphans --timeout 5 >"$work/down.log" 2>&1 || cat "$work/down.log"
  rm -rf "$work"
  exit "$code"
}
trap finish EXIT
trap 'exit 130' INT TERM
# Typing to a netcat that has gone fails like any other command.
trap '' PIPE

# connect NAME [PORT]: a person at netcat, typing into $work/NAME.in (kept open through the array `in`).
declare -A in
connect() {
  local fd
  mkfifo "$work/$1.in"
  nc 127.0.0.1 "${2:-7667}" <"$work/$1.in" >"$work/$1.out" 2>&1 &
  clients+=($!)
  exec {fd}>"$work/$1.in"
  in[$1]=$fd
}

types() { printf '%s\n' "$2" >&"${in[$1]}"; }

# until_shown WHAT COMMAND…: repeats the command until it succeeds, and fails with WHAT when it does not.
until_shown() {
  local what=$1 deadline=$((SECONDS + within))
  shift
  until "$@"; do
    ((SECONDS < deadline)) || fail "$what, not within $within s"
    sleep 0.1
  done
}

# sees NAME PATTERN: a line that matches has come or comes.
sees() { until_shown "$1 sees /$2/" grep -qE -- "$2" "$work/$1.out"; }

# history_has TEXT: message-service answers alice's token with a history that holds it.
history_has() {
  curl -fsS --max-time 10 -H "Authorization: Bearer $token" -o "$work/history.out" \
    http://127.0.0.1:8103/v1/channels/compose/messages 2>"$work/curl.out" &&
    grep -qF "\"text\":\"$1\"" "$work/history.out"
}

say "up"
compose up --build --wait --wait-timeout "$start_within" "${scale[@]}"

say "two people chat"
connect alice
sees alice '^200 welcome causerie/1 '
types alice '/nick alice'
sees alice '^200 nick alice'
types alice '/join #compose'
sees alice '^200 joined #compose '
connect bob
types bob '/nick bob'
sees bob '^200 nick bob'
types bob '/join #compose'
sees bob '^200 joined #compose '
sees alice '^100 join #compose bob'
types alice 'hello from netcat'
sees alice '^201 sent #compose 1 '
sees bob '^100 msg #compose 1 [^ ]+ alice :hello from netcat'
types bob 'and hello back'
sees bob '^201 sent #compose 2 '
sees alice '^100 msg #compose 2 [^ ]+ bob :and hello back'

say "a third comes by IRC"
connect carol 6667
types carol 'NICK carol'
types carol 'USER carol 0 * :Carol'
types carol 'JOIN #compose'
sees carol ' 366 carol #compose '
sees bob '^100 join #compose carol'
types carol 'PRIVMSG #compose :hello from IRC'
sees bob '^100 msg #compose 3 [^ ]+ carol :hello from IRC'

say "the history by REST"
types alice '/token'
sees alice '^201 token '
token=$(sed -nE 's/^201 token ([^ \r]+).*/\1/p' "$work/alice.out" | head -n 1)
until_shown "the history over REST has the message" history_has 'hello from netcat'

# refused PATH PORT: nobody but services has anything there.
refused() {
  local status
  status=$(curl -s --max-time 10 -o "$work/refused.out" -w '%{http_code}' -X "${3:-GET}" "http://127.0.0.1:$2$1")
  [[ $status == 40[134] ]] || fail "$1 on port $2 answers $status"
}
refused /v1/messages:batch 8103 POST
refused /v1/heads 8101 POST
if [[ $file == docker-compose.yml ]]; then
  for port in 8080 8101 8102 8103 8104; do refused /metrics "$port"; done
fi

say "message-service is killed and started again"
mapfile -t containers < <(compose ps --quiet message-service)
docker kill --signal KILL "${containers[0]}" >/dev/null
if ((${#containers[@]} == 1)); then
  ! history_has 'hello from netcat' || fail "a killed message-service answers"
else
  until_shown "the other message-service answers" history_has 'hello from netcat'
  types bob 'nobody has noticed'
  sees bob '^201 sent #compose 4 '
  sees alice '^100 msg #compose 4 [^ ]+ bob :nobody has noticed'
fi
compose start message-service
until_shown "the message is still there" history_has 'hello from netcat'
until_shown "the answer too" history_has 'and hello back'
types bob 'still here'
sees bob '^201 sent #compose [45] '
sees alice '^100 msg #compose [45] [^ ]+ bob :still here'

if ((${#containers[@]} > 1)); then
  say "a gateway, a message-service, NATS and a PostgreSQL are killed while people talk"
  first() { compose ps --quiet "$1" | head -n 1; }
  cargo run --quiet --locked --package causerie-e2e --bin kill-containers -- \
    "$(first gateway)" "$(first message-service)" "$(first nats)" "$(first messages-database)"
fi

say "passed"
