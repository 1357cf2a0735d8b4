"""Polling with a deadline, in place of sleeps."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

#: Long enough for a machine busy with other work; reached only when a test fails anyway.
PATIENCE_S = 60.0
_INTERVAL_S = 0.02


def wait_until(predicate: Callable[[], T], *, what: str, timeout_s: float = PATIENCE_S) -> T:
    """Call `predicate` until its answer is true, and return that answer.

    Raises
    ------
    AssertionError
        It did not become true within `timeout_s` seconds; the text names `what`.

    """
    deadline = time.monotonic() + timeout_s
    while not (answer := predicate()):
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout_s:g} s in vain for {what}")
        time.sleep(_INTERVAL_S)
    return answer
