"""Fixtures of the parts; `tests/conftest.py` loads them for every test."""

import os
from collections.abc import Iterator

import pytest

from angkut_backend import db
from parts.databases import Databases
from parts.embedded import embedded_server
from parts.requirement import MissingPartError, absent
from parts.timescaledb import timescaledb_server


@pytest.fixture(scope="session")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    """Databases on the embedded PostgreSQL."""
    with (
        embedded_server(tmp_path_factory.mktemp("embedded")) as server,
        Databases(server).open() as databases,
    ):
        yield databases


@pytest.fixture(scope="session")
def timescaledb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    """Databases on a real TimescaleDB."""
    try:
        server = timescaledb_server(os.environ, tmp_path_factory.mktemp("timescaledb"))
    except MissingPartError as missing:
        absent("timescaledb", str(missing), os.environ)
    with server as opened, Databases(opened).open() as databases:
        yield databases


@pytest.fixture(params=["plain", "timescaledb"])
def storage(request: pytest.FixtureRequest) -> Databases:
    """Databases of each kind of storage in turn: what holds must hold on both."""
    name = "embedded" if request.param == "plain" else "timescaledb"
    databases: Databases = request.getfixturevalue(name)
    return databases


@pytest.fixture
def database(embedded: Databases) -> Iterator[str]:
    """Address of a fresh migrated database on the embedded PostgreSQL."""
    with embedded.fresh() as dsn:
        yield dsn


@pytest.fixture
def storage_database(storage: Databases) -> Iterator[str]:
    """Address of a fresh migrated database, on each kind of storage in turn."""
    with storage.fresh() as dsn:
        yield dsn


@pytest.fixture
def conn(database: str) -> Iterator[db.Connection]:
    """An open connection to `database`."""
    with db.connect(database) as connection:
        yield connection


@pytest.fixture
def storage_conn(storage_database: str) -> Iterator[db.Connection]:
    """An open connection to `storage_database`."""
    with db.connect(storage_database) as connection:
        yield connection
