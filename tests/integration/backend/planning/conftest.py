import numpy as np
import pytest

from angkut_backend.db import Connection
from instances.filling import filling
from parts.levels_stored import NOW, add_bins, put_levels
from parts.registry import add_registry


@pytest.fixture
def town(conn: Connection) -> Connection:
    """Forty-two bins, forty of them measured for 20 days until `NOW`; a truck and a landfill."""
    add_registry(conn)
    history = filling(40, 20, seed=5).history
    level = np.where(history.emptied, np.nan, history.level_pct)
    put_levels(conn, add_bins(conn, 40), level, history.emptied, until=NOW)
    conn.execute(
        "INSERT INTO depot (district_id, code, name, lon, lat, source) "
        "SELECT district_id, 'POOL', 'Pool', 107.0, -6.24, 'test' FROM district"
    )
    conn.execute(
        "INSERT INTO disposal_site (district_id, code, name, lon, lat, opens_at, closes_at, "
        "tipping_min, queue_min, source) SELECT district_id, 'TPA', 'TPA', 107.0, -6.34, '06:00', "
        "'18:00', 10, array_fill(30::real, ARRAY[24]), 'test' FROM district"
    )
    conn.execute(
        "INSERT INTO vehicle (code, depot_id, kind, volume_l, payload_kg, access, source) "
        "SELECT 'B 9001', depot_id, 'compactor', 10000, 5000, 'road', 'test' FROM depot"
    )
    conn.commit()
    return conn
