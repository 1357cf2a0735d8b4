"""A part that is not there: skip, or fail where ANGKUT_TEST_REQUIRE names it."""

from collections.abc import Mapping
from typing import NoReturn

import pytest

VARIABLE = "ANGKUT_TEST_REQUIRE"
#: Parts that a machine may lack. The embedded database and NATS come as wheels: always there.
OPTIONAL_PARTS = frozenset({"timescaledb", "mosquitto", "chromium", "openssl", "roads", "mount"})


class MissingPartError(Exception):
    """A part is not on this machine; the text says how to get it."""


def required_parts(env: Mapping[str, str]) -> frozenset[str]:
    """Read the comma list of parts whose absence is a failure.

    Raises
    ------
    pytest.UsageError
        The list has a name that is no optional part: a typing error must not pass as a skip.

    """
    names = frozenset(name.strip() for name in env.get(VARIABLE, "").split(",") if name.strip())
    if unknown := sorted(names - OPTIONAL_PARTS):
        raise pytest.UsageError(
            f"{VARIABLE} names {', '.join(unknown)}: known are {', '.join(sorted(OPTIONAL_PARTS))}"
        )
    return names


def absent(part: str, reason: str, env: Mapping[str, str]) -> NoReturn:
    """End the test: skipped with the reason, or failed where the part is required."""
    if part in required_parts(env):
        pytest.fail(f"{VARIABLE} demands {part}: {reason}", pytrace=False)
    pytest.skip(f"no {part}: {reason}")
