"""The simulator's tests run against each broker that the platform starts."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from parts.sim import RunningBroker, fleet_of, running_broker

FLEET = fleet_of(20)


@pytest.fixture(params=["mosquitto", "nats"])
def broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RunningBroker]:
    program: Path = request.getfixturevalue(request.param)
    with running_broker(request.param, program, tmp_path, FLEET) as running:
        yield running
