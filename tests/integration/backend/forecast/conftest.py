import pytest

from angkut_backend.db import Connection
from parts.levels_stored import NOW, add_measured_bins
from parts.registry import add_registry


@pytest.fixture
def town(storage_conn: Connection) -> Connection:
    """Two bins of which nothing is known and forty with 35 days of levels, until `NOW`."""
    add_registry(storage_conn)
    add_measured_bins(storage_conn, days=35, until=NOW)
    storage_conn.commit()
    return storage_conn
