from collections.abc import Iterator
from pathlib import Path

import pytest

from angkut_backend.db import Connection
from parts.api import Api, running_api
from parts.registry import add_registry


@pytest.fixture
def page_dir(tmp_path: Path) -> Path:
    """A folder for the built page; nothing is built in it."""
    return tmp_path / "static"


@pytest.fixture
def api(database: str, page_dir: Path) -> Iterator[Api]:
    """A running API on a fresh database."""
    with running_api(database, page_dir) as api:
        yield api


@pytest.fixture
def registry(storage_conn: Connection) -> Connection:
    """One district, two bins, one device: on each kind of storage in turn."""
    add_registry(storage_conn)
    return storage_conn
