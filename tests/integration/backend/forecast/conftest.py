import numpy as np
import pytest

from angkut_backend.db import Connection
from instances.filling import filling
from parts.levels_stored import NOW, add_bins, put_levels
from parts.registry import add_registry


@pytest.fixture
def town(storage_conn: Connection) -> Connection:
    """Two bins of which nothing is known and forty with 35 days of levels, until `NOW`."""
    add_registry(storage_conn)
    bins = add_bins(storage_conn, 40)
    history = filling(40, 35, seed=5).history
    # Levels of hours in which the bin was emptied are a mean of before and after.
    level = np.where(history.emptied, np.nan, history.level_pct)
    put_levels(storage_conn, bins, level, history.emptied, until=NOW)
    storage_conn.commit()
    return storage_conn
