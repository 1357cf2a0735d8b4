"""Fixtures of the parts; `tests/conftest.py` loads them for every test."""

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from angkut_backend import db
from parts import programs
from parts.databases import Databases
from parts.embedded import embedded_server
from parts.requirement import MissingPartError, absent, required_parts
from parts.timescaledb import timescaledb_server


def pytest_configure() -> None:
    """Refuse a wrong ANGKUT_TEST_REQUIRE at once, not first where a part is missing."""
    required_parts(os.environ)


@pytest.fixture(scope="session")
def embedded() -> Iterator[Databases]:
    """Databases on the embedded PostgreSQL."""
    with embedded_server() as server, Databases(server).open() as databases:
        yield databases


@pytest.fixture(scope="session")
def timescaledb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    """Databases on a real TimescaleDB."""
    with ExitStack() as stack:
        try:
            server = stack.enter_context(
                timescaledb_server(os.environ, tmp_path_factory.mktemp("timescaledb"))
            )
        except MissingPartError as missing:
            absent("timescaledb", str(missing), os.environ)
        yield stack.enter_context(Databases(server).open())


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


@pytest.fixture(scope="session")
def mosquitto() -> Path:
    """The Mosquitto broker's program."""
    return _program("mosquitto")


@pytest.fixture(scope="session")
def chromium() -> Path:
    """The browser's program."""
    return _program("chromium")


@pytest.fixture(scope="session")
def openssl() -> Path:
    """The program that makes certificates."""
    return _program("openssl")


@pytest.fixture(scope="session")
def road_engine() -> None:
    """The engine that answers on a road network."""
    if sys.version_info < (3, 12):
        absent("roads", "their engine has wheels for Python 3.12 and newer only", os.environ)


@pytest.fixture(scope="session")
def nats() -> Path:
    """The NATS server's program, from the wheel."""
    return programs.nats_server()


def _program(part: str) -> Path:
    try:
        return programs.find(part)
    except MissingPartError as missing:
        absent(part, str(missing), os.environ)
