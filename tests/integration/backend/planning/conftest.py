from datetime import UTC, datetime

import pytest

from angkut_backend.db import Connection
from parts.api import Api
from parts.levels_stored import NOW, add_measured_bins
from parts.registry import add_fleet, add_registry


@pytest.fixture
def town(conn: Connection) -> Connection:
    """Forty-two bins, forty of them measured for 20 days until `NOW`; a truck and a landfill."""
    add_registry(conn)
    add_measured_bins(conn, days=20, until=NOW)
    add_fleet(conn, opens="06:00", closes="18:00")
    return conn


@pytest.fixture
def api(api: Api) -> Api:
    """The API at `NOW`: what is over by the machine's clock is to come."""
    api.clock.ahead = NOW - datetime.now(UTC)
    return api
