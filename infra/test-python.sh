#!/usr/bin/env bash
# Runs the Python tests: PYTEST is the program. They mostly wait for databases, brokers and browsers,
# so they run in three parts side by side; one after the other they would take half an hour.
set -uo pipefail
pytest=$1
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT

nice "$pytest" -p no:cacheprovider tests/unit >"$logs/unit" 2>&1 &
unit=$!
"$pytest" -p no:cacheprovider tests/chaos tests/e2e >"$logs/whole" 2>&1 &
whole=$!
"$pytest" --ignore=tests/unit --ignore=tests/chaos --ignore=tests/e2e
failed=$?
wait "$whole" || failed=1
cat "$logs/whole"
wait "$unit" || failed=1
cat "$logs/unit"
if [ "$failed" -ne 0 ]; then
  echo "tests failed: look for FAILED above, in each of the three parts" >&2
fi
exit "$failed"
