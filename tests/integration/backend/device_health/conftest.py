import pytest

from angkut_backend.db import Connection
from parts.registry import add_registry


@pytest.fixture
def registry(storage_conn: Connection) -> Connection:
    """One district, two bins, one device: on each kind of storage in turn."""
    add_registry(storage_conn)
    return storage_conn
