#!/usr/bin/env bash
# Runs the Python tests: PYTEST is the program. They mostly wait for databases, brokers and browsers,
# so they run in three parts side by side; one after the other they would take half an hour.
# Job control gives each part a process group of its own: else a part in the background would ignore
# Ctrl-C for good.
set -uo pipefail -m
pytest=$1
logs=$(mktemp -d)
parts=()

# A part that is told to stop ends its databases and browsers first, for half a minute at most.
stop() {
  for part in "${parts[@]}"; do kill -INT "$part" 2>/dev/null; done
  for _ in {1..60}; do
    [ -n "$(jobs -r)" ] || break
    sleep 0.5
  done
  exit 130
}
# Of a part that ended in a hurry nothing stays either.
clean() {
  for part in "${parts[@]}"; do kill -KILL -- "-$part" 2>/dev/null; done
  rm -rf "$logs"
}
trap stop INT TERM HUP
trap clean EXIT

# What started us may have ignored Ctrl-C, as anything in the background does.
run=(env --default-signal=INT)
"${run[@]}" nice "$pytest" -p no:cacheprovider tests/unit >"$logs/unit" 2>&1 </dev/null &
parts+=("$!")
"${run[@]}" "$pytest" -p no:cacheprovider --ignore=tests/unit --ignore=tests/integration/backend \
  >"$logs/rest" 2>&1 </dev/null &
parts+=("$!")
"${run[@]}" "$pytest" tests/integration/backend </dev/null &
parts+=("$!")

failed=0
wait "${parts[2]}" || failed=1
wait "${parts[1]}" || failed=1
cat "$logs/rest"
wait "${parts[0]}" || failed=1
cat "$logs/unit"
if [ "$failed" -ne 0 ]; then
  echo "tests failed: look for FAILED above, in each of the three parts" >&2
fi
exit "$failed"
