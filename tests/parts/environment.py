"""The tests' environment: none of the caller's settings reach the code under test."""

import os
from collections.abc import MutableMapping

_SETTINGS = "ANGKUT_"
_KEPT = "ANGKUT_TEST_"


def clean(env: MutableMapping[str, str] = os.environ) -> None:
    """Remove every setting of Angkut; what steers the tests themselves stays."""
    for name in [n for n in env if n.startswith(_SETTINGS) and not n.startswith(_KEPT)]:
        del env[name]
