#!/usr/bin/env bash
# Runs the Python tests: PYTEST is the program. Unit tests run beside the others, which mostly wait
# for databases and brokers; together they would take a third longer.
set -uo pipefail
pytest=$1
unit_log=$(mktemp)
trap 'rm -f "$unit_log"' EXIT

nice "$pytest" -p no:cacheprovider tests/unit >"$unit_log" 2>&1 &
unit=$!
"$pytest" --ignore=tests/unit
others_failed=$?
wait "$unit"
unit_failed=$?
cat "$unit_log"
if [ "$others_failed" -ne 0 ]; then
  echo "tests failed beside the unit tests: see above them" >&2
fi
exit $((others_failed || unit_failed))
